"""Networks to pack in tests, and how far an answer is from the expected one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from streamer.engines.liveportrait.networks.generator import Generator, GeneratorDims
from streamer.engines.liveportrait.networks.warping import WarpingDims, WarpingNetwork

# Channel counts that have to be filled up to eights, and more levels than one.
VOLUME = WarpingDims(
    keypoints=3, channels=4, depth=5, compress=2, levels=3, width=4, max_width=16, out=8
)
PICTURE = GeneratorDims(label=8, middle=16, blocks=2, up=8, out=4, hidden=4)


def seeded(network: nn.Module, seed: int = 7) -> Any:
    """Weights of a sensible size and running statistics that are nowhere trivial."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0, generator=source)
            elif value.dim() > 1:
                value.normal_(0.0, (2.0 / value[0].numel()) ** 0.5, generator=source)
            elif value.is_floating_point():
                norms = name.endswith(("norm.weight", "norm1.weight", "norm2.weight"))
                value.normal_(1.0 if norms else 0.0, 0.3, generator=source)
    return network.eval().requires_grad_(False)


def warping(dtype: torch.dtype = torch.float64) -> WarpingNetwork:
    return seeded(WarpingNetwork(VOLUME)).to(dtype)


def generator(dtype: torch.dtype = torch.float64) -> Generator:
    return seeded(Generator(PICTURE), seed=8).to(dtype)


def random(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """Values of unit size, channels-last if they are maps."""
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return values.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else values


def slices(volume: Tensor) -> Tensor:
    """(B, C, D, H, W) -> (B * D, C, H, W), channels-last."""
    flat = volume.transpose(1, 2).flatten(0, 1)
    return flat.contiguous(memory_format=torch.channels_last)


def keypoints(batch: int, count: int = VOLUME.keypoints, seed: int = 5) -> tuple[Tensor, Tensor]:
    """Driving and source; they differ by up to half the picture, so motions leave the volume."""
    source = 0.4 * random(1, count, 3, seed=seed)
    return source + 0.3 * random(batch, count, 3, seed=seed + 1), source


def error(answer: Tensor, expected: Tensor) -> float:
    """The largest difference by the largest expected value."""
    assert answer.shape == expected.shape
    return float((answer.double() - expected.double()).abs().max() / expected.abs().max())


def psnr(answer: Tensor, expected: Tensor) -> float:
    """Of pictures in 0..1, in dB."""
    return float(-10 * torch.log10((answer.double() - expected.double()).square().mean()))


def packed(x: Tensor) -> bool:
    """Whether a map lies channels-last and without gaps."""
    return x.is_contiguous(memory_format=torch.channels_last)


class Operations(TorchDispatchMode):
    """Notes what runs: the operations' names, and the most axes that a convolution's input has."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.most_axes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        if "convolution" in func.overloadpacket.__name__:
            self.most_axes = max(self.most_axes, args[0].dim())
        return func(*args, **(kwargs or {}))


# What a CUDA graph cannot hold (the host would have to wait for a value), and what has a plain
# path on a few runtimes only.
FORBIDDEN = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "grid_sampler_3d",
    "grid_sampler_2d",
    "equal",
}
