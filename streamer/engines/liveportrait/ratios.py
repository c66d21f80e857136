"""How open lids and lips are in the photo, from its 203 landmarks."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import Points

# Index pairs: the opening over the width. Left eye, right eye, lips.
_EYES: Final = (((6, 18), (0, 12)), ((30, 42), (24, 36)))
_LIPS: Final = ((90, 102), (48, 66))
_EPS: Final = 1e-6


def eye_ratios(landmarks: Points) -> NDArray[np.float32]:
    """Return the left and right eye's ratio. Shapes: (203, 2) -> (2,)."""
    return np.array([_ratio(landmarks, *pairs) for pairs in _EYES], np.float32)


def lip_ratio(landmarks: Points) -> np.float32:
    """Return the lips' ratio. Shape: (203, 2)."""
    return _ratio(landmarks, *_LIPS)


def _ratio(points: Points, opening: tuple[int, int], width: tuple[int, int]) -> np.float32:
    def distance(pair: tuple[int, int]) -> np.float32:
        return np.float32(np.linalg.norm(points[pair[0]] - points[pair[1]]))

    return np.float32(distance(opening) / (distance(width) + np.float32(_EPS)))
