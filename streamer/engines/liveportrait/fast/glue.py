"""What lies between the convolutions of the fast networks, as one protocol.

A volume is its slices in the batch: (B * D, C, H, W), the slices of one face in a row. Every 4-D
tensor is channels-last in memory. Convolutions carry no bias here: the glue after them adds it.
Values have the networks' type, often float16. What must not be rounded is wide (`wide`): biases,
sums, coordinates, heat, statistics, softmax. Nothing here reads a value on the host, so all of it
can be captured in a CUDA graph. Tensors called a slice may be channel slices of a larger one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, NamedTuple, Protocol

import torch
from torch import Tensor

# Tensor cores take channels eight at a time; other counts are filled up with zeros.
CHANNELS_AT_ONCE: Final = 8

# Slices that the mask's convolution looks at. Source: the released networks.
MASK_TAPS: Final = 7


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
