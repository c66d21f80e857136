"""Lays a plate into the frame of one view: scaled, shifted, its edge blended with the photo."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.baked.plate import Plate
from streamer.geometry import Matrix
from streamer.view import Frame, View

# The plate's edge is blended over this part of its side. Necks and shoulders move there a little.
FEATHER: Final = 0.08

# A plate of which more than this lies outside the frame is not scaled as a whole.
MOSTLY: Final = 0.6

_Part = tuple[slice, slice]


@dataclass(frozen=True)
class Square:
    """Where the whole plate comes to lie in the frame, in whole pixels: a pixel's half is unseen.

    Scaling to whole pixels takes half the time of an affine map.
    """

    x: int
    y: int
    width: int
    height: int

    @staticmethod
    def of(frame_from_plate: Matrix, side: int) -> "Square":
        """Round the plate's edges."""
        ends = np.array([[-0.5, -0.5, 1.0], [side - 0.5, side - 0.5, 1.0]]) @ frame_from_plate.T
        x0, y0 = (round(float(v) + 0.5) for v in ends[0, :2])
        x1, y1 = (round(float(v) + 0.5) for v in ends[1, :2])
        return Square(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))

    def inside(self, width: int, height: int) -> _Part:
        """Return the part of a frame that it covers, rows and columns."""
        y0, x0 = min(max(self.y, 0), height), min(max(self.x, 0), width)
        y1 = min(max(self.y + self.height, y0), height)
        x1 = min(max(self.x + self.width, x0), width)
        return slice(y0, y1), slice(x0, x1)

    def drawn(self, plate: Frame, part: _Part) -> Frame:
        """Return what the plate shows in a part of the frame."""
        rows, columns = part
        height, width = rows.stop - rows.start, columns.stop - columns.start
        side = plate.shape[0]
        shrinks = 2 * self.width < side
        if width * height >= MOSTLY * self.width * self.height:
            # Sampling alone would skip pixels, and the face would flicker in a small frame.
            how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            whole = cv2.resize(plate, (self.width, self.height), interpolation=how)
            top, left = rows.start - self.y, columns.start - self.x
            return np.asarray(whole[top : top + height, left : left + width], np.uint8)
        along, down = self.width / side, self.height / side
        part_from_plate = np.array(
            [
                [along, 0.0, 0.5 * along - 0.5 + self.x - columns.start],
                [0.0, down, 0.5 * down - 0.5 + self.y - rows.start],
            ]
        )
        drawn = cv2.warpAffine(
            plate, part_from_plate, (width, height), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return np.asarray(drawn, np.uint8)


class Lay:
    """The frame, with the plate's place in it. ``frame`` is valid until the next `draw`."""

    def __init__(self, photo: Frame, plate: Plate, view: View) -> None:
        height, width = photo.shape[:2]
        frame_from_photo = view.frame_from_photo(width, height, plate.framing)
        still = view.draw(photo, frame_from_photo)
        self._square = Square.of(frame_from_photo @ plate.photo_from_plate, plate.side_px)
        self._part = self._square.inside(view.width, view.height)
        rows, columns = self._part
        pad = view.max_margin
        covered, _ = view.coverage(frame_from_photo, width, height)
        share = covered[pad : pad + view.height, pad : pad + view.width][self._part]
        weight = _weight(self._square, self._part) * share
        self._rim = [
            (part, weight[part].copy(), 1.0 - weight[part], still[self._part][part].copy())
            for part in _rim(weight)
        ]
        self._mirror = view.mirror
        self.frame = np.ascontiguousarray(still[:, ::-1] if self._mirror else still)
        first = view.width - columns.stop if self._mirror else columns.start
        self._there = rows, slice(first, first + columns.stop - columns.start)

    def draw(self, plate: Frame) -> Frame:
        """Return the frame with this plate in it, (height, width, 3), in the same memory."""
        rows, columns = self._part
        if rows.stop == rows.start or columns.stop == columns.start:  # no face in the frame
            return self.frame
        drawn = self._square.drawn(plate, self._part)
        for part, weight, rest, below in self._rim:
            drawn[part] = cv2.blendLinear(drawn[part], below, weight, rest)
        self.frame[self._there] = drawn[:, ::-1] if self._mirror else drawn
        return self.frame


def _weight(square: Square, part: _Part) -> NDArray[np.float32]:
    """Return how much of each pixel is the plate's: 1, falling smoothly to 0 at its edge."""

    def along(visible: slice, start: int, length: int) -> NDArray[np.float32]:
        at = np.arange(visible.start, visible.stop) - start + 0.5
        v = np.clip(np.minimum(at, length - at) / (FEATHER * length), 0.0, 1.0)
        return np.asarray(v * v * (3.0 - 2.0 * v), np.float32)

    rows = along(part[0], square.y, square.height)
    columns = along(part[1], square.x, square.width)
    return rows[:, None] * columns[None, :]


def _rim(weight: NDArray[np.float32]) -> list[_Part]:
    """Return the strips that are blended, around a middle that is not."""
    height, width = weight.shape
    if height == 0 or width == 0 or weight.min() >= 1.0:
        return []
    full = weight >= 1.0
    rows = np.flatnonzero(full[:, width // 2])
    columns = np.flatnonzero(full[height // 2])
    everything: _Part = (slice(0, height), slice(0, width))
    if len(rows) == 0 or len(columns) == 0:
        return [everything]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
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
