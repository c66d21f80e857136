"""Jaw and lower lip: how far the skin below the mouth slides when the lips part or meet.

Coefficients were judged by eye on two portraits.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from streamer.engines.warp.curves import Curve
from streamer.engines.warp.face_frame import Box, FaceFrame
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pixels import Array, sample, smooth

COARSE: Final = 4  # the slide is smooth: a quarter of the pixels is enough
NECK: Final = 0.95  # u below the jaw line over which the neck takes up the jaw's move
ROUNDS: Final = 3


@dataclass(frozen=True)
class Opening:
    """The lips' gap, u; how much rounded lips hide the teeth, 0..1; the photo's own gap, u."""

    lips: float
    veil: float
    own: float

    @property
    def extra(self) -> float:
        """Opening beyond the photo's own."""
        return max(self.lips - self.own, 0.0)

    @property
    def shut(self) -> float:
        """How far lips that the photo shows parted have met, 0..1."""
        return max(self.own - self.lips, 0.0) / self.own if self.own > 0.0 else 0.0

    @property
    def down(self) -> float:
        """How far the middle of the lower lip goes down."""
        return 0.82 * self.extra

    @property
    def rise(self) -> float:
        """How far the middle of the upper lip goes up; rounded lips open upwards, too."""
        if self.extra == 0.0:
            return 0.0
        return 0.18 * self.extra * min(1.0, 0.35 + 0.1 / self.extra) * (1.0 + 1.3 * self.veil)

    @property
    def jaw(self) -> float:
        """How far the chin goes down; up where parted lips meet."""
        return 0.85 * self.down - 0.55 * self.shut * self.own

    def lines(self, x: Array, upper: Array, lower: Array) -> tuple[Array, Array]:
        """Return where the lip lines now are; ``x`` is -1 and 1 at the corners."""
        gap = np.maximum(lower - upper, 0.0)
        new_upper = upper + 0.28 * self.shut * gap - self.rise * arch(x)
        new_lower = lower - 0.72 * self.shut * gap + self.down * arch(x, self.extra)
        if self.veil > 0.0:  # a rounded mouth narrows towards its corners
            new_lower -= self.veil * _corners(x) * np.maximum(new_lower - new_upper, 0.0)
        return np.asarray(new_upper, np.float32), np.asarray(new_lower, np.float32)


class Jaw:
    """The slide of everything below the mouth line, on the pixels of a box."""

    def __init__(
        self, frame: FaceFrame, face: Landmarks, box: Box, upper: Curve, lower: Curve
    ) -> None:
        """Prepare; ``face`` and the lip lines are in face coordinates."""
        self._frame, self._box = frame, box
        columns, rows = (-(-n // COARSE) for n in (box.width, box.height))
        j, i = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        self._nodes = (j, i)
        first = 0.5 * COARSE - 0.5
        s, t = frame.grid(box.x + first + COARSE * j, box.y + first + COARSE * i)
        self._upper, self._lower = upper.at(s), lower.at(s)

        chin, jaw_l, jaw_r = face.face.chin, face.face.jaw_l, face.face.jaw_r
        half = max(0.6, 0.5 * float(jaw_r[0] - jaw_l[0]))
        line = 0.5 * (float(upper.t.mean()) + float(lower.t.mean()))
        self._x = across_mouth(face, s)
        beside = np.abs(self._x)
        # Beside the mouth the cheek stretches from farther up and over a longer way.
        start = 0.02 - 0.24 * smooth(beside, 1.15, 1.9)
        end = (0.62 + 0.25 * smooth(beside, 1.0, 1.6)) * (float(chin[1]) - line)
        psi = smooth(t - 0.5 * (self._upper + self._lower), start, end)
        jaw_line = np.polyval(
            np.polyfit([jaw_l[0], chin[0], jaw_r[0]], [jaw_l[1], chin[1], jaw_r[1]], 2), s
        )
        jaw_line = np.clip(jaw_line, line + 0.15, chin[1] + 0.05)
        fade = 1.0 - smooth(t - jaw_line, 0.04, NECK)
        self._bone = np.asarray(
            np.exp(-(((s - chin[0]) / (1.05 * half)) ** 4)) * psi * fade, np.float32
        )
        # A little beyond the lip line, where the inversion starts; then the upper lip's realm.
        realm = smooth(t - self._upper, -0.14, -0.06)
        self._lip = np.asarray(realm * (1.0 - psi) * fade, np.float32)

    def shift(self, opening: Opening) -> Array:
        """Return, for each pixel of the box, how far up its skin comes from (negative), u."""
        _upper, lower = opening.lines(self._x, self._upper, self._lower)
        slide = (lower - self._lower) * self._lip + opening.jaw * self._bone
        back = self._inverted(np.asarray(slide, np.float32))
        size = (back.shape[1] * COARSE, back.shape[0] * COARSE)
        full = cv2.resize(back, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(full[: self._box.height, : self._box.width], np.float32)

    def _inverted(self, slide: Array) -> Array:
        """Return the backward displacement of a forward one, both along t."""
        j, i = self._nodes
        step = (self._frame.unit / COARSE * self._frame.across).astype(np.float32)
        back = -slide
        for _ in range(ROUNDS):
            back = -sample(slide, j + step[0] * back, i + step[1] * back)
        return back


def across_mouth(face: Landmarks, s: Array) -> Array:
    """Return x along the mouth: -1 and 1 at its corners."""
    left, right = float(face.mouth.corner_l[0]), float(face.mouth.corner_r[0])
    x = (s - 0.5 * (left + right)) / max(0.5 * (right - left), 0.1)
    return np.asarray(x, np.float32)


def arch(x: Array, opening: float = 0.0) -> Array:
    """How far the lips part along the mouth: 1 in the middle, 0 at the corners.

    A wider mouth tapers more towards its corners; with one shape for all it would look like a box.
    """
    return np.asarray(np.maximum(1.0 - x * x, 0.0) ** (0.85 + 0.7 * opening), np.float32)


def _corners(x: Array) -> Array:
    """0 in the middle of the mouth, 1 at the corners and beside them."""
    return np.asarray(1.0 - np.maximum(1.0 - x * x, 0.0) ** 0.7, np.float32)
