"""S, R_eyes, R_lip: the small nets that correct keypoints for stitching, lids and lips.

Source: Guo et al., "LivePortrait" (2024), arXiv:2407.03168, and its released configuration.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from torch import Tensor, nn


@dataclass(frozen=True)
class MlpDims:
    """Widths from the input to the output."""

    widths: tuple[int, ...]


# Input: 63 numbers of the photo's keypoints, then the 63 of the driving ones, or the ratios.
STITCHING: Final = MlpDims((126, 128, 128, 64, 65))
LIP: Final = MlpDims((65, 128, 128, 64, 63))
EYE: Final = MlpDims((66, 256, 256, 128, 128, 64, 63))


class KeypointMlp(nn.Module):
    """Linear layers with ReLU between them. Shapes: (B, first width) -> (B, last width)."""

    def __init__(self, dims: MlpDims) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in pairwise(dims.widths):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(x)
