"""Brows and nose: moved from where the template expects them to the dark ridges in the picture.

Space ``face`` for points; pictures are ``straight`` (see `refine_mouth`). Source of the limits:
judged by eye on two portraits; these points forgive errors of 0.05 u and 0.2 u.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp.landmarks import Line
from streamer.engines.warp.refine_mouth import LEFT, TOP, UNIT
from streamer.engines.warp.template import brows

# Upwards hair lies near, downwards the lid's crease.
_BROW_REACH: Final = (-0.08, 0.13)
_BROW_SIGMA: Final = 0.10
_BROW_BEND: Final = 0.04
_BROW_DEPTH: Final = 2.0  # of L: shallower than this is no brow, the template stays

_NOSE_SEARCH: Final = (0.50, 0.12)  # from here to this far above the mouth line
_BELOW_NOSTRILS: Final = 0.03


def brow_lines(light: NDArray[np.float32]) -> tuple[Line, Line]:
    """Move both template brows to the darkest ridge near. Shapes: light (rows, columns), L."""
    moved = []
    for points in brows():
        offsets = np.arange(*_BROW_REACH, 1 / UNIT)
        near_template = np.exp(-((offsets / _BROW_SIGMA) ** 2) / 2)
        depth = np.stack([_ridge(light, s, t + offsets) for s, t in points])
        # All three together first, then each a little on its own: a strand of hair moves one only.
        together = cv2.GaussianBlur(depth.sum(axis=0).reshape(1, -1), (5, 1), 0).ravel()
        common = int(np.argmax(together * near_template))
        if depth[:, common].mean() < _BROW_DEPTH:
            moved.append(points)
            continue
        near = np.abs(offsets - offsets[common]) <= _BROW_BEND
        own = offsets[np.argmax(np.where(near, depth, -np.inf), axis=1)]
        moved.append(points + np.stack([np.zeros(3), own], axis=1))
    return moved[0], moved[1]


def nose_base(light: NDArray[np.float32], mouth_line: float, aside: float) -> float | None:
    """Return the height under the septum: just below the shade of the nostrils, if there is one."""
    t = np.arange(_NOSE_SEARCH[0], mouth_line - _NOSE_SEARCH[1], 1 / UNIT)
    if len(t) < 0.1 * UNIT:
        return None
    depth = np.mean([_ridge(light, aside + s, t) for s in (-0.12, -0.06, 0.06, 0.12)], axis=0)
    k = int(np.argmax(depth))
    return float(t[k]) + _BELOW_NOSTRILS if depth[k] > _BROW_DEPTH else None


def _ridge(light: NDArray[np.float32], s: float, t: NDArray[np.float64]) -> Any:
    """How much darker the picture is at (s, t) than above and below, over 0.08 u across."""
    column = round((s - LEFT) * UNIT)
    strip = light[:, max(0, column - 5) : column + 6].mean(axis=1).reshape(-1, 1)
    valley = (cv2.blur(strip, (1, round(0.24 * UNIT))) - cv2.blur(strip, (1, 5))).ravel()
    return np.interp((t - TOP) * UNIT, np.arange(len(valley)), valley)
