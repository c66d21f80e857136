"""The part of `triton_glue.TritonGlue` on maps: sums, norms, what norms share, the picture."""

from collections.abc import Sequence
from math import isqrt
from typing import Any, Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.glue import Normed, Spread
from streamer.engines.liveportrait.fast.launch import (
    TILE,
    Launch,
    blocks,
    new_map,
    power_of_2,
    readable,
    tiles,
)

# A chunk whose mean is found in registers: 128 pixels by 32 channels, 32 values a thread.
MEASURED_PIXELS: Final = 128


class TritonMaps:
    """Methods of `glue.Glue` on maps; ``maps`` is the module of their kernels."""

    def __init__(self, launch: Launch, maps: Any) -> None:
        self._launch = launch
        self._maps = maps

    def activate(  # noqa: D102
        self, terms: Sequence[Tensor], bias: Tensor, slope: float
    ) -> Tensor:
        (first, second, third), steps = _three(terms)
        out = new_map(first, *first.shape)
        pixels, channels = first.numel() // first.shape[1], first.shape[1]
        self._launch(
            self._maps.activate,
            (tiles(pixels, channels),),
            first,
            second,
            third,
            bias,
            out,
            pixels,
            channels,
            *steps,
            channels,
            float(slope),
            TERMS=len(terms),
            **TILE,
        )
        return out

    def gate(self, x: Tensor, bias: Tensor, occlusion: Tensor) -> Tensor:  # noqa: D102
        x, step = readable(x)
        out = new_map(x, *x.shape)
        pixels, channels = x.numel() // x.shape[1], x.shape[1]
        self._launch(
            self._maps.gate,
            (tiles(pixels, channels),),
            x,
            bias,
            occlusion.contiguous(),
            out,
            pixels,
            channels,
            step,
            channels,
            **TILE,
        )
        return out

    def shared(  # noqa: D102
        self, x: Tensor | Spread, bias: Tensor, *, groups: int, scale: int = 1
    ) -> Tensor:
        spread = isinstance(x, Spread)
        edges = isinstance(x, Spread) and x.middle is not None
        given = [part for part in x if part is not None] if isinstance(x, Spread) else [x]
        laid = [readable(part) for part in given]
        laid += laid[:1] * (4 - len(laid))
        first = laid[0][0]
        batch, height, width = first.shape[0], first.shape[2], first.shape[3]
        if spread:
            height, width = scale * (height - 1), scale * (width - 1)
        channels, pixels = len(bias) // groups, batch * height * width
        out = torch.empty(
            (groups, batch, height, width, channels), dtype=first.dtype, device=first.device
        )
        self._launch(
            self._maps.shared,
            (tiles(pixels, channels) * groups,),
            *(part for part, _ in laid),
            bias,
            out,
            pixels,
            height,
            width,
            channels,
            groups,
            scale,
            *(step for _, step in laid),
            SPREAD=spread,
            EDGES=edges,
            **TILE,
        )
        return out.permute(0, 1, 4, 2, 3)

    def statistics(self, terms: Sequence[Tensor], eps: float) -> Normed:  # noqa: D102
        (first, second, third), steps = _three(terms)
        batch, channels, height, width = first.shape
        out = first if len(terms) == 1 else new_map(first, *first.shape)
        pixels = height * width
        chunks = blocks(pixels, MEASURED_PIXELS)
        figures = torch.empty(
            (2, batch, chunks, channels), dtype=torch.float32, device=first.device
        )
        mean, rstd = torch.empty((2, batch, channels), dtype=torch.float32, device=first.device)
        lanes = TILE["CHANNELS"]
        self._launch(
            self._maps.add_and_measure,
            (chunks * blocks(channels, lanes), batch),
            first,
            second,
            third,
            out,
            figures[0],
            figures[1],
            pixels,
            channels,
            chunks,
            *steps,
            TERMS=len(terms),
            PIXELS=MEASURED_PIXELS,
            CHANNELS=lanes,
        )
        self._launch(
            self._maps.merge,
            (blocks(channels, lanes), batch),
            figures[0],
            figures[1],
            mean,
            rstd,
            pixels,
            channels,
            float(eps),
            CHUNKS=chunks,
            CHUNK=MEASURED_PIXELS,
            PIXELS=TILE["PIXELS"],
            CHANNELS=lanes,
        )
        return Normed(out, mean, rstd)

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
        x, x_step = readable(normed.x)
        gain, gain_step = readable(gain)
        more, more_step = (gain, gain_step) if offset is None else readable(offset)
        batch, channels, height, width = gain.shape
        out = new_map(gain, *gain.shape)
        self._launch(
            self._maps.modulate,
            (tiles(height * width, channels), batch),
            x,
            normed.mean,
            normed.rstd,
            gain,
            gain_bias,
            more,
            gain_bias if offset_bias is None else offset_bias,
            out,
            height * width,
            width,
            channels,
            scale,
            x_step,
            gain_step,
            more_step,
            0.0 if slope is None else float(slope),
            OFFSET=offset is not None and offset_bias is not None,
            RELU=slope is not None,
            **TILE,
        )
        return out

    def picture(self, x: Tensor) -> Tensor:  # noqa: D102
        x, step = readable(x)
        batch, channels, height, width = x.shape
        upscale = isqrt(channels // 3)
        shape = (batch, height * upscale, width * upscale, 3)
        out = torch.empty(shape, dtype=torch.uint8, device=x.device)
        pixels = batch * height * width
        lanes = 64  # times 16 channels: 1024 values
        self._launch(
            self._maps.picture,
            (blocks(pixels, lanes),),
            x,
            out,
            pixels,
            height,
            width,
            upscale,
            step,
            PIXELS=lanes,
            CHANNELS=power_of_2(channels),
        )
        return out


def _three(terms: Sequence[Tensor]) -> tuple[list[Tensor], list[int]]:
    """Return up to three terms as readable maps and their steps; the last stands for missing ones.

    Raises: `ValueError` for more.
    """
    if not 1 <= len(terms) <= 3:
        raise ValueError(f"one to three terms can be added up, not {len(terms)}")
    laid = [readable(term) for term in terms]
    laid += laid[-1:] * (3 - len(laid))
    return [part for part, _ in laid], [step for _, step in laid]
