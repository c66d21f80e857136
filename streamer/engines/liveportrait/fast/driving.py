"""Rows of parameters -> driving keypoints, as tensors: any batch, no decision by a value.

The same equations as `drive.Driver`, in forms that a CUDA graph can record: a parameter that is at
rest adds nothing because its weight is exactly 0, not because a branch leaves it out.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.expression import OFFSETS, Gain
from streamer.engines.liveportrait.keypoints import KEYPOINTS
from streamer.engines.liveportrait.retargeting import stitch
from streamer.parameters import PARAMETERS, Face

NAMES: Final = tuple(PARAMETERS)
"""The columns of a row of parameters."""

_COLUMN: Final = {name: i for i, name in enumerate(NAMES)}
_NUMBERS: Final = 3 * KEYPOINTS
_ANGLES: Final = ("head_pitch", "head_yaw", "head_roll")
_SCALE: Final = _COLUMN["scale"]
_RATIOS: Final = ("eye_ratio", "lip_ratio")

# A ramp of no width; any distance is farther, and 0 divided by it is 0.
_NO_RAMP: Final = 1e-30


def row(face: Face) -> list[float]:
    """Return a face as a row of parameters."""
    return [face[name] for name in NAMES]


def rows(faces: Sequence[Face]) -> NDArray[np.float32]:
    """Return faces as rows of parameters. Shape: (B, 17)."""
    return np.array([row(face) for face in faces], np.float32)


class Driving:
    """What `Driver.x_d` does, for many faces at once, on the device and in the type of its photo.

    In exact arithmetic the answers are the same.
    """

    def __init__(self, driver: Driver) -> None:
        motion = driver.motion
        like = motion.kp
        self._driver = driver
        self._scale = motion.scale  # (1, 1)
        self._shift = motion.shift[:, None]  # (1, 1, 3)
        self._exp = motion.exp.reshape(1, _NUMBERS)
        degrees = torch.cat((motion.pitch_deg, motion.yaw_deg, motion.roll_deg), dim=1)
        self._angles = torch.deg2rad(degrees)  # (1, 3)
        self._gains = like.new_tensor(_gains())  # (34, 63)
        self._turns = like.new_tensor(_turns())  # (17, 3)
        self._axes = like.new_tensor(_AXES)  # (3, 3, 9)
        ratios = driver.ratios
        own = torch.tensor([ratios.eye, ratios.lip], dtype=torch.float64)
        low = torch.tensor([PARAMETERS[name].low for name in _RATIOS], dtype=torch.float64)
        high = torch.tensor([PARAMETERS[name].high for name in _RATIOS], dtype=torch.float64)
        # Rounded as the rows are, so that at rest and at an end there is no difference left.
        self._own, low, high = own.to(like), low.to(like), high.to(like)
        self._below = (self._own - low).clamp(_NO_RAMP, max(driver.blend_ratio, _NO_RAMP))
        self._above = (high - self._own).clamp(_NO_RAMP, max(driver.blend_ratio, _NO_RAMP))
        self._columns = torch.tensor([_COLUMN[name] for name in _RATIOS], device=like.device)
        at_rest = driver.x_s.reshape(1, _NUMBERS)
        self._eyes = torch.cat((at_rest, like.new_tensor([ratios.eyes])), dim=1)  # (1, 65)
        self._lips = torch.cat((at_rest, like.new_tensor([[ratios.mouth]])), dim=1)  # (1, 64)

    def __call__(self, parameters: Tensor) -> Tensor:
        """Return the keypoints that draw these faces. Shapes: (B, 17) -> (B, 21, 3)."""
        values = parameters.to(self._exp)
        batch = len(values)
        both = torch.cat((values.clamp(min=0.0), values.clamp(max=0.0)), dim=1)
        exp = torch.addmm(self._exp, both, self._gains).view(batch, KEYPOINTS, 3)
        kp = self._driver.motion.kp.expand(batch, -1, -1)
        placed = torch.baddbmm(exp, kp, self._turn(values))
        scale = (values[:, _SCALE : _SCALE + 1] * self._scale)[:, None]  # (B, 1, 1)
        x_d = torch.addcmul(self._shift, placed, scale)
        x_d = x_d + self._corrections(values.index_select(1, self._columns))
        if not self._driver.stitched:
            return x_d
        return stitch(self._driver.stitching, self._driver.x_s.expand(batch, -1, -1), x_d)

    def _turn(self, values: Tensor) -> Tensor:
        """Return the heads' rotations, for rows. Shapes: (B, 17) -> (B, 3, 3)."""
        angles = torch.addmm(self._angles, values, self._turns)  # (B, 3), radians
        parts = torch.stack((torch.cos(angles), torch.sin(angles), torch.ones_like(angles)), dim=2)
        about = torch.bmm(parts.transpose(0, 1), self._axes).view(3, -1, 3, 3)
        return about[0] @ about[1] @ about[2]

    def _corrections(self, targets: Tensor) -> Tensor:
        """Return what lids and lips add. Shapes: (B, 2) -> (B, 21, 3)."""
        batch = len(targets)
        away = targets - self._own
        ramp = torch.where(away < 0, self._below, self._above)
        u = (away.abs() / ramp).clamp(max=1.0)
        share = u * u * (3.0 - 2.0 * u)  # exactly 0 at 0 and 1 at 1
        eyes = self._driver.eye(torch.cat((self._eyes.expand(batch, -1), targets[:, :1]), dim=1))
        lips = self._driver.lip(torch.cat((self._lips.expand(batch, -1), targets[:, 1:]), dim=1))
        total = share[:, :1] * eyes + share[:, 1:] * lips
        return total.view(batch, KEYPOINTS, 3)


def _gains() -> list[list[float]]:
    """Return the offsets per unit of each parameter, above zero, then below. Shape: (34, 63)."""
    table = np.zeros((2, len(NAMES), KEYPOINTS, 3))

    def write(half: int, name: str, gains: Iterable[Gain]) -> None:
        for keypoint, axis, gain in gains:
            table[half, _COLUMN[name], keypoint, axis] += gain

    for name, gains in OFFSETS.items():
        write(0, name, gains.positive)
        write(1, name, gains.negative)
    return [list(line) for line in table.reshape(2 * len(NAMES), _NUMBERS)]


def _turns() -> list[list[float]]:
    """Return how parameters turn the head about x, y and z, radians per unit. Shape: (17, 3)."""
    return [[np.pi / 180 if name == angle else 0.0 for angle in _ANGLES] for name in NAMES]


# The rotations about x, y and z, transposed for rows, as sums of cos, sin and 1 times a matrix.
_AXES: Final = (
    ((0, 0, 0, 0, 1, 0, 0, 0, 1), (0, 0, 0, 0, 0, 1, 0, -1, 0), (1, 0, 0, 0, 0, 0, 0, 0, 0)),
    ((1, 0, 0, 0, 0, 0, 0, 0, 1), (0, 0, -1, 0, 0, 0, 1, 0, 0), (0, 0, 0, 0, 1, 0, 0, 0, 0)),
    ((1, 0, 0, 0, 1, 0, 0, 0, 0), (0, 1, 0, -1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0, 1)),
)
