"""How deep each point of the head lies, and how much of a head's move it follows.

All coordinates are face coordinates (s, t); all coefficients were judged by eye on two portraits.
"""

from dataclasses import dataclass

import numpy as np

from streamer.engines.warp.landmarks import Landmarks, Point
from streamer.engines.warp.pixels import Array, smooth

NECK_PIVOT = 0.35  # u below the chin: the point about which the head turns


@dataclass(frozen=True)
class HeadShape:
    """The head as two ellipses, skull with hair and face, and the pivot in the neck."""

    skull: Point
    skull_radius: Point
    face: Point
    face_radius: Point
    chin: Point
    pivot: Point
    ears: float  # t of the ears above the pivot: pitch turns about their height

    @staticmethod
    def of(face: Landmarks) -> "HeadShape":
        """Measure it; ``face`` is in face coordinates."""
        o = face.face
        skull = np.array([0.5 * (o.hair_l[0] + o.hair_r[0]), 0.5 * (o.crown[1] + o.chin[1])])
        skull_radius = np.array(
            [
                max(0.5 * (o.hair_r[0] - o.hair_l[0]), 0.8),
                max(0.5 * (o.chin[1] - o.crown[1]), 0.8),
            ]
        )
        middle = np.array([0.5 * (o.cheek_l[0] + o.cheek_r[0]), 0.5 * (o.forehead[1] + o.chin[1])])
        radius = 1.08 * np.array(
            [
                max(0.5 * (o.cheek_r[0] - o.cheek_l[0]), 0.6),
                max(0.5 * (o.chin[1] - o.forehead[1]), 0.6),
            ]
        )
        pivot = o.chin + np.array([0.0, NECK_PIVOT])
        ears = float(skull[1] - pivot[1]) + 0.25
        return HeadShape(skull, skull_radius, middle, radius, o.chin, pivot, ears)

    def outside(self, s: Array, t: Array) -> Array:
        """Return the distance outside the skull's ellipse along the ray from its middle, u."""
        ds, dt = s - self.skull[0], t - self.skull[1]
        r = np.hypot(ds / self.skull_radius[0], dt / self.skull_radius[1])
        return np.asarray(
            np.hypot(ds, dt) * np.maximum(1.0 - 1.0 / np.maximum(r, 1e-3), 0.0), np.float32
        )

    def depth(self, face: Landmarks, s: Array, t: Array) -> Array:
        """Return z towards the viewer, u. Close to 0 on the outline, so that it stays put."""
        r_h = ((s - self.skull[0]) / self.skull_radius[0]) ** 2
        r_h = r_h + ((t - self.skull[1]) / self.skull_radius[1]) ** 2
        r_f = ((s - self.face[0]) / self.face_radius[0]) ** 2
        r_f = r_f + ((t - self.face[1]) / self.face_radius[1]) ** 2
        z = 0.62 * _rounded(1.0 - r_h, 0.04) + 0.50 * _rounded(1.0 - r_f, 0.06)
        tip = face.nose.tip
        above = np.where(t < tip[1], 0.36, 0.20)
        z = z + 0.30 * np.exp(-(((s - tip[0]) / 0.17) ** 2) - ((t - tip[1]) / above) ** 2)
        z = z + 0.25 * bump(s, t, self.chin[0], self.chin[1] - 0.15, 0.45, 0.35)
        for eye in (face.eye_l, face.eye_r):
            z = z - 0.05 * bump(s, t, eye.iris[0], eye.iris[1], 0.25, 0.18)
        return np.asarray(z, np.float32)

    def turn_weight(self, s: Array, t: Array) -> Array:
        """Return how much a point follows yaw and pitch, 0..1."""
        return self._weight(s, t, side=(0.03, 1.15), down=(-0.05, 1.15), column=(0.55, 1.7))

    def move_weight(self, s: Array, t: Array) -> Array:
        """Return how much a point follows tilt, shift and size: wider, so that nothing tears."""
        return self._weight(s, t, side=(0.03, 1.7), down=(-0.05, 1.3), column=(0.55, 1.9))

    def _weight(
        self,
        s: Array,
        t: Array,
        side: tuple[float, float],
        down: tuple[float, float],
        column: tuple[float, float],
    ) -> Array:
        beside = 1.0 - smooth(self.outside(s, t), *side)
        # Below the chin the head's own weight gives way to the neck's.
        beside = beside * (1.0 - smooth(t, self.chin[1] - 0.2, self.chin[1] + 1.0))
        below = 1.0 - smooth(t - self.chin[1], *down)
        below = below * (1.0 - smooth(np.abs(s - self.chin[0]), *column))
        below = below * smooth(t - self.chin[1], -1.3, -0.5)
        return np.asarray(np.maximum(beside, below), np.float32)

    def torso_weight(self, s: Array, t: Array) -> Array:
        """Return how much the shoulders follow when the head is lifted: a breath moves both."""
        below, beside = t - self.chin[1], np.abs(s - self.chin[0])
        weight = 0.7 * smooth(below, 0.2, 1.0) * (1.0 - smooth(below, 1.8, 2.9))
        return np.asarray(weight * (1.0 - smooth(beside, 1.5, 2.8)), np.float32)

    def rim(self, s: Array, t: Array) -> Array:
        """Return a weight that falls to 0 at the border of `reach`.

        A moved point takes the weight of the place it came from, which may lie further in.
        """
        left, top, right, bottom = self.reach
        within = np.minimum(np.minimum(s - left, right - s), np.minimum(t - top, bottom - t))
        return smooth(within, 0.03, 0.6)

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """The rectangle (s0, t0, s1, t1) outside which nothing moves."""
        far = 1.9
        left = min(self.skull[0] - self.skull_radius[0] - far, self.chin[0] - 2.85)
        right = max(self.skull[0] + self.skull_radius[0] + far, self.chin[0] + 2.85)
        top = self.skull[1] - self.skull_radius[1] - far
        return float(left), float(top), float(right), float(self.chin[1] + 2.95)


def bump(s: Array, t: Array, at_s: float, at_t: float, across: float, down: float) -> Array:
    """Return a Gaussian of height 1 with these radii."""
    return np.asarray(np.exp(-(((s - at_s) / across) ** 2) - ((t - at_t) / down) ** 2), np.float32)


def _rounded(v: Array, e: float) -> Array:
    """max(v, 0) with a rounded corner: a true hemisphere's vertical rim would fold."""
    return np.asarray(0.5 * (v + np.sqrt(v * v + e)), np.float32)
