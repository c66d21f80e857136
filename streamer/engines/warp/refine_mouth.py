"""The mouth line, the corners and whether teeth show, measured in the straightened face.

Space ``face`` (see `template`) for all points; pictures are ``straight``: `UNIT` px per u.
Source of the limits: judged by eye on two portraits in 40 variants each.
"""

from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp.refine_opening import Opening, Skin, opening_below
from streamer.engines.warp.template import (
    MOUTH_HALF_WIDTH,
    MOUTH_LINE,
    TOOTHY_HALF_WIDTH,
    MouthShape,
    default_mouth,
)

UNIT: Final = 120
"""Pixels per u of the straightened face."""
LEFT, TOP, RIGHT, BOTTOM = -1.0, -0.6, 1.0, 1.9
"""What of the face frame the straightened picture shows, in u."""

_MIDDLE: Final = 0.22  # half the width of the strip in which the line is looked for
_SEARCH: Final = (0.80, 1.60)
_SIGMA: Final = 0.16
_NEIGHBOURS: Final = 0.20  # a valley is darker than the mean over this height

# A corner is where the depth of the line falls under this part of its greatest depth.
_ENDS_AT: Final = 0.35
_CLOSE: Final = 0.10
_WALK: Final = 0.75
_HALF_WIDTHS: Final = (0.24, 0.66)

Lab = NDArray[np.float32]


def mouth_shape(
    lab: Lab,
    corners: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    expected: float = MOUTH_LINE,
) -> MouthShape:
    """Measure the mouth, near an expected height; its corners may be given (space ``face``).

    Shapes: lab (rows, columns, 3) of the straightened face, L 0..100.
    """
    if corners is not None:
        # Corners lie a little above the line of a smiling mouth, below that of a sad one.
        expected = 0.5 * float(corners[0][1] + corners[1][1]) + 0.02
    valley = _valleys(lab)
    found = _line_and_opening(lab, valley, expected)
    if found is None:
        return replace(default_mouth(expected), sure=False)
    row, opening = found
    path = _follow(valley, row)
    left, right, sure = _corners(lab, path, teeth=opening is not None and opening.teeth)
    if corners is not None:
        left, right, sure = corners[0], corners[1], True
    line = _at_quarters(path, left, right)
    if opening is None:
        return MouthShape(left, right, line, line, sure=sure)
    if not opening.teeth:  # the followed line runs through the dark inside, not along the lip
        line = line + np.array([[0.0, (opening.upper - row) / UNIT]]) * [[0.8], [1.0], [0.8]]
    gap = (opening.lower - opening.upper) / UNIT
    below = line + np.array([[0.0, 0.8 * gap], [0.0, gap], [0.0, 0.8 * gap]])
    return MouthShape(left, right, line, below, teeth=opening.teeth, sure=sure)


def _row(t: float) -> int:
    return round((t - TOP) * UNIT)


def _column(s: float) -> int:
    return round((s - LEFT) * UNIT)


def _skin(lab: Lab) -> Skin:
    patches = [
        lab[_row(0.55) : _row(0.80), _column(-0.72) : _column(-0.45)],
        lab[_row(0.55) : _row(0.80), _column(0.45) : _column(0.72)],
        lab[_row(1.45) : _row(1.62), _column(-0.20) : _column(0.20)],
    ]
    return Skin.of(np.concatenate([patch.reshape(-1, 3) for patch in patches]).astype(np.float64))


def _valleys(lab: Lab) -> Any:
    """How much darker each pixel is than its surroundings above and below, over 0.04 u across."""
    light = cv2.blur(np.ascontiguousarray(lab[:, :, 0]), (round(0.04 * UNIT), 1))
    return cv2.blur(light, (1, round(_NEIGHBOURS * UNIT))) - light


def _line_and_opening(lab: Lab, valley: Any, expected: float) -> tuple[int, Opening | None] | None:
    """Return the row of the mouth line and, for an open mouth, what lies below it."""
    columns = slice(_column(-_MIDDLE), _column(_MIDDLE) + 1)
    depth = valley[:, columns].mean(axis=1)
    t = TOP + np.arange(len(depth)) / UNIT
    score = depth * np.exp(-(((t - expected) / _SIGMA) ** 2))
    score[(t < _SEARCH[0]) | (t > _SEARCH[1])] = 0.0
    peaks = [
        k
        for k in range(1, len(score) - 1)
        if score[k] >= score[k - 1] and score[k] > score[k + 1] and score[k] > 0.4 * score.max()
    ]
    if not peaks or score.max() < 0.3:
        return None
    best = max(peaks, key=lambda k: float(score[k]))
    profile, skin = lab[:, columns].mean(axis=1), _skin(lab)
    # The shadow under the lower lip may be deeper than the line above the teeth.
    for row in (k for k in peaks if k <= best):
        opening = opening_below(profile, row, skin, UNIT)
        if opening is not None:
            return row, opening
    return best, None


def _follow(valley: Any, start: int) -> NDArray[np.float64]:
    """Follow the valley to both sides; returns the row of every column within the walk."""
    top = start - round(0.30 * UNIT)
    bottom = min(start + round(0.22 * UNIT), valley.shape[0])
    first, last = _column(-_WALK), _column(_WALK)
    middle = (first + last) // 2
    rows = np.empty(last - first + 1)
    rows[middle - first] = start
    for columns in (range(middle + 1, last + 1), range(middle - 1, first - 1, -1)):
        strip = np.stack([valley[top:bottom, c] for c in columns])
        best = _best_path(strip, start - top)
        for c, row in zip(columns, best, strict=True):
            rows[c - first] = top + row
    return rows


def _best_path(strip: Any, start: int) -> Any:
    """The way from ``start`` with the greatest sum, at most one row a step."""
    steps, height = strip.shape
    total = np.full(height, -np.inf)
    total[start] = 0.0
    came = np.zeros((steps, height), np.int64)
    for i in range(steps):
        padded = np.pad(total, 1, constant_values=-np.inf)
        options = np.stack([padded[:-2], padded[1:-1] + 0.05, padded[2:]])
        choice = options.argmax(axis=0)
        came[i] = np.arange(height) + choice - 1
        total = options.max(axis=0) + strip[i]
    row = int(total.argmax())
    path = np.empty(steps, np.int64)
    for i in range(steps - 1, -1, -1):
        path[i] = row
        row = int(came[i, row])
    return path


def _corners(
    lab: Lab, path: NDArray[np.float64], teeth: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Where the line ends, on each side for itself: left, right, and whether both were found.

    The line is darkest and thinnest shortly before the corner; there its depth, against the close
    neighbours only, is taken as the measure, and it ends where a third of that is left. Against
    wide neighbours the shadow of a smile beside the corner counts as mouth.
    """
    light = cv2.blur(np.ascontiguousarray(lab[:, :, 0]), (round(0.04 * UNIT), 1))
    fine = cv2.blur(light, (1, round(_CLOSE * UNIT))) - light
    first = _column(-_WALK)
    columns = first + np.arange(len(path))
    depth = fine[np.rint(path).astype(int), columns]
    depth = cv2.blur(depth.reshape(1, -1).astype(np.float32), (round(0.03 * UNIT), 1)).ravel()
    usual = TOOTHY_HALF_WIDTH if teeth else MOUTH_HALF_WIDTH
    ends = []
    sure = True
    for side in (-1.0, 1.0):
        s = np.arange(0.20, _WALK, 1 / UNIT)
        along = np.interp(side * s, LEFT + columns / UNIT, depth)
        inside = s <= _HALF_WIDTHS[1] - 0.08
        peak = int(np.argmax(along * np.exp(-(((s - usual) / 0.25) ** 2)) * inside))
        shallow = np.flatnonzero(along[peak:] < _ENDS_AT * along[peak])
        end = float(s[peak + shallow[0]]) if len(shallow) and along[peak] > 1.0 else np.inf
        if not _HALF_WIDTHS[0] <= end <= _HALF_WIDTHS[1]:
            end, sure = usual, False
        ends.append(np.array([side * end, _line_at(path, side * end)]))
    return ends[0], ends[1], sure


def _line_at(path: NDArray[np.float64], s: float) -> float:
    """Height of the followed line at s."""
    first = _column(-_WALK)
    return float(TOP + np.interp(_column(s) - first, np.arange(len(path)), path) / UNIT)


def _at_quarters(
    path: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    points = []
    for part in (0.25, 0.5, 0.75):
        s = float(left[0] + part * (right[0] - left[0]))
        near = [_line_at(path, s + d) for d in (-0.03, -0.015, 0.0, 0.015, 0.03)]
        points.append([s, float(np.mean(near))])
    return np.array(points)
