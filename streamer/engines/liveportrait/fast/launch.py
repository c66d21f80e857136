"""How kernels are started, and what a tensor looks like to them."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor

Launch = Callable[..., object]
"""Starts a kernel: (kernel, grid, arguments..., constants=...)."""

# A product and a sum may be one instruction; Triton's default is about to change.
OPTIONS: Final = {"enable_fp_fusion": True}

# A program's share of a map; `kernels` says why.
TILE: Final = {"PIXELS": 32, "CHANNELS": 32}


def start(kernel: Any, grid: tuple[int, ...], *arguments: object, **constants: object) -> None:
    """Run a kernel behind what its stream was given; it is compiled the first time."""
    kernel[grid](*arguments, **{**OPTIONS, **constants})


def compile_only(
    kernel: Any, grid: tuple[int, ...], *arguments: object, **constants: object
) -> Any:
    """Compile a kernel for these arguments, whose values do not count: meta tensors will do."""
    return kernel.warmup(*arguments, grid=grid, **{**OPTIONS, **constants})


def blocks(count: int, size: int) -> int:
    """Return how many blocks of a size cover a count."""
    return -(-count // size)


def tiles(pixels: int, channels: int) -> int:
    """Return how many programs cover a map with `TILE`."""
    return blocks(pixels, TILE["PIXELS"]) * blocks(channels, TILE["CHANNELS"])


def power_of_2(count: int) -> int:
    """Return the power of two that is no smaller: the size of a kernel's lanes."""
    return 1 << max(0, count - 1).bit_length()


def pixel_step(x: Tensor) -> int | None:
    """Return the distance between a map's pixels in memory, in values.

    None where its pixels do not lie in a row with the channels of each together, as channels-last
    maps and their channel slices do.
    """
    batch, channels, height, width = x.shape
    step: int
    if width > 1:
        step = x.stride(3)
    elif height > 1:
        step = x.stride(2)
    else:
        step = x.stride(0) if batch > 1 else channels
    expected = ((0, height * width * step), (1, 1), (2, width * step), (3, step))
    fits = all(x.shape[axis] == 1 or x.stride(axis) == stride for axis, stride in expected)
    return step if fits and step >= channels else None


def readable(x: Tensor) -> tuple[Tensor, int]:
    """Return a map that kernels can read, and its `pixel_step`; another layout is copied."""
    step = pixel_step(x)
    if step is not None:
        return x, step
    return x.contiguous(memory_format=torch.channels_last), x.shape[1]


def writable(x: Tensor) -> int:
    """Return the `pixel_step` of a map that a kernel shall write.

    Raises: `ValueError` for another layout.
    """
    step = pixel_step(x)
    if step is None:
        raise ValueError(
            f"a map of strides {x.stride()} cannot be written: it must be channels-last, or a "
            "channel slice of such a map"
        )
    return step


def new_map(like: Tensor, *shape: int) -> Tensor:
    """Return memory for a channels-last map of another shape."""
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )
