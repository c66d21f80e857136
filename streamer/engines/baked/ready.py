"""Whether a photo has been baked, asked before any engine is open."""

from pathlib import Path
from typing import Protocol

from streamer.engines.baked.store import Bake, playable
from streamer.engines.needs import Need
from streamer.errors import PhotoError
from streamer.photo import Photo, read_photo
from streamer.resources import bakes_folder, weights_folder


class _Asked(Protocol):
    @property
    def face(self) -> int: ...
    @property
    def weights(self) -> Path | None: ...
    @property
    def bakes(self) -> Path | None: ...


def ready(photo: Path, asked: _Asked) -> Bake | None:
    """Return the bake that would be played of a photo, or None."""
    try:
        picture = read_photo(photo)
    except PhotoError:  # told with its reason when the photo is opened
        return None
    return playable(bakes_folder(asked.bakes), picture, asked.face, weights_folder(asked.weights))


def bake_need(photo: Photo, asked: _Asked) -> Need:
    """Look whether frames of a photo were baked, for people."""
    bakes, weights = bakes_folder(asked.bakes), weights_folder(asked.weights)
    bake = playable(bakes, photo, asked.face, weights)
    fix = f"living-portrait bake --photo {photo.name}"
    if bake is None:
        return Need("bake", False, f"'{photo.name}' has not been baked", fix)
    if bake.lacking:
        share = f"{len(bake.clips) - len(bake.lacking)} of {len(bake.clips)} clips"
        return Need("bake", True, f"{share} of '{photo.name}' are baked", fix)
    return Need("bake", True, f"'{photo.name}' is baked: {bake.frames} frames")
