"""The glue between the fast networks' convolutions in plain PyTorch, for every device.

It is what each kernel is held against.
"""

from collections.abc import Sequence
from itertools import product
from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional

from streamer.engines.liveportrait.fast.glue import (
    MASK_TAPS,
    Normed,
    Source,
    Spread,
    padded,
    wide,
)
from streamer.engines.liveportrait.networks.warping import HEAT_VARIANCE


class TorchGlue:
    """The plain form of `Glue`, which documents the methods."""

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
