"""The eyeball behind the lids: sclera and a whole iris disc, taken apart once, to look elsewhere.

Coefficients were judged by eye on two portraits.
"""

import numpy as np

from streamer.engines.warp.face_frame import FaceFrame
from streamer.engines.warp.landmarks import Eye
from streamer.engines.warp.pixels import GREY, Array, dim, mix, sample, smooth, spread

# Grey levels between sclera and iris. With less, a moved iris leaves a smear: the gaze gets
# smaller, in proportion, down to LEAST_REACH.
GOOD_CONTRAST = 40.0
LEAST_REACH = 0.3


class Eyeball:
    """One eye's ball, on the pixels of its patch.

    Shapes: ``base`` (h, w, 3) is the still picture there; ``s``, ``t`` (h, w) its face
    coordinates, ``upper`` and ``lower`` the lid lines at each pixel.
    """

    def __init__(
        self,
        base: Array,
        frame: FaceFrame,
        eye: Eye,
        s: Array,
        t: Array,
        upper: Array,
        lower: Array,
    ) -> None:
        """Take the eye apart."""
        self._base, self._frame, self._t = base, frame, t
        rows, columns = np.indices(s.shape, dtype=np.float32)
        self._x, self._y = columns, rows
        gap = lower - upper
        r = np.asarray(np.hypot(s - eye.iris[0], t - eye.iris[1]) / eye.iris_r, np.float32)
        edge = max(0.015, 1.2 / frame.unit)
        inside = smooth(t - upper, 0.4 * edge, 1.6 * edge)
        inside = inside * smooth(lower - t, 0.2 * edge, edge) * (gap > 0)
        white = self._white(eye, s, t, upper, lower) * smooth(r, 1.18, 1.35)
        self._sclera = self._filled_sclera(white, r)
        self._disc, self._disc_alpha = self._whole_iris(eye, s, t, r, inside)

        grey = base @ GREY
        seen = white > 0.5
        bright = float(np.quantile(grey[seen], 0.7)) if seen.any() else 160.0
        # How dark the lid's shadow and the lashes make the white just under the lid.
        under = (np.abs(t - upper - 0.013) < 0.008) & (r > 1.2) & (gap > 0.04)
        dark = float(np.median(grey[under])) if under.any() else 0.55 * bright
        self._shadow = min(max(1.0 - dark / max(bright, 1.0), 0.12), 0.75)
        ring = (r < 0.85) & (inside > 0.5)
        contrast = 0.0
        if seen.any() and ring.any():
            contrast = float(grey[seen].mean() - grey[ring].mean())
        self.reach = min(1.0, max(LEAST_REACH, contrast / GOOD_CONTRAST))

    def _white(self, eye: Eye, s: Array, t: Array, upper: Array, lower: Array) -> Array:
        """1 on the photo's own white and corners, 0 near the lids and their shadows."""
        along = np.clip((s - eye.outer[0]) / (eye.inner[0] - eye.outer[0]), 0.0, 1.0)
        corner = np.maximum(1.0 - smooth(along, 0.06, 0.16), smooth(along, 0.84, 0.94))
        white = smooth(t - upper, 0.025, 0.055) * smooth(lower - t, 0.005, 0.025)
        return np.asarray(np.maximum(white, corner) * (lower > upper), np.float32)

    def _filled_sclera(self, white: Array, r: Array) -> Array:
        """The white without the iris; the photo's own, with its veins, wherever it is seen."""
        unit = self._frame.unit
        filled = spread(self._base, white, (0.05 * unit, 0.14 * unit, 0.30 * unit))
        own = 0.7 * white * smooth(r, 1.2, 1.7)
        return np.asarray(filled + (self._base - filled) * own[:, :, None], np.float32)

    def _whole_iris(
        self, eye: Eye, s: Array, t: Array, r: Array, inside: Array
    ) -> tuple[Array, Array]:
        """Return the iris with what the lids hide filled in, and its coverage."""
        # Hidden pixels come from the iris mirrored top to bottom, catch lights left out.
        flip = -2.0 * (t - np.float32(eye.iris[1])) * np.float32(self._frame.unit)
        x = self._x + flip * np.float32(self._frame.across[0])
        y = self._y + flip * np.float32(self._frame.across[1])
        mirrored, seen = sample(self._base, x, y), sample(inside, x, y)
        ring = (r > 0.35) & (r < 0.9) & (inside > 0.6)
        if not ring.any():
            ring = r <= max(0.9, float(r.min()))
        typical = np.median(self._base[ring], axis=0).astype(np.float32)
        level = float(np.median(self._base[ring] @ GREY))
        seen = seen * (1.0 - smooth(mirrored @ GREY, level + 20.0, level + 35.0))
        hidden = typical + (mirrored - typical) * seen[:, :, None]
        disc = hidden + (self._base - hidden) * inside[:, :, None]
        alpha = 1.0 - smooth(r, 0.93, 1.18)
        return np.asarray(disc, np.float32), alpha

    @staticmethod
    def mixed(gaze_x: float, gaze_y: float, closure: float) -> float:
        """Return how far the painted ball replaces the photo's: softly, so that nothing pops."""
        away = float(np.hypot(gaze_x, gaze_y)) / 0.012
        return min(max(away, -closure / 0.12, 0.0), 1.0)

    def paint(self, gaze_x: float, gaze_y: float, closure: float, lid: Array) -> Array:
        """Return the ball: the photo's own, or another one where it looks or opens elsewhere.

        ``lid`` is where the upper lid now is; gaze is in u, ``closure`` below 0 is wide.
        """
        mixed = self.mixed(gaze_x, gaze_y, closure)
        if mixed == 0.0:
            return self._base
        move = self._frame.unit * (gaze_x * self._frame.along + gaze_y * self._frame.across)
        x = np.asarray(self._x - move[0], np.float32)
        y = np.asarray(self._y - move[1], np.float32)
        disc, alpha = sample(self._disc, x, y), sample(self._disc_alpha, x, y)
        shadow = 1.0 - self._shadow * np.exp(-np.maximum(self._t - lid, 0.0) / 0.028)
        ball = dim(mix(self._sclera, disc, alpha), shadow)
        return ball if mixed == 1.0 else self._base + (ball - self._base) * np.float32(mixed)
