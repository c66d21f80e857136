"""Lays a plate into the frame of one view: scaled, shifted, its edge blended with the photo."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.baked.plate import Plate
from streamer.engines.liveportrait.paste_back import shrunk
from streamer.engines.warp.face_frame import Box
from streamer.geometry import inverse
from streamer.view import Frame, View

# The plate's edge is blended over this part of its side. Necks and shoulders move there a little.
FEATHER: Final = 0.08


class Lay:
    """The frame, with the plate's place in it. `frame` is valid until the next `draw`."""

    def __init__(self, photo: Frame, plate: Plate, view: View) -> None:
        height, width = photo.shape[:2]
        frame_from_photo = view.frame_from_photo(width, height, plate.framing)
        frame_from_plate = frame_from_photo @ plate.photo_from_plate
        still = view.draw(photo, frame_from_photo)
        self._mirror = view.mirror
        self._box, self._map = _place(frame_from_plate, plate.side_px, view)
        pad = view.max_margin
        inside, _ = view.coverage(frame_from_photo, width, height)
        share = inside[pad : pad + view.height, pad : pad + view.width][self._box.slices]
        self._weight = _weight(plate.side_px, self._map, self._box) * share
        self._rim = _rim(self._weight)
        self._below = np.ascontiguousarray(still[self._box.slices])
        self.frame = np.ascontiguousarray(still[:, ::-1] if self._mirror else still)

    def draw(self, plate: Frame) -> Frame:
        """Return the frame with this plate in it, (height, width, 3), in the same memory."""
        box = self._box
        if box.width == 0 or box.height == 0:  # the face lies outside the frame
            return self.frame
        small, box_from_small = shrunk(plate, self._map)
        drawn = cv2.warpAffine(
            small,
            box_from_small[:2],
            (box.width, box.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for part in self._rim:
            weight = self._weight[part]
            drawn[part] = cv2.blendLinear(drawn[part], self._below[part], weight, 1.0 - weight)
        left = box.x
        if self._mirror:
            left = self.frame.shape[1] - box.x - box.width
            drawn = cv2.flip(drawn, 1)
        self.frame[box.y : box.y + box.height, left : left + box.width] = drawn
        return self.frame


_Part = tuple[slice, slice]


def _place(
    frame_from_plate: NDArray[np.float64], side: int, view: View
) -> tuple[Box, NDArray[np.float32]]:
    """Return the part of the frame that the plate covers, and the map into it."""
    corners = np.array([[-0.5, -0.5, 1.0], [side - 0.5, side - 0.5, 1.0]]) @ frame_from_plate.T
    x0, y0 = (max(int(np.ceil(v)), 0) for v in corners[0, :2])
    x1 = min(int(np.floor(corners[1, 0])) + 1, view.width)
    y1 = min(int(np.floor(corners[1, 1])) + 1, view.height)
    box = Box(x0, y0, max(x1 - x0, 0), max(y1 - y0, 0))
    moved = frame_from_plate.copy()
    moved[:2, 2] -= [box.x, box.y]
    return box, moved.astype(np.float32)


def _weight(side: int, box_from_plate: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Return how much of each pixel is the plate's: 1, falling smoothly to 0 at its edge."""
    plate_from_box = inverse(box_from_plate.astype(np.float64))
    feather = FEATHER * side

    def along(scale: float, start: float, count: int) -> NDArray[np.float32]:
        at = scale * np.arange(count) + start
        v = np.clip(np.minimum(at + 0.5, side - 0.5 - at) / feather, 0.0, 1.0)
        return np.asarray(v * v * (3.0 - 2.0 * v), np.float32)

    columns = along(float(plate_from_box[0, 0]), float(plate_from_box[0, 2]), box.width)
    rows = along(float(plate_from_box[1, 1]), float(plate_from_box[1, 2]), box.height)
    return rows[:, None] * columns[None, :]


def _rim(weight: NDArray[np.float32]) -> list[_Part]:
    """Return the strips of the box that are blended: around the largest middle that is not."""
    height, width = weight.shape
    if height == 0 or width == 0 or weight.min() >= 1.0:
        return []
    full = weight >= 1.0
    rows = np.flatnonzero(full[:, width // 2])
    columns = np.flatnonzero(full[height // 2])
    everything: _Part = (slice(0, height), slice(0, width))
    if len(rows) == 0 or len(columns) == 0:
        return [everything]
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if not full[top:bottom, left:right].all():
        return [everything]
    middle = slice(top, bottom)
    strips = [
        (slice(0, top), slice(0, width)),
        (slice(bottom, height), slice(0, width)),
        (middle, slice(0, left)),
        (middle, slice(right, width)),
    ]
    return [(y, x) for y, x in strips if y.stop > y.start and x.stop > x.start]
