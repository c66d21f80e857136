"""Where the implicit keypoints go for a given head pose and expression.

Source: Guo et al., "LivePortrait" (2024), arXiv:2407.03168.
Space ``crop``: x right, y down, z into the image; -1 and 1 are the edges of the square. A point is
a row; rotations multiply from the right.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.networks.motion import Heads

KEYPOINTS: Final = 21

# The motion network answers with a softmax over bins; the expected bin gives the angle.
# Source: the reference's camera functions: 66 bins of 3 degrees, the first at -97.5.
POSE_BIN_DEG: Final = 3.0
POSE_ORIGIN_DEG: Final = -97.5


@dataclass(frozen=True)
class Motion:
    """Pose, expression and keypoints of a crop, decoded.

    Shapes: pitch_deg, yaw_deg, roll_deg, scale (B, 1); shift (B, 3); exp, kp (B, 21, 3).
    """

    pitch_deg: Tensor
    yaw_deg: Tensor
    roll_deg: Tensor
    shift: Tensor
    exp: Tensor
    scale: Tensor
    kp: Tensor


def decode(heads: Heads) -> Motion:
    """Make degrees and points of what the motion network answers."""
    return Motion(
        pitch_deg=degrees_from_bins(heads.pitch)[:, None],
        yaw_deg=degrees_from_bins(heads.yaw)[:, None],
        roll_deg=degrees_from_bins(heads.roll)[:, None],
        shift=heads.t,
        exp=heads.exp.reshape(-1, KEYPOINTS, 3),
        scale=heads.scale,
        kp=heads.kp.reshape(-1, KEYPOINTS, 3),
    )


def degrees_from_bins(logits: Tensor) -> Tensor:
    """Return the expected angle. Shapes: (B, 66) -> (B,)."""
    bins = torch.arange(logits.shape[1], dtype=logits.dtype, device=logits.device)
    return torch.softmax(logits, dim=1).mul(bins).sum(dim=1) * POSE_BIN_DEG + POSE_ORIGIN_DEG


def rotation(pitch_deg: Tensor, yaw_deg: Tensor, roll_deg: Tensor) -> Tensor:
    """Return the head's rotation, for rows: ``kp @ rotation``. Shapes: (B, 1) each -> (B, 3, 3).

    In the picture a positive pitch looks down, a positive yaw turns the nose to the left, a
    positive roll tilts the head's top to the right.
    """
    x, y, z = (angle.reshape(-1) / 180 * math.pi for angle in (pitch_deg, yaw_deg, roll_deg))
    one, zero = torch.ones_like(x), torch.zeros_like(x)

    def matrix(*rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)

    cos, sin = torch.cos, torch.sin
    about_x = matrix((one, zero, zero), (zero, cos(x), -sin(x)), (zero, sin(x), cos(x)))
    about_y = matrix((cos(y), zero, sin(y)), (zero, one, zero), (-sin(y), zero, cos(y)))
    about_z = matrix((cos(z), -sin(z), zero), (sin(z), cos(z), zero), (zero, zero, one))
    return (about_z @ about_y @ about_x).transpose(1, 2)


def place_source(motion: Motion) -> Tensor:
    """Return the photo's own keypoints. Shape: (B, 21, 3).

    The shift in depth is dropped here, but kept in `place_driving`, as in the reference; the
    released network predicts next to none.
    """
    turn = rotation(motion.pitch_deg, motion.yaw_deg, motion.roll_deg)
    placed = motion.scale[:, None] * (motion.kp @ turn + motion.exp)
    return torch.cat((placed[..., :2] + motion.shift[:, None, :2], placed[..., 2:]), dim=2)


def place_driving(motion: Motion, turn: Tensor, exp: Tensor, scale: float) -> Tensor:
    """Return the keypoints of another pose and expression of the same head.

    ``scale`` multiplies the head's own. Shapes: turn (B, 3, 3), exp (B, 21, 3) -> (B, 21, 3).
    """
    return (scale * motion.scale)[:, None] * (motion.kp @ turn + exp) + motion.shift[:, None]
