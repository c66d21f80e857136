"""M, the motion extractor: head pose, expression and keypoints of a crop, once per photo.

Source: Woo et al., "ConvNeXt V2" (2023), arXiv:2301.00808 (the tiny model), with seven linear heads
as released with LivePortrait. There is no layer scale, and stochastic depth is the identity.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYER_NORM_EPS: Final = 1e-6
GRN_EPS: Final = 1e-6


@dataclass(frozen=True)
class MotionDims:
    """Sizes of M. The released ones are the defaults."""

    depths: tuple[int, ...] = (3, 3, 9, 3)
    widths: tuple[int, ...] = (96, 192, 384, 768)
    keypoints: int = 21
    pose_bins: int = 66


class Heads(NamedTuple):
    """What M answers, undecoded: `keypoints.decode` makes degrees and points of it.

    Shapes: pitch, yaw, roll (B, 66) logits; t (B, 3); exp, kp (B, 63); scale (B, 1).
    """

    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    t: Tensor
    exp: Tensor
    scale: Tensor
    kp: Tensor


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of every pixel. Shapes: (B, C, H, W) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=LAYER_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GlobalResponseNorm(nn.Module):
    """Channels compete by their energy over the picture. Shapes: (B, H, W, C) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        energy = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)  # (B, 1, 1, C)
        share = energy / (energy.mean(dim=-1, keepdim=True) + GRN_EPS)
        return self.gamma * (x * share) + self.beta + x


class Block(nn.Module):
    """Depthwise 7x7, then two pointwise layers with GELU and response norm, plus the input.

    Shapes: (B, C, H, W) -> the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=LAYER_NORM_EPS)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.act = nn.GELU()  # the exact one; the tanh form is off by more than the goldens allow
        self.grn = GlobalResponseNorm(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.drop_path = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.dwconv(x).permute(0, 2, 3, 1)  # (B, H, W, C)
        y = self.pwconv2(self.grn(self.act(self.pwconv1(self.norm(y)))))
        return x + self.drop_path(y.permute(0, 3, 1, 2))


class ConvNeXt(nn.Module):
    """The backbone with its heads. Shapes: (B, 3, 256, 256) -> `Heads`."""

    def __init__(self, dims: MotionDims) -> None:
        super().__init__()
        widths = dims.widths
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0]))]
        )
        for a, b in pairwise(widths):
            self.downsample_layers.append(
                nn.Sequential(ChannelNorm(a), nn.Conv2d(a, b, 2, stride=2))
            )
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(widths, dims.depths, strict=True)
        )
        last, points = widths[-1], 3 * dims.keypoints
        self.norm = nn.LayerNorm(last, eps=LAYER_NORM_EPS)
        self.fc_kp = nn.Linear(last, points)
        self.fc_scale = nn.Linear(last, 1)
        self.fc_pitch = nn.Linear(last, dims.pose_bins)
        self.fc_yaw = nn.Linear(last, dims.pose_bins)
        self.fc_roll = nn.Linear(last, dims.pose_bins)
        self.fc_t = nn.Linear(last, 3)
        self.fc_exp = nn.Linear(last, points)

    def forward(self, x: Tensor) -> Heads:
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))  # (B, 96, 64, 64) ... (B, 768, 8, 8)
        x = self.norm(functional.adaptive_avg_pool2d(x, 1).flatten(1))  # (B, 768)
        return Heads(
            pitch=self.fc_pitch(x),
            yaw=self.fc_yaw(x),
            roll=self.fc_roll(x),
            t=self.fc_t(x),
            exp=self.fc_exp(x),
            scale=self.fc_scale(x),
            kp=self.fc_kp(x),
        )


class MotionExtractor(nn.Module):
    """Picture -> pose, expression, keypoints. Shapes: (B, 3, 256, 256) RGB in 0..1 -> `Heads`."""

    def __init__(self, dims: MotionDims | None = None) -> None:
        super().__init__()
        self.dims = dims or MotionDims()
        self.detector = ConvNeXt(self.dims)

    def forward(self, image: Tensor) -> Heads:
        return self.detector(image)
