"""The landmarks file of a photo: ``<stem>.landmarks.yaml``, where it lies, read strictly.

Space: pixel centres of the upright picture in the file, before any reduction; `Marks` and
`Landmarks` are in the pixels of ``Photo.image``. A file may name only part of the points; the rest
is filled in from what the detector or the template says.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from streamer.engines.warp.marks import BROWS, EYE_NUMBERS, FLAGS, GROUPS, LINE, Marks
from streamer.engines.warp.sidecar_reader import Reader, short
from streamer.errors import PhotoError
from streamer.geometry import Matrix, Points, apply, scale_of, scaling_about_edges
from streamer.parameters import PARAMETERS
from streamer.photo import Photo
from streamer.resources import user_folder
from streamer.whole_file import leads_out, read_whole
from streamer.yaml_text import parse_yaml

VERSION: Final = 1
SUFFIX: Final = ".landmarks.yaml"
MAX_FILE_BYTES: Final = 64 * 1024

# A sidecar of another size fits when width and height grew alike, within this part.
ASPECT_TOLERANCE: Final = 0.01

_FRAMING: Final = {"head": (0.1, 1.0), "eye_line": (0.1, 0.9)}
TOP_KEYS: Final = (
    "version", "image", *GROUPS, *BROWS, "photo_expression", "flags", "framing", "found_by",
)  # fmt: skip


def sidecar_path(photo_path: Path) -> Path:
    """Return where the landmarks of a photo lie, beside it."""
    return photo_path.with_name(photo_path.stem + SUFFIX)


def own_sidecar_path(photo: Photo) -> Path:
    """Return where the user's own points lie for a photo in a folder that is not theirs to write.

    The name carries the beginning of the picture's digest: another picture of the same name has
    other points. They come before a file beside the photo.
    """
    name = f"{photo.path.stem}-{photo.key[:12]}{SUFFIX}"
    return user_folder("photos") / "landmarks" / name


def load_sidecar(path: Path, photo: Photo) -> Marks:
    """Read and check a landmarks file for this photo.

    Raises: `PhotoError`, which names the file and the key.
    """
    return read_marks(_document(path), path, photo)


def read_marks(document: Mapping[str, Any], path: Path, photo: Photo) -> Marks:
    """Check what a landmarks file holds; ``path`` is for the messages.

    Raises: `PhotoError`, which names the file and the key.
    """
    reader = Reader(path, document)
    reader.no_unknown(document, TOP_KEYS, "")
    if document.get("version") != VERSION:
        reader.fail("version", f"is {short(document.get('version'))}; this program reads {VERSION}")
    image_from_file = _image_from_file(reader, photo)
    height, width = photo.image.shape[:2]
    scale = scale_of(image_from_file)

    points: dict[str, Points] = {}
    numbers: dict[str, float] = {}
    for name, keys in GROUPS.items():
        group = reader.mapping(name)
        extra = EYE_NUMBERS if name.startswith("eye") else ()
        reader.no_unknown(group, (*keys, *extra), f"{name}.")
        for key, shape in keys.items():
            if key in group:
                points[f"{name}.{key}"] = reader.array(f"{name}.{key}", group[key], shape)
        for key in extra:
            if key in group:
                numbers[f"{name}.{key}"] = reader.positive(f"{name}.{key}", group[key])
    for name in BROWS:
        if name in document:
            points[name] = reader.array(name, document[name], LINE)

    points = {k: apply(image_from_file, v) for k, v in points.items()}
    numbers = {k: v if k.endswith(".lid") else v * scale for k, v in numbers.items()}
    for key, value in points.items():
        reader.inside(key, value, width, height)
    _check_order(reader, points)

    flags = reader.mapping("flags")
    reader.no_unknown(flags, FLAGS, "flags.")
    for key, value in flags.items():
        if not isinstance(value, bool):
            reader.fail(f"flags.{key}", f"is {short(value)}; write true or false")
    framing = reader.mapping("framing")
    reader.no_unknown(framing, tuple(_FRAMING), "framing.")
    expression = reader.mapping("photo_expression")
    found_by = document.get("found_by", "sidecar")
    if not isinstance(found_by, str) or len(found_by) > 100:
        reader.fail("found_by", "must be a few words")
    reader.no_unknown(expression, tuple(PARAMETERS), "photo_expression.")
    return Marks(
        points=points,
        numbers=numbers,
        photo_expression=MappingProxyType(
            {
                k: PARAMETERS[k].clamp(reader.number(f"photo_expression.{k}", v))
                for k, v in expression.items()
            }
        )
        if "photo_expression" in document
        else None,
        flags=MappingProxyType(dict(flags)),
        framing=MappingProxyType(
            {k: reader.between(f"framing.{k}", v, *_FRAMING[k]) for k, v in framing.items()}
        ),
        found_by=found_by,
    )


def _document(path: Path) -> dict[str, Any]:
    """Load the YAML."""
    try:
        if leads_out(path):
            raise PhotoError(
                f"{path}: a link that leads out of the folder is not followed; copy the file "
                "instead."
            )
        data = read_whole(path, MAX_FILE_BYTES)
        if len(data) > MAX_FILE_BYTES:
            raise PhotoError(f"{path}: larger than {MAX_FILE_BYTES // 1024} kB; not a sidecar.")
        document = parse_yaml(data.decode("utf-8-sig"))
    except OSError as exc:
        raise PhotoError(f"{path}: cannot be read ({exc.strerror}).") from exc
    except ValueError as exc:
        raise PhotoError(
            f"{path}: {exc}. Correct it, or delete the file to have the face found anew."
        ) from exc
    if not isinstance(document, dict):
        raise PhotoError(f"{path}: holds no keys; expected version, image, eye_l, eye_r, ...")
    return document


def _image_from_file(reader: "Reader", photo: Photo) -> Matrix:
    """Map the sidecar's pixels to those of ``photo.image``."""
    image = reader.mapping("image")
    reader.no_unknown(image, ("file", "width", "height"), "image.")
    width, height = (float(side) for side in photo.size_in_file)
    if image:
        width = reader.positive("image.width", image.get("width"))
        height = reader.positive("image.height", image.get("height"))
    scale_x = photo.image.shape[1] / width
    scale_y = photo.image.shape[0] / height
    if abs(scale_x / scale_y - 1.0) > ASPECT_TOLERANCE:
        reader.fail(
            "image",
            f"says {width:g} x {height:g}, but the picture has {photo.size_in_file[0]} x "
            f"{photo.size_in_file[1]} px: cut or stretched since. Measure the points anew, or "
            "delete the file to have the face found",
        )
    return scaling_about_edges(scale_x, scale_y)


def _check_order(reader: "Reader", points: Mapping[str, Points]) -> None:
    """Refuse swapped sides: ``_l`` is the left of the picture, not of the person."""

    def left_of(first: str, second: str) -> None:
        if first in points and second in points and points[first][0] >= points[second][0]:
            reader.fail(
                first,
                f"lies to the right of {second}; _l and _r are the sides of the picture, and "
                "outer is the corner away from the nose. Swap them",
            )

    left_of("eye_l.iris", "eye_r.iris")
    left_of("eye_l.outer", "eye_l.inner")
    left_of("eye_r.inner", "eye_r.outer")
    left_of("mouth.corner_l", "mouth.corner_r")
    left_of("face.jaw_l", "face.jaw_r")
    for eye in ("eye_l", "eye_r"):
        upper, lower = points.get(f"{eye}.upper"), points.get(f"{eye}.lower")
        if upper is not None and lower is not None and upper[1, 1] >= lower[1, 1]:
            reader.fail(f"{eye}.upper", f"lies below {eye}.lower. Swap them")
