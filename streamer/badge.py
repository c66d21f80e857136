"""The sign "AI" in a corner of every frame that leaves, for those who want to be told.

It is drawn last, over whatever is shown: never mirrored, never faded. An engine's frame is lent
for the time it is shown, so only the corner is touched, and given back before the next is drawn.
"""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.sinks.pixels import NativeFrames, Pixels, rectangle
from streamer.view import Frame

# In parts of the frame's height (of a portrait frame: its width). Judged by eye from 320x180 to
# 1920x1080: smaller cannot be read in a meeting's gallery, larger catches the eye.
HEIGHT: Final = 0.075
LEAST_PX: Final = 18
MARGIN: Final = 0.03
ASPECT: Final = 1.5  # width by height
PLATE: Final = 16  # grey of the plate, of 255
PLATE_ALPHA: Final = 0.72
LETTERS: Final = 245

# The letters as strokes; units: the plate's height, x right and y down from its upper left corner.
_TOP: Final = 0.23
_FOOT: Final = 0.77
_A: Final = (
    ((0.27, _FOOT), (0.475, _TOP), (0.595, _TOP), (0.39, _FOOT)),
    ((0.68, _FOOT), (0.475, _TOP), (0.595, _TOP), (0.80, _FOOT)),
    ((0.36, 0.66), (0.39, 0.565), (0.68, 0.565), (0.71, 0.66)),
)
_I: Final = ((0.965, _TOP), (1.08, _TOP), (1.08, _FOOT), (0.965, _FOOT))


class Badge:
    """Draws the sign into frames of one stream. Used by the thread that draws them.

    `stamp` first gives the last frame its corner back; `lift` does that alone.
    """

    def __init__(self) -> None:
        self._frame: Frame | None = None
        # What was drawn over, and what was there.
        self._beneath: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
        self._converter: NativeFrames | None = None

    def stamp(self, frame: Frame) -> Frame:
        """Draw the sign into the frame, or into a copy of one that must not be written to.

        Shape: (height, width, 3).
        """
        self.lift()
        x, y, colour, keep = corner(frame.shape[1], frame.shape[0])
        if not frame.flags.writeable:
            frame = frame.copy()
        there = frame[y : y + keep.shape[0], x : x + keep.shape[1]]
        self._frame = frame
        self._beneath.append((there, there.copy()))
        # In whole numbers, which cost a third of what floats do.
        there[:] = (colour + there * keep) >> 8
        return frame

    def native(self, pixels: Pixels, pixel_format: str) -> Pixels:
        """Draw the same corner into the frame that was stamped last, in a camera's own format.

        Returns ``pixels``, or a copy where they must not be written to.
        """
        frame = self._frame
        if frame is None:
            return pixels
        rows, columns = frame.shape[:2]
        x, y, _, keep = corner(columns, rows)
        height, width = keep.shape[:2]
        made = self._converter
        if made is None or (made.pixel_format, made.height) != (pixel_format, height):
            made = NativeFrames(pixel_format, width, height)  # type: ignore[arg-type]
            self._converter = made
        made.convert(frame[y : y + height, x : x + width])
        made.flip()
        if not pixels.flags.writeable:
            pixels = pixels.copy()
        box = (x, y, width, height)
        sources = rectangle(made.front, pixel_format, width, height, (0, 0, width, height))
        targets = rectangle(pixels, pixel_format, columns, rows, box)
        for source, target in zip(sources, targets, strict=True):
            self._beneath.append((target, target.copy()))
            target[:] = source
        return pixels

    def lift(self) -> None:
        """Give the frame that was stamped last its corner back."""
        for there, before in reversed(self._beneath):
            there[:] = before
        self._beneath.clear()
        self._frame = None


def stamped(frame: Frame) -> Frame:
    """Return a copy of the frame with the sign: for films. Shape: (height, width, 3)."""
    return Badge().stamp(frame.copy())


@lru_cache(maxsize=4)
def corner(
    frame_width: int, frame_height: int
) -> tuple[int, int, NDArray[np.uint16], NDArray[np.uint16]]:
    """Return where the sign lies, its colour, and how much of the frame stays beneath it.

    All sides are even, as chroma wants them. A pixel becomes (colour + pixel * keep) / 256.
    Shapes: colour, keep (h, w, 3).
    """
    side = min(frame_width, frame_height)
    height = min(_even(max(LEAST_PX, HEIGHT * side)), _even(frame_height))
    width = min(_even(ASPECT * height), _even(frame_width))
    gap = _even(MARGIN * side)
    # Upper left, where meeting programs lay no names and no buttons over the picture.
    x, y = min(gap, _even(frame_width) - width), min(gap, _even(frame_height) - height)

    plate, letters = _masks(width, height)
    alpha = np.maximum(plate * PLATE_ALPHA, letters)
    # The letters lie on the plate: what of them is not covered is plate.
    shade = PLATE * (alpha - letters) + LETTERS * letters
    keep = np.rint(256.0 * (1.0 - alpha)).astype(np.uint16)
    colour = np.rint(256.0 * shade).astype(np.uint16) + np.uint16(128)
    return x, y, *(np.repeat(one[:, :, None], 3, axis=2) for one in (colour, keep))  # type: ignore[return-value]


def _masks(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much of each pixel the plate and the letters cover, 0 to 1. Shapes: (height, width)."""
    fine = 8  # drawn this many times larger, for smooth edges
    rows, columns = height * fine, width * fine
    plate = np.zeros((rows, columns), np.uint8)
    radius = rows // 4
    cv2.rectangle(plate, (radius, 0), (columns - 1 - radius, rows - 1), 255, -1)
    cv2.rectangle(plate, (0, radius), (columns - 1, rows - 1 - radius), 255, -1)
    for x in (radius, columns - 1 - radius):
        for y in (radius, rows - 1 - radius):
            cv2.circle(plate, (x, y), radius, 255, -1)

    letters = np.zeros_like(plate)
    left = (columns - ASPECT * rows) / 2
    for outline in (*_A, _I):
        points = [[round(left + x * rows), round(y * rows)] for x, y in outline]
        cv2.fillPoly(letters, [np.array(points, np.int32)], 255)
    shrunk = (
        cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in (plate, letters)
    )
    first, second = (np.asarray(one, np.float64) / 255.0 for one in shrunk)
    return first, second


def _even(value: float) -> int:
    return int(value) // 2 * 2
