"""Crop -> frame on the device: the drawn face laid over the resident background, in its box alone.

The twin of `paste_back.PasteBack.paste` for tensors, of any batch and on any device: the same
integer coordinates and weights as OpenCV's `warpAffine`, so both give the same bytes on a CPU.
Nothing here waits for the device or decides by a tensor's value; a CUDA graph can record it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.engines.liveportrait.crop import CROP_PX, Affine
from streamer.engines.liveportrait.paste_back import PasteBack, shrunk

# OpenCV rounds coordinates to 1/1024 px, adds row and column terms, and keeps 1/32 px.
# Source: OpenCV 4, warpAffine with INTER_LINEAR; checked byte for byte with 4.14.
_FINE: Final = 1024
_STEPS: Final = 32


class Box(NamedTuple):
    """A part of a frame, px. All four are even: it holds whole samples of half-size chroma."""

    x: int
    y: int
    width: int
    height: int


class Layer(Protocol):
    """Brings crops into frames; `Compose` into the photo, `bare.Bare` alone."""

    @property
    def box(self) -> Box:
        """The part of a frame that `lay` writes; the rest never changes."""
        ...

    @property
    def background(self) -> Tensor:
        """The frame without a face. Shape: (H, W, 3) uint8."""
        ...

    def lay(self, crop: Tensor, frames: Tensor) -> None:
        """Draw crops into frames that hold the background outside the box.

        Shapes: crop (B, 512, 512, 3) uint8, frames (B, H, W, 3) uint8.
        """
        ...


def frames_of(layer: Layer, batch: int) -> Tensor:
    """Return frames to lay crops into, of fresh memory. Shape: (batch, H, W, 3) uint8."""
    return layer.background[None].repeat(batch, 1, 1, 1)


@dataclass(frozen=True)
class Lines:
    """Where the box's pixels lie in the crop, as sums of a row's and a column's term, 1/1024 px.

    Shapes: row_x, row_y (h,), column_x, column_y (w,), int32.
    """

    row_x: Tensor
    row_y: Tensor
    column_x: Tensor
    column_y: Tensor


@dataclass(frozen=True)
class Shrink:
    """How a crop is made smaller before it is drawn small, along both axes alike.

    Shapes: weights (side, 512) float32, a row adds up to 1; first (side,) int32 and some
    (side, taps) float32 are the same without most of the zeros.
    """

    weights: Tensor
    first: Tensor
    some: Tensor

    @classmethod
    def of(cls, side: int, device: torch.device | str, size: int = CROP_PX) -> "Shrink":
        """Ask OpenCV for its weights: a matrix with a single 1 in every row, made smaller."""
        unit = np.eye(size, dtype=np.float32)
        weights = cv2.resize(unit, (size, side), interpolation=cv2.INTER_AREA)
        used = weights > 0
        # A power of two, zeros behind the weights: the kernel is compiled for a number of taps.
        taps = 1 << int(used.sum(axis=1).max() - 1).bit_length()
        first = np.minimum(used.argmax(axis=1), size - taps).astype(np.int32)
        some = np.take_along_axis(weights, first[:, None] + np.arange(taps), axis=1)
        parts = (weights, first, some.astype(np.float32))
        return cls(*(torch.from_numpy(np.ascontiguousarray(part)).to(device) for part in parts))

    @property
    def side(self) -> int:
        """The small crop's side, px."""
        return int(self.weights.shape[0])

    def __call__(self, crop: Tensor) -> Tensor:
        """Shrink crops. Shapes: (B, 512, 512, 3) -> (B, side, side, 3), uint8."""
        batch, size = crop.shape[:2]
        rows = self.weights @ crop.float().reshape(batch, size, -1)
        small = self.weights @ rows.reshape(batch * self.side, size, 3)
        return (small + 0.5).clamp_(0.0, 255.5).to(torch.uint8).reshape(batch, self.side, -1, 3)


class Compose:
    """The face's place in the frames of one scene, resident on a device.

    Shapes: background (H, W, 3) uint8; mask (h, w) and rest (h, w, 3) float32, inside the box.
    Mirrored scenes hold everything mirrored: drawing costs the same.
    """

    def __init__(
        self,
        box: Box,
        background: Tensor,
        mask: Tensor,
        rest: Tensor,
        lines: Lines,
        shrink: Shrink | None,
    ) -> None:
        self.box = box
        self.background = background
        self.mask = mask
        self.rest = rest
        self.lines = lines
        self.shrink = shrink
        self.side = CROP_PX if shrink is None else shrink.side

    @classmethod
    def of(cls, paste: PasteBack, *, mirror: bool, device: torch.device | str) -> "Compose":
        """Bring a prepared picture to the device; ``mirror`` flips the finished frame."""
        height, width = paste.rest.shape[:2]
        mask, rest, out_from_crop = paste.mask[..., 0], paste.rest, paste.out_from_crop
        shrink: Shrink | None = None
        if paste.antialias:
            small, out_from_crop = shrunk(np.zeros((CROP_PX, CROP_PX, 3), np.uint8), out_from_crop)
            if len(small) != CROP_PX:
                shrink = Shrink.of(len(small), device)
        columns = np.arange(width)
        if mirror:
            mask, rest, columns = mask[:, ::-1], rest[:, ::-1], columns[::-1]
        box = _box(mask > 0)
        rows = slice(box.y, box.y + box.height)
        inside = (rows, slice(box.x, box.x + box.width))
        lines = _lines(out_from_crop, np.arange(height)[rows], columns[inside[1]])

        def resident(values: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        # Where the mask is 0 the rest is the picture itself; elsewhere a face covers it.
        return cls(
            box=box,
            background=resident(rest.astype(np.uint8)),
            mask=resident(mask[inside].astype(np.float32)),
            rest=resident(rest[inside].astype(np.float32)),
            lines=Lines(*(resident(line) for line in lines)),
            shrink=shrink,
        )

    def __call__(self, crop: Tensor) -> Tensor:
        """Return finished frames. Shapes: (B, 512, 512, 3) -> (B, H, W, 3), uint8 RGB."""
        frames = frames_of(self, len(crop))
        self.lay(crop, frames)
        return frames

    def lay(self, crop: Tensor, frames: Tensor) -> None:
        """Draw crops into frames that hold the background. Shapes: as in `Layer.lay`."""
        x, y, width, height = self.box
        if not width:
            return  # the face is outside the frame
        source = crop if self.shrink is None else self.shrink(crop)
        drawn = self._sampled(source.reshape(len(crop), -1, 3)).reshape(-1, height, width, 3)
        mixed = self.mask[..., None] * drawn + self.rest
        frames[:, y : y + height, x : x + width] = mixed.clamp_(0.0, 255.0).to(torch.uint8)

    def _sampled(self, source: Tensor) -> Tensor:
        """Sample crops at the box's pixels. Shapes: (B, side * side, 3) -> (B, h * w, 3) float."""
        total: Tensor | None = None
        for at, weight in zip(*self._taps, strict=True):
            part = source.index_select(1, at).float() * weight[:, None]
            total = part if total is None else total.add_(part)
        assert total is not None
        # Weights are whole numbers that add up to 1024, so that every sum is exact in float32.
        return ((total + 0.5 * _STEPS**2) * (1.0 / _STEPS**2)).floor_()

    @cached_property
    def _taps(self) -> tuple[Tensor, Tensor]:
        """The four crop pixels around every pixel of the box, and their weights; 0 outside.

        Shapes: (4, h * w) int32, (4, h * w) float32.
        """
        x = (self.lines.row_x[:, None] + self.lines.column_x) >> 5
        y = (self.lines.row_y[:, None] + self.lines.column_y) >> 5
        fine_x, fine_y, left, top = x & 31, y & 31, x >> 5, y >> 5
        places, weights = [], []
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            at_x, at_y = left + right, top + down
            weight_x = fine_x if right else _STEPS - fine_x
            weight_y = fine_y if down else _STEPS - fine_y
            inside = (at_x >= 0) & (at_x < self.side) & (at_y >= 0) & (at_y < self.side)
            at = at_y.clamp(0, self.side - 1) * self.side + at_x.clamp(0, self.side - 1)
            places.append(at.flatten())
            weights.append((weight_x * weight_y * inside).float().flatten())
        return torch.stack(places).int(), torch.stack(weights)


def _box(covered: NDArray[np.bool_]) -> Box:
    """Return the smallest box with even edges around what is covered; empty if nothing is."""
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if not len(rows):
        return Box(0, 0, 0, 0)
    top, left = int(rows[0]) & ~1, int(columns[0]) & ~1
    bottom, right = (int(rows[-1]) + 2) & ~1, (int(columns[-1]) + 2) & ~1
    return Box(left, top, right - left, bottom - top)


def _lines(
    out_from_crop: Affine, rows: NDArray[np.int_], columns: NDArray[np.int_]
) -> tuple[NDArray[np.int32], ...]:
    """Return the terms of `Lines` as OpenCV rounds them."""
    (xx, xy, x0), (yx, yy, y0) = cv2.invertAffineTransform(out_from_crop[:2].astype(np.float64))
    # A row's terms hold the half step that rounds the sum to 1/32 px.
    half = _FINE // _STEPS // 2
    lines = (
        np.rint((xy * rows + x0) * _FINE) + half,
        np.rint((yy * rows + y0) * _FINE) + half,
        np.rint(xx * columns * _FINE),
        np.rint(yx * columns * _FINE),
    )
    return tuple(line.astype(np.int32) for line in lines)
