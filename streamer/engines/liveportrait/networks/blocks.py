"""The small blocks that several networks are made of.

Source: Guo et al., "LivePortrait" (2024),
arXiv:2407.03168, and its released configuration. Everything is meant for eval mode: batch norms use
their running statistics. ``FOLDS`` names the (convolution, batch norm) pairs that `fold` may merge,
``REPEATS`` and ``FEW`` what `lighten` may rewrite. Sums and activations overwrite their input where
nobody else reads it: a frame has gigabytes of them.
"""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

Pairs = tuple[tuple[str, str], ...]


class SameBlock2d(nn.Module):
    """Convolution 3x3, batch norm, ReLU (or leaky ReLU) at one size.

    Shapes: (B, in, H, W) -> (B, out, H, W).
    """

    FOLDS: ClassVar[Pairs] = (("conv", "norm"),)

    def __init__(self, channels_in: int, channels_out: int, slope: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out)
        self.ac = nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.ac(self.norm(self.conv(x)))


class DownBlock2d(nn.Module):
    """Convolution 3x3, batch norm, ReLU, half the size.

    Shapes: (B, in, H, W) -> (B, out, H/2, W/2).
    """

    FOLDS: ClassVar[Pairs] = (("conv", "norm"),)

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(functional.relu_(self.norm(self.conv(x))))


class DownBlock3d(nn.Module):
    """Convolution 3x3x3, batch norm, ReLU, half the height and width; the depth stays.

    Shapes: (B, in, D, H, W) -> (B, out, D, H/2, W/2).
    """

    FOLDS: ClassVar[Pairs] = (("conv", "norm"),)

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm3d(channels_out)
        self.pool = nn.AvgPool3d((1, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(functional.relu_(self.norm(self.conv(x))))


class UpBlock3d(nn.Module):
    """Twice the height and width by repetition, convolution 3x3x3, batch norm, ReLU.

    Shapes: (B, in, D, H, W) -> (B, out, D, 2H, 2W).
    """

    FOLDS: ClassVar[Pairs] = (("conv", "norm"),)
    REPEATS: ClassVar[Pairs] = (("repeat", "conv"),)

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.repeat = nn.Upsample(scale_factor=(1.0, 2.0, 2.0), mode="nearest")
        self.conv = nn.Conv3d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm3d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu_(self.norm(self.conv(self.repeat(x))))


class ResBlock3d(nn.Module):
    """Pre-activated residual block: norm, ReLU, convolution 3x3x3, twice, plus the input.

    Shapes: (B, C, D, H, W) -> the same. ``norm1`` reads the residual sum and cannot be folded.
    """

    FOLDS: ClassVar[Pairs] = (("conv1", "norm2"),)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2 = nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(functional.relu_(self.norm1(x)))
        y = self.conv2(functional.relu_(self.norm2(y)))
        return y.add_(x)


class SpectralConv2d(nn.Conv2d):
    """A convolution that the checkpoint stores spectrally normalised.

    The file has ``weight_orig``, ``weight_u`` and ``weight_v`` where this module has ``weight``;
    `streamer.engines.liveportrait.weights` folds the three into one while loading.
    """
