"""What lies between the convolutions of the fast networks: one protocol, and its plain form.

A volume is its slices in the batch: (B * D, C, H, W), the slices of one face in a row. Every 4-D
tensor is channels-last in memory. Convolutions carry no bias here: the glue after them adds it.
Values have the networks' type, often float16. What must not be rounded is wide (`wide`): biases,
sums, coordinates, heat, statistics, softmax. Nothing here reads a value on the host, so all of it
can be captured in a CUDA graph. Tensors called a slice may be channel slices of a larger one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from math import isqrt
from typing import Final, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from streamer.engines.liveportrait.networks.warping import HEAT_VARIANCE

# Tensor cores take channels eight at a time; other counts are filled up with zeros.
CHANNELS_AT_ONCE: Final = 8


def padded(channels: int) -> int:
    """Return the count of channels that the fast networks store for this many."""
    return -(-channels // CHANNELS_AT_ONCE) * CHANNELS_AT_ONCE


def wide(dtype: torch.dtype) -> torch.dtype:
    """Return the type in which values of this one are added up: float32, or float64 for proofs."""
    return torch.promote_types(dtype, torch.float32)


@dataclass(frozen=True)
class Source:
    """What a photo gives to the warping, computed once (`FastWarping.prepare`).

    Shapes: compressed (D, H, W, 4) and table (D * H * W, 32), of the networks' type; wide: kp
    (1, K, 3); axis_x (W), axis_y (H), axis_z (D), the coordinates of the voxels; heat_x (K, W),
    heat_y (K, H), heat_z (K, D), whose product is the heat of the source keypoints.
    """

    compressed: Tensor
    table: Tensor
    kp: Tensor
    axis_x: Tensor
    axis_y: Tensor
    axis_z: Tensor
    heat_x: Tensor
    heat_y: Tensor
    heat_z: Tensor

    @property
    def size(self) -> tuple[int, int, int]:
        """Depth, height, width of the volume."""
        depth, height, width, _ = self.compressed.shape
        return depth, height, width

    @torch.inference_mode()
    def take(self, other: "Source") -> None:
        """Overwrite the tensors with another photo's: a captured graph reads this memory."""
        for field in fields(self):
            getattr(self, field.name).copy_(getattr(other, field.name))


class Normed(NamedTuple):
    """A map and the statistics of its channels. Shapes: x (B, C, H, W); mean, rstd (B, C), wide."""

    x: Tensor
    mean: Tensor
    rstd: Tensor


class Spread(NamedTuple):
    """A 3x3 convolution of a repeated map, as its different values; N channels, map h x w.

    Where each pixel stands for ``scale`` x ``scale`` ones, the first and the last row of such a
    block see the neighbours, and all rows between them are equal; columns as well.
    Shapes: corners (B, 4 * N, h + 1, w + 1), order (last row?, last column?, N): the value of
    corner (a, b) of block (i, j) is at [i + a, j + b]; edges, only if the scale is above 2:
    rows (B, 2 * N, h + 1, w), first and last row, at [i + a, j]; columns (B, 2 * N, h, w + 1),
    at [i, j + b]; middle (B, N, h, w).
    """

    corners: Tensor
    rows: Tensor | None = None
    columns: Tensor | None = None
    middle: Tensor | None = None


class Glue(Protocol):
    """The steps between convolutions, each one a single pass over memory where it is a kernel."""

    def motion_features(
        self, source: Source, kp_driving: Tensor, also: Tensor | None = None
    ) -> Tensor:
        """Return the volume in which the hourglass looks for the motion.

        Channel 5 k: heat of keypoint k now minus at the source, zero for k = 0; 5 k + 1...: the
        compressed volume as motion k samples it, zero outside, borders as in
        `streamer.engines.liveportrait.networks.warping.sample`; the rest up to `padded`: zero.
        A motion is a shift, so the sampling weights are a product of one hat per axis.
        Shapes: kp_driving (B, K, 3), wide -> (B * D, padded((K + 1) * 5), H, W). ``also`` is a
        slice of that shape into which the same is written.
        """

    def shift_add(
        self,
        parts: Tensor,
        bias: Tensor,
        *,
        depth: int,
        taps: int,
        pool: bool = False,
        out: Tensor | None = None,
        also: Tensor | None = None,
    ) -> Tensor:
        """Finish a 3-D convolution: add the taps along the depth, then bias, ReLU, mean of 2x2.

        out[d] = sum over taps of parts[d + tap - taps // 2, tap], slices outside left out.
        Shapes: parts (B * D, taps * C, H, W), order (tap, C); bias (C), wide -> (B * D, C, H, W),
        with ``pool`` H / 2 and W / 2. It is written into ``out`` if given, and into ``also``
        besides; both are slices.
        """

    def shift_add_phases(
        self, parts: Tensor, bias: Tensor, *, depth: int, taps: int, out: Tensor | None = None
    ) -> Tensor:
        """Finish a 3-D convolution of a map repeated 1 x 2 x 2: bias and ReLU as in `shift_add`.

        Phase (a, b) of pixel (i, j) is read at [i + a, j + b] and written to [2 i + a, 2 j + b].
        Shapes: parts (B * D, taps * 4 * C, h + 1, w + 1), order (tap, a, b, C) -> (B * D, C, 2 h,
        2 w), into the slice ``out`` if given.
        """

    def mix(self, parts: Tensor, bias: Tensor, source: Source, kp_driving: Tensor) -> Tensor:
        """Turn the mask's taps into the warped features.

        Taps added along the depth, bias, softmax over the motions; every voxel is sampled at its
        own coordinates plus the mix of the motions' shifts, kp - kp_driving (the first is zero).
        Shapes: parts (B * D, at least taps * (K + 1), H, W), order (tap, motion), taps =
        `MASK_TAPS`; bias (K + 1), wide -> (B, D * 32, H, W), channel = slice * 32 + feature.
        """

    def occlusion(self, parts: Tensor, bias: Tensor, *, depth: int, side: int) -> Tensor:
        """Add the taps of a side x side convolution at their places, all slices, then sigmoid.

        out[y, x] = sum over d, i, j of parts[d, i * side + j, y + i - side // 2, x + j - ...].
        Shapes: parts (B * D, at least side * side, H, W); bias (1), wide -> (B, 1, H, W), wide.
        """

    def activate(self, terms: Sequence[Tensor], bias: Tensor, slope: float) -> Tensor:
        """Return leaky ReLU of the sum of the terms and the bias. Terms may be slices."""

    def gate(self, x: Tensor, bias: Tensor, occlusion: Tensor) -> Tensor:
        """Return (x + bias) * occlusion. Shapes: (B, C, H, W), (C), (B, 1, H, W)."""

    def shared(self, x: Tensor | Spread, bias: Tensor, *, groups: int, scale: int = 1) -> Tensor:
        """Return ReLU(x + bias), laid out for the convolutions that follow, one per group.

        Shapes: x (B, groups * C, h, w), a slice, or `Spread` with N = groups * C where ``scale``
        is 2 or more; bias (groups * C), wide -> (groups, B, C, scale * h, scale * w), every group
        channels-last.
        """

    def statistics(self, terms: Sequence[Tensor], eps: float) -> Normed:
        """Add up the terms and return the sum with mean and 1 / sqrt(variance + eps) per channel.

        Terms may be slices. A single term is handed on as it is.
        """

    def modulate(
        self,
        normed: Normed,
        gain: Tensor,
        gain_bias: Tensor,
        offset: Tensor | None,
        offset_bias: Tensor | None,
        *,
        slope: float | None,
        scale: int = 1,
    ) -> Tensor:
        """Return the normed map, each pixel repeated, times gain plus offset, then leaky ReLU.

        The gain's bias has the one of "one plus gamma" already. No ReLU if ``slope`` is None.
        Shapes: normed.x (B, C, h, w), a slice; gain, offset (B, C, scale * h, scale * w), slices;
        biases (C), wide -> as gain.
        """

    def picture(self, x: Tensor) -> Tensor:
        """Return the bytes: sigmoid, pixel shuffle, times 255, truncated.

        Bytes hide what is not finite: look at ``x`` before.
        Shapes: (B, 3 * r * r, h, w), a slice, with r = 2 -> (B, r * h, r * w, 3) uint8.
        """


# Slices that the mask's convolution looks at. Source: the released networks.
MASK_TAPS: Final = 7


class TorchGlue:
    """The glue in plain PyTorch: what every kernel is held against, on any device.

    Its methods are documented in `Glue`.
    """

    def motion_features(  # noqa: D102
        self, source: Source, kp_driving: Tensor, also: Tensor | None = None
    ) -> Tensor:
        depth, height, width = source.size
        batch, keypoints, _ = kp_driving.shape
        each = source.compressed.shape[-1] + 1
        channels = (keypoints + 1) * each
        features = source.compressed.new_zeros(
            batch, depth, height, width, padded(channels)
        )  # channels-last by its shape
        shift = shifts(source, kp_driving)
        hat_x = _hats(source.axis_x, shift[..., 0])  # (B, K+1, W, W)
        hat_y = _hats(source.axis_y, shift[..., 1])
        hat_z = _hats(source.axis_z, shift[..., 2])
        compressed = source.compressed.to(shift.dtype)  # (z, y, x, c)
        moved = torch.einsum("bkdz,zyxc->bkdyxc", hat_z, compressed)
        moved = torch.einsum("bkhy,bkdyxc->bkdhxc", hat_y, moved)
        moved = torch.einsum("bkwx,bkdhxc->bdhwkc", hat_x, moved)
        per_motion = features[..., :channels].unflatten(-1, (keypoints + 1, each))
        per_motion[..., 1:] = moved
        axes = (source.axis_x, source.axis_y, source.axis_z)
        now = (heat_line(line, kp_driving[..., axis]) for axis, line in enumerate(axes))
        before = _product(source.heat_x[None], source.heat_y[None], source.heat_z[None])
        per_motion[..., 1:, 0] = _product(*now) - before
        out = features.flatten(0, 1).permute(0, 3, 1, 2)
        if also is not None:
            also.copy_(out)
        return out

    def shift_add(  # noqa: D102
        self,
        parts: Tensor,
        bias: Tensor,
        *,
        depth: int,
        taps: int,
        pool: bool = False,
        out: Tensor | None = None,
        also: Tensor | None = None,
    ) -> Tensor:
        summed = functional.relu_(along_depth(parts, depth, taps) + bias[:, None, None])
        if pool:
            summed = functional.avg_pool2d(summed, 2)
        done = _stored(summed, parts.dtype, out)
        if also is not None:
            also.copy_(done)
        return done

    def shift_add_phases(  # noqa: D102
        self, parts: Tensor, bias: Tensor, *, depth: int, taps: int, out: Tensor | None = None
    ) -> Tensor:
        summed = along_depth(parts, depth, taps)  # (B * D, 4 * C, h + 1, w + 1)
        summed = interleaved(summed, scale=2) + bias[:, None, None]
        return _stored(functional.relu_(summed), parts.dtype, out)

    def mix(  # noqa: D102
        self, parts: Tensor, bias: Tensor, source: Source, kp_driving: Tensor
    ) -> Tensor:
        depth, height, width = source.size
        mask = self.mask(parts, bias, depth)  # (B, D, H, W, K+1)
        moved = sampled(source, deformation(source, mask, kp_driving))  # (B, D, H, W, 32)
        flat = moved.permute(0, 2, 3, 1, 4).reshape(len(moved), height, width, -1)
        return flat.to(source.table.dtype).permute(0, 3, 1, 2)

    def mask(self, parts: Tensor, bias: Tensor, depth: int) -> Tensor:
        """Return the share of every motion in every voxel. Shape: (B, D, H, W, K+1), wide."""
        logits = along_depth(parts[:, : MASK_TAPS * len(bias)], depth, MASK_TAPS)
        logits = logits.permute(0, 2, 3, 1).unflatten(0, (-1, depth)) + bias
        return functional.softmax(logits, dim=-1)

    def occlusion(  # noqa: D102
        self, parts: Tensor, bias: Tensor, *, depth: int, side: int
    ) -> Tensor:
        taps = parts[:, : side * side].to(bias.dtype).unflatten(0, (-1, depth)).sum(1)
        height, width = taps.shape[2:]
        half = side // 2
        taps = functional.pad(taps, (half, half, half, half))
        summed = sum(
            taps[:, i * side + j, i : i + height, j : j + width]
            for i in range(side)
            for j in range(side)
        )
        return torch.sigmoid(summed + bias)[:, None]

    def activate(  # noqa: D102
        self, terms: Sequence[Tensor], bias: Tensor, slope: float
    ) -> Tensor:
        summed = _sum(terms, bias.dtype) + bias[:, None, None]
        return _stored(functional.leaky_relu(summed, slope), terms[0].dtype)

    def gate(self, x: Tensor, bias: Tensor, occlusion: Tensor) -> Tensor:  # noqa: D102
        return _stored((x.to(bias.dtype) + bias[:, None, None]) * occlusion, x.dtype)

    def shared(  # noqa: D102
        self, x: Tensor | Spread, bias: Tensor, *, groups: int, scale: int = 1
    ) -> Tensor:
        flat = spread(x, scale) if isinstance(x, Spread) else x  # (B, groups * C, H, W)
        dtype = flat.dtype
        flat = functional.relu(flat.to(bias.dtype) + bias[:, None, None]).to(dtype)
        grouped = flat.permute(0, 2, 3, 1).unflatten(-1, (groups, -1))  # (B, H, W, groups, C)
        return grouped.permute(3, 0, 1, 2, 4).contiguous().permute(0, 1, 4, 2, 3)

    def statistics(self, terms: Sequence[Tensor], eps: float) -> Normed:  # noqa: D102
        dtype = terms[0].dtype
        x = terms[0] if len(terms) == 1 else _stored(_sum(terms, wide(dtype)), dtype)
        variance, mean = torch.var_mean(x.to(wide(dtype)), dim=(2, 3), correction=0)
        return Normed(x, mean, torch.rsqrt(variance + eps))

    def modulate(  # noqa: D102
        self,
        normed: Normed,
        gain: Tensor,
        gain_bias: Tensor,
        offset: Tensor | None,
        offset_bias: Tensor | None,
        *,
        slope: float | None,
        scale: int = 1,
    ) -> Tensor:
        x = (normed.x - normed.mean[..., None, None]) * normed.rstd[..., None, None]
        x = repeated(x, scale) * (gain + gain_bias[:, None, None])
        if offset is not None and offset_bias is not None:
            x = x + (offset + offset_bias[:, None, None])
        if slope is not None:
            x = functional.leaky_relu_(x, slope)
        return _stored(x, gain.dtype)

    def picture(self, x: Tensor) -> Tensor:  # noqa: D102
        upscale = isqrt(x.shape[1] // 3)
        image = functional.pixel_shuffle(torch.sigmoid(x.to(wide(x.dtype))), upscale)
        return (image * 255.0).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def shifts(source: Source, kp_driving: Tensor) -> Tensor:
    """Return how far each motion looks from a voxel; the first stays. Shape: (B, K+1, 3)."""
    return functional.pad(source.kp - kp_driving, (0, 0, 1, 0))


def heat_line(line: Tensor, keypoints: Tensor) -> Tensor:
    """Return the heat of keypoints along an axis.

    Shapes: line (n), the voxels' coordinates; keypoints (..., K), theirs -> (..., K, n).
    """
    away = line - keypoints[..., None]
    return torch.exp(-0.5 * away * away / HEAT_VARIANCE)


def along_depth(parts: Tensor, depth: int, taps: int) -> Tensor:
    """Add the taps of a convolution along the depth, wide.

    Shapes: (B * D, taps * C, H, W) -> (B * D, C, H, W).
    """
    split = parts.unflatten(1, (taps, -1)).unflatten(0, (-1, depth))  # (B, D, taps, C, H, W)
    half = taps // 2
    out = split[:, :, half].to(wide(parts.dtype), copy=True)
    for tap in range(taps):
        away = tap - half  # out[d] takes parts[d + away]
        if away and abs(away) < depth:
            first, last = max(0, -away), depth - max(0, away)
            out[:, first:last] += split[:, first + away : last + away, tap]
    return out.flatten(0, 1)


def deformation(source: Source, mask: Tensor, kp_driving: Tensor) -> Tensor:
    """Return where every voxel looks. Shapes: mask (B, D, H, W, K+1) -> (B, D, H, W, 3)."""
    z, y, x = torch.meshgrid(source.axis_z, source.axis_y, source.axis_x, indexing="ij")
    shift = shifts(source, kp_driving)[:, None, None]  # (B, 1, 1, K+1, 3)
    return torch.stack((x, y, z), dim=-1) + mask @ shift


def sampled(source: Source, at: Tensor) -> Tensor:
    """Return the photo's features at coordinates, zero outside. Shape: (B, D, H, W, 32), wide.

    Eight rows of the table per voxel. Indices are clamped after rounding, so that coordinates
    that are not finite give values that are not finite, not a read outside.
    """
    depth, height, width = source.size
    axes = []
    for axis, count in enumerate((width, height, depth)):
        place = ((at[..., axis] + 1.0) * count - 1.0) / 2.0
        low = torch.floor(place)
        share, index = place - low, low.long()
        axes.append(
            [
                (near.clamp(0, count - 1), weight * ((near >= 0) & (near < count)))
                for near, weight in ((index, 1.0 - share), (index + 1, share))
            ]
        )
    total = at.new_zeros(*at.shape[:-1], source.table.shape[1])
    for (x, share_x), (y, share_y), (z, share_z) in product(*axes):
        rows = source.table[(z * height + y) * width + x]
        total += rows * (share_x * share_y * share_z)[..., None]
    return total


def repeated(x: Tensor, scale: int) -> Tensor:
    """Repeat every pixel. Shapes: (B, C, h, w) -> (B, C, scale * h, scale * w)."""
    return functional.interpolate(x, scale_factor=float(scale)) if scale > 1 else x


def interleaved(corners: Tensor, scale: int) -> Tensor:
    """Lay the four corners of every block into their places; the rest of a block stays unset.

    Shapes: as `Spread.corners` -> (B, N, scale * h, scale * w).
    """
    phases = corners.unflatten(1, (2, 2, -1))  # (B, a, b, N, h + 1, w + 1)
    height, width = phases.shape[-2] - 1, phases.shape[-1] - 1
    out = corners.new_empty(len(corners), phases.shape[3], scale * height, scale * width)
    for a in range(2):
        for b in range(2):
            first, last = a * (scale - 1), b * (scale - 1)
            out[..., first::scale, last::scale] = phases[:, a, b, :, a : a + height, b : b + width]
    return out


def spread(values: Spread, scale: int) -> Tensor:
    """Lay out all pixels of a repeated map's convolution. Shape: (B, N, scale * h, scale * w)."""
    out = interleaved(values.corners, scale)
    if values.rows is None or values.columns is None or values.middle is None:
        return out
    count, height, width = values.middle.shape[1:]
    rows = values.rows.unflatten(1, (2, count))
    columns = values.columns.unflatten(1, (2, count))
    for between in range(1, scale - 1):
        for side in range(2):
            edge = side * (scale - 1)
            out[..., edge::scale, between::scale] = rows[:, side, :, side : side + height]
            out[..., between::scale, edge::scale] = columns[:, side, ..., side : side + width]
        for other in range(1, scale - 1):
            out[..., between::scale, other::scale] = values.middle
    return out


def _hats(axis: Tensor, shift: Tensor) -> Tensor:
    """Return the linear sampling along one axis as a matrix, zero outside.

    Shapes: axis (n), shift (B, K+1) -> (B, K+1, n to, n from).
    """
    count = len(axis)
    place = ((axis + shift[..., None] + 1.0) * count - 1.0) / 2.0
    pixels = torch.arange(count, dtype=axis.dtype, device=axis.device)
    return functional.relu(1.0 - (place[..., None] - pixels).abs())


def _product(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Multiply lines along three axes. Shape: (B, D, H, W, K)."""
    return torch.einsum("bkx,bky,bkz->bzyxk", x, y, z)


def _sum(terms: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    total = terms[0].to(dtype)
    for term in terms[1:]:
        total = total + term
    return total


def _stored(x: Tensor, dtype: torch.dtype, out: Tensor | None = None) -> Tensor:
    """Round to the networks' type, channels-last, in ``out`` if given."""
    if out is not None:
        return out.copy_(x)
    return x.to(dtype, memory_format=torch.channels_last)
