"""Convolutions packed for the fast networks: the same sums, as 2-D convolutions that fill a card.

Packing happens once, in the precision of the readable network; the result is rounded once. None of
these adds a bias: the glue behind it does.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.engines.liveportrait.fast.glue import Glue, Spread, padded, wide
from streamer.engines.liveportrait.fast.torch_glue import repeated


class Conv(nn.Module):
    """A 2-D convolution without a bias. Shapes: (B, in, H, W) -> (B, out, H', W').

    ``padding`` is that of a convolution which keeps the size, unless told.
    """

    weight: Tensor

    def __init__(
        self, weight: Tensor, dtype: torch.dtype, padding: tuple[int, int] | None = None
    ) -> None:
        super().__init__()
        self._padding = padding or (weight.shape[2] // 2, weight.shape[3] // 2)
        packed = weight.detach().to(dtype).contiguous(memory_format=torch.channels_last)
        self.register_buffer("weight", packed)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return functional.conv2d(x, self.weight, None, padding=self._padding)


class DepthConv(nn.Module):
    """A 3-D convolution, bias, ReLU: the taps along the depth are outputs, added afterwards.

    Shapes: x (B * D, in, H, W) -> (B * D, out, H, W), with ``pool`` half the height and width.
    """

    bias: Tensor

    def __init__(
        self, weight: Tensor, bias: Tensor, dtype: torch.dtype, glue: Glue, *, pool: bool = False
    ) -> None:
        super().__init__()
        self._taps, self._pool, self._glue = weight.shape[2], pool, glue
        self.conv = Conv(depth_taps(weight).flatten(0, 1), dtype)
        self.register_buffer("bias", bias.detach().to(wide(dtype)))

    def forward(
        self, x: Tensor, depth: int, out: Tensor | None = None, also: Tensor | None = None
    ) -> Tensor:
        """Convolve; write into the slices ``out`` and ``also`` if given."""
        return self._glue.shift_add(
            self.conv(x),
            self.bias,
            depth=depth,
            taps=self._taps,
            pool=self._pool,
            out=out,
            also=also,
        )


class DepthUpConv(nn.Module):
    """A map repeated 1 x 2 x 2, then a 3-D convolution, bias and ReLU.

    A repeated map needs no more than four 2x2 convolutions of the small one, a phase each. They
    look half a pixel over the border, which on a map of 2x2 pixels costs all that they save:
    ``phases`` says whether to do it so.
    Shapes: x (B * D, in, h, w) -> (B * D, out, 2 h, 2 w).
    """

    bias: Tensor

    def __init__(
        self, weight: Tensor, bias: Tensor, dtype: torch.dtype, glue: Glue, *, phases: bool
    ) -> None:
        super().__init__()
        self._taps, self._phases, self._glue = weight.shape[2], phases, glue
        taps = depth_taps(weight)
        if phases:
            self.conv = Conv(corners(taps).flatten(0, 3), dtype, padding=(1, 1))
        else:
            self.conv = Conv(taps.flatten(0, 1), dtype)
        self.register_buffer("bias", bias.detach().to(wide(dtype)))

    def forward(self, x: Tensor, depth: int, out: Tensor) -> Tensor:
        """Convolve; write into the slice ``out``."""
        taps = self._taps
        if self._phases:
            return self._glue.shift_add_phases(
                self.conv(x), self.bias, depth=depth, taps=taps, out=out
            )
        parts = self.conv(repeated(x, 2))
        return self._glue.shift_add(parts, self.bias, depth=depth, taps=taps, out=out)


class SliceTaps(nn.Module):
    """A 2-D convolution over all slices with one output: its taps, per slice, are outputs.

    Shapes: weight (1, C * D, k, k), plane = channel * D + slice; x (B * D, at least C, H, W) ->
    (B * D, padded(k * k), H, W), for `Glue.occlusion`.
    """

    weight: Tensor

    def __init__(self, weight: Tensor, depth: int, dtype: torch.dtype) -> None:
        super().__init__()
        taps = weight.detach()[0].unflatten(0, (-1, depth)).flatten(2).transpose(0, 1)
        channels, count = taps.shape[1:]
        filled = taps.new_zeros(depth, padded(channels), padded(count))  # (D, C, k * k)
        filled[:, :channels, :count] = taps
        self.register_buffer("weight", filled.to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Give every pixel's share to each place that it reaches."""
        depth = len(self.weight)
        _, channels, height, width = x.shape
        pixels = x.permute(0, 2, 3, 1).reshape(-1, depth, height * width, channels)
        parts = torch.matmul(pixels, self.weight)  # (B, D, H * W, k * k)
        return parts.reshape(-1, height, width, parts.shape[-1]).permute(0, 3, 1, 2)


class RepeatedConv(nn.Module):
    """A 3x3 convolution of a map whose pixels stand for scale x scale ones, as `Spread`.

    Of the 9 x scale^2 products a pixel, 16 (scale 2) or 25 (above) are different.
    """

    def __init__(self, weight: Tensor, scale: int, dtype: torch.dtype) -> None:
        super().__init__()
        weight = weight.detach()
        self.corners = Conv(corners(weight).flatten(0, 2), dtype, padding=(1, 1))
        self._edges = scale > 2
        if self._edges:
            along_row, along_column = weight.sum(3, keepdim=True), weight.sum(2, keepdim=True)
            self.rows = Conv(_ends(along_row, -2).flatten(0, 1), dtype, padding=(1, 0))
            self.columns = Conv(_ends(along_column, -1).flatten(0, 1), dtype, padding=(0, 1))
            self.middle = Conv(along_row.sum(2, keepdim=True), dtype)

    def forward(self, x: Tensor) -> Spread:
        """Convolve."""
        if not self._edges:
            return Spread(self.corners(x))
        return Spread(self.corners(x), self.rows(x), self.columns(x), self.middle(x))


def depth_taps(weight: Tensor) -> Tensor:
    """Turn the taps along the depth into outputs. Shapes: (O, I, k, h, w) -> (k, O, I, h, w)."""
    return weight.detach().permute(2, 0, 1, 3, 4)


def corners(weight: Tensor) -> Tensor:
    """Return what a 3x3 convolution does at the corners of a repeated pixel.

    The taps that meet the same pixel there are added.
    Shapes: (..., O, I, 3, 3) -> (..., 2, 2, O, I, 2, 2), corner (last row?, last column?).
    """
    rows = _ends(weight.detach(), -2)  # (2, ..., O, I, 2, 3)
    both = _ends(rows, -1)  # (last column?, last row?, ..., O, I, 2, 2)
    return both.transpose(0, 1).movedim((0, 1), (-6, -5))


def filled(weight: Tensor, outputs: int, inputs: int) -> Tensor:
    """Add outputs and inputs of zeros up to these counts."""
    shape = (outputs, inputs, *weight.shape[2:])
    out = weight.new_zeros(shape)
    out[: weight.shape[0], : weight.shape[1]] = weight.detach()
    return out


def _ends(weight: Tensor, axis: int) -> Tensor:
    """Return the kernel for the first and the last pixel of a block along an axis.

    The first one sees the pixel before with one tap and its own with two; the last one likewise.
    Shapes: (..., 3, ...) -> (2, ..., 2, ...).
    """
    before, here, after = weight.unbind(axis)
    first = torch.stack((before, here + after), axis)
    return torch.stack((first, torch.stack((before + here, after), axis)))
