"""Glue that works until it is spoilt, in the ways that real devices fail."""

from collections.abc import Callable

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.compose import Layer
from streamer.engines.liveportrait.fast.finish import plain_finish
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue

Spoil = Callable[[Tensor], Tensor]


class SpoiltGlue(TorchGlue):
    """Spoils every picture once ``how`` is set; it may raise, too."""

    def __init__(self, how: Spoil | None = None) -> None:
        self.how = how
        self.pictures = 0

    def picture(self, x: Tensor) -> Tensor:
        self.pictures += 1
        drawn = super().picture(x)
        return drawn if self.how is None else self.how(drawn)


def black(drawn: Tensor) -> Tensor:
    return torch.zeros_like(drawn)


def swapped_channels(drawn: Tensor) -> Tensor:
    return drawn.flip(3)


def turned_batch(drawn: Tensor) -> Tensor:
    return drawn.roll(1, dims=0)


class Stale:
    """Gives the first picture again and again."""

    def __init__(self) -> None:
        self.first: Tensor | None = None

    def __call__(self, drawn: Tensor) -> Tensor:
        if self.first is None:
            self.first = drawn.clone()
        return self.first


class SpoiltFinish:
    """Finishes frames as the plain way does, until it is spoilt."""

    def __init__(self) -> None:
        self.how: Spoil | None = None
        self.calls = 0

    def __call__(
        self, layer: Layer, crops: Tensor, rgb: Tensor, native: Tensor | None, pixel_format: str
    ) -> None:
        self.calls += 1
        plain_finish(layer, crops, rgb, native, pixel_format)
        if self.how is not None:
            rgb.copy_(self.how(rgb))


class NotFinite(TorchGlue):
    """Loses its numbers in the middle, where bytes do not show it."""

    def gate(self, x: Tensor, bias: Tensor, occlusion: Tensor) -> Tensor:
        out = super().gate(x, bias, occlusion)
        out[:, 0, 3, 3] = torch.nan
        return out


def raising(error: Exception) -> Spoil:
    def spoil(drawn: Tensor) -> Tensor:
        raise error

    return spoil


FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
LOST = RuntimeError("CUDA error: unspecified launch failure\nCompile with")
BROKEN = RuntimeError("CUDA error: no kernel image is available for execution on the device")
