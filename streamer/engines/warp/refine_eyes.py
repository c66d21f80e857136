"""Iris centres, iris radius and lid margins, measured in the picture.

Iris: every strong edge votes for the points it points away from (a dark disc on light ground); the
darkest such point near the expectation wins. Source: Timm and Barth, "Accurate eye centre
localisation by means of gradients" (VISAPP 2011); the limits were measured on two portraits.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp.landmarks import Point
from streamer.engines.warp.template import IRIS_RADIUS, LOWER_LID, UPPER_LID, EyeShape

Grey = NDArray[np.float32]

# The search window's half width, in parts of the face box, and the iris distances from its middle
# that edges may have, in parts of the window.
_HALF_WINDOW: Final = 0.105
_NEAR, _FAR = 0.10, 0.55
_STRONG: Final = 75.0  # percentile of the edge strength from which an edge may vote
_PRIOR_SIGMA: Final = 0.22  # of the window
_WORK: Final = 45  # px, the window is brought to this size: the cost grows with its fourth power

_RADII: Final = (0.06, 0.12)
_REACH: Final = (0.09, 0.05)
_STEP: Final = 0.005
_UPPER_SEARCH: Final = (-0.16, -0.035)
_LOWER_SEARCH: Final = (0.035, 0.15)
# The strongest edge above is that of the lashes; the margin lies this much below it.
_LASHES: Final = 0.015
_UPPER_RANGE: Final = (-0.11, -0.05)
_LOWER_RANGE: Final = (0.045, 0.10)


def iris_center(grey: Grey, expected: Point, box_px: float) -> Point:
    """Find the iris near a point.

    Shapes: grey (h, w), about upright; expected (2,) in its pixels. ``box_px`` is the face box.
    """
    half = _HALF_WINDOW * box_px
    scale = (_WORK - 1) / (2 * half)
    window_from_grey = np.array(
        [
            [scale, 0.0, (_WORK - 1) / 2 - scale * expected[0]],
            [0.0, scale, (_WORK - 1) / 2 - scale * expected[1]],
        ]
    )
    soft = cv2.GaussianBlur(grey, (0, 0), max(0.01, 0.4 / scale)) if scale < 1 else grey
    window = cv2.warpAffine(
        soft, window_from_grey, (_WORK, _WORK), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    score = _votes(np.asarray(window, np.float32))
    dark = cv2.GaussianBlur(window, (0, 0), 1.5)
    low, high = np.percentile(dark, [2, 95])
    darkness = np.clip((high - dark) / max(high - low, 1.0), 0, 1)
    at = np.arange(_WORK) - (_WORK - 1) / 2
    prior = np.exp(-((at / (_PRIOR_SIGMA * _WORK)) ** 2) / 2)
    score = score * darkness**2 * np.outer(prior, prior)
    y, x = np.unravel_index(int(np.argmax(score)), score.shape)
    peak = np.array([x + _vertex(score[y], int(x)), y + _vertex(score[:, x], int(y))])
    return np.asarray(expected + (peak - (_WORK - 1) / 2) / scale, np.float64)


def _votes(window: Grey) -> Any:
    """How well edges agree that each pixel is the middle of a dark disc."""
    soft = cv2.GaussianBlur(window, (0, 0), 1.0)
    gx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    strength = np.hypot(gx, gy)
    ys, xs = np.nonzero(strength > max(float(np.percentile(strength, _STRONG)), 1e-3))
    ux, uy = gx[ys, xs] / strength[ys, xs], gy[ys, xs] / strength[ys, xs]
    n = window.shape[0]
    grid = np.arange(n, dtype=np.float32)
    total = np.zeros((n, n), np.float32)
    # Row by row of candidates: (columns, edges) at a time keeps the memory small.
    for row in range(n):
        dy = (ys - row).astype(np.float32)[None, :]
        dx = xs.astype(np.float32)[None, :] - grid[:, None]
        distance = np.sqrt(dx * dx + dy * dy)
        cosine = (dx * ux + dy * uy) / np.maximum(distance, 1e-3)
        fits = (distance > _NEAR * n) & (distance < _FAR * n)
        total[row] = (np.maximum(cosine, 0) ** 2 * fits).sum(axis=1)
    return total


def _vertex(values: Any, k: int) -> float:
    """Offset of a parabola's vertex through three samples around the highest."""
    if not 0 < k < len(values) - 1:
        return 0.0
    a, b, c = float(values[k - 1]), float(values[k]), float(values[k + 1])
    curve = a - 2 * b + c
    return 0.0 if curve >= 0 else float(np.clip(0.5 * (a - c) / curve, -0.5, 0.5))


def fit_disc(grey: Grey, center: Point, unit_px: float) -> tuple[Point, float]:
    """Fit a dark disc to the iris near a first guess, in a straightened grey picture.

    The sides count, where no lid covers the edge; below, the lid is as light as the white.
    Returns: its centre in the picture's pixels and its radius in u.
    """
    soft = cv2.GaussianBlur(grey, (0, 0), 0.012 * unit_px)
    gx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    gy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    dx = np.arange(-_REACH[0], _REACH[0] + 1e-6, _STEP)
    dy = np.arange(-_REACH[1], _REACH[1] + 1e-6, _STEP)
    radii = np.arange(_RADII[0], _RADII[1] + 1e-6, 0.006)
    x0 = center[0] + unit_px * dx[None, :]
    y0 = center[1] + unit_px * dy[:, None]

    def gain(middle_deg: float, half_deg: float) -> Any:
        """Outward gain of brightness over a sector: (radius, y, x)."""
        angles = np.radians(np.arange(middle_deg - half_deg, middle_deg + half_deg + 1, 10.0))
        shape = (len(radii), len(angles), len(dy), len(dx))
        along = unit_px * radii[:, None, None, None]
        cos, sin = np.cos(angles)[None, :, None, None], np.sin(angles)[None, :, None, None]
        x = np.broadcast_to(x0 + along * cos, shape).astype(np.float32)
        y = np.broadcast_to(y0 + along * sin, shape).astype(np.float32)
        flat = (shape[0] * shape[1], shape[2] * shape[3])
        ring_x = cv2.remap(gx, x.reshape(flat), y.reshape(flat), cv2.INTER_LINEAR)
        ring_y = cv2.remap(gy, x.reshape(flat), y.reshape(flat), cv2.INTER_LINEAR)
        outwards = ring_x.reshape(shape) * cos + ring_y.reshape(shape) * sin
        return outwards.mean(axis=1)

    left, right, below = gain(180, 40), gain(0, 40), gain(90, 40)
    score = left + right + np.minimum(left, right) + 0.5 * below
    near = np.exp(-((dx[None, :] / 0.06) ** 2 + (dy[:, None] / 0.035) ** 2) / 2)
    usual = np.exp(-(((radii - IRIS_RADIUS) / 0.02) ** 2) / 2)
    score = score * near[None] * usual[:, None, None]
    k, j, i = np.unravel_index(int(np.argmax(score)), score.shape)
    best = np.array([x0[0, i], y0[j, 0]])
    return best, float(radii[k])


def eye_shape(grey: Grey, center: Point, unit_px: float, iris_r: float) -> EyeShape:
    """Measure the lid margins in a straightened grey picture.

    ``center`` is the iris in its pixels; ``unit_px`` its pixels per u.
    """
    return EyeShape(iris_r, _margin(grey, center, unit_px, -1), _margin(grey, center, unit_px, +1))


def _margin(grey: Grey, center: Point, unit_px: float, side: int) -> float:
    """Where the iris meets the upper (-1) or lower (+1) lid: the strongest edge to light skin."""
    low, high = _UPPER_SEARCH if side < 0 else _LOWER_SEARCH
    allowed = _UPPER_RANGE if side < 0 else _LOWER_RANGE
    t = np.arange(-0.20, 0.201, 0.004)
    across = np.linspace(-0.05, 0.05, 9)
    x = center[0] + unit_px * np.tile(across, (len(t), 1))
    y = center[1] + unit_px * np.tile(t[:, None], (1, len(across)))
    profile = cv2.remap(
        grey, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR
    ).mean(axis=1)  # fmt: skip
    profile = cv2.GaussianBlur(profile.reshape(-1, 1).astype(np.float32), (1, 5), 0).ravel()
    gain = np.gradient(profile) * side
    inside = (t >= low) & (t <= high)
    k = int(np.argmax(np.where(inside, gain, -np.inf)))
    if gain[k] <= 0.5:
        return UPPER_LID if side < 0 else LOWER_LID
    return float(np.clip(t[k] + (_LASHES if side < 0 else 0.0), *allowed))
