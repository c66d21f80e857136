"""Faces in a picture, by the Haar cascades that come with OpenCV 4.

A cascade counts how many overlapping windows agreed on a box (its votes); that number, not the
size, says how sure a face is. Source of the limits: measured on two portraits in 40 variants each
and on 25 pictures without a face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.errors import PhotoError
from streamer.geometry import Matrix, inverse, similarity
from streamer.view import Frame

# Part of the cache key: raise it when other landmarks come out for the same picture.
VERSION: Final = 1

SEARCH_SIDE: Final = 640
# Four tilts are tried where nothing was found upright; at this size they cost as much as two.
TILTED_SIDE: Final = 448
SMALLEST_FACE_PX: Final = 36
TILTS_DEG: Final = (-20.0, 20.0, -38.0, 38.0)
SURE_VOTES: Final = 12
LIKELY_VOTES: Final = 8
# Below this the picture may lie on its side; upright faces of both portraits had 25 and 44.
UPRIGHT_VOTES: Final = 20

# The box becomes 320 px of a patch with a quarter of the box around it on each side.
PATCH: Final = 480
PATCH_BOX: Final = 320
# Where eyes may lie, in parts of the box: x of the left one (mirrored for the right), y.
EYE_X: Final = (0.08, 0.52)
EYE_Y: Final = (0.18, 0.60)
# Where irises are expected, and how far off the boxes of both portraits had them (0.04 at most).
EXPECTED_EYES: Final = np.array([[0.31, 0.39], [0.69, 0.39]])
EYE_SPREAD: Final = 0.06

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class FaceBox:
    """One face: the map to its straightened patch, how sure it is, where eyes were seen.

    ``patch_from_photo`` maps the picture to a `PATCH` square in which the box is the middle
    `PATCH_BOX`. ``eyes`` (left, right) are patch points or None.
    """

    patch_from_photo: Matrix
    votes: int
    tilt_deg: float
    eyes: tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]

    @property
    def accepted(self) -> bool:
        """Whether this is a face: many votes, or fewer with an eye in an upright box."""
        seen = any(eye is not None for eye in self.eyes)
        return self.votes >= SURE_VOTES or (
            self.votes >= LIKELY_VOTES and self.tilt_deg == 0.0 and seen
        )

    def patch(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the straightened patch out of the picture."""
        return np.asarray(warp(image, self.patch_from_photo, (PATCH, PATCH)), np.uint8)


def warp(image: NDArray[np.uint8], dst_from_src: Matrix, size: tuple[int, int]) -> Any:
    """Draw a picture through a similarity; shrinks without skipping pixels."""
    scale = float(np.sqrt(abs(np.linalg.det(dst_from_src[:2, :2]))))
    if scale < 0.5:
        small = cv2.resize(image, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        fx, fy = image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]
        src_from_small = np.array([[fx, 0, 0.5 * fx - 0.5], [0, fy, 0.5 * fy - 0.5], [0, 0, 1]])
        image, dst_from_src = np.asarray(small, np.uint8), dst_from_src @ src_from_small
    flags = cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_LINEAR
    return cv2.warpAffine(
        image, dst_from_src[:2], size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


class FaceFinder:
    """The three cascades, loaded once. Raises: `PhotoError` where OpenCV came without them."""

    def __init__(self) -> None:
        self._face = _cascade("haarcascade_frontalface_alt2.xml")
        self._eyes = (
            _cascade("haarcascade_eye.xml"),
            _cascade("haarcascade_eye_tree_eyeglasses.xml"),
        )

    def find(self, image: Frame) -> list[FaceBox]:
        """Return the accepted faces of an upright picture, the surest first."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        for tilt in (0.0, *TILTS_DEG):
            side = TILTED_SIDE if tilt else SEARCH_SIDE
            likely = [b for b in self._boxes(grey, tilt, side) if b.votes >= LIKELY_VOTES]
            boxes = [self._with_eyes(box, grey) for box in _apart(likely)]
            accepted = [box for box in boxes if box.accepted]
            if accepted:
                return accepted
        return []

    def quarter_turns(self, image: Frame, upright_votes: int) -> int:
        """Tell by how many quarter turns clockwise the picture shows a face more surely."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        best, turns = max(upright_votes, SURE_VOTES - 1), 0
        for k in (1, 2, 3):
            turned = np.ascontiguousarray(np.rot90(grey, -k))
            votes = max((box.votes for box in self._boxes(turned, 0.0, SEARCH_SIDE)), default=0)
            if votes > best:
                best, turns = votes, k
        return turns

    def _boxes(self, grey: Grey, tilt_deg: float, side: int) -> list[FaceBox]:
        """Search at one tilt; the map of each box goes back to the full picture."""
        height, width = grey.shape
        scale = min(1.0, side / max(width, height))
        if tilt_deg == 0.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            search_from_photo = np.array(
                [
                    [size[0] / width, 0, 0.5 * size[0] / width - 0.5],
                    [0, size[1] / height, 0.5 * size[1] / height - 0.5],
                    [0, 0, 1.0],
                ]
            )
            search = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey
        else:
            turned = similarity(scale, degrees=-tilt_deg)
            corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
            spread = corners @ turned[:2, :2].T
            low, high = spread.min(axis=0), spread.max(axis=0)
            search_from_photo = similarity(1.0, -low[0], -low[1]) @ turned
            size = (int(np.ceil(high[0] - low[0])), int(np.ceil(high[1] - low[1])))
            search = warp(grey, search_from_photo, size)
        search = cv2.equalizeHist(np.asarray(search, np.uint8))
        found, votes = self._face.detectMultiScale2(
            search, scaleFactor=1.08, minNeighbors=4, minSize=(SMALLEST_FACE_PX, SMALLEST_FACE_PX)
        )
        margin = (PATCH - PATCH_BOX) / 2
        boxes = []
        for (x, y, side_px, _), count in zip(found, votes, strict=True):
            zoom = PATCH_BOX / side_px
            # The box spans pixel edges x - 0.5 ... x + side - 0.5.
            patch_from_search = similarity(
                zoom, margin - 0.5 - (x - 0.5) * zoom, margin - 0.5 - (y - 0.5) * zoom
            )
            boxes.append(
                FaceBox(patch_from_search @ search_from_photo, int(count), tilt_deg, (None, None))
            )
        return sorted(boxes, key=lambda box: -box.votes)

    def _with_eyes(self, box: FaceBox, grey: Grey) -> FaceBox:
        """Look for both eyes in the upper half of the box."""
        patch = cv2.equalizeHist(box.patch(grey))
        margin = (PATCH - PATCH_BOX) / 2
        y0, y1 = (round(margin + part * PATCH_BOX) for part in EYE_Y)
        eyes: list[NDArray[np.float64] | None] = []
        for x_parts, expected in zip(
            (EYE_X, (1 - EYE_X[1], 1 - EYE_X[0])), EXPECTED_EYES, strict=True
        ):
            x0, x1 = (round(margin + part * PATCH_BOX) for part in x_parts)
            best: tuple[float, NDArray[np.float64]] | None = None
            for cascade in self._eyes:
                found, votes = cascade.detectMultiScale2(
                    patch[y0:y1, x0:x1], scaleFactor=1.05, minNeighbors=3, minSize=(36, 36)
                )
                for (x, y, w, h), count in zip(found, votes, strict=True):
                    center = np.array([x0 + x + (w - 1) / 2, y0 + y + (h - 1) / 2])
                    # The inner end of a brow looks like an eye, too: far off counts less.
                    away = np.hypot(*((center - margin) / PATCH_BOX - expected))
                    weight = int(count) * float(np.exp(-((away / EYE_SPREAD) ** 2) / 2))
                    if best is None or weight > best[0]:
                        best = (weight, center)
            eyes.append(None if best is None else best[1])
        return FaceBox(box.patch_from_photo, box.votes, box.tilt_deg, (eyes[0], eyes[1]))


def _apart(boxes: Sequence[FaceBox]) -> list[FaceBox]:
    """Keep of overlapping boxes the one with most votes."""
    kept: list[FaceBox] = []
    middle = np.array([(PATCH - 1) / 2, (PATCH - 1) / 2, 1.0])
    for box in boxes:
        center = inverse(box.patch_from_photo) @ middle
        if all(
            np.abs((other.patch_from_photo @ center - middle)[:2]).max() > PATCH_BOX / 2
            for other in kept
        ):
            kept.append(box)
    return kept


def _cascade(name: str) -> Any:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    path = Path(folder) / name if folder else None
    if not hasattr(cv2, "CascadeClassifier") or path is None or not path.is_file():
        raise PhotoError(
            f"OpenCV {cv2.__version__} cannot find faces (version 5 dropped the cascades). Install "
            "the right one with: pip install 'opencv-python-headless>=4.10,<5', or mark the two "
            "pupils: living-portrait landmarks PHOTO --eyes X,Y X,Y"
        )
    return cv2.CascadeClassifier(str(path))
