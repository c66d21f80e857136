"""Lips: what opens and closes, since a smooth displacement cannot part them.

One patch, painted from the still picture: the lower lip and the jaw slide down, the upper lip up a
little, and between them lie the photo's own teeth or a painted inside of the mouth.
Coefficients were judged by eye on two portraits.
"""

from dataclasses import dataclass, fields
from typing import Final

import cv2
import numpy as np

from streamer.engines.warp.cavity import Cavity
from streamer.engines.warp.curves import Curve, through
from streamer.engines.warp.face_frame import Box, FaceFrame, box_around
from streamer.engines.warp.jaw import Jaw, Opening, across_mouth, arch
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pixels import Array, dim, mix, smooth
from streamer.view import Frame

# How much of red, green and blue the line between closed lips takes away.
SEAM: Final = np.array([0.42, 0.55, 0.52], np.float32)


@dataclass(frozen=True)
class _Lips:
    """The pixels round the lips: positions, face coordinates, lip lines.

    ``parts`` is 1 where lips part and 0 beside them; ``lift`` how much the skin above follows the
    upper lip.
    """

    px: Array
    py: Array
    t: Array
    x: Array
    upper: Array
    lower: Array
    parts: Array
    lift: Array

    def top(self, rows: int) -> "_Lips":
        """Return the first rows: a mouth that is hardly open needs few."""
        return _Lips(*(getattr(self, f.name)[:rows] for f in fields(self)))


class MouthPainter:
    """Paints the mouth and jaw of one picture; a state is (gap between the lips in u, veil)."""

    def __init__(self, picture: Frame, frame: FaceFrame, face: Landmarks, lips: float) -> None:
        """Prepare; ``face`` is in face coordinates, ``lips`` the photo's own gap, u."""
        self.frame, self._own = frame, lips
        self.neutral = (lips, 0.0)
        m, chin = face.mouth, face.face.chin
        upper = through(m.corner_l, m.upper_in, m.corner_r)
        lower = through(m.corner_l, m.lower_in, m.corner_r)
        reach = 1.6 * max(0.6, 0.5 * float(face.face.jaw_r[0] - face.face.jaw_l[0]))
        top = min(float(face.nose.base[1]), float(m.upper_out[:, 1].min()) - 0.04)
        wanted = box_around(
            frame, float(chin[0]) - reach, top, float(chin[0]) + reach, float(chin[1]) + 1.1
        )
        self.box = wanted.clipped(picture.shape[1], picture.shape[0])
        left, right = float(m.corner_l[0]) - 0.06, float(m.corner_r[0]) + 0.06
        around = box_around(frame, left, top, right, float(lower.t.max()) + 0.62)
        around = around.clipped(picture.shape[1], picture.shape[0])
        self._fine = Box(
            around.x - self.box.x, around.y - self.box.y, around.width, around.height
        ).clipped(self.box.width, self.box.height)
        self.visible = min(self._fine.width, self._fine.height) >= 4
        if not self.visible:
            return
        self._base = np.ascontiguousarray(picture[self.box.slices])
        self._pixel = 1.0 / frame.unit
        self._soft = max(2.0 * self._pixel, 0.010)
        self._jaw = Jaw(frame, face, self.box, upper, lower)
        self._prepare_lips(face, upper, lower)

    def _prepare_lips(self, face: Landmarks, upper: Curve, lower: Curve) -> None:
        x, y = self._fine.positions()
        s, t = self.frame.grid(x + self.box.x, y + self.box.y)
        along = across_mouth(face, s)
        up, low = upper.at(s), lower.at(s)
        m = face.mouth
        edge = through(m.corner_l, m.upper_out, m.corner_r).at(s)
        nose = float(face.nose.base[1]) + 0.02
        self._lips = _Lips(
            px=np.broadcast_to(x, s.shape).astype(np.float32),
            py=np.broadcast_to(y, s.shape).astype(np.float32),
            t=t,
            x=along,
            upper=up,
            lower=low,
            parts=np.asarray(np.maximum(smooth(arch(along), 0.0, 0.15), low > up), np.float32),
            lift=smooth(t, nose, np.maximum(edge, nose + 0.04)),
        )
        self._row_top = t.min(axis=1)
        self._lowest = float(low.max())
        base = self._base[self._fine.slices].astype(np.float32)
        half = 0.5 * float(m.corner_r[0] - m.corner_l[0])
        self._cavity = Cavity(base, along, half * along, t, up, low, self._own, self.frame.unit)

    def paint(self, state: tuple[float, float]) -> Frame:
        """Return the patch for `box`."""
        opening = Opening(*state, own=self._own)
        shift = self._jaw.shift(opening)
        patch = self._slid(shift)
        deepest = self._lowest + opening.down + 0.12
        rows = max(4, int(np.searchsorted(self._row_top, deepest)))
        lips = self._lips.top(rows)
        region = (slice(self._fine.y, self._fine.y + len(lips.t)), self._fine.slices[1])
        patch[region] = self._painted(lips, shift[region], opening)
        return patch

    def _slid(self, shift: Array) -> Frame:
        """Return the whole box with the jaw moved, lips not yet parted."""
        x = np.arange(self.box.width, dtype=np.float32)[None, :]
        y = np.arange(self.box.height, dtype=np.float32)[:, None]
        return self._taken(x, y, shift)

    def _taken(self, x: Array, y: Array, along_t: Array) -> Frame:
        """Sample the still picture, moved along t by so many u."""
        px = along_t * np.float32(self.frame.unit)
        return np.asarray(
            cv2.remap(
                self._base,
                np.asarray(x + px * np.float32(self.frame.across[0]), np.float32),
                np.asarray(y + px * np.float32(self.frame.across[1]), np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def _painted(self, lips: _Lips, shift: Array, opening: Opening) -> Frame:
        """Paint both lips and what lies between them."""
        t = lips.t
        upper, lower = opening.lines(lips.x, lips.upper, lips.lower)
        middle = 0.5 * (upper + lower)
        moved = min(1.0, abs(opening.lips - self._own) / 0.02)
        # The photo's seam or teeth end at the lip line: the lips themselves start a little off.
        off = moved * max(0.010, 1.1 * self._pixel) * lips.parts - (1.0 - moved) * self._soft
        above = np.minimum(t - (upper - lips.upper) * lips.lift, lips.upper - off)
        below = np.maximum(t + shift, lips.lower + off)
        source = np.where(t < middle, above, below)
        skin = self._taken(lips.px, lips.py, source - t).astype(np.float32)

        gap = np.maximum(lower - upper, 0.0)
        from_upper, from_lower = t - upper, lower - t
        opened = np.clip(from_upper / self._soft + 0.5, 0.0, 1.0)
        opened = opened * np.clip(from_lower / self._soft + 0.5, 0.0, 1.0)
        opened = opened * smooth(gap, 0.0, 1.5 * self._soft)
        rim = np.exp(-np.maximum(np.maximum(-from_upper, -from_lower), 0.0) / 0.02)
        skin = dim(skin, 1.0 - 0.22 * moved * rim * smooth(gap, 0.0, 0.05))
        out = mix(skin, self._cavity.paint(upper, lower, opening), opened)
        if opening.shut > 0.0:  # lips that meet over teeth need a line between them
            line = np.exp(-(((t - middle) / 0.013) ** 2)) * (1.0 - smooth(gap, 0.0, 0.03))
            line = line * smooth(1.0 - np.abs(lips.x), -0.02, 0.35) * moved
            out = mix(out, out * (1.0 - SEAM), np.asarray(line, np.float32))
        return np.asarray(cv2.convertScaleAbs(out), np.uint8)
