"""Where a photo's landmarks come from: what the user marked, its sidecar, the cache, detection.

In this order.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import platformdirs

from streamer.engines.warp.detect import UPRIGHT_VOTES, VERSION, FaceFinder
from streamer.engines.warp.landmarks import Landmarks, Point
from streamer.engines.warp.marks import Marks
from streamer.engines.warp.measure import measure_box, measure_pupils
from streamer.engines.warp.sidecar import (
    load_sidecar,
    own_sidecar_path,
    read_marks,
    sidecar_path,
)
from streamer.engines.warp.sidecar_writer import save_sidecar
from streamer.errors import NoFaceError, PhotoError
from streamer.geometry import apply, scaling_about_edges
from streamer.photo import Photo
from streamer.resources import shipped
from streamer.whole_file import private_folder

log: Final = logging.getLogger(__name__)

# Below this the irises are a few pixels wide; nothing can be measured.
MIN_EYE_DISTANCE_PX: Final = 12.0

_TURN: Final = {
    1: "lies on its side: turn it 90 degrees clockwise",
    2: "stands on its head: turn it 180 degrees",
    3: "lies on its side: turn it 90 degrees counter-clockwise",
}


def locate(photo: Photo, *, face: int = 0, cache_dir: Path | None = None) -> Landmarks:
    """Return the landmarks of a photo, in the pixels of ``photo.image``.

    ``face`` counts the faces of the picture, the surest first; a sidecar marks the only one.
    ``cache_dir`` is the user's cache folder unless given. With a sidecar or in the cache this
    takes a few ms; detection takes up to a second, once per photo.
    Raises: `PhotoError`.
    """
    if photo.marked is not None:
        return from_document(photo.marked, photo, face=face, cache_dir=cache_dir)
    path = sidecar_of(photo)
    if path is None:
        return detected(photo, face=face, cache_dir=cache_dir)
    return _completed(load_sidecar(path, photo), path, photo, face, cache_dir)


def sidecar_of(photo: Photo) -> Path | None:
    """Return the landmarks file that holds for a photo: the user's own, the one beside it, none."""
    places = own_sidecar_path(photo), sidecar_path(photo.path)
    return next((path for path in places if path.is_file()), None)


def is_marked(photo: Photo) -> bool:
    """Whether the user marked this face: points on trial, or in a file that is theirs."""
    if photo.marked is not None:
        return True
    path = sidecar_of(photo)
    return path is not None and path.parent != shipped("photo")


def from_document(
    document: Mapping[str, Any], photo: Photo, *, face: int = 0, cache_dir: Path | None = None
) -> Landmarks:
    """Return the landmarks that a document, as a sidecar file would hold it, says.

    Raises: `PhotoError`, which names the key.
    """
    path = Path(sidecar_path(photo.path).name)
    return _completed(read_marks(document, path, photo), path, photo, face, cache_dir)


def detected(photo: Photo, *, face: int = 0, cache_dir: Path | None = None) -> Landmarks:
    """Return what the program finds by itself, whatever is marked. Raises: `PhotoError`."""
    folder = cache_dir if cache_dir is not None else _user_cache()
    cached = folder / f"{photo.key}-{VERSION}-{face}.landmarks.yaml"
    if cached.is_file():
        try:
            return load_sidecar(cached, photo).landmarks()
        except (PhotoError, ValueError) as exc:  # damaged or incomplete: as good as none
            log.debug("cached landmarks ignored: %s", exc)
            cached.unlink(missing_ok=True)
    return _new(photo, face, cached)


def from_pupils(
    photo: Photo,
    left: tuple[float, float],
    right: tuple[float, float],
    mouth_corners: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> Landmarks:
    """Measure a face whose two pupils (and mouth corners) were marked by hand.

    Space: upright pixels of the picture in the file; the answer is in those of ``photo.image``.
    The order of the two does not matter. Raises: `PhotoError`.
    """
    width, height = photo.size_in_file
    image_from_file = scaling_about_edges(
        photo.image.shape[1] / width, photo.image.shape[0] / height
    )
    pair = sorted((left, right))
    for x, y in (*pair, *(mouth_corners or ())):
        if not (0 <= x < width and 0 <= y < height):
            raise PhotoError(
                f"({x:g}, {y:g}) lies outside the picture of {width} x {height} px. Give x and y "
                "in pixels from the top left corner."
            )
    pupils = apply(image_from_file, np.array(pair, dtype=np.float64))
    if np.hypot(*(pupils[1] - pupils[0])) < MIN_EYE_DISTANCE_PX:
        raise PhotoError(
            f"The two pupils are only {np.hypot(*(pupils[1] - pupils[0])):.0f} px apart; at least "
            f"{MIN_EYE_DISTANCE_PX:.0f} are needed. Use a larger picture of the face."
        )
    corners: tuple[Point, Point] | None = None
    if mouth_corners is not None:
        ends = apply(image_from_file, np.array(sorted(mouth_corners), dtype=np.float64))
        corners = (ends[0], ends[1])
    return measure_pupils(photo.image, pupils[0], pupils[1], corners=corners, found_by="pupils")


def _completed(
    marks: Marks, path: Path, photo: Photo, face: int, cache_dir: Path | None
) -> Landmarks:
    if not marks.missing:
        return marks.landmarks()
    try:
        return marks.landmarks(_rest_of(marks, photo, face, cache_dir))
    except PhotoError as exc:
        raise PhotoError(
            f"{path}: {marks.missing[0]} and {len(marks.missing) - 1} more keys are missing, and "
            "no face was found to complete them. Add eye_l.iris and eye_r.iris, or delete the file."
        ) from exc


def _rest_of(marks: Marks, photo: Photo, face: int, cache_dir: Path | None) -> Landmarks:
    """What completes a partial sidecar: measured from its pupils, if it has them, else detected."""
    left, right = marks.points.get("eye_l.iris"), marks.points.get("eye_r.iris")
    if left is None or right is None:
        return detected(photo, face=face, cache_dir=cache_dir)
    ends = marks.points.get("mouth.corner_l"), marks.points.get("mouth.corner_r")
    corners = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
    return measure_pupils(photo.image, left, right, corners=corners, found_by="pupils")


def _new(photo: Photo, face: int, cached: Path) -> Landmarks:
    found = _detect(photo, face)
    try:
        private_folder(cached.parent)
        save_sidecar(cached, found, photo)
    except (
        OSError,
        PhotoError,
    ) as exc:  # a full or read-only disk only costs the time of the next detection
        log.debug("landmarks not cached: %s", exc)
    return found


def _user_cache() -> Path:
    return platformdirs.user_cache_path("living-portrait", appauthor=False) / "landmarks"


def _detect(photo: Photo, face: int) -> Landmarks:
    finder = FaceFinder()
    boxes = finder.find(photo.image)
    most = max((box.votes for box in boxes), default=0)
    if most < UPRIGHT_VOTES:
        turns = finder.quarter_turns(photo.image, most)
        if turns:
            raise PhotoError(
                f"'{photo.path}' {_TURN[turns]} in an image program and save it again."
            )
    if not boxes:
        raise NoFaceError(
            f"No face was found in '{photo.path}'. Use a picture whose face looks at the camera, "
            "is larger and better lit; or mark the two pupils yourself",
            f": living-portrait landmarks '{photo.path}' --eyes X,Y X,Y",
        )
    if not 0 <= face < len(boxes):
        raise PhotoError(
            f"'{photo.path}' shows {len(boxes)} face{'s' if len(boxes) > 1 else ''}; there is no "
            f"face {face + 1}. Choose --face 1{f' to {len(boxes)}' if len(boxes) > 1 else ''}."
        )
    found = measure_box(photo.image, boxes[face])
    if len(boxes) > 1:
        found = replace(found, found_by=f"{found.found_by}, face {face + 1} of {len(boxes)}")
    return found
