"""What is seen between parted lips: teeth, tongue and dark.

Coefficients were judged by eye on two portraits.
"""

from typing import Final

import numpy as np

from streamer.engines.warp.jaw import Opening
from streamer.engines.warp.pixels import GREY, Array, blur, dim, flat, mix, smooth

# RGB. Pure white teeth and saturated reds look like a cartoon.
DARK_TOP: Final = np.array([16.0, 7.0, 7.0], np.float32)
DARK_BOTTOM: Final = np.array([44.0, 18.0, 17.0], np.float32)
TONGUE: Final = np.array([150.0, 80.0, 76.0], np.float32)
TEETH: Final = np.array([214.0, 202.0, 176.0], np.float32)
TYPICAL_SKIN: Final = np.array([205.0, 165.0, 145.0], np.float32)

SEPARATORS: Final = (0.0, 0.135, 0.25, 0.36)  # between teeth, u from the middle
LAST_TOOTH: Final = 0.47
VEIL: Final = 0.20  # u by which fully rounded lips cover the teeth
SHOWS_TEETH: Final = 0.04  # a gap from here on shows the photo's own teeth, u


class Cavity:
    """Paints the inside of one mouth, on the pixels round the lips."""

    def __init__(
        self,
        base: Array,
        x: Array,
        s: Array,
        t: Array,
        upper: Array,
        lower: Array,
        gap: float,
        unit: float,
    ) -> None:
        """Prepare.

        ``base`` is the picture there; ``x`` runs from -1 to 1 between the corners, ``s`` is the
        same in u, ``t`` goes down; ``upper`` and ``lower`` are the photo's lip lines.
        """
        self._base, self._x, self._t = base, x, t
        self._upper, self._lower = upper, lower
        self._gap, self._own, self._unit = gap, gap > SHOWS_TEETH, unit
        # A grey photo's mouth is grey, a dark one's is dark, also only on its shadow side.
        skin = base.reshape(-1, 3).mean(axis=0)
        chroma = float(skin.max() - skin.min()) / max(float(skin.max()), 1.0)
        self._tint = min(1.0, chroma / 0.25)
        # The light's colour, as the skin shows it; normalised, it tints without darkening.
        cast = np.sqrt(np.maximum(skin, 1.0) / TYPICAL_SKIN)
        self._cast = 1.0 + self._tint * (cast / float(cast @ GREY) - 1.0)
        light = np.clip(blur(np.asarray(base @ GREY, np.float32), 0.30 * unit) / 190.0, 0.12, 1.15)
        sides = np.clip(1.0 - 0.75 * np.abs(x) ** 3, 0.0, 1.0)
        self._shade = np.asarray(light * sides, np.float32)
        self._dark_top = flat(self._tinted(DARK_TOP), base)
        self._dark_bottom = flat(self._tinted(DARK_BOTTOM), base)
        rounded = (1.0 - 0.45 * x**2) * (1.0 - 0.14 * np.exp(-((x / 0.07) ** 2)))
        self._tongue = dim(flat(self._tinted(TONGUE), base), rounded)
        if not self._own:
            colour = self._tinted(TEETH) * 0.8 + 0.2 * skin
            self._teeth = dim(flat(colour, base), self._tooth_shade(np.abs(s)) * light)
            self._teeth_end = self._tooth_end(np.abs(s))

    def _tinted(self, colour: Array) -> Array:
        grey = float(colour @ GREY)
        return np.asarray((grey + (colour - grey) * self._tint) * self._cast, np.float32)

    def _tooth_shade(self, s: Array) -> Array:
        """Darker to the sides and between the teeth."""
        shade = 1.0 - 0.62 * np.abs(np.clip(self._x, -1, 1)) ** 2.2
        for at in SEPARATORS:
            shade = shade * (1.0 - 0.16 * np.exp(-(((s - at) / 0.008) ** 2)))
        return np.asarray(shade, np.float32)

    def _tooth_end(self, s: Array) -> Array:
        """The upper teeth's lower edge: fixed to the skull, not to the lip."""
        scallop = np.zeros_like(s)
        for left, right in zip(SEPARATORS, (*SEPARATORS[1:], LAST_TOOTH), strict=True):
            inside = (s >= left) & (s < right)
            scallop = np.where(inside, np.sin(np.pi * (s - left) / (right - left)), scallop)
        end = self._upper + 0.055 * (1.0 - 0.35 * self._x**2) + 0.006 * scallop
        return np.asarray(end, np.float32)

    def paint(self, upper: Array, lower: Array, opening: Opening) -> Array:
        """Return the inside for these lip lines, for as many rows as they have."""
        rows = len(upper)
        t, x, base = self._t[:rows], self._x[:rows], self._base[:rows]
        gap = np.maximum(lower - upper, 1e-3)
        depth = np.clip((t - upper) / gap, 0.0, 1.0)
        inside = mix(self._dark_top[:rows], self._dark_bottom[:rows], depth)
        if opening.lips > 0.12:
            height = 0.42 * (opening.lips - 0.06) * (1.0 - (x / 0.72) ** 2)
            seen = smooth(t - (lower - height), -0.03, 0.05) * (height > 0)
            seen = blur(seen * smooth(opening.lips, 0.12, 0.20), 0.03 * self._unit)
            inside = mix(inside, dim(self._tongue[:rows], 0.26 + 0.50 * depth), seen)
        inside = dim(inside, self._shade[:rows])

        shadow = 1.0 - 0.55 * np.exp(-np.maximum(t - upper, 0.0) / 0.03)
        below = 1.0 - 0.45 * np.exp(-np.maximum(lower - t, 0.0) / 0.05)
        if not self._own:
            inside = dim(self._with_drawn_teeth(inside, opening), shadow * below)
            if self._gap > 0.0:  # a slit in the photo stays itself at first
                seen = np.full_like(t, _beyond(opening))
                inside = mix(base, inside, seen)
            return inside
        # The photo's own pixels hold their own shadows, until the lips move.
        if opening.shut > 0.0:  # a white slit between nearly closed lips would flash
            dark = 0.85 * opening.shut**3
            shadow = (1.0 - dark * (1.0 - shadow)) * (1.0 - dark * (1.0 - below))
        else:
            shadow = 1.0 - 0.5 * min(opening.extra / 0.10, 1.0) * (1.0 - shadow)
        return dim(self._with_own_teeth(inside, opening), shadow)

    def _with_drawn_teeth(self, inside: Array, opening: Opening) -> Array:
        rows = len(inside)
        soft = max(1.5 / self._unit, 0.010)
        end = self._teeth_end[:rows] - VEIL * opening.veil
        seen = np.clip((end - self._t[:rows]) / soft + 0.5, 0.0, 1.0)
        seen = seen * smooth(1.0 - np.abs(self._x[:rows]), 0.05, 0.30)
        return mix(inside, self._teeth[:rows], seen)

    def _with_own_teeth(self, inside: Array, opening: Opening) -> Array:
        """Lay the photo's own teeth over the dark; they stay where they are."""
        # Up to the photo's own gap all of it is shown as it is. Beyond, the lower lip draws away,
        # and near the corners what lies between the lines is lip, not tooth.
        rows, beyond = len(inside), _beyond(opening)
        lower = self._lower[:rows]
        end = lower + 0.05 - 0.052 * beyond - (VEIL + self._gap) * opening.veil
        seen = 1.0 - smooth(self._t[:rows], end - 0.028, end)
        corners = smooth(lower - self._upper[:rows], 0.01, 0.05)
        return mix(inside, self._base[:rows], seen * (1.0 - beyond + beyond * corners))


def _beyond(opening: Opening) -> float:
    """0 up to the photo's own gap, 1 from a little wider on."""
    return min(opening.extra / 0.05, 1.0)
