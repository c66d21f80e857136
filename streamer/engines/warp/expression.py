"""The smooth part of expressions: where skin moves for a smile, a pout, a raised brow.

Moves are in u at strength 1, outward and down. Numbers were judged by eye on two portraits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from streamer.engines.warp.curves import through
from streamer.engines.warp.depth import bump
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pixels import Array, smooth
from streamer.engines.warp.pose import Pose


@dataclass(frozen=True)
class Push:
    """One bump of a field: from ``place``, offset (outward, down), moves (outward, down)."""

    place: str  # corner, upper, lower, middle
    move: tuple[float, float]
    radii: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)
    below_eyes: bool = False


# fmt: off
PUSHES: Final[dict[str, tuple[Push, ...]]] = {
    "smile": (
        Push("corner", (0.085, -0.085), (0.26, 0.22), below_eyes=True),
        Push("corner", (0.03, -0.050), (0.30, 0.26), (0.14, -0.42), below_eyes=True),
        Push("upper", (0.0, 0.010), (0.22, 0.10)),
        Push("middle", (0.0, 0.020), (0.30, 0.14), (0.0, 0.16)),
    ),
    "sad": (
        Push("corner", (-0.010, 0.060), (0.22, 0.18), (0.02, 0.03), below_eyes=True),
        Push("lower", (0.0, -0.022), (0.22, 0.12)),
        Push("upper", (0.0, -0.010), (0.20, 0.10)),
    ),
    "grin": (
        Push("corner", (0.11, -0.015), (0.24, 0.24), below_eyes=True),
        Push("upper", (0.0, -0.015), (0.30, 0.10)),
    ),
    "pout": (
        Push("corner", (-0.10, 0.02), (0.26, 0.26)),
        Push("upper", (0.0, -0.030), (0.22, 0.12)),
        Push("lower", (0.0, 0.045), (0.22, 0.14)),
    ),
    "tuck": (
        Push("corner", (0.035, 0.0), (0.24, 0.22)),
        Push("upper", (0.0, 0.035), (0.30, 0.10)),
        Push("lower", (0.0, -0.040), (0.30, 0.12)),
    ),
    "purse": (
        Push("corner", (-0.18, 0.0), (0.26, 0.22)),
        Push("upper", (0.0, -0.015), (0.18, 0.10)),
        Push("lower", (0.0, 0.018), (0.18, 0.10)),
    ),
    "stretch": (
        Push("corner", (0.085, 0.020), (0.24, 0.22), below_eyes=True),
        Push("upper", (0.0, 0.012), (0.28, 0.10)),
        Push("lower", (0.0, -0.018), (0.28, 0.10)),
    ),
    "press": (
        Push("upper", (0.0, 0.020), (0.30, 0.10)),
        Push("lower", (0.0, -0.030), (0.30, 0.12)),
        Push("middle", (0.0, -0.030), (0.40, 0.22), (0.0, 0.32)),
    ),
    "jaw": (
        Push("corner", (-0.26, 0.24), (0.24, 0.24)),
    ),
}
# fmt: on

FIELDS: Final = (*PUSHES, "brow_up", "brow_down", "wink")
BROW_LIFT: Final = (0.080, 0.105, 0.060, 0.085)  # outer, peak, between, inner
BROW_RADII: Final = (0.24, 0.26)


def amounts(pose: Pose) -> Array:
    """Return how much of each of `FIELDS` a pose asks for."""
    by_name = {
        **{name: getattr(pose, name) for name in PUSHES},
        "brow_up": max(pose.brow, 0.0) + 0.25 * pose.sad,
        "brow_down": max(-pose.brow, 0.0),
        "wink": pose.wink,
    }
    return np.array([by_name[name] for name in FIELDS], np.float32)


def fields(face: Landmarks, s: Array, t: Array) -> Array:
    """Return all fields on a grid.

    Shapes: s, t (h, w) -> (len(FIELDS), h, w, 2), the last axis (s, t) in u.
    """
    below = smooth(t, *_under_eyes(face))
    moves = [_pushed(face, PUSHES[name], s, t, below) for name in PUSHES]
    up, down = _brows(face, s, t)
    return np.stack([*moves, up, down, _wink(face, s, t, below)]).astype(np.float32)


def _under_eyes(face: Landmarks) -> tuple[float, float]:
    lids = max(face.eye_l.lower[1, 1], face.eye_r.lower[1, 1])
    return float(lids) + 0.02, float(lids) + 0.25


def _pushed(face: Landmarks, pushes: tuple[Push, ...], s: Array, t: Array, below: Array) -> Array:
    mouth = face.mouth
    middle = 0.5 * (mouth.upper_in[1] + mouth.lower_in[1])
    single = {
        "upper": 0.5 * (mouth.upper_out[1] + mouth.upper_in[1]),
        "lower": 0.5 * (mouth.lower_out[1] + mouth.lower_in[1]),
        "middle": middle,
    }
    field = np.zeros((*s.shape, 2), np.float32)
    # The moves suit a mouth about 0.9 u wide; a smaller one has less to give.
    narrow = min(float(mouth.corner_r[0] - mouth.corner_l[0]) / 0.9, 1.0)
    for push in pushes:
        if push.place == "corner":
            sides = [(mouth.corner_l, -1.0), (mouth.corner_r, 1.0)]
        else:
            sides = [(single[push.place], 1.0)]
        for place, outward in sides:
            weight = bump(
                s, t, place[0] + outward * push.offset[0], place[1] + push.offset[1], *push.radii
            )
            if push.below_eyes:
                weight = weight * below
            field[:, :, 0] += weight * outward * push.move[0] * narrow
            field[:, :, 1] += weight * push.move[1]
    return field


def _brows(face: Landmarks, s: Array, t: Array) -> tuple[Array, Array]:
    """Brows raised and lowered. They fade out above the lashes, which must not stretch."""
    up, down = np.zeros((*s.shape, 2), np.float32), np.zeros((*s.shape, 2), np.float32)
    for brow, eye, side in ((face.brow_l, face.eye_l, -1.0), (face.brow_r, face.eye_r, 1.0)):
        brow_line = through(brow[0], brow[1], brow[2]).at(s)
        lid_line = through(eye.outer, eye.upper, eye.inner).at(s) - 0.05
        keep = np.clip((lid_line - t) / np.maximum(lid_line - brow_line, 0.06), 0.0, 1.0)
        half = smooth(side * s, -0.10, 0.12)
        between = 0.5 * (brow[1] + brow[2])
        weights = [bump(s, t, p[0], p[1], *BROW_RADII) for p in (*brow[:2], between, brow[2])]
        total = np.maximum(np.sum(weights, axis=0), 1.0)
        lift = sum(w * a for w, a in zip(weights, BROW_LIFT, strict=True)) / total
        up[:, :, 1] -= lift * keep * half
        down[:, :, 1] += 0.55 * lift * keep * half
        inner = bump(s, t, brow[2][0], brow[2][1], 0.24, 0.22)
        down[:, :, 0] -= 0.035 * side * inner * keep * half
        down[:, :, 1] += 0.020 * inner * keep * half
    return up, down


def _wink(face: Landmarks, s: Array, t: Array, below: Array) -> Array:
    """The cheek under the winking eye, on the left of the picture, rises."""
    field = np.zeros((*s.shape, 2), np.float32)
    eye, corner = face.eye_l, face.mouth.corner_l
    cheek = bump(s, t, eye.iris[0] - 0.02, eye.lower[1, 1] + 0.38, 0.30, 0.22) * below
    field[:, :, 1] -= 0.045 * cheek
    lift = bump(s, t, corner[0], corner[1], 0.22, 0.20) * below
    field[:, :, 0] -= 0.02 * lift
    field[:, :, 1] -= 0.03 * lift
    return field
