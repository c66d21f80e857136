"""What is seen between parted lips: teeth, tongue and dark.

Coefficients were judged by eye on two portraits.
"""

import numpy as np

from streamer.engines.warp.pixels import GREY, Array, blur, smooth

# RGB. Pure white teeth and saturated reds look like a cartoon.
DARK_TOP = np.array([16.0, 7.0, 7.0], np.float32)
DARK_BOTTOM = np.array([44.0, 18.0, 17.0], np.float32)
TONGUE = np.array([150.0, 80.0, 76.0], np.float32)
TEETH = np.array([214.0, 202.0, 176.0], np.float32)
TYPICAL_SKIN = np.array([205.0, 165.0, 145.0], np.float32)
SEPARATORS = (0.0, 0.135, 0.25, 0.36)  # u from the middle
VEIL = 0.20  # u by which fully rounded lips cover the teeth
SHOWS_TEETH = 0.04  # a gap from here on shows the photo's own teeth, u


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
        self._x, self._s, self._t = x, s, t
        self._upper, self._lower = upper, lower
        self._gap, self._own = gap, gap > SHOWS_TEETH
        self._base = base
        grey = base @ GREY
        skin = base.reshape(-1, 3).mean(axis=0)
        # A grey photo's mouth is grey, a dark one's is dark, also only on its shadow side.
        chroma = float(skin.max() - skin.min()) / max(float(skin.max()), 1.0)
        self._tint = min(1.0, chroma / 0.25)
        light = blur(np.asarray(grey, np.float32), 0.30 * unit) / 190.0
        self._light = np.clip(light, 0.12, 1.15)[:, :, None]
        self._sides = np.clip(1.0 - 0.75 * np.abs(x) ** 3, 0.0, 1.0)[:, :, None]
        self._skin = skin
        # The light's colour, as the skin shows it; normalised, it tints without darkening.
        cast = np.sqrt(np.maximum(skin, 1.0) / TYPICAL_SKIN)
        cast = 1.0 + self._tint * (cast / float(cast @ GREY) - 1.0)
        self._cast = np.asarray(cast, np.float32)
        self._unit = unit
        if not self._own:
            self._teeth, self._teeth_end = self._drawn_teeth()

    def _drawn_teeth(self) -> tuple[Array, Array]:
        s = np.abs(self._s)
        colour = self._tinted(TEETH) * 0.8 + 0.2 * self._skin
        shade = 1.0 - 0.62 * np.abs(np.clip(self._x, -1, 1)) ** 2.2
        scallop = np.zeros_like(s)
        for left, right in zip(SEPARATORS, (*SEPARATORS[1:], 0.47), strict=True):
            inside = (s >= left) & (s < right)
            scallop = np.where(inside, np.sin(np.pi * (s - left) / (right - left)), scallop)
            if left > 0.0:
                shade = shade * (1.0 - 0.16 * np.exp(-(((s - left) / 0.008) ** 2)))
        shade = shade * (1.0 - 0.16 * np.exp(-((s / 0.007) ** 2)))
        end = self._upper + 0.055 * (1.0 - 0.35 * self._x**2) + 0.006 * scallop
        return np.asarray(colour * shade[:, :, None], np.float32), np.asarray(end, np.float32)

    def _tinted(self, colour: Array) -> Array:
        grey = float(colour @ GREY)
        return np.asarray((grey + (colour - grey) * self._tint) * self._cast, np.float32)

    def paint(self, upper: Array, lower: Array, lips: float, veil: float) -> Array:
        """Return the inside for these lip lines, everywhere; ``veil`` hides the teeth."""
        t = self._t
        gap = np.maximum(lower - upper, 1e-3)
        depth = np.clip((t - upper) / gap, 0.0, 1.0)[:, :, None]
        top, bottom = self._tinted(DARK_TOP), self._tinted(DARK_BOTTOM)
        inside = top + (bottom - top) * depth
        if lips > 0.12:
            height = 0.42 * (lips - 0.06) * (1.0 - (self._x / 0.72) ** 2)
            seen = smooth(t - (lower - height), -0.03, 0.05) * (height > 0)
            seen = seen * smooth(np.float32(lips), 0.12, 0.20)
            round_ = (1.0 - 0.45 * self._x**2) * (1.0 - 0.14 * np.exp(-((self._x / 0.07) ** 2)))
            tongue = self._tinted(TONGUE) * (0.26 + 0.50 * depth) * round_[:, :, None]
            seen = blur(np.asarray(seen, np.float32), 0.03 * self._unit)
            inside = inside + (tongue - inside) * seen[:, :, None]
        inside = inside * self._light * self._sides
        if self._own:
            inside = self._with_own_teeth(inside, veil, lips)
        else:
            soft = max(1.5 / self._unit, 0.010)
            teeth = self._teeth * self._light
            end = self._teeth_end - VEIL * veil
            seen = np.clip((end - t) / soft + 0.5, 0.0, 1.0)
            seen = seen * smooth(1.0 - np.abs(self._x), 0.05, 0.30)
            inside = inside + (teeth - inside) * seen[:, :, None]
        near_upper = 1.0 - 0.55 * np.exp(-np.maximum(t - upper, 0.0) / 0.03)
        near_lower = 1.0 - 0.45 * np.exp(-np.maximum(lower - t, 0.0) / 0.05)
        if self._own:  # its own pixels hold their own shadows, until the lips move
            moved = abs(lips - self._gap)
            dark = 0.5 * min(moved / 0.10, 1.0)
            if lips < self._gap:  # a white slit between nearly closed lips would flash
                dark = 0.85 * (moved / self._gap) ** 3
            near_upper = 1.0 - dark * (1.0 - near_upper)
            near_lower = 1.0 - dark * (1.0 - near_lower) * (lips < self._gap)
        inside = inside * (near_upper * near_lower)[:, :, None]
        if self._gap > 0.0 and not self._own:  # a slit in the photo stays itself at first
            beyond = np.float32(min(max((lips - self._gap) / 0.05, 0.0), 1.0))
            inside = self._base + (inside - self._base) * beyond
        return np.asarray(inside, np.float32)

    def _with_own_teeth(self, inside: Array, veil: float, lips: float) -> Array:
        """Lay the photo's own teeth over the dark; they stay where they are."""
        # Up to the photo's own gap all of it is shown as it is. Beyond, the lower lip draws away,
        # and near the corners what lies between the lines is lip, not tooth.
        beyond = min(max((lips - self._gap) / 0.05, 0.0), 1.0)
        end = self._lower + 0.05 - 0.052 * beyond - (VEIL + self._gap) * veil
        seen = 1.0 - smooth(self._t, end - 0.028, end)
        seen = seen * (1.0 - beyond + beyond * smooth(self._lower - self._upper, 0.01, 0.05))
        return np.asarray(inside + (self._base - inside) * seen[:, :, None], np.float32)
