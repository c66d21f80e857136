"""Colour bars that move: pictures that a test can know again behind any camera."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

WIDTH, HEIGHT = 640, 360

BARS: Final = (
    *((235, 235, 235), (230, 220, 20), (20, 210, 220), (30, 200, 40)),
    *((210, 40, 200), (220, 30, 30), (30, 40, 220), (20, 20, 20)),
)
_BAR_WIDTH: Final = WIDTH // len(BARS)
_STEP: Final = 20
# Readers convert with their own tables; this was measured for ffmpeg and OpenCV away from edges.
COLOUR_TOLERANCE: Final = 4


def moving_bars(width: int = WIDTH, height: int = HEIGHT) -> list[Frame]:
    """Colour bars that move by a part of a bar per frame, made once: numpy is slow here."""
    row = np.repeat(np.array(BARS, np.uint8), _BAR_WIDTH, axis=0)
    frames = []
    for shift in range(0, WIDTH, _STEP):
        moved = np.roll(row, shift, axis=0)[None]
        frames.append(cv2.resize(moved, (width, height), interpolation=cv2.INTER_NEAREST))
    return frames


def shown_bars(picture: Frame) -> int:
    """Return which of the moving bars a received picture is; -1 for a torn or wrong one."""
    height = picture.shape[0]
    found = set()
    for y in (height // 8, height // 2, height - height // 8):
        row = cv2.resize(picture[y : y + 1], (WIDTH, 1), interpolation=cv2.INTER_NEAREST)[0]
        found.add(_match(row.astype(int)))
    return found.pop() if len(found) == 1 else -1


def _match(row: NDArray[np.int_]) -> int:
    middles = np.arange(len(BARS)) * _BAR_WIDTH + _BAR_WIDTH // 2
    # Both sides of each bar, near enough to its edges to tell neighbouring steps apart.
    points = np.concatenate((middles - _BAR_WIDTH * 3 // 8, middles + _BAR_WIDTH * 3 // 8))
    wanted = np.array(BARS * 2)
    for index, shift in enumerate(range(0, WIDTH, _STEP)):
        if np.abs(row[(points + shift) % WIDTH] - wanted).max() <= COLOUR_TOLERANCE:
            return index
    return -1
