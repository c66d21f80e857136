"""Rewrite convolutions so that they do less work: equal in exact arithmetic, measured on CPUs.

Two things waste work in the readable form. A convolution over a map whose pixels repeat multiplies
the same value again and again (``REPEATS`` names the pairs of repetition and convolution). And a
convolution with few outputs leaves most lanes of the processor's vectors empty (``FEW`` names
them), which disappears when its taps become outputs, summed afterwards.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

# Kernels of more inputs stay: their maps are so small (2x2, 4x4) that reading the larger kernel
# takes as long as the products that it saves.
_MOST_INPUTS: Final = 512

_Network = TypeVar("_Network", bound=nn.Module)


@torch.no_grad()
def lighten(network: _Network) -> _Network:
    """Rewrite what the network's blocks name in ``REPEATS`` and ``FEW``, in place.

    To be called after `fold`, which needs the convolutions as they were. Doing it twice is
    harmless. In fp32 the answers agree within a few 1e-6 of the values' size.
    Returns: the same network.
    """
    for block in list(network.modules()):
        for repeat_name, conv_name in getattr(block, "REPEATS", ()):
            repeat = block.get_submodule(repeat_name)
            if isinstance(repeat, nn.Upsample):
                conv = _plain(block.get_submodule(conv_name))
                if conv.in_channels <= _MOST_INPUTS:
                    block.set_submodule(conv_name, _spread(conv, repeat))
                    block.set_submodule(repeat_name, nn.Identity())
        for name in getattr(block, "FEW", ()):
            few = block.get_submodule(name)
            if isinstance(few, nn.Conv3d):
                block.set_submodule(name, SliceConv3d(few))
            elif isinstance(few, nn.Conv2d):
                block.set_submodule(name, TapConv2d(few))
    return network


class SliceConv3d(nn.Module):
    """A 3-D convolution that looks at the slices one by one, then adds along the depth.

    The taps along the depth are outputs of a 2-D convolution: 7 x 22 fill vectors better than 22.
    Shapes: (B, C, D, H, W) -> (B, out, D, H, W).
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self._taps, (self._half, *self._padding) = conv.kernel_size[0], _halves(conv)
        self.weight = _fixed(conv.weight.permute(2, 0, 1, 3, 4).flatten(0, 1))  # (7 * 22, C, 7, 7)
        self.bias = conv.bias

    def forward(self, volume: Tensor) -> Tensor:
        depth = volume.shape[2]
        slices = volume.transpose(1, 2).flatten(0, 1)  # (B * D, C, H, W)
        parts = functional.conv2d(slices, self.weight, padding=self._padding)
        # (B, D, taps, out, H, W): what each slice gives to its neighbours
        parts = parts.unflatten(1, (self._taps, -1)).unflatten(0, (-1, depth))
        out = parts[:, :, self._half].clone()
        for tap in range(self._taps):
            away = tap - self._half  # out[d] takes part[d + away]
            if away and abs(away) < depth:
                first, last = max(0, -away), depth - max(0, away)
                out[:, first:last] += parts[:, first + away : last + away, tap]
        out = out.transpose(1, 2)
        return out if self.bias is None else out + self.bias[:, None, None, None]


class TapConv2d(nn.Module):
    """A 2-D convolution whose taps are outputs of a pointwise one, added at their places.

    Shapes: (B, C, H, W) -> (B, out, H, W).
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self._kernel, self._padding = conv.kernel_size, _halves(conv)
        # `functional.fold` pushes values away from a pixel; a convolution pulls: hence the flip.
        taps = conv.weight.flip(2, 3).permute(0, 2, 3, 1)  # (out, 7, 7, C)
        self.weight = _fixed(taps.flatten(0, 2)[:, :, None, None])
        self.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        parts = functional.conv2d(x, self.weight).flatten(2)  # (B, out * 7 * 7, H * W)
        out = functional.fold(parts, x.shape[2:], self._kernel, padding=self._padding)
        return out if self.bias is None else out + self.bias[:, None, None]


class SpreadConv(nn.Module):
    """A transposed convolution in two or three dimensions, as `_spread` makes it.

    Shapes: (B, C, [D,] H, W) -> (B, out, steps times the sizes).
    """

    def __init__(
        self, kernel: Tensor, bias: Tensor | None, steps: Sequence[int], padding: Sequence[int]
    ) -> None:
        super().__init__()
        self._steps, self._padding = tuple(steps), tuple(padding)
        self.weight = _fixed(kernel)
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.dim() == 5:
            return functional.conv_transpose3d(
                x, self.weight, self.bias, self._steps, self._padding
            )
        return functional.conv_transpose2d(x, self.weight, self.bias, self._steps, self._padding)


def _spread(conv: nn.Conv2d | nn.Conv3d, repeat: nn.Upsample) -> SpreadConv:
    """Return the transposed convolution that does both the repetition and the convolution.

    Every input pixel reaches a patch of the output; the taps that a repeated pixel meets there are
    added beforehand. A 3x3 kernel after a fourfold repetition needs 36 products a pixel, not 144.
    """
    axes = conv.weight.dim() - 2
    factor = repeat.scale_factor
    each = factor if isinstance(factor, tuple) else (factor,) * axes
    steps = tuple(int(step or 1) for step in each)
    kernel = conv.weight.flip(*range(2, 2 + axes))
    for axis, step in enumerate(steps, start=2):
        kernel = _summed(kernel, axis, step)
    return SpreadConv(kernel.transpose(0, 1), conv.bias, steps, _halves(conv))


def _summed(kernel: Tensor, axis: int, count: int) -> Tensor:
    """Add up ``count`` copies of the kernel, each one further along the axis."""
    shape = list(kernel.shape)
    size = shape[axis]
    shape[axis] += count - 1
    out = kernel.new_zeros(shape)
    for shift in range(count):
        out.narrow(axis, shift, size).add_(kernel)
    return out


def _plain(conv: nn.Module) -> nn.Conv2d | nn.Conv3d:
    if not isinstance(conv, nn.Conv2d | nn.Conv3d) or conv.groups != 1:
        raise TypeError(f"only a plain convolution can follow a repetition, not {conv}")
    return conv


def _halves(conv: nn.Conv2d | nn.Conv3d) -> tuple[int, ...]:
    """Return the padding that keeps the size, which is what the rewriting relies on."""
    halves = tuple(size // 2 for size in conv.kernel_size)
    if (
        conv.padding != halves
        or set(conv.stride) != {1}
        or any(h % 2 == 0 for h in conv.kernel_size)
    ):
        raise TypeError(f"only a convolution that keeps the size can be rewritten, not {conv}")
    return halves


def _fixed(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight.contiguous(), requires_grad=False)
