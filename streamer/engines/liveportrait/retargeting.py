"""The corrections of placed keypoints: lids and lips to a ratio, shoulders to the photo.

Source: Guo et al., "LivePortrait" (2024), arXiv:2407.03168. Keypoints are flattened by rows:
x0, y0, z0, x1, ... All of it is float32, whatever the larger networks use.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from streamer.engines.liveportrait.keypoints import KEYPOINTS

# How far from the photo's own ratio a retargeting net is blended in fully. The reference switches
# it on at 0.01 away, where its bias makes the lids jump; its sliders step by 0.01. Chosen: a blink
# passes 0.05 in one or two frames, and presets ask for ratios farther from rest than that.
BLEND_RATIO: Final = 0.05

_NUMBERS: Final = 3 * KEYPOINTS


@dataclass(frozen=True)
class Ratios:
    """How open lids and lips are in the photo, and where the nets are off.

    ``eyes`` are the left and right eye as measured; ``eye`` and ``lip`` the ratios at rest, rounded
    as the reference rounds its sliders and inside the parameters' ranges.
    """

    eyes: tuple[float, float]
    mouth: float
    eye: float
    lip: float


def at_rest(eyes: tuple[float, float], mouth: float, low: float, high: float) -> Ratios:
    """Return the photo's ratios with those at rest, which stay in ``low``..``high``."""

    def rounded(value: float) -> float:
        return min(max(round(value, 2), low), high)

    return Ratios(eyes, mouth, rounded((eyes[0] + eyes[1]) / 2), rounded(mouth))


def blend(target: float, own: float, low: float, high: float, width: float) -> float:
    """Return how much of a retargeting net counts, 0..1.

    0 at the photo's own ratio, 1 from ``width`` away on and at the range's ends, however near they
    are; smooth between, so that no animation jumps. A ``width`` of 0 is the reference's switch.
    """
    if target == own:
        return 0.0
    room = own - low if target < own else high - own
    ramp = min(width, room)
    away = abs(target - own)
    if away >= ramp:
        return 1.0
    u = away / ramp
    return u * u * (3.0 - 2.0 * u)


def eye_delta(net: nn.Module, x_s: Tensor, eyes: tuple[float, float], target: float) -> Tensor:
    """Return what brings both lids to ``target``. Shapes: x_s (B, 21, 3) -> the same."""
    return _delta(net, x_s, (*eyes, target))


def lip_delta(net: nn.Module, x_s: Tensor, mouth: float, target: float) -> Tensor:
    """Return what brings the lips to ``target``. Shapes: x_s (B, 21, 3) -> the same."""
    return _delta(net, x_s, (mouth, target))


def stitch(net: nn.Module, x_s: Tensor, x_d: Tensor) -> Tensor:
    """Return the driving keypoints corrected so that shoulders and border stay where they are.

    The net also answers a shift in x and y of all keypoints. Shapes: (B, 21, 3) -> the same.
    """
    answer = net(torch.cat((x_s.flatten(1), x_d.flatten(1)), dim=1))  # (B, 65)
    moved = x_d + answer[:, :_NUMBERS].reshape(-1, KEYPOINTS, 3)
    shift = answer[:, None, _NUMBERS : _NUMBERS + 2]
    return torch.cat((moved[..., :2] + shift, moved[..., 2:]), dim=2)


def _delta(net: nn.Module, x_s: Tensor, condition: tuple[float, ...]) -> Tensor:
    ratios = torch.tensor(condition, dtype=x_s.dtype, device=x_s.device).expand(len(x_s), -1)
    answer: Tensor = net(torch.cat((x_s.flatten(1), ratios), dim=1))
    return answer.reshape(-1, KEYPOINTS, 3)
