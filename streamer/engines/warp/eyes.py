"""Eyelids, gaze and wide eyes: what a smooth displacement cannot show, since lids hide the eyeball.

One patch per eye, painted from the still picture. The lids slide over an eyeball that stays where
it is. For gaze the eyeball is taken apart once into a sclera and a whole iris disc.
Coefficients were judged by eye on two portraits.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from streamer.engines.warp.curves import Curve, through
from streamer.engines.warp.face_frame import FaceFrame, box_around
from streamer.engines.warp.landmarks import Eye, Line
from streamer.engines.warp.pixels import GREY, Array, blur, sample, smooth, spread
from streamer.engines.warp.pose import OPEN, Lids
from streamer.view import Frame

UPPER_SHARE = 0.86  # of the gap; the lower lid closes the rest
LASHES = 0.03  # u above the margin that move rigidly with the lid
BELOW = 0.22  # u of skin below the lower lid that follows it
MIN_CONTRAST = 20.0  # grey levels between sclera and iris; less and a moved iris leaves a smear


@dataclass(frozen=True)
class EyeState:
    """What one eye shows. Units: gaze u."""

    lids: Lids = OPEN
    gaze_x: float = 0.0
    gaze_y: float = 0.0

    def rounded(self, pixel: float) -> "EyeState":
        """Return the state on a grid of a quarter pixel; ``pixel`` is one pixel in u."""
        fine = 0.25 * pixel

        def on(value: float, step: float) -> float:
            return round(value / step) * step

        # A lid gap is about 0.15 u high.
        closure, raised = on(self.lids.closure, fine / 0.15), on(self.lids.raised, fine / 0.15)
        return EyeState(
            Lids(min(closure, 1.0) if self.lids.closure < 1.0 else 1.0, raised),
            on(self.gaze_x, fine),
            on(self.gaze_y, fine),
        )


class EyePainter:
    """Paints one eye of one picture."""

    def __init__(
        self, picture: Frame, frame: FaceFrame, eye: Eye, brow: Line, *, glasses: bool
    ) -> None:
        """Prepare; ``eye`` and ``brow`` are in face coordinates."""
        upper = through(eye.outer, eye.upper, eye.inner)
        lower = through(eye.outer, eye.lower, eye.inner)
        skin = _skin_height(eye, brow, upper, glasses)
        self.neutral = EyeState()
        self.frame = frame
        self.outward = -1.0 if eye.outer[0] < eye.inner[0] else 1.0
        left, right = sorted((float(eye.outer[0]), float(eye.inner[0])))
        left -= 0.16 if self.outward < 0 else 0.05
        right += 0.16 if self.outward > 0 else 0.05
        top = float(upper.t.min()) - float(skin.max()) - 0.04
        bottom = float(lower.t.max()) + BELOW + 0.03
        wanted = box_around(frame, left, top, right, bottom)
        self.box = wanted.clipped(picture.shape[1], picture.shape[0])
        self.visible = self.box.width >= 4 and self.box.height >= 4
        if not self.visible:
            return
        x, y = self.box.positions()
        s, t = frame.grid(x, y)
        self._s, self._t = s, t
        self._x = np.broadcast_to(x - self.box.x, s.shape).astype(np.float32)
        self._y = np.broadcast_to(y - self.box.y, s.shape).astype(np.float32)
        self._upper, self._lower = upper.at(s), lower.at(s)
        self._gap = np.maximum(self._lower - self._upper, 0.0)
        self._gap_max = max(float(self._gap.max()), 1e-3)
        self._skin = Curve(upper.s, skin).at(s)
        self._pixel = 1.0 / frame.unit
        self._soft = max(1.6 * self._pixel, 0.008)
        self.base = np.ascontiguousarray(picture[self.box.slices]).astype(np.float32)
        self._prepare_lids(eye)
        self._prepare_ball(eye)

    # -- once per picture ---------------------------------------------------------------------

    def _prepare_lids(self, eye: Eye) -> None:
        unit = self.frame.unit
        s, t = self._s, self._t
        along = np.clip((s - eye.outer[0]) / (eye.inner[0] - eye.outer[0]), 0.0, 1.0)
        # 0 at both corners, 1 in between
        self._open = smooth(along, 0.0, 0.10) * (1.0 - smooth(along, 0.93, 1.0))
        out = self.outward * (s - np.float32(eye.outer[0]))
        # The lash line is thin at the inner corner, strong outside, and ends in the flick.
        inner = -self.outward * (s - np.float32(eye.inner[0]))
        width = abs(float(eye.outer[0] - eye.inner[0]))
        strength = smooth(-inner / width, 0.0, 0.45) * (1.0 - smooth(out, -0.05, 0.03))
        self._line = np.asarray(strength, np.float32)
        grey = self.base @ GREY
        above = (self._upper - t) * unit
        opening = (t > self._upper - 0.045) & (t < self._lower + 0.02) & (self._gap > 0)
        near = (t > self._upper - 0.26) & (t < self._lower + 0.20)
        bright = float(np.quantile(grey[near & ~opening], 0.5)) if (near & ~opening).any() else 128
        trust = smooth(grey, 0.72 * bright, 0.98 * bright) * np.where(opening, 0.0, 1.0)
        trust = np.asarray(np.where(near, trust, 0.15 * trust), np.float32)
        self._fill = spread(self.base, trust, (0.07 * unit, 0.14 * unit, 0.3 * unit))
        lashes = (np.abs(above) < 0.035 * unit) & (self._gap > 0.2 * self._gap_max)
        dark = self.base[lashes]
        if len(dark):
            order = np.argsort(dark.sum(axis=1))[: max(1, len(dark) // 4)]
            self._lash = 0.85 * dark[order].mean(axis=0)
        else:
            self._lash = np.full(3, 30.0, np.float32)
        # They would stay behind as a tick. Closing takes out dark strokes as thin as lashes and
        # leaves broad shadows alone.
        size = max(3, 2 * round(0.05 * unit) + 1)
        stroke = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        bare = cv2.morphologyEx(self.base, cv2.MORPH_CLOSE, stroke)
        self._bare = blur(np.asarray(bare, np.float32), 0.02 * unit)
        tail = smooth(out, -0.08, 0.0) * (1.0 - smooth(out, 0.08, 0.155))
        level = t - np.float32(eye.outer[1])
        tail = tail * smooth(level, -0.17, -0.09) * (1.0 - smooth(level, 0.01, 0.07))
        strokes = blur(np.asarray((bare - self.base) @ GREY, np.float32), 0.03 * unit)
        self._tail = np.asarray(tail * smooth(strokes, 4.0, 14.0), np.float32)

    def _prepare_ball(self, eye: Eye) -> None:
        unit, s, t = self.frame.unit, self._s, self._t
        r = np.hypot(s - eye.iris[0], t - eye.iris[1]) / eye.iris_r
        edge = max(0.015, 1.2 * self._pixel)
        inside = smooth(t - self._upper, 0.4 * edge, 1.6 * edge)
        inside = inside * smooth(self._lower - t, 0.2 * edge, 1.0 * edge)
        along = np.clip((s - eye.outer[0]) / (eye.inner[0] - eye.outer[0]), 0.0, 1.0)
        corner = np.maximum(1.0 - smooth(along, 0.06, 0.16), smooth(along, 0.84, 0.94))
        plain = smooth(t - self._upper, 0.025, 0.055) * smooth(self._lower - t, 0.005, 0.025)
        plain = np.maximum(plain, corner * (self._gap > 0))
        plain = np.asarray(plain * smooth(r, 1.18, 1.35) * (self._gap > 0), np.float32)
        grey = self.base @ GREY
        white = float(np.quantile(grey[plain > 0.5], 0.7)) if (plain > 0.5).any() else 160.0
        filled = spread(self.base, plain, (0.05 * unit, 0.14 * unit, 0.30 * unit))
        # The photo's own white, with its veins and its corners, wherever it is seen.
        seen = 0.7 * plain * smooth(r, 1.2, 1.7)
        self._sclera = np.asarray(filled + (self.base - filled) * seen[:, :, None], np.float32)
        # How dark the lid's shadow and the lashes make the white just under the lid.
        under = (np.abs(t - self._upper - 0.013) < 0.008) & (r > 1.2) & (self._gap > 0.04)
        dark = float(np.median(grey[under])) if under.any() else 0.55 * white
        self._shadow = min(max(1.0 - dark / max(white, 1.0), 0.30), 0.75)
        self._disc, self._disc_alpha = self._whole_iris(eye, np.asarray(inside, np.float32))
        ring = (r < 0.85) & (inside > 0.5)
        iris = float(grey[ring].mean()) if ring.any() else 0.0
        around = plain > 0.5
        contrast = float(grey[around].mean()) - iris if around.any() else 0.0
        self._gaze_scale = min(1.0, max(0.3, contrast / (2.0 * MIN_CONTRAST)))

    def _whole_iris(self, eye: Eye, inside: Array) -> tuple[Array, Array]:
        """Return the iris with what the lids hide filled in, and its coverage."""
        s, t = self._s, self._t
        r = np.hypot(s - eye.iris[0], t - eye.iris[1]) / eye.iris_r
        # Mirrored top to bottom: the same point on the other side of the iris' middle line.
        flip = -2.0 * (t - eye.iris[1]) * self.frame.unit
        mx = self._x + flip * self.frame.across[0]
        my = self._y + flip * self.frame.across[1]
        mirrored, seen = sample(self.base, mx, my), sample(inside, mx, my)
        grey = self.base @ GREY
        ring = (r > 0.35) & (r < 0.9) & (inside > 0.6)
        if not ring.any():
            ring = r < 0.9
        if not ring.any():
            ring = r <= r.min()
        typical = np.median(self.base[ring], axis=0).astype(np.float32)
        glint = smooth(
            mirrored @ GREY,
            float(np.median(grey[ring])) + 20,
            float(np.median(grey[ring])) + 35,
        )
        seen = seen * (1.0 - glint)
        hidden = typical + (mirrored - typical) * seen[:, :, None]
        disc = hidden + (self.base - hidden) * inside[:, :, None]
        alpha = 1.0 - smooth(r, 0.93, 1.18)
        return np.asarray(disc, np.float32), np.asarray(alpha, np.float32)

    # -- once per state -----------------------------------------------------------------------

    def paint(self, state: EyeState) -> Frame:
        """Return the patch for `box`."""
        c, k = state.lids.closure, state.lids.raised
        gx, gy = state.gaze_x * self._gaze_scale, state.gaze_y * self._gaze_scale
        shut = max(c, 0.0)
        follow = min(max(gy, -0.05), 0.07) * (0.9 if gy > 0 else 0.6) * (1.0 - shut)
        up = UPPER_SHARE * shut + min(c, 0.0) + follow / self._gap_max
        low = -((1.0 - UPPER_SHARE) * shut + k * (1.0 - 0.6 * shut))
        up = min(up, 1.0 + low)
        gap, t = self._gap, self._t
        new_lower = self._lower + low * gap
        new_upper = self._upper + up * gap

        skin = self._slide(up, low, new_upper, new_lower)
        if shut > 0.0:
            skin = self._smooth_lid(skin, shut, new_upper)
        opened = np.clip((t - new_upper) / self._soft + 0.5, 0.0, 1.0)
        opened *= np.clip((new_lower - t) / self._soft + 0.5, 0.0, 1.0)
        # Two edges that meet leave no slit of eyeball.
        opened *= smooth(new_lower - new_upper, 0.0, 1.5 * self._soft)
        opened *= self._gap > 0
        ball = self._ball(gx, gy, c, new_upper)
        if shut > 0.0:
            shadow = 1.0 - 0.38 * min(1.0, 2.5 * shut) * np.exp(
                -np.maximum(t - new_upper, 0.0) / 0.035
            )
            ball = ball * shadow[:, :, None]
        out = skin + (ball - skin) * opened[:, :, None]
        if shut > 0.0:
            out = self._lash_line(out, shut, new_upper)
        return np.asarray(cv2.convertScaleAbs(out), np.uint8)

    def _slide(self, up: float, low: float, new_upper: Array, new_lower: Array) -> Array:
        """Slide the skin of both lids: stretched above, the lashes rigid."""
        t, gap = self._t, self._gap
        top = self._upper - self._skin
        v = np.clip((t - top) / np.maximum(self._skin - LASHES + up * gap, 0.02), 0.0, 1.0)
        above = np.minimum(t - up * gap * v * np.sqrt(v), self._upper + 0.004)
        room = BELOW - 0.02 - low * gap
        v = np.clip((self._lower + BELOW - t) / room, 0.0, 1.0)
        below = np.maximum(t - low * gap * v * np.sqrt(v), self._lower - 0.004)
        source = np.where(t < 0.5 * (new_upper + new_lower), above, below)
        # Beside the eye nothing moves, and nothing may be resampled.
        self._source = np.where(gap > 0, source, t)
        shift = (self._source - t) * np.float32(self.frame.unit)
        return sample(
            self.base,
            self._x + shift * np.float32(self.frame.across[0]),
            self._y + shift * np.float32(self.frame.across[1]),
        )

    def _smooth_lid(self, skin: Array, shut: float, new_upper: Array) -> Array:
        """Give the closing lid clean skin where crease and lashes would be drawn out."""
        t = self._t
        lid = smooth(self._source, self._upper - 0.13, self._upper - 0.04) * (t < new_upper)
        height = np.clip((t - self._upper) / np.maximum(new_upper - self._upper, 0.01), 0.0, 1.0)
        shade = 0.90 + 0.10 * np.sin(np.pi * height)
        amount = 0.82 * shut * lid * self._open
        skin = skin + (self._fill * shade[:, :, None] - skin) * amount[:, :, None]
        tail = shut * self._tail
        return np.asarray(skin + (self._bare - skin) * tail[:, :, None])

    def _ball(self, gx: float, gy: float, c: float, new_upper: Array) -> Array:
        """The eyeball: the photo's own, or sclera and iris where it looks elsewhere."""
        mixed = max(min(float(np.hypot(gx, gy)) / 0.012, 1.0), min(max(-c, 0.0) / 0.06, 1.0))
        if mixed <= 0.0:
            return self.base
        dx = np.float32(self.frame.unit * (gx * self.frame.along[0] + gy * self.frame.across[0]))
        dy = np.float32(self.frame.unit * (gx * self.frame.along[1] + gy * self.frame.across[1]))
        disc = sample(self._disc, self._x - dx, self._y - dy)
        alpha = sample(self._disc_alpha, self._x - dx, self._y - dy)
        ball = self._sclera + (disc - self._sclera) * alpha[:, :, None]
        shadow = 1.0 - self._shadow * np.exp(-np.maximum(self._t - new_upper, 0.0) / 0.028)
        ball = ball * shadow[:, :, None]
        return np.asarray(self.base + (ball - self.base) * np.float32(mixed))

    def _lash_line(self, out: Array, shut: float, new_upper: Array) -> Array:
        """Draw the lashes of a closing lid: a soft line with a faint fringe below."""
        d = (self._t - new_upper) / (0.55 + 0.45 * self._line)
        line = np.exp(-((d / np.where(d < 0, 0.011, 0.016)) ** 2))
        fringe = 0.30 * smooth(d, -0.005, 0.01) * (1.0 - smooth(d, 0.015, 0.045))
        amount = shut * self._line * np.maximum(0.70 * line, fringe)
        return np.asarray(out + (self._lash - out) * amount[:, :, None])


def _skin_height(eye: Eye, brow: Line, upper: Curve, glasses: bool) -> Array:
    """Return how much skin above the lid can slide, along the lid's curve, u."""
    if eye.lid is not None:
        return np.full_like(upper.s, eye.lid)
    if glasses:  # the rim must stay
        return np.full_like(upper.s, 0.055)
    room = upper.t - through(brow).at(upper.s)
    return np.asarray(np.clip(0.82 * room, 0.10, 0.30), np.float32)
