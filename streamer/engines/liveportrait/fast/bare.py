"""The bare crop -> frame on the device: scaled to fit, beside its own blurred reflection.

The twin of `View.draw` for a crop that is shown alone. Its map has no turn, so that every step is
one matrix along the rows and one along the columns; OpenCV itself is asked for them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast.compose import Box
from streamer.geometry import scaling_about_edges, similarity
from streamer.view import (
    FILL_BLURS,
    FILL_BRIGHTNESS,
    FILL_FADE,
    FILL_STEPS,
    View,
    fill_color,
)

Floats = NDArray[np.float32]
Step = Callable[[Floats, int], Floats]
"""Changes a picture's height, (n, w) -> (m, w), and leaves its columns alone."""

# As in `View.draw`: an enlarged picture is sharpened from here on, by this much.
SHARPENED_FROM: Final = 1.2
SHARPENING: Final = 0.35
SHARPENING_SIGMA: Final = 0.5  # of the enlargement


@dataclass(frozen=True)
class Axes:
    """A step along rows and columns. Shapes: rows (H, h), columns (W, w), float32."""

    rows: Tensor
    columns: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """Apply it. Shapes: (B, h, w, 3) -> (B, H, W, 3) float."""
        batch, height, width = image.shape[:3]
        tall = self.rows @ image.reshape(batch, height, -1)
        both = self.columns @ tall.reshape(-1, width, 3)
        return both.reshape(batch, len(self.rows), len(self.columns), 3)


@dataclass(frozen=True)
class Reflection:
    """The fill where the crop ends: three blurs of it, mixed by distance, darkened.

    Shapes: shares (2, h, w, 1) of the second and third blur; bright (h, w, 1).
    """

    smaller: Axes
    blurs: tuple[Axes, ...]
    shares: Tensor
    bright: Tensor
    larger: Axes

    def __call__(self, drawn: Tensor) -> Tensor:
        """Return the fill of drawn pictures. Shapes: (B, H, W, 3) float -> the same."""
        small = _levels(self.smaller(drawn))
        first, *others = (_levels(blur(small)) for blur in self.blurs)
        for other, share in zip(others, self.shares, strict=True):
            first = first + (other - first) * share
        return _levels(self.larger(first * self.bright))


@dataclass(frozen=True)
class Bare:
    """A `compose.Layer` that shows the crop alone; its box is the whole frame.

    ``steps`` bring the crop to the frame's size with a margin; ``soft`` is what it is sharpened
    against. Shapes: cover (H, W, 1), the crop's share of a pixel, and fill with the margin;
    background (H, W, 3) uint8, never seen.
    """

    box: Box
    background: Tensor
    steps: tuple[Axes, ...]
    soft: Axes | None
    cover: Tensor | None
    fill: Reflection | Tensor
    margin: int
    mirror: bool

    @classmethod
    def of(cls, view: View, *, device: torch.device | str) -> "Bare":
        """Prepare a view. Its zoom and offsets move the photo, not a bare crop."""
        view = replace(view, fit="contain", zoom=1.0, offset_x=0.0, offset_y=0.0)
        frame_from_crop = view.frame_from_photo(CROP_PX, CROP_PX, None)
        scale, margin = float(frame_from_crop[0, 0]), view.max_margin
        size = (view.height + 2 * margin, view.width + 2 * margin)
        out_from_crop = similarity(1.0, margin, margin) @ frame_from_crop
        steps, side = [], CROP_PX
        if scale < 0.5:
            side = max(1, round(2.0 * scale * CROP_PX))
            steps.append(_axes(_resized(cv2.INTER_AREA), (CROP_PX,) * 2, (side,) * 2, device))
            out_from_crop = out_from_crop @ scaling_about_edges(CROP_PX / side, CROP_PX / side)
        flags = cv2.INTER_LANCZOS4 if scale > 1.0 else cv2.INTER_LINEAR
        shift_y, shift_x = float(out_from_crop[1, 2]), float(out_from_crop[0, 2])
        rows = _matrix(_warped(float(out_from_crop[1, 1]), shift_y, flags), side, size[0])
        columns = _matrix(_warped(float(out_from_crop[0, 0]), shift_x, flags), side, size[1])
        steps.append(Axes(rows.to(device), columns.to(device)))
        sharpen = _axes(_blurred(SHARPENING_SIGMA * scale), size, size, device)
        inside, outside = view.coverage(frame_from_crop, CROP_PX, CROP_PX)
        return cls(
            box=Box(0, 0, view.width, view.height),
            background=torch.zeros((view.height, view.width, 3), dtype=torch.uint8, device=device),
            steps=tuple(steps),
            soft=sharpen if scale > SHARPENED_FROM else None,
            cover=torch.from_numpy(inside[..., None]).to(device) if inside.min() < 1.0 else None,
            fill=_fill(view, outside, size, device),
            margin=margin,
            mirror=view.mirror,
        )

    def __call__(self, crop: Tensor) -> Tensor:
        """Return finished frames. Shapes: (B, 512, 512, 3) -> (B, H, W, 3), uint8 RGB."""
        drawn = crop.float()
        for step in self.steps:
            drawn = _levels(step(drawn))
        if self.soft is not None:
            soft = _levels(self.soft(drawn))
            drawn = _levels((1.0 + SHARPENING) * drawn - SHARPENING * soft)
        if self.cover is not None:
            fill = self.fill(drawn) if isinstance(self.fill, Reflection) else self.fill
            drawn = _levels(drawn * self.cover + fill * (1.0 - self.cover))
        height, width = self.background.shape[:2]
        cut = drawn[:, self.margin :][:, :height, self.margin :][:, :, :width]
        return (cut.flip(2) if self.mirror else cut).to(torch.uint8)

    def lay(self, crop: Tensor, frames: Tensor) -> None:
        """Draw crops over whole frames. Shapes: as in `compose.Layer.lay`."""
        frames.copy_(self(crop))


def _levels(values: Tensor) -> Tensor:
    """Round to what bytes hold, as OpenCV does after each step."""
    return (values + 0.5).floor_().clamp_(0.0, 255.0)


def _fill(
    view: View, outside: Floats, size: tuple[int, int], device: torch.device | str
) -> Reflection | Tensor:
    """Prepare the background. ``outside``: distance from the crop's edge, in frame heights."""
    if view.fill != "blur":
        return torch.tensor(fill_color(view.fill), dtype=torch.float32, device=device)
    small = (max(8, size[0] // 4), max(8, size[1] // 4))
    distance = cv2.resize(outside, small[::-1])[..., None]
    shares = [
        np.clip((distance - near) / (far - near), 0.0, 1.0) for near, far in pairwise(FILL_STEPS)
    ]
    fade = np.clip(distance / FILL_FADE, 0.0, 1.0)
    bright = 1.0 - (1.0 - FILL_BRIGHTNESS) * fade * (2.0 - fade)
    return Reflection(
        smaller=_axes(_resized(cv2.INTER_AREA), size, small, device),
        blurs=tuple(
            _axes(_blurred(max(0.5, sigma * small[0])), small, small, device)
            for sigma in FILL_BLURS
        ),
        shares=torch.from_numpy(np.stack(shares).astype(np.float32)).to(device),
        bright=torch.from_numpy(bright.astype(np.float32)).to(device),
        larger=_axes(_resized(cv2.INTER_LINEAR), small, size, device),
    )


def _axes(
    step: Step, size: tuple[int, int], into: tuple[int, int], device: torch.device | str
) -> Axes:
    rows, columns = (_matrix(step, n, m) for n, m in zip(size, into, strict=True))
    return Axes(rows.to(device), columns.to(device))


def _matrix(step: Step, n: int, m: int) -> Tensor:
    """Return a step's weights, (m, n): what it makes of a picture with a single 1 in each row."""
    return torch.from_numpy(np.ascontiguousarray(step(np.eye(n, dtype=np.float32), m)))


def _resized(interpolation: int) -> Step:
    def step(unit: Floats, m: int) -> Floats:
        out = cv2.resize(unit, (unit.shape[1], m), interpolation=interpolation)
        return np.asarray(out, np.float32)

    return step


def _blurred(sigma: float) -> Step:
    # The length that OpenCV takes for bytes; for floats it would take a longer one.
    length = round(6.0 * sigma + 1.0) | 1

    def step(unit: Floats, m: int) -> Floats:
        return np.asarray(cv2.GaussianBlur(unit, (1, length), sigmaX=1.0, sigmaY=sigma), np.float32)

    return step


def _warped(scale: float, shift: float, flags: int) -> Step:
    out_from_unit = np.array([[1.0, 0.0, 0.0], [0.0, scale, shift]])

    def step(unit: Floats, m: int) -> Floats:
        warp = partial(cv2.warpAffine, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(warp(unit, out_from_unit, (unit.shape[1], m)), np.float32)

    return step
