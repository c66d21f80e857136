"""W, the warping network: the photo's feature volume moved to where the keypoints are now.

Source: Wang et al., "One-Shot Free-View Neural Talking-Head Synthesis" (2021), arXiv:2011.15126,
for the dense motion; sizes as released with LivePortrait.
Space: coordinates -1..1 over the volume, last axis x (width), y (height), z (depth).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.engines.liveportrait.networks.blocks import (
    DownBlock3d,
    Pairs,
    SameBlock2d,
    UpBlock3d,
)

HEAT_VARIANCE: Final = 0.01


@dataclass(frozen=True)
class WarpingDims:
    """Sizes of W. The released ones are the defaults.

    The volume has ``channels`` x ``depth`` planes; ``compress`` of its channels are enough to find
    the motion; the hourglass has ``levels`` levels from ``width`` to ``max_width`` channels.
    """

    keypoints: int = 21
    channels: int = 32
    depth: int = 16
    compress: int = 4
    levels: int = 5
    width: int = 32
    max_width: int = 1024
    out: int = 256


class DenseMotion(NamedTuple):
    """Where every voxel comes from, how the motions mix there, and what is hidden.

    Shapes: mask (B, K+1, D, H, W), sums to 1; deformation (B, D, H, W, 3); occlusion (B, 1, H, W).
    """

    mask: Tensor
    deformation: Tensor
    occlusion: Tensor


class Warped(NamedTuple):
    """The warped features, (B, 256, 64, 64), and the motion that made them."""

    features: Tensor
    motion: DenseMotion


def coordinate_grid(depth: int, height: int, width: int, like: Tensor) -> Tensor:
    """Return the coordinates of all voxels, end points exactly -1 and 1. Shape: (D, H, W, 3)."""

    def axis(n: int) -> Tensor:
        return 2.0 * (torch.arange(n, dtype=like.dtype, device=like.device) / (n - 1)) - 1.0

    z, y, x = torch.meshgrid(axis(depth), axis(height), axis(width), indexing="ij")
    return torch.stack((x, y, z), dim=-1)


def sample(volume: Tensor, grid: Tensor) -> Tensor:
    """Sample a volume at coordinates, zero outside. Shapes: (B, C, D, H, W), (B, D, H, W, 3).

    The coordinates run from edge voxel to edge voxel, but sampling takes them from border to
    border, so an identity grid loses half a voxel at each side. The networks were trained so.
    """
    return functional.grid_sample(volume, grid, padding_mode="zeros", align_corners=False)


class Encoder(nn.Module):
    """The hourglass's way down. Returns all levels, the input first."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(DownBlock3d(a, b) for a, b in pairwise(channels))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    """The hourglass's way up; every level is joined by the encoder's of the same size."""

    FOLDS: ClassVar[Pairs] = (("conv", "norm"),)

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        ups = [*channels[-2:0:-1], width]  # 512, 256, 128, 64, 32
        ins = [channels[-1], *(2 * c for c in ups[:-1])]  # what comes up beside the skip
        self.up_blocks = nn.ModuleList(UpBlock3d(a, b) for a, b in zip(ins, ups, strict=True))
        self.out_channels = width + channels[0]
        self.conv = nn.Conv3d(self.out_channels, self.out_channels, 3, padding=1)
        self.norm = nn.BatchNorm3d(self.out_channels)

    def forward(self, levels: list[Tensor]) -> Tensor:
        x, skips = levels[-1], levels[-2::-1]
        for block, skip in zip(self.up_blocks, skips, strict=True):
            x = torch.cat((block(x), skip), dim=1)
        return functional.relu_(self.norm(self.conv(x)))


class Hourglass(nn.Module):
    """Looks at the motions at five sizes. Shapes: (B, 110, D, H, W) -> (B, 142, D, H, W)."""

    def __init__(self, channels_in: int, dims: WarpingDims) -> None:
        super().__init__()
        widths = [min(dims.max_width, dims.width << (i + 1)) for i in range(dims.levels)]
        self.encoder = Encoder([channels_in, *widths])
        self.decoder = Decoder([channels_in, *widths], dims.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class DenseMotionNetwork(nn.Module):
    """Mixes the keypoints' motions into one motion per voxel.

    Shapes: feature_3d (B, 32, 16, 64, 64), keypoints (B, 21, 3) -> `DenseMotion`.
    """

    FOLDS: ClassVar[Pairs] = (("compress", "norm"),)
    FEW: ClassVar[tuple[str, ...]] = ("mask", "occlusion")

    def __init__(self, dims: WarpingDims) -> None:
        super().__init__()
        motions = dims.keypoints + 1
        self.hourglass = Hourglass(motions * (dims.compress + 1), dims)
        channels = self.hourglass.decoder.out_channels
        self.mask = nn.Conv3d(channels, motions, 7, padding=3)
        self.compress = nn.Conv3d(dims.channels, dims.compress, 1)
        self.norm = nn.BatchNorm3d(dims.compress)
        self.occlusion = nn.Conv2d(channels * dims.depth, 1, 7, padding=3)

    def forward(self, feature_3d: Tensor, kp_driving: Tensor, kp_source: Tensor) -> DenseMotion:
        depth, height, width = feature_3d.shape[2:]
        grid = coordinate_grid(depth, height, width, like=kp_driving)  # (D, H, W, 3)
        deformed = self.deform(feature_3d, self.motions(grid, kp_driving, kp_source))
        heat = self.heat(grid, kp_driving, kp_source)
        per_motion = torch.cat((heat, deformed), dim=2)  # (B, 22, 1 + 4, D, H, W)
        x = self.hourglass(per_motion.flatten(1, 2))  # (B, 142, D, H, W)

        mask = functional.softmax(self.mask(x), dim=1)  # (B, 22, D, H, W)
        # Every motion is the grid plus a constant and the mask sums to 1, so the mix of the motions
        # is the grid plus the mix of the constants.
        shift = kp_source - kp_driving  # (B, 21, 3)
        deformation = grid + torch.einsum("bkdhw,bkc->bdhwc", mask[:, 1:], shift)
        occlusion = torch.sigmoid(
            self.occlusion(x.flatten(1, 2))
        )  # plane = channel * depth + slice
        return DenseMotion(mask, deformation, occlusion)

    def motions(self, grid: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """Return each motion's map, driving to source; the first is the identity.

        Shapes: grid (D, H, W, 3), keypoints (B, K, 3) -> (B, K+1, D, H, W, 3).
        """
        driving, source = kp_driving[:, :, None, None, None], kp_source[:, :, None, None, None]
        identity = grid.expand(len(kp_driving), 1, *grid.shape)
        return torch.cat((identity, grid - driving + source), dim=1)

    def deform(self, feature_3d: Tensor, motions: Tensor) -> Tensor:
        """Return the compressed volume under each motion. Shape: (B, K+1, 4, D, H, W)."""
        compressed = functional.relu_(self.norm(self.compress(feature_3d)))  # (B, 4, D, H, W)
        batch, count = motions.shape[:2]
        copies = compressed[:, None].expand(-1, count, -1, -1, -1, -1).flatten(0, 1)
        return sample(copies, motions.flatten(0, 1)).unflatten(0, (batch, count))

    def heat(self, grid: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Tensor:
        """Return where each keypoint is now minus where it was; the first map is zero.

        Shape: (B, K+1, 1, D, H, W).
        """

        def blobs(keypoints: Tensor) -> Tensor:
            # A Gaussian of three coordinates is the product of three, one per axis.
            def along(axis: int, line: Tensor) -> Tensor:
                away = line - keypoints[..., axis, None]
                return torch.exp(-0.5 * away * away / HEAT_VARIANCE)

            x = along(0, grid[0, 0, :, 0])[:, :, None, None, :]
            y = along(1, grid[0, :, 0, 1])[:, :, None, :, None]
            z = along(2, grid[:, 0, 0, 2])[:, :, :, None, None]
            return x * y * z  # (B, K, D, H, W)

        heat = blobs(kp_driving) - blobs(kp_source)
        return functional.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0))[:, :, None]


class WarpingNetwork(nn.Module):
    """Feature volume and keypoints -> the generator's input.

    Shapes: feature_3d (B, 32, 16, 64, 64), keypoints (B, 21, 3) -> features (B, 256, 64, 64).
    """

    def __init__(self, dims: WarpingDims | None = None) -> None:
        super().__init__()
        self.dims = dims = dims or WarpingDims()
        self.dense_motion_network = DenseMotionNetwork(dims)
        self.third = SameBlock2d(dims.channels * dims.depth, dims.out, slope=0.01)
        self.fourth = nn.Conv2d(dims.out, dims.out, 1)

    def forward(self, feature_3d: Tensor, kp_driving: Tensor, kp_source: Tensor) -> Warped:
        motion = self.dense_motion_network(feature_3d, kp_driving, kp_source)
        warped = sample(feature_3d, motion.deformation)  # (B, 32, 16, 64, 64)
        flat = warped.flatten(1, 2)  # (B, 512, 64, 64): plane = channel * depth + slice
        return Warped(self.fourth(self.third(flat)) * motion.occlusion, motion)
