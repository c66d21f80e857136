"""Whether the mouth is open, and where teeth or the dark inside end, along its middle.

Source of the limits: judged by eye on two portraits in 40 variants each, in colour, grey and with
a colour cast.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Teeth are nearly as light as skin or lighter, and paler or less red than it.
_LIGHT: Final = 0.92
_PALE: Final = 0.72
_LESS_RED: Final = 4.0
# A grey picture has no colour to tell by; there teeth must be lighter than skin.
_GREY_CHROMA: Final = 4.0
_LIGHT_IN_GREY: Final = 1.06
# The inside of an open mouth is far darker than the line between closed lips of a dark painting.
_DARK: Final = 0.25

# In u: how far below the line they begin; how high teeth or the inside are at least and at most.
_BEGINS: Final = 0.10
_TEETH_HEIGHT: Final = 0.03
_INSIDE_HEIGHT: Final = 0.06
_TALLEST: Final = 0.45
_GAP: Final = 0.025
_EDGE_REACH: Final = 0.08
# What follows is the lower lip: redder or darker by this much (Lab).
_LIP_STEP: Final = 3.0


@dataclass(frozen=True)
class Skin:
    """Colour of cheeks and chin, the median of L, a, b."""

    light: float
    red: float
    chroma: float

    @classmethod
    def of(cls, pixels: NDArray[np.float64]) -> "Skin":
        """Measure pixels (n, 3)."""
        light, a, b = (float(v) for v in np.median(pixels, axis=0))
        return cls(light, a, float(np.hypot(a, b)))


@dataclass(frozen=True)
class Opening:
    """Rows of the upper and lower inner lip line, and whether teeth show between them."""

    upper: int
    lower: int
    teeth: bool


def opening_below(profile: Any, row: int, skin: Skin, unit: int) -> Opening | None:
    """Look for teeth, then for a dark inside, below a row that may be the upper lip line.

    Shapes: profile (rows, 3): Lab along the middle of the face; ``unit`` rows per u.
    """
    light, red = profile[:, 0], profile[:, 1]
    if skin.chroma < _GREY_CHROMA:
        pale = light > _LIGHT_IN_GREY * skin.light
    else:
        chroma = np.hypot(profile[:, 1], profile[:, 2])
        paler = (chroma < _PALE * skin.chroma) | (red < skin.red - _LESS_RED)
        pale = (light > _LIGHT * skin.light) & paler
    dark = light < _DARK * skin.light
    # From the lip downwards: teeth, perhaps the dark below them, then the lower lip.
    band = _band(pale | dark, row, unit)
    if band is not None and pale[slice(*band)].sum() >= _TEETH_HEIGHT * unit:
        # The lip's edge: where it turns redder and differs in light most steeply.
        reach = slice(band[1], band[1] + round(_EDGE_REACH * unit))
        lip, end = profile[reach], profile[band[1]]
        redder = float(lip[:, 1].max() - end[1])
        other = float(np.abs(lip[:, 0] - end[0]).max())
        if max(redder, other) > _LIP_STEP:
            step = np.gradient(red)[reach] + 0.5 * np.abs(np.gradient(light)[reach])
            return Opening(row + round(0.01 * unit), band[1] + int(np.argmax(step)), True)
    band = _band(dark, row - round(_BEGINS * unit), unit)
    if band is not None and band[1] - band[0] >= _INSIDE_HEIGHT * unit and band[0] <= row:
        return Opening(*band, False)
    return None


def _band(where: Any, row: int, unit: int) -> tuple[int, int] | None:
    """The first run of rows below ``row``, over small gaps: its first and last row."""
    rows = row + np.flatnonzero(where[row : row + round(_TALLEST * unit)])
    if not len(rows) or rows[0] > row + 2 * _BEGINS * unit:
        return None
    ends = np.flatnonzero(np.diff(rows) > max(1.0, _GAP * unit))
    return int(rows[0]), int(rows[ends[0]] if len(ends) else rows[-1])
