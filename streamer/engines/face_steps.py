"""Faces in whole steps: two faces with the same steps are one picture.

The key under which drawn crops are kept, in memory and on disk alike.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.expression import OFFSETS
from streamer.parameters import PARAMETERS, Face

# Two faces that differ by less than this, in each parameter for itself, are one picture.
STEP_PX: Final = 0.25

# The pictures of two faces this near can be mixed; farther apart both are seen. Judged by eye: lids
# at 6 px have two edges.
MIXED_PX: Final = 5.0

# The crop's width is 2 units of the keypoints. Offsets are multiplied by the head's own scale; a
# face fills a good half of the crop, which keeps the scale below 2.
PX_PER_UNIT: Final = 256.0
LARGEST_SCALE: Final = 2.0

# How far a unit moves the picture where the table of offsets does not say it, in px of the crop.
# Angles: no point of a head is farther from its pivot than half the crop. Size: the same. Lids and
# lips: a ratio is opening over width, and in a crop of 2.3 face heights an eye is at most 64 px
# wide and a mouth 128.
REACH_PX: Final = {
    "head_pitch": float(np.deg2rad(PX_PER_UNIT)),
    "head_yaw": float(np.deg2rad(PX_PER_UNIT)),
    "head_roll": float(np.deg2rad(PX_PER_UNIT)),
    "scale": PX_PER_UNIT,
    "eye_ratio": 64.0,
    "lip_ratio": 128.0,
}


def reach_px(name: str) -> float:
    """Return how far one unit of a parameter moves any point of the crop. Units: px."""
    if name in REACH_PX:
        return REACH_PX[name]
    farthest = 0.0
    for gains in (OFFSETS[name].positive, OFFSETS[name].negative):
        moves = np.zeros((21, 3))
        for keypoint, axis, gain in gains:
            moves[keypoint, axis] += gain
        farthest = max(farthest, float(np.linalg.norm(moves, axis=1).max()))
    return farthest * LARGEST_SCALE * PX_PER_UNIT


NAMES: Final = tuple(PARAMETERS)
PX: Final[NDArray[np.float64]] = np.array([reach_px(name) for name in NAMES])
"""How far a unit of each parameter moves the picture, in the order of `NAMES`."""
_PER_UNIT: Final = PX / STEP_PX


def in_px(face: Face) -> NDArray[np.float64]:
    """Return the face as moves of the picture, px of the crop. Shape: (parameters,)."""
    return np.array([face[name] for name in NAMES]) * PX


def steps(face: Face) -> bytes:
    """Return the face in whole steps: equal for faces that make the same picture."""
    return steps_of(np.array([face[name] for name in NAMES])).tobytes()


def steps_of(values: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return rows of values, in the order of `NAMES`, in whole steps. Shape: the same."""
    return np.rint(values * _PER_UNIT).astype(np.int16)
