"""The one rule: no form of the networks is shown before it has drawn the user's own photo right.

Held against the readable float32 form, on four faces: everything finite, at least 45 dB, and 99 of
100 values no more than three grey levels away. Knows pictures alone, no device.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamer.parameters import PARAMETERS, Face

# Source: float16 with float32 sums gives about 70 dB on pessimistic synthetic weights, bfloat16
# 52; a picture with a fault that can be seen is below 40.
LEAST_PSNR_DB: Final = 45.0
MOST_AWAY: Final = 3.0
SHARE_AWAY: Final = 99.0


@dataclass(frozen=True)
class Proof:
    """How a form has done; ``reason`` is empty if it has passed.

    ``psnr_db`` and ``away`` (the 99th percentile, grey levels) are of the worst face; not a number
    where a picture could not be compared.
    """

    form: str
    psnr_db: float
    away: float
    reason: str

    @property
    def passed(self) -> bool:
        """Whether the form may be shown."""
        return not self.reason

    def __str__(self) -> str:
        if self.passed:
            return f"{self.form}: {self.psnr_db:.1f} dB, {self.away:.0f} levels"
        return f"{self.form} was refused: {self.reason}"


def trial_faces(rest: Face) -> dict[str, Face]:
    """Return the faces of the trial, from the photo's face at rest."""

    def part(name: str, share: float) -> float:
        return share * PARAMETERS[name].high

    return {
        "neutral": dict(rest),
        "smile": rest | {"smile": 1.0, "eyebrow": part("eyebrow", 0.4)},
        "mouth open": rest | {"lip_ratio": 0.5, "lip_open": part("lip_open", 0.4)},
        "turned head": rest | {"head_yaw": part("head_yaw", 0.7), "head_pitch": -8.0},
    }


def prove(
    form: str, expected: Mapping[str, NDArray[Any]], drawn: Mapping[str, NDArray[Any]]
) -> Proof:
    """Hold pictures against the ones expected, face by face.

    Units: grey levels, 0..255, bytes or floats. Shapes: any, the same for both.
    """
    worst_db, worst_away = math.inf, 0.0
    for face, right in expected.items():
        there = drawn.get(face)
        if there is None:
            return _refused(form, face, "no picture")
        if there.shape != right.shape:
            return _refused(form, face, f"a picture of {there.shape} instead of {right.shape}")
        if not np.isfinite(there).all():
            return _refused(form, face, "not finite")
        away = np.abs(there.astype(np.float32) - right.astype(np.float32))
        mse = float(np.mean(np.square(away), dtype=np.float64))
        worst_db = min(worst_db, 10.0 * math.log10(255.0**2 / mse) if mse > 0 else math.inf)
        worst_away = max(worst_away, float(np.percentile(away, SHARE_AWAY)))
        reason = ""
        if worst_db < LEAST_PSNR_DB:
            reason = f"{face}: PSNR {worst_db:.1f} dB, {LEAST_PSNR_DB:.0f} are needed"
        elif worst_away > MOST_AWAY:
            reason = (
                f"{face}: the 99th percentile is {worst_away:.2f} grey levels away, at most "
                f"{MOST_AWAY:.0f} are allowed"
            )
        if reason:
            return Proof(form, worst_db, worst_away, reason)
    return Proof(form, worst_db, worst_away, "")


def _refused(form: str, face: str, what: str) -> Proof:
    return Proof(form, math.nan, math.nan, f"{face}: {what}")
