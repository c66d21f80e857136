"""Coordinates that lie on the face, whatever its place, size and tilt in the picture.

Units: ``u`` is the distance between the iris centres (`FaceFrame.unit` px). ``s`` runs along the
eye line to the picture's right, ``t`` across it, downwards; the origin lies between the irises.
"""

from dataclasses import dataclass

import numpy as np

from streamer.engines.warp.landmarks import Landmarks, Point
from streamer.engines.warp.pixels import Array
from streamer.geometry import Matrix, inverse


@dataclass(frozen=True)
class FaceFrame:
    """Where the face frame lies in a picture: origin (px), axis ``s`` (unit vector), unit (px)."""

    origin: Point
    along: Point
    unit: float

    @staticmethod
    def of(landmarks: Landmarks) -> "FaceFrame":
        """Lay the frame on a face.

        In a turned head the irises come closer together than u; then the way from the eyes to the
        mouth gives the unit. Source of 0.95: judged by eye on two portraits.
        """
        left, right = landmarks.eye_l.iris, landmarks.eye_r.iris
        origin = 0.5 * (left + right)
        mouth = 0.5 * (landmarks.mouth.corner_l + landmarks.mouth.corner_r)
        between = right - left
        unit = max(float(np.hypot(*between)), 0.95 * float(np.hypot(*(mouth - origin))))
        return FaceFrame(origin, between / np.hypot(*between), unit)

    @property
    def across(self) -> Point:
        """Axis ``t``, as a unit vector in the picture."""
        return np.array([-self.along[1], self.along[0]])

    @property
    def face_from_picture(self) -> Matrix:
        """The similarity from picture pixels to (s, t)."""
        return inverse(
            np.array(
                [
                    [self.unit * self.along[0], self.unit * self.across[0], self.origin[0]],
                    [self.unit * self.along[1], self.unit * self.across[1], self.origin[1]],
                    [0.0, 0.0, 1.0],
                ]
            )
        )

    def grid(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return s and t at picture positions (broadcast against each other)."""
        m = self.face_from_picture
        s = m[0, 0] * x + m[0, 1] * y + m[0, 2]
        t = m[1, 0] * x + m[1, 1] * y + m[1, 2]
        return s.astype(np.float32), t.astype(np.float32)


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def positions(self) -> tuple[Array, Array]:
        """Return the pixels' x (1, width) and y (height, 1)."""
        x = np.arange(self.x, self.x + self.width, dtype=np.float32)[None, :]
        y = np.arange(self.y, self.y + self.height, dtype=np.float32)[:, None]
        return x, y

    def clipped(self, width: int, height: int) -> "Box":
        """Return the part of it inside a picture, possibly empty."""
        x0, y0 = min(max(self.x, 0), width), min(max(self.y, 0), height)
        x1, y1 = min(max(self.x + self.width, 0), width), min(max(self.y + self.height, 0), height)
        return Box(x0, y0, x1 - x0, y1 - y0)


def box_around(frame: FaceFrame, s0: float, t0: float, s1: float, t1: float) -> Box:
    """Return the pixel rectangle that holds a rectangle of the face."""
    corners = np.array([[s0, t0], [s1, t0], [s1, t1], [s0, t1]])
    picture = frame.origin + frame.unit * (
        corners[:, :1] * frame.along + corners[:, 1:] * frame.across
    )
    low, high = np.floor(picture.min(axis=0)), np.ceil(picture.max(axis=0))
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
