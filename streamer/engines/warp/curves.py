"""Smooth curves through landmarks, read as t(s)."""

from dataclasses import dataclass

import numpy as np

from streamer.engines.warp.landmarks import Line, Point
from streamer.engines.warp.pixels import Array

STEPS = 12  # samples between two landmarks; at u = 400 px a chord is off by less than 0.1 px


@dataclass(frozen=True)
class Curve:
    """A curve that runs left to right: ``t`` over growing ``s``, level beyond its ends."""

    s: Array
    t: Array

    def at(self, s: Array) -> Array:
        """Return t at these s."""
        return np.asarray(np.interp(s, self.s, self.t), np.float32)


def through(*points: Point | Line) -> Curve:
    """Return the Catmull-Rom curve through points in face coordinates, in either direction."""
    knots = np.concatenate([np.atleast_2d(p) for p in points])
    if knots[0, 0] > knots[-1, 0]:
        knots = knots[::-1]
    padded = np.concatenate(
        [2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]]
    )  # mirrored ends, so that the curve leaves along its first chord
    at = np.linspace(0.0, 1.0, STEPS, endpoint=False)[:, None]
    pieces = [_segment(padded[i : i + 4], at) for i in range(len(knots) - 1)]
    curve = np.concatenate([*pieces, knots[-1:]])
    # Marks set by hand may run back a little; a curve read as t(s) must not.
    s = np.maximum.accumulate(curve[:, 0]) + 1e-6 * np.arange(len(curve))
    return Curve(s.astype(np.float32), curve[:, 1].astype(np.float32))


def _segment(
    p: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    at: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.asarray(
        0.5
        * (
            2 * p[1]
            + (p[2] - p[0]) * at
            + (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * at**2
            + (3 * p[1] - p[0] - 3 * p[2] + p[3]) * at**3
        )
    )
