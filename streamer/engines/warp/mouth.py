"""Lips, teeth and jaw: what opens and closes, since a smooth displacement cannot part the lips.

One patch, painted from the still picture: the lower lip and the jaw slide down, the upper lip up a
little, and between them lie the photo's own teeth or a painted inside of the mouth.
Coefficients were judged by eye on two portraits.
"""

from typing import Final

import cv2
import numpy as np

from streamer.engines.warp.cavity import Cavity
from streamer.engines.warp.curves import Curve, through
from streamer.engines.warp.face_frame import Box, FaceFrame, box_around
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pixels import Array, sample, smooth
from streamer.view import Frame

COARSE = 4  # the jaw's slide is smooth: a quarter of the pixels is enough
NECK = 0.95  # u below the jaw line over which the neck takes up the jaw's move
ROUNDS = 3

LOWER_SHARE, UPPER_SHARE, JAW_SHARE = 0.82, 0.18, 0.85  # of the lower lip's, of opening
CLOSING_LOWER, CLOSING_UPPER, CLOSING_JAW = 0.72, 0.28, 0.55

# How much of red, green and blue the line between closed lips takes away.
SEAM: Final = np.array([0.42, 0.55, 0.52], np.float32)


class MouthPainter:
    """Paints the mouth and jaw of one picture."""

    def __init__(self, picture: Frame, frame: FaceFrame, face: Landmarks, lips: float) -> None:
        """Prepare; ``face`` is in face coordinates, ``lips`` the photo's own gap, u."""
        self.frame, self._lips = frame, lips
        self.neutral = (lips, 0.0)
        m = face.mouth
        upper = through(m.corner_l, m.upper_in, m.corner_r)
        lower = through(m.corner_l, m.lower_in, m.corner_r)
        jaw_half = max(0.6, 0.5 * float(face.face.jaw_r[0] - face.face.jaw_l[0]))
        chin = face.face.chin
        reach = 1.6 * jaw_half
        self._top = min(float(face.nose.base[1]), float(m.upper_out[:, 1].min()) - 0.04)
        wanted = box_around(
            frame, float(chin[0]) - reach, self._top, float(chin[0]) + reach, float(chin[1]) + 1.1
        )
        self.box = wanted.clipped(picture.shape[1], picture.shape[0])
        self.visible = self.box.width >= 4 * COARSE and self.box.height >= 4 * COARSE
        if not self.visible:
            return
        self._base = np.ascontiguousarray(picture[self.box.slices])
        self._pixel = 1.0 / frame.unit
        self._soft = max(2.0 * self._pixel, 0.010)
        self._prepare_slide(face, upper, lower, jaw_half)
        self._prepare_lips(face, upper, lower)

    # -- once per picture ---------------------------------------------------------------------

    def _prepare_slide(self, face: Landmarks, upper: Curve, lower: Curve, jaw_half: float) -> None:
        """The lower layer's displacement fields on the coarse grid."""
        columns, rows = (-(-n // COARSE) for n in (self.box.width, self.box.height))
        j, i = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        first = 0.5 * COARSE - 0.5
        s, t = self.frame.grid(self.box.x + first + COARSE * j, self.box.y + first + COARSE * i)
        self._coarse = (j, i)
        chin, jaw_l, jaw_r = face.face.chin, face.face.jaw_l, face.face.jaw_r
        middle = 0.5 * (upper.at(s) + lower.at(s))
        line = 0.5 * (float(upper.t.mean()) + float(lower.t.mean()))
        jaw_line = np.polyval(
            np.polyfit([jaw_l[0], chin[0], jaw_r[0]], [jaw_l[1], chin[1], jaw_r[1]], 2), s
        )
        jaw_line = np.clip(jaw_line, line + 0.15, chin[1] + 0.05)
        corner_l, corner_r = float(face.mouth.corner_l[0]), float(face.mouth.corner_r[0])
        x = (s - 0.5 * (corner_l + corner_r)) / max(0.5 * (corner_r - corner_l), 0.1)
        # Beside the mouth the cheek stretches from farther up.
        start = 0.02 - 0.24 * smooth(np.abs(x), 1.15, 1.9)
        end = (0.62 + 0.25 * smooth(np.abs(x), 1.0, 1.6)) * (float(chin[1]) - line)
        psi = smooth(t - middle, start, end)
        fade = 1.0 - smooth(t - jaw_line, 0.04, NECK)
        across = np.exp(-(((s - chin[0]) / (1.05 * jaw_half)) ** 4))
        gap = np.maximum(lower.at(s) - upper.at(s), 0.0)
        # A little beyond the lip line, where the inversion starts; then the upper lip's realm.
        lower_layer = smooth(t - upper.at(s), -0.14, -0.06) * (1.0 - psi) * fade
        self._lower_layer, self._coarse_x = np.asarray(lower_layer, np.float32), x
        self._closing = np.asarray(gap * lower_layer, np.float32)
        self._above_jaw = np.asarray(1.0 - psi, np.float32)
        self._jaw = np.asarray(across * psi * fade, np.float32)

    def _prepare_lips(self, face: Landmarks, upper: Curve, lower: Curve) -> None:
        """The fine region round the lips."""
        m = face.mouth
        left, right = float(m.corner_l[0]), float(m.corner_r[0])
        deepest = float(lower.t.max()) + 0.62
        region = box_around(self.frame, left - 0.06, self._top, right + 0.06, deepest)
        region = Box(region.x - self.box.x, region.y - self.box.y, region.width, region.height)
        self._fine = region.clipped(self.box.width, self.box.height)
        x, y = self._fine.positions()
        s, t = self.frame.grid(x + self.box.x, y + self.box.y)
        self._t, self._at = t, (np.broadcast_to(x, s.shape), np.broadcast_to(y, s.shape))
        self._x = (s - 0.5 * (left + right)) / max(0.5 * (right - left), 0.1)
        self._arch = _arch(self._x)
        self._upper, self._lower = upper.at(s), lower.at(s)
        self._gap = np.maximum(self._lower - self._upper, 0.0)
        self._parts = np.maximum(smooth(self._arch, 0.0, 0.15), self._gap > 0)
        edge = through(m.corner_l, m.upper_out, m.corner_r).at(s)
        nose = float(face.nose.base[1]) + 0.02
        self._lift = smooth(t, np.float32(nose), np.maximum(edge, nose + 0.04))
        self._cavity = Cavity(
            self._base[self._fine.slices].astype(np.float32),
            self._x,
            0.5 * (right - left) * self._x,
            t,
            self._upper,
            self._lower,
            self._lips,
            self.frame.unit,
        )

    # -- once per opening ---------------------------------------------------------------------

    def paint(self, state: tuple[float, float]) -> Frame:
        """Return the patch for `box`: gap between the lips, u, and how much they hide the teeth."""
        lips, veil = state
        extra = lips - self._lips
        if extra >= 0.0:
            down, jaw = LOWER_SHARE * extra, JAW_SHARE * LOWER_SHARE * extra
            slide = down * _arch(self._coarse_x, extra) * self._lower_layer + jaw * self._jaw
            rise = UPPER_SHARE * extra * min(1.0, 0.35 + 0.1 / max(extra, 1e-6))
            rise *= 1.0 + 1.3 * veil  # rounded lips open upwards, too
            arch = _arch(self._x, extra)
            new_upper = self._upper - rise * self._arch
            new_lower = self._lower + down * arch
        else:
            shut = -extra / self._lips
            slide = -CLOSING_LOWER * shut * self._closing
            slide = slide - CLOSING_JAW * shut * self._lips * self._jaw
            new_upper = self._upper + CLOSING_UPPER * shut * self._gap
            new_lower = self._lower - CLOSING_LOWER * shut * self._gap
            rise = 0.0
        if veil > 0.0:  # a rounded mouth narrows towards its corners
            slide = slide - veil * _corners(self._coarse_x) * np.maximum(
                slide * self._above_jaw + self._closing + rise * self._lower_layer, 0.0
            )
            new_lower = new_lower - veil * _corners(self._x) * np.maximum(
                new_lower - new_upper, 0.0
            )
        back = self._inverted(np.asarray(slide, np.float32))
        shift = cv2.resize(
            back,
            (back.shape[1] * COARSE, back.shape[0] * COARSE),
            interpolation=cv2.INTER_LINEAR,
        )[: self.box.height, : self.box.width]
        patch = self._slid(np.asarray(shift, np.float32))
        self._paint_lips(patch, np.asarray(shift, np.float32), new_upper, new_lower, state)
        return patch

    def _inverted(self, slide: Array) -> Array:
        """Return the backward displacement along t, u, of a forward one on the coarse grid."""
        j, i = self._coarse
        per_u = self.frame.unit / COARSE
        dx = np.float32(per_u * self.frame.across[0])
        dy = np.float32(per_u * self.frame.across[1])
        back = -slide
        for _ in range(ROUNDS):
            back = -sample(slide, j + dx * back, i + dy * back)
        return np.asarray(back, np.float32)

    def _slid(self, shift: Array) -> Frame:
        x = np.arange(self.box.width, dtype=np.float32)[None, :]
        y = np.arange(self.box.height, dtype=np.float32)[:, None]
        px = shift * np.float32(self.frame.unit)
        return np.asarray(
            cv2.remap(
                self._base,
                x + px * np.float32(self.frame.across[0]),
                y + px * np.float32(self.frame.across[1]),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def _paint_lips(
        self,
        patch: Frame,
        shift: Array,
        new_upper: Array,
        new_lower: Array,
        state: tuple[float, float],
    ) -> None:
        """Paint both lips and what lies between them, into the fine part of the patch."""
        t, (lips, veil) = self._t, state
        moved = min(1.0, abs(lips - self._lips) / 0.02)
        # The photo's seam or teeth end at the lip line: the lips themselves start a little off.
        upper_source = t - (new_upper - self._upper) * self._lift
        off = moved * max(0.010, 1.1 * self._pixel) * self._parts - (1.0 - moved) * self._soft
        upper_source = np.minimum(upper_source, self._upper - off)
        lower_source = np.maximum(t + shift[self._fine.slices], self._lower + off)
        middle = 0.5 * (new_upper + new_lower)
        source = np.where(t < middle, upper_source, lower_source)
        px = (source - t) * np.float32(self.frame.unit)
        x, y = self._at
        skin = np.asarray(
            cv2.remap(
                self._base,
                np.asarray(x + px * np.float32(self.frame.across[0]), np.float32),
                np.asarray(y + px * np.float32(self.frame.across[1]), np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )
        gap = np.maximum(new_lower - new_upper, 0.0)
        d1, d2 = t - new_upper, new_lower - t
        opened = np.clip(d1 / self._soft + 0.5, 0, 1) * np.clip(d2 / self._soft + 0.5, 0, 1)
        opened = opened * smooth(gap, 0.0, 1.5 * self._soft)
        inside = self._cavity.paint(new_upper, new_lower, lips, veil)
        rim = 0.22 * moved * np.exp(-np.maximum(np.maximum(-d1, -d2), 0.0) / 0.02)
        rim = rim * smooth(gap, 0.0, 0.05)
        skin = skin * (1.0 - rim)[:, :, None]
        out = skin + (inside - skin) * opened[:, :, None]
        # Lips that meet over teeth need a line between them; a closed photo has its own.
        if self._lips > 0.0 and lips < self._lips:
            line = np.exp(-(((t - middle) / 0.013) ** 2)) * (1.0 - smooth(gap, 0.0, 0.03))
            line = line * smooth(1.0 - np.abs(self._x), -0.02, 0.35) * moved
            out = out * (1.0 - line[:, :, None] * SEAM)
        patch[self._fine.slices] = cv2.convertScaleAbs(out)


def _corners(x: Array) -> Array:
    """0 in the middle of the mouth, 1 at the corners and beside them."""
    return np.asarray(1.0 - np.maximum(1.0 - x * x, 0.0) ** 0.7, np.float32)


def _arch(x: Array, opening: float = 0.0) -> Array:
    """How far the lips part along the mouth: 1 in the middle, 0 at the corners.

    A wider mouth tapers more towards its corners; with one shape for all it would look like a box.
    """
    bow = np.maximum(1.0 - x * x, 0.0)
    return np.asarray(bow ** (0.85 + 0.7 * opening), np.float32)
