"""The part of `triton_glue.TritonGlue` on volumes: around 3-D convolutions and the dense motion."""

from typing import Any, Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.glue import MASK_TAPS, Source, padded
from streamer.engines.liveportrait.fast.launch import (
    TILE,
    Launch,
    blocks,
    new_map,
    power_of_2,
    readable,
    tiles,
    writable,
)
from streamer.engines.liveportrait.networks.warping import HEAT_VARIANCE

# Half of the released networks' 22 motions: a program is long enough then and none is idle.
MOTIONS_AT_ONCE: Final = 11


class TritonVolumes:
    """Methods of `glue.Glue` on volumes; ``motion`` and ``volumes`` are modules of kernels."""

    def __init__(self, launch: Launch, motion: Any, volumes: Any) -> None:
        self._launch = launch
        self._motion = motion
        self._volumes = volumes

    def motion_features(  # noqa: D102
        self, source: Source, kp_driving: Tensor, also: Tensor | None = None
    ) -> Tensor:
        depth, height, width = source.size
        batch, keypoints, _ = kp_driving.shape
        each = source.compressed.shape[-1] + 1
        channels = (keypoints + 1) * each
        out = new_map(source.compressed, batch * depth, padded(channels), height, width)
        spare = padded(channels) - channels
        lanes = 64  # pixels of a row, of which the released networks have as many
        motions = min(MOTIONS_AT_ONCE, keypoints + 1)
        self._launch(
            self._motion.features,
            (
                batch * depth * height,
                blocks(width, lanes),
                blocks(keypoints + 1, motions),
            ),
            source.compressed,
            source.kp,
            kp_driving.contiguous(),
            source.axis_x,
            source.axis_y,
            source.axis_z,
            source.heat_x,
            source.heat_y,
            source.heat_z,
            out,
            out if also is None else also,
            keypoints,
            each,
            depth,
            height,
            width,
            padded(channels),
            padded(channels) if also is None else writable(also),
            spare,
            -0.5 / HEAT_VARIANCE,
            MOTIONS=motions,
            ALSO=also is not None,
            PIXELS=lanes,
            EACH=power_of_2(each),
            SPARE=power_of_2(max(1, spare)),
        )
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
        parts, step = readable(parts)
        pooled = 2 if pool else 1
        slices, channels = len(parts), parts.shape[1] // taps
        height, width = parts.shape[2] // pooled, parts.shape[3] // pooled
        if out is None:
            out = new_map(parts, slices, channels, height, width)
        pixels = slices * height * width
        self._launch(
            self._volumes.shift_add,
            (tiles(pixels, channels),),
            parts,
            bias,
            out,
            out if also is None else also,
            pixels,
            height,
            width,
            channels,
            depth,
            step,
            writable(out),
            writable(out if also is None else also),
            TAPS=taps,
            POOL=pooled,
            ALSO=also is not None,
            **TILE,
        )
        return out

    def shift_add_phases(  # noqa: D102
        self, parts: Tensor, bias: Tensor, *, depth: int, taps: int, out: Tensor | None = None
    ) -> Tensor:
        parts, step = readable(parts)
        slices, channels = len(parts), parts.shape[1] // (4 * taps)
        height, width = parts.shape[2] - 1, parts.shape[3] - 1
        if out is None:
            out = new_map(parts, slices, channels, 2 * height, 2 * width)
        pixels = slices * 4 * height * width
        self._launch(
            self._volumes.shift_add_phases,
            (tiles(pixels, channels),),
            parts,
            bias,
            out,
            pixels,
            height,
            width,
            channels,
            depth,
            step,
            writable(out),
            TAPS=taps,
            **TILE,
        )
        return out

    def mix(  # noqa: D102
        self, parts: Tensor, bias: Tensor, source: Source, kp_driving: Tensor
    ) -> Tensor:
        parts, step = readable(parts)
        depth, height, width = source.size
        batch, features = len(kp_driving), source.table.shape[1]
        out = new_map(source.table, batch, depth * features, height, width)
        pixels = depth * height * width
        self._launch(
            self._motion.mix,
            (blocks(pixels, TILE["PIXELS"]), batch),
            parts,
            bias,
            source.table,
            source.kp,
            kp_driving.contiguous(),
            source.axis_x,
            source.axis_y,
            source.axis_z,
            out,
            pixels,
            len(bias),
            features,
            depth,
            height,
            width,
            step,
            TAPS=MASK_TAPS,
            PIXELS=TILE["PIXELS"],
            MOTIONS=power_of_2(len(bias)),
            FEATURES=power_of_2(features),
        )
        return out

    def occlusion(  # noqa: D102
        self, parts: Tensor, bias: Tensor, *, depth: int, side: int
    ) -> Tensor:
        parts, step = readable(parts)
        batch = len(parts) // depth
        height, width = parts.shape[2:]
        pixels, taps = batch * height * width, side * side
        sums = torch.empty((pixels, taps), dtype=torch.float32, device=parts.device)
        out = torch.empty((batch, 1, height, width), dtype=torch.float32, device=parts.device)
        lanes = power_of_2(taps)
        rows = 16  # times 64 taps: 1024 values, and enough programs for a whole card
        self._launch(
            self._motion.slices,
            (blocks(pixels, rows),),
            parts,
            sums,
            pixels,
            height * width,
            taps,
            step,
            DEPTH=depth,
            PIXELS=rows,
            CHANNELS=lanes,
        )
        self._launch(
            self._motion.occlusion,
            (blocks(pixels, rows),),
            sums,
            bias,
            out,
            pixels,
            height,
            width,
            side,
            PIXELS=rows,
            TAPS=lanes,
        )
        return out
