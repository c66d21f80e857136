"""F, the appearance extractor: the photo's crop becomes a feature volume, once per photo.

Source: Guo et al., "LivePortrait" (2024), arXiv:2407.03168, and its released configuration.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from streamer.engines.liveportrait.networks.blocks import DownBlock2d, ResBlock3d, SameBlock2d


@dataclass(frozen=True)
class AppearanceDims:
    """Sizes of F. The released ones are the defaults.

    ``width`` is the first layer's channels, doubled by each of ``downs`` (up to ``max_width``);
    the volume has ``channels`` x ``depth`` = ``max_width`` planes.
    """

    width: int = 64
    max_width: int = 512
    downs: int = 2
    channels: int = 32
    depth: int = 16
    resblocks: int = 6


class AppearanceExtractor(nn.Module):
    """Picture -> feature volume.

    Shapes: (B, 3, 256, 256) RGB in 0..1 -> (B, 32, 16, 64, 64), unbounded.
    """

    def __init__(self, dims: AppearanceDims | None = None) -> None:
        super().__init__()
        self.dims = dims = dims or AppearanceDims()
        widths = [min(dims.max_width, dims.width << i) for i in range(dims.downs + 1)]
        self.first = SameBlock2d(3, widths[0])
        self.down_blocks = nn.ModuleList(DownBlock2d(a, b) for a, b in pairwise(widths))
        self.second = nn.Conv2d(widths[-1], dims.channels * dims.depth, 1)
        self.resblocks_3d = nn.Sequential(
            OrderedDict((f"3dr{i}", ResBlock3d(dims.channels)) for i in range(dims.resblocks))
        )

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)  # (B, 64, 256, 256)
        for block in self.down_blocks:
            x = block(x)  # (B, 128, 128, 128), (B, 256, 64, 64)
        x = self.second(x)  # (B, 512, 64, 64): plane = channel * depth + slice
        volume = x.unflatten(1, (self.dims.channels, self.dims.depth))  # (B, 32, 16, 64, 64)
        return self.resblocks_3d(volume)
