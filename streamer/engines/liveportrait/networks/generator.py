"""G, the generator: warped features become a picture.

Source: Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization" (2019),
arXiv:1903.07291; sizes and the pixel shuffle at the end as released with LivePortrait.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.engines.liveportrait.networks.blocks import Pairs, SpectralConv2d

SLOPE: Final = 0.2  # of every leaky ReLU in G


@dataclass(frozen=True)
class GeneratorDims:
    """Sizes of G. The released ones are the defaults.

    ``label``: channels of the input, which also steers every norm; ``middle``, ``up``, ``out``:
    channels of the middle blocks and after each upsampling; ``hidden``: inside a norm;
    ``upscale``: factor of the last pixel shuffle.
    """

    label: int = 256
    middle: int = 512
    blocks: int = 6
    up: int = 256
    out: int = 64
    hidden: int = 128
    upscale: int = 2


class SpadeNorm(nn.Module):
    """Instance norm whose gain and offset are painted by the label map.

    Shapes: x (B, C, scale * h, scale * w), label (B, 256, h, w) -> that of x.
    """

    REPEATS: ClassVar[Pairs] = (("repeat", "mlp_shared.0"),)

    def __init__(self, channels: int, dims: GeneratorDims, scale: int) -> None:
        super().__init__()
        self.param_free_norm = nn.InstanceNorm2d(channels, affine=False)
        self.repeat = (
            nn.Upsample(scale_factor=float(scale), mode="nearest") if scale > 1 else nn.Identity()
        )
        self.mlp_shared = nn.Sequential(
            nn.Conv2d(dims.label, dims.hidden, 3, padding=1), nn.ReLU(inplace=True)
        )
        self.mlp_gamma = nn.Conv2d(dims.hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(dims.hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        shared = self.mlp_shared(self.repeat(label))
        gamma, beta = self.mlp_gamma(shared), self.mlp_beta(shared)
        return beta.addcmul_(
            self.param_free_norm(x), gamma.add_(1.0)
        )  # over what no one else reads


class SpadeBlock(nn.Module):
    """Residual block of two convolutions, each after a label-steered norm and a leaky ReLU.

    Shapes: x (B, in, scale * h, scale * w), label (B, 256, h, w) -> (B, out, as x).
    """

    def __init__(
        self, channels_in: int, channels_out: int, dims: GeneratorDims, scale: int = 1
    ) -> None:
        super().__init__()
        middle = min(channels_in, channels_out)
        self.learned_shortcut = channels_in != channels_out
        self.conv_0 = SpectralConv2d(channels_in, middle, 3, padding=1)
        self.conv_1 = SpectralConv2d(middle, channels_out, 3, padding=1)
        self.norm_0 = SpadeNorm(channels_in, dims, scale)
        self.norm_1 = SpadeNorm(middle, dims, scale)
        if self.learned_shortcut:
            self.conv_s = SpectralConv2d(channels_in, channels_out, 1, bias=False)
            self.norm_s = SpadeNorm(channels_in, dims, scale)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        shortcut = self.conv_s(self.norm_s(x, label)) if self.learned_shortcut else x
        y = self.conv_0(functional.leaky_relu_(self.norm_0(x, label), SLOPE))
        y = self.conv_1(functional.leaky_relu_(self.norm_1(y, label), SLOPE))
        return y.add_(shortcut)


class Generator(nn.Module):
    """Warped features -> picture. Shapes: (B, 256, 64, 64) -> (B, 3, 512, 512) RGB in 0..1."""

    def __init__(self, dims: GeneratorDims | None = None) -> None:
        super().__init__()
        self.dims = dims = dims or GeneratorDims()
        self.fc = nn.Conv2d(dims.label, dims.middle, 3, padding=1)
        self.middle_names = [f"G_middle_{i}" for i in range(dims.blocks)]
        for name in self.middle_names:
            self.add_module(name, SpadeBlock(dims.middle, dims.middle, dims))
        self.up = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.up_0 = SpadeBlock(dims.middle, dims.up, dims, scale=2)
        self.up_1 = SpadeBlock(dims.up, dims.out, dims, scale=4)
        self.conv_img = nn.Sequential(
            nn.Conv2d(dims.out, 3 * dims.upscale**2, 3, padding=1), nn.PixelShuffle(dims.upscale)
        )

    def forward(self, features: Tensor) -> Tensor:
        x = self.fc(features)  # (B, 512, 64, 64)
        for name in self.middle_names:
            x = self.get_submodule(name)(x, features)
        x = self.up_0(self.up(x), features)  # (B, 256, 128, 128)
        x = self.up_1(self.up(x), features)  # (B, 64, 256, 256)
        return torch.sigmoid(self.conv_img(functional.leaky_relu_(x, SLOPE)))
