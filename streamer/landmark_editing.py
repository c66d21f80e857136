"""The points of a photo's face as somebody corrects them: read, completed, tried, written.

Documents are those of a landmarks file, as JSON-able mappings; coordinates are pixel centres of
the upright picture in the file.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from streamer.engines.warp.engine import WarpEngine, WarpPortrait
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.locate import detected, from_document, from_pupils, locate, sidecar_of
from streamer.engines.warp.sidecar import TOP_KEYS, own_sidecar_path, sidecar_path
from streamer.engines.warp.sidecar_writer import document_of, save_sidecar, written_by_program
from streamer.errors import NoFaceError, PhotoError
from streamer.parameters import PARAMETERS
from streamer.photo import Photo, read_photo
from streamer.photo_library import PhotoLibrary
from streamer.resources import shipped
from streamer.view import View
from streamer.whole_file import private_folder

# Whose points they are: the user's, the file that came with the program, found just now, nobody's.
Source = Literal["yours", "shipped", "found", "none"]

# What a document may hold at its top.
KEYS: Final = TOP_KEYS

FOUND_BY: Final = "sidecar, set by hand"

# Small enough to cost a tenth of a second; what cannot be drawn here cannot be drawn at all.
_TRIAL: Final = View(width=320, height=180)
_TRIAL_FACES: Final[tuple[Mapping[str, float], ...]] = (
    {},
    {"smile": 1.0, "eye_ratio": 0.0, "lip_ratio": 0.4, "head_yaw": 10.0},
)


@dataclass(frozen=True)
class Marked:
    """The points of a photo and where they are from; without any, ``problem`` says why.

    ``faceless``: nothing is wrong with the photo but that no face was found in it.
    """

    source: Source
    document: dict[str, Any] | None
    problem: str = ""
    faceless: bool = False


class LandmarkEditing:
    """Corrects the points of the library's photos, by name. Any thread may call.

    Points are written beside the photo, or to the user's own folder where the photo's is not
    theirs to write (`own_sidecar_path`). Raises: `PhotoError`, from every method.
    """

    def __init__(self, photos: PhotoLibrary, face: int = 0) -> None:
        self._photos = photos
        self._face = face

    def photo(self, name: str) -> Photo:
        """Return a photo as the engines get it."""
        return read_photo(self._photos.find_name(name))

    def read(self, name: str, *, anew: bool = False) -> Marked:
        """Return the points that hold for a photo; ``anew``, those that the program finds."""
        photo = self.photo(name)
        path = None if anew else sidecar_of(photo)
        source: Source = "found"
        if path is not None:
            source = "shipped" if _is_shipped(path) else "yours"
        try:
            found = detected(photo, face=self._face) if anew else locate(photo, face=self._face)
        except NoFaceError as exc:
            return Marked("none", None, exc.what, faceless=True)
        except PhotoError as exc:
            return Marked("yours" if source == "yours" else "none", None, str(exc))
        return Marked(source, document_of(found, photo))

    def from_pupils(
        self, name: str, left: tuple[float, float], right: tuple[float, float]
    ) -> dict[str, Any]:
        """Return all points of a face, measured from its two pupils."""
        photo = self.photo(name)
        return document_of(from_pupils(photo, left, right), photo)

    def checked(self, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document completed, once a face could be drawn with it."""
        photo = self.photo(name)
        return document_of(self._drawable(photo, document), photo)

    def save(self, name: str, document: Mapping[str, Any]) -> tuple[Path, Path | None]:
        """Write the points of a photo, once a face could be drawn with them.

        A file that a person wrote or edited is not written over but moved aside. Returns where the
        points lie, and where such a file lies now.
        """
        photo = self.photo(name)
        landmarks = replace(self._drawable(photo, document), found_by=FOUND_BY)
        path = _place_for(photo)
        try:
            private_folder(path.parent)
            aside = _moved_aside(path)
            save_sidecar(path, landmarks, photo)
        except OSError as exc:
            raise PhotoError(f"'{path}' could not be written ({exc.strerror}).") from exc
        return path, aside

    def forget(self, name: str) -> bool:
        """Delete the points that the user gave a photo; False if there were none.

        A file that a person wrote or edited is moved aside.
        """
        path = sidecar_of(self.photo(name))
        if path is None or _is_shipped(path):
            return False
        try:
            if _moved_aside(path) is None:
                path.unlink()
        except OSError as exc:
            raise PhotoError(f"'{path}' could not be deleted ({exc.strerror}).") from exc
        return True

    def _drawable(self, photo: Photo, document: Mapping[str, Any]) -> Landmarks:
        """Return the points of a document, unless no face can be drawn with them."""
        landmarks = from_document(document, photo, face=self._face)
        try:
            scene = WarpEngine().stage(WarpPortrait(photo, landmarks), _TRIAL)
            for moved in _TRIAL_FACES:
                face = {**scene.rest, **moved}
                scene.render({name: PARAMETERS[name].clamp(v) for name, v in face.items()})
            scene.close()
        except Exception as exc:  # any: numpy, OpenCV and our own arithmetic on impossible faces
            raise PhotoError(
                "No face can be drawn with these points: some lie too near to each other, or on "
                "the wrong side. Take back the last changes."
            ) from exc
        return landmarks


def _is_shipped(path: Path) -> bool:
    return path.parent == shipped("photo")


def _place_for(photo: Photo) -> Path:
    """Return where the user's points for a photo are to lie."""
    own = own_sidecar_path(photo)
    folder = photo.path.parent
    if own.is_file() or _is_shipped(photo.path) or not os.access(folder, os.W_OK):
        return own
    return sidecar_path(photo.path)


def _moved_aside(path: Path) -> Path | None:
    """Give a file that a person wrote another name; None if there is none."""
    if not path.is_file() or written_by_program(path):
        return None
    stem = path.name.removesuffix(".yaml")
    number = 1
    while (aside := path.with_name(f"{stem}.old-{number}.yaml")).exists():
        number += 1
    path.rename(aside)
    return aside
