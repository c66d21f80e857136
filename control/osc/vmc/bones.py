"""Bone rotations of a tracked avatar -> angles in the picture's signs.

VMC sends Unity's left-handed axes: x to the avatar's right, y up, z to where it looks. A positive
turn about y brings the nose to its right, which is the picture's left; about x, down; about z, the
head's top to its left, the picture's right. These are the signs of `head_yaw`, `head_pitch` and
`head_roll` as they stand.
Source: VMC protocol specification, "/VMC/Ext/Bone/Pos"; Unity manual, "Rotation and orientation".
"""

import math
from typing import NamedTuple


class Turn(NamedTuple):
    """A rotation as a quaternion (x, y, z, w), of any length but 0."""

    x: float
    y: float
    z: float
    w: float


class Angles(NamedTuple):
    """Units: degrees, the picture's signs."""

    pitch: float
    yaw: float
    roll: float


STILL = Turn(0.0, 0.0, 0.0, 1.0)


def turn(x: float, y: float, z: float, w: float) -> Turn | None:
    """Return a rotation, or `None` for four numbers that are none."""
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if not math.isfinite(length) or length < 1e-6:
        return None
    return Turn(x / length, y / length, z / length, w / length)


def then(parent: Turn, child: Turn) -> Turn:
    """Return both rotations in one: the neck carries the head."""
    a, b = parent, child
    return Turn(
        a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
        a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
        a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
        a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
    )


def angles(q: Turn) -> Angles:
    """Return how far a head is turned: first to the side, then down, then tilted."""
    # With R = Ry Rx Rz the third column is where the nose points.
    nose_x = 2.0 * (q.x * q.z + q.w * q.y)
    nose_y = 2.0 * (q.y * q.z - q.w * q.x)
    nose_z = 1.0 - 2.0 * (q.x * q.x + q.y * q.y)
    up_x = 2.0 * (q.x * q.y + q.w * q.z)
    up_y = 1.0 - 2.0 * (q.x * q.x + q.z * q.z)
    return Angles(
        pitch=math.degrees(math.asin(min(max(-nose_y, -1.0), 1.0))),
        yaw=math.degrees(math.atan2(nose_x, nose_z)),
        roll=math.degrees(math.atan2(up_x, up_y)),
    )
