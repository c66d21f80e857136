"""Face -> expression offsets: a table of (keypoint, axis, gain) per parameter.

Source of all gains: the editing functions of the reference, in its order. The offsets act on the
photo's own expression, after the head's rotation and before its scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.parameters import Face

X, Y, Z = 0, 1, 2
Gain = tuple[int, int, float]
"""Keypoint, axis, offset per unit of the parameter."""


@dataclass(frozen=True)
class Gains:
    """The offsets of one parameter; where its two directions differ, ``negative`` is the other.

    Both are zero at zero, so a parameter that crosses it makes no jump.
    """

    positive: tuple[Gain, ...]
    negative: tuple[Gain, ...]

    def of(self, value: float) -> tuple[Gain, ...]:
        """Return the gains that count for this value."""
        return self.positive if value > 0 else self.negative


def _both(*gains: Gain) -> Gains:
    return Gains(gains, gains)


# Keypoints: 11, 13, 15, 16 eyes; 14, 17, 19, 20 lips; 1, 2 brows; 3, 7 cheeks; 5 the whole head.
# `shift_x` carries the sign that the reference's caller gives it. `eyeball_y` includes the half
# blink that goes with a lowered gaze: -0.001 direct and +0.0005 of the lids on 11 and 15.
OFFSETS: Final[Mapping[str, Gains]] = MappingProxyType(
    {
        "eyeball_x": Gains(
            positive=((11, X, 0.0007), (15, X, 0.001)),
            negative=((11, X, 0.001), (15, X, 0.0007)),
        ),
        "eyeball_y": _both(
            (11, Y, -0.0005), (13, Y, -0.00015), (15, Y, -0.0005), (16, Y, -0.00015)
        ),
        "smile": _both(
            (20, Y, -0.01),
            (14, Y, -0.02),
            (17, Y, 0.0065),
            (17, Z, 0.003),
            (13, Y, -0.00275),
            (16, Y, -0.00275),
            (3, Y, -0.0035),
            (7, Y, -0.0035),
        ),
        "wink": _both(
            (11, Y, 0.001), (13, Y, -0.0003), (17, X, 0.0003), (17, Y, 0.0003), (3, Y, -0.0003)
        ),
        "eyebrow": Gains(
            positive=((1, Y, 0.001), (2, Y, -0.001)),
            negative=((1, X, -0.001), (2, X, 0.001), (1, Y, 0.0003), (2, Y, -0.0003)),
        ),
        "pout": _both((19, X, 1.0)),
        "purse": _both((14, Y, 0.001), (3, Y, -0.0005), (7, Y, -0.0005), (17, Z, -0.0005)),
        "grin": _both((20, Z, -0.001), (20, Y, -0.001), (14, Y, -0.001)),
        "lip_open": _both((19, Y, 0.001), (19, Z, 0.0001), (17, Y, -0.0001)),
        "shift_x": _both((5, X, -1.0)),
        "shift_y": _both((5, Y, 1.0)),
    }
)

# Used elsewhere: the head's angles and scale place the keypoints, the ratios go through the
# retargeting nets.
ELSEWHERE: Final = ("head_pitch", "head_yaw", "head_roll", "scale", "eye_ratio", "lip_ratio")


def offsets(face: Face) -> NDArray[np.float64]:
    """Return what the face adds to the photo's expression. Shape: (21, 3)."""
    total = np.zeros((21, 3), np.float64)
    for name, gains in OFFSETS.items():
        value = face[name]
        for keypoint, axis, gain in gains.of(value):
            total[keypoint, axis] += gain * value
    return total
