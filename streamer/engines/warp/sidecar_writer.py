"""Writes the landmarks file of a photo, and never over what a person wrote.

Space: pixel centres of the upright picture in the file, to 0.01 px.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from streamer.engines.warp.landmarks import Eye, Landmarks
from streamer.engines.warp.marks import BROWS, FLAGS, GROUPS
from streamer.engines.warp.sidecar import MAX_FILE_BYTES, VERSION
from streamer.errors import PhotoError
from streamer.geometry import Points, inverse, scaling_about_edges
from streamer.photo import Photo
from streamer.whole_file import write_whole

# The first line of a file that the program wrote; the digest covers everything after it, so an
# edited file is the user's own and is never written over.
_MARK: Final = "# Written by Living Portrait. Edit it freely: an edited file is never overwritten. "


def save_sidecar(path: Path, landmarks: Landmarks, photo: Photo) -> None:
    """Write the landmarks of a photo.

    Raises: `PhotoError` if the file is not as the program wrote it: what a person wrote or edited
    is never overwritten. `OSError` from the disk.
    """
    if path.exists() and not written_by_program(path):
        raise PhotoError(
            f"{path} was written or edited by hand and is left as it is. Rename or delete it first."
        )
    body = _body(document_of(landmarks, photo))
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    write_whole(path, f"{_MARK}[{digest}]\n{body}".encode())


def written_by_program(path: Path) -> bool:
    """Tell whether this file is as the program wrote it, untouched since."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        return False
    head, _, body = data.partition(b"\n")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return head == f"{_MARK}[{digest}]".encode()


def document_of(landmarks: Landmarks, photo: Photo) -> dict[str, Any]:
    """Return what a landmarks file holds for these points, JSON-able."""
    width, height = photo.size_in_file
    image_from_file = scaling_about_edges(
        photo.image.shape[1] / width, photo.image.shape[0] / height
    )
    marks = landmarks.transformed(inverse(image_from_file))
    document: dict[str, Any] = {
        "version": VERSION,
        "image": {"width": width, "height": height},
        "found_by": landmarks.found_by,
    }
    for name, keys in GROUPS.items():
        group = getattr(marks, name)
        said = {key: _rounded(getattr(group, key)) for key in keys}
        if isinstance(group, Eye):
            said["iris_r"] = round(group.iris_r, 3)
            if group.lid is not None:
                said["lid"] = round(group.lid, 3)
        document[name] = said
    for name in BROWS:
        document[name] = _rounded(getattr(marks, name))
    if marks.photo_expression:
        document["photo_expression"] = dict(marks.photo_expression)
    document["flags"] = {flag: getattr(marks, flag) for flag in FLAGS}
    document["framing"] = {"head": marks.head, "eye_line": marks.eye_line}
    return document


def _rounded(points: Points) -> Any:
    # Adding 0 turns -0.0 into 0.0.
    return (points.round(2) + 0.0).tolist()


def _body(document: dict[str, Any]) -> str:
    """Write the file's text: a point, or a small group, on one line."""
    lines: list[str] = []
    for key, value in document.items():
        if key in GROUPS:
            lines.append(f"{key}:")
            lines += [f"  {name}: {_flow(v)}" for name, v in value.items()]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """Write a value on one line, as both YAML and people read it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {_flow(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(v) for v in value)}]"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")  # never an exponent: YAML reads that as text
    return json.dumps(value)
