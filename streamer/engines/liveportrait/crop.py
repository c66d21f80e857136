"""Photo -> crop: the square around the face, from landmarks, and the networks' input.

Space ``photo``: pixel centres, x right, y down. Sizes, transforms and rounding are the reference's;
its crops are met byte for byte with OpenCV 4.10 to 4.13, which needs its float32 arithmetic: near
an upright face the angle comes from the arc cosine of a number next to 1, where one float32 step is
3.5e-4 rad.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.view import Frame

Points = NDArray[np.float32]
"""(n, 2): x, y."""
Affine = NDArray[np.float32]
"""(3, 3), named ``dst_from_src``."""

CROP_PX: Final = 512
INPUT_PX: Final = 256
# Source: the reference's settings: the editing page's crop, to which the sliders were tuned; its
# command line uses 2.3.
CROP_SCALE: Final = 2.5
CROP_UP: Final = -0.125  # moves the window towards the forehead, in parts of its size
MAX_SIDE_PX: Final = 1280

# Indices whose means are the left eye, the right eye and the mouth, by the number of landmarks.
_ANCHORS: Final[Mapping[int, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]] = (
    MappingProxyType(
        {
            203: ((0, 6, 12, 18), (24, 30, 36, 42), (48, 66)),
            106: ((33, 35, 40, 39), (87, 89, 94, 93), (52, 61)),
            101: ((39, 42, 45, 48), (51, 54, 57, 60), (75, 81)),
            68: ((36, 39), (42, 45), (48, 54)),
            5: ((0,), (1,), (3, 4)),
        }
    )
)


@dataclass(frozen=True)
class CropMap:
    """Where the crop lies: both maps, as float32 (3, 3), and the crop's side."""

    crop_from_photo: Affine
    photo_from_crop: Affine
    side_px: int

    def cut(self, photo: Frame) -> Frame:
        """Return the crop, (side, side, 3), black where the photo ends."""
        size = (self.side_px, self.side_px)
        crop = cv2.warpAffine(photo, self.crop_from_photo[:2], size, flags=cv2.INTER_LINEAR)
        return np.asarray(crop, np.uint8)

    def to_photo(self, points: Points) -> Points:
        """Map crop points to the photo."""
        return transform(points, self.photo_from_crop)

    def to_crop(self, points: Points) -> Points:
        """Map photo points to the crop."""
        return transform(points, self.crop_from_photo)


def transform(points: Points, dst_from_src: Affine) -> Points:
    """Map points (n, 2) by an affine map."""
    return np.asarray(points @ dst_from_src[:2, :2].T + dst_from_src[:2, 2], np.float32)


def crop_map(
    landmarks: Points,
    *,
    side_px: int = CROP_PX,
    scale: float = CROP_SCALE,
    up: float = CROP_UP,
    turned: bool = True,
    anchors: Points | None = None,
) -> CropMap:
    """Fit the square around all landmarks, upright in the face's own direction.

    ``scale`` times the landmarks' larger extent is the square's side; ``turned`` off keeps the
    photo's direction. ``anchors``, the middles of left eye, right eye and mouth, are needed for a
    set of other landmarks. Shapes: landmarks (n, 2), n one of 5, 68, 101, 106, 203 or, with
    anchors (3, 2), any.
    """
    points = np.asarray(landmarks, np.float32)
    axes = _axes(anchors_of(points) if anchors is None else np.asarray(anchors, np.float32))
    middle = points.mean(axis=0)
    along = (points - middle) @ axes.T  # in the face's own axes
    low, high = along.min(axis=0), along.max(axis=0)
    inner = (low + high) / 2
    size = np.float32((high - low).max()) * np.float32(scale)
    center = middle + axes[0] * inner[0] + axes[1] * inner[1]
    center = center + axes[1] * (np.float32(up) * size)
    return _map(center, size, _angle(axes[0]) if turned else 0.0, side_px)


def limited_size(height: int, width: int, max_side: int, multiple: int) -> tuple[int, int]:
    """Return (height, width) with the longer side at most ``max_side``, cut to multiples."""
    if max_side > 0 and max(height, width) > max_side:
        if height > width:
            height, width = max_side, int(width * (max_side / height))
        else:
            height, width = int(height * (max_side / width)), max_side
    cut_height, cut_width = height - height % multiple, width - width % multiple
    return (cut_height, cut_width) if min(cut_height, cut_width) > 0 else (height, width)


def limit(photo: Frame, max_side: int = MAX_SIDE_PX, multiple: int = 2) -> Frame:
    """Scale a large photo down, then cut rows and columns to multiples."""
    height, width = photo.shape[:2]
    scaled_height, scaled_width = limited_size(height, width, max_side, 1)
    if (scaled_height, scaled_width) != (height, width):
        photo = np.asarray(cv2.resize(photo, (scaled_width, scaled_height)), np.uint8)
    height, width = limited_size(scaled_height, scaled_width, 0, multiple)
    return photo[:height, :width]


def input_of_crop(crop: Frame) -> Frame:
    """Return the crop at the networks' input size: means of 2x2 pixels."""
    small = cv2.resize(crop, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def input_of_photo(photo: Frame) -> Frame:
    """Return a whole picture squeezed to the input size, where no crop is wanted."""
    if photo.shape[:2] == (INPUT_PX, INPUT_PX):
        return photo
    return np.asarray(cv2.resize(photo, (INPUT_PX, INPUT_PX)), np.uint8)


def network_input(image: Frame) -> NDArray[np.float32]:
    """Return (1, 3, 256, 256) RGB in 0..1 of a picture at the input size."""
    planes = image.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255.0)
    return np.ascontiguousarray(np.clip(planes, 0.0, 1.0))


def anchors_of(points: Points) -> Points:
    """Return the middles of left eye, right eye and mouth of a known landmark set. Shape: (3, 2).

    Raises: `ValueError` for an unknown number of landmarks.
    """
    try:
        groups = _ANCHORS[len(points)]
    except KeyError:
        known = ", ".join(str(n) for n in sorted(_ANCHORS))
        raise ValueError(f"a set of {len(points)} landmarks is not one of {known}") from None
    return np.stack([points[list(group)].mean(axis=0) for group in groups])


def _axes(anchors: Points) -> NDArray[np.float32]:
    """The face's right and down as unit vectors, (2, 2), from eyes and mouth."""
    down = anchors[2] - (anchors[0] + anchors[1]) / 2
    length = np.linalg.norm(down)
    down = np.array([0, 1], np.float32) if length <= 1e-3 else down / length
    return np.array([[down[1], -down[0]], down], np.float32)


def _angle(right: NDArray[np.float32]) -> float:
    """The face's roll in rad: in double, but from the float32 cosine."""
    angle = math.acos(min(max(float(right[0]), -1.0), 1.0))
    return -angle if right[1] < 0 else angle


def _map(center: NDArray[np.float32], size: np.float32, angle: float, side_px: int) -> CropMap:
    # All in float32, written out so that every version of numpy rounds alike.
    scale, half = np.float32(side_px) / size, np.float32(side_px / 2)
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    x, y = center
    crop_from_photo = np.array(
        [
            [scale * cos, scale * sin, half - scale * (cos * x + sin * y)],
            [-scale * sin, scale * cos, half - scale * (-sin * x + cos * y)],
            [0.0, 0.0, 1.0],
        ],
        np.float32,
    )
    return CropMap(crop_from_photo, np.linalg.inv(crop_from_photo), side_px)
