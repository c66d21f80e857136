"""Eyelids: what a smooth displacement cannot show, since they slide over the eyeball and hide it.

One patch per eye, painted from the still picture; the eyeball stays where it is.
Coefficients were judged by eye on two portraits.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from streamer.engines.warp.curves import Curve, through
from streamer.engines.warp.eyeball import Eyeball
from streamer.engines.warp.face_frame import FaceFrame, box_around
from streamer.engines.warp.landmarks import Eye, Line
from streamer.engines.warp.pixels import GREY, Array, blur, dim, flat, mix, sample, smooth, spread
from streamer.engines.warp.pose import OPEN, Lids
from streamer.view import Frame

UPPER_SHARE = 0.86  # of the gap; the lower lid closes the rest
LASHES = 0.03  # u above the margin that move rigidly with the lid
BELOW = 0.22  # u of skin below the lower lid that follows it


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
        self.reach = 1.0  # of the gaze asked for, what this eye shows well
        self.frame = frame
        self._outward = -1.0 if eye.outer[0] < eye.inner[0] else 1.0
        left, right = sorted((float(eye.outer[0]), float(eye.inner[0])))
        left -= 0.16 if self._outward < 0 else 0.05
        right += 0.16 if self._outward > 0 else 0.05
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
        self._ball = Eyeball(self.base, frame, eye, s, t, self._upper, self._lower)
        self.reach = self._ball.reach
        self._prepare_line(eye)
        self._prepare_skin(eye, bare_tail=not glasses)

    # -- once per picture ---------------------------------------------------------------------

    def _prepare_line(self, eye: Eye) -> None:
        """The lash line of the closed eye: how strong along the lid, and its colour."""
        s, t = self._s, self._t
        width = abs(float(eye.outer[0] - eye.inner[0]))
        out = self._outward * (s - np.float32(eye.outer[0]))
        # 0 at both corners, 1 in between
        self._middle = smooth(-out / width, -0.04, 0.16) * (1.0 - smooth(-out / width, 0.85, 1.0))
        # Thin at the inner corner, strong outside.
        inner = self._outward * (s - np.float32(eye.inner[0]))
        self._line = smooth(inner / width, 0.0, 0.45) * (1.0 - smooth(out, -0.05, 0.03))
        # Lashes lie on and above the margin; below it the iris may be the darkest.
        above = self._upper - t
        lashes = (above > 0.0) & (above < 0.035) & (self._gap > 0.2 * self._gap_max)
        self._lash = np.full(3, 30.0, np.float32)
        if lashes.any():
            dark = self.base[lashes]
            order = np.argsort(dark.sum(axis=1))[: max(1, len(dark) // 4)]
            self._lash = 0.85 * dark[order].mean(axis=0)
            skin = np.median(self.base[self._gap == 0], axis=0) if (self._gap == 0).any() else 128
            self._lash = np.minimum(self._lash, 0.5 * skin)
        self._lash = flat(self._lash, self.base)

    def _prepare_skin(self, eye: Eye, *, bare_tail: bool) -> None:
        """Clean skin for the closing lid, and for the place that the lashes' flick leaves."""
        unit, s, t = self.frame.unit, self._s, self._t
        grey = self.base @ GREY
        opening = (t > self._upper - 0.045) & (t < self._lower + 0.02) & (self._gap > 0)
        near = (t > self._upper - 0.26) & (t < self._lower + 0.20)
        skin = near & ~opening
        bright = float(np.median(grey[skin])) if skin.any() else 128.0
        trust = smooth(grey, 0.72 * bright, 0.98 * bright) * np.where(near, 1.0, 0.15)
        trust = np.asarray(np.where(opening, 0.0, trust), np.float32)
        self._fill = spread(self.base, trust, (0.07 * unit, 0.14 * unit, 0.3 * unit))

        # The flick would stay behind as a tick. Closing takes out dark strokes as thin as lashes
        # and leaves broad shadows alone.
        size = 2 * max(1, round(0.05 * unit)) + 1
        stroke = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        bare = np.asarray(cv2.morphologyEx(self.base, cv2.MORPH_CLOSE, stroke), np.float32)
        strokes = blur(np.asarray((bare - self.base) @ GREY, np.float32), 0.03 * unit)
        self._bare = 0.5 * (blur(bare, 0.02 * unit) + self._fill)
        out = self._outward * (s - np.float32(eye.outer[0]))
        level = t - np.float32(eye.outer[1])
        tail = smooth(out, -0.11, -0.02) * (1.0 - smooth(out, 0.08, 0.155))
        tail = tail * smooth(level, -0.17, -0.09) * (1.0 - smooth(level, 0.01, 0.07))
        tail = tail * smooth(strokes, 4.0, 14.0)
        self._tail = np.asarray(tail if bare_tail else 0.0 * tail, np.float32)

    # -- once per state -----------------------------------------------------------------------

    def paint(self, state: EyeState) -> Frame:
        """Return the patch for `box`."""
        c, k = state.lids.closure, state.lids.raised
        gx, gy = state.gaze_x, state.gaze_y
        shut = max(c, 0.0)
        follow = gy * (0.9 if gy > 0 else 0.6) * (1.0 - shut) / self._gap_max
        up = UPPER_SHARE * shut + min(c, 0.0) + min(max(follow, -0.4), 0.5)
        low = -((1.0 - UPPER_SHARE) * shut + k * (1.0 - 0.6 * shut))
        up = min(up, 1.0 + low)
        gap, t = self._gap, self._t
        new_lower = self._lower + low * gap
        new_upper = self._upper + up * gap

        moved = min(1.0, abs(up) / 0.15 + abs(low) / 0.15 + Eyeball.mixed(gx, gy, c))
        skin = self._slide(up, low, moved, new_upper, new_lower)
        if shut > 0.0:
            skin = self._smooth_lid(skin, shut, new_upper)
        opened = np.clip((t - new_upper) / self._soft + 0.5, 0.0, 1.0)
        opened *= np.clip((new_lower - t) / self._soft + 0.5, 0.0, 1.0)
        # Two edges that meet leave no slit of eyeball.
        opened *= smooth(new_lower - new_upper, 0.0, 1.5 * self._soft)
        opened *= self._gap > 0
        ball = self._ball.paint(gx, gy, c, new_upper)
        if shut > 0.0:
            shadow = 1.0 - 0.38 * min(1.0, 2.5 * shut) * np.exp(
                -np.maximum(t - new_upper, 0.0) / 0.035
            )
            ball = dim(ball, shadow)
        out = mix(skin, ball, opened)
        if shut > 0.0:
            out = self._lash_line(out, shut, new_upper)
        return np.asarray(cv2.convertScaleAbs(out), np.uint8)

    def _slide(
        self, up: float, low: float, moved: float, new_upper: Array, new_lower: Array
    ) -> Array:
        """Slide the skin of both lids: stretched above, the lashes rigid."""
        t, gap = self._t, self._gap
        top = self._upper - self._skin
        v = np.clip((t - top) / np.maximum(self._skin - LASHES + up * gap, 0.02), 0.0, 1.0)
        # The photo's lid edge is half eyeball: skin that moves, or before which the eyeball moves,
        # is taken from beyond it. At rest the soft edge must find the photo's own pixels.
        off = moved * max(0.010 + 0.008 * max(up, 0.0), 1.2 * self._pixel * (1.0 + max(up, 0.0)))
        off -= (1.0 - moved) * self._soft
        above = np.minimum(t - up * gap * v * np.sqrt(v), self._upper - off)
        room = BELOW - 0.02 - low * gap
        v = np.clip((self._lower + BELOW - t) / room, 0.0, 1.0)
        below = np.maximum(t - low * gap * v * np.sqrt(v), self._lower + off)
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
        top = self._upper - np.minimum(0.13, self._skin)
        lid = smooth(self._source, top, np.maximum(self._upper - 0.04, top + 0.01)) * (
            t < new_upper
        )
        height = np.clip((t - self._upper) / np.maximum(new_upper - self._upper, 0.01), 0.0, 1.0)
        shade = 0.90 + 0.10 * np.sin(np.pi * height)
        amount = 0.82 * shut * lid * self._middle
        skin = mix(skin, dim(self._fill, shade), amount)
        return mix(skin, self._bare, shut * self._tail)

    def _lash_line(self, out: Array, shut: float, new_upper: Array) -> Array:
        """Draw the lashes of a closing lid: a soft line with a faint fringe below."""
        d = (self._t - new_upper) / (0.55 + 0.45 * self._line)
        line = np.exp(-((d / np.where(d < 0, 0.011, 0.016)) ** 2))
        fringe = 0.30 * smooth(d, -0.005, 0.01) * (1.0 - smooth(d, 0.015, 0.045))
        amount = shut * self._line * np.maximum(0.70 * line, fringe)
        return mix(out, self._lash, np.asarray(amount, np.float32))


def _skin_height(eye: Eye, brow: Line, upper: Curve, glasses: bool) -> Array:
    """Return how much skin above the lid can slide, along the lid's curve, u."""
    if eye.lid is not None:
        return np.full_like(upper.s, eye.lid)
    if glasses:  # the rim must stay
        return np.full_like(upper.s, 0.055)
    room = upper.t - through(brow).at(upper.s)
    return np.asarray(np.clip(0.82 * room, 0.10, 0.30), np.float32)
