"""From crops to what leaves, in Triton kernels: `finish.Finish` for CUDA cards.

One kernel samples the crop, blends it and writes frame and camera bytes; a crop that is drawn small
is made smaller by another one before. `finish.plain_finish` is what they are held against.
"""

from typing import Any, Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast import colour
from streamer.engines.liveportrait.fast.compose import Box, Compose, Layer, Shrink
from streamer.engines.liveportrait.fast.kernels import unloadable
from streamer.engines.liveportrait.fast.launch import Launch, blocks, start

# A thread has one block of 2 x 2 pixels: 48 bytes gathered, 12 to 20 written. More would leave a
# part of a large card without work: a face in 720p is 80 000 blocks, 630 programs.
_BLOCKS: Final = 128
_NATIVE: Final = {"": 0, "I420": 1, "NV12": 2, "UYVY": 3}


class TritonFinish:
    """`finish.Finish` in kernels, documented there.

    Raises: `RuntimeError` where there is no triton.
    """

    def __init__(self, launch: Launch = start) -> None:
        missing = unloadable()
        if missing is not None:
            raise RuntimeError(f"The Triton kernels cannot be used: {missing}.")
        from streamer.engines.liveportrait.fast.kernels import frames

        self._launch = launch
        self._kernels: Any = frames

    def __call__(
        self, layer: Layer, crops: Tensor, rgb: Tensor, native: Tensor | None, pixel_format: str
    ) -> None:
        """Lay crops into frames and convert what changed; as `Finish`."""
        plain = native is None or pixel_format == "RGB"
        if isinstance(layer, Compose):
            self._lay(layer, crops, rgb, None if plain else native, pixel_format)
        else:
            layer.lay(crops, rgb)
            if not plain and native is not None:
                self.convert(rgb, native, pixel_format, layer.box)
        if native is not None and plain:
            colour.convert(rgb, native, pixel_format, layer.box)

    def convert(self, rgb: Tensor, native: Tensor, pixel_format: str, box: Box) -> None:
        """Convert one box of frames to I420, NV12 or UYVY; as `colour.convert`."""
        batch, height, width = rgb.shape[:3]
        count = (box.width // 2) * (box.height // 2)
        if not count:
            return
        self._launch(
            self._kernels.convert,
            (blocks(count, _BLOCKS), batch),
            _packed(rgb),
            _packed(native),
            rgb.stride(0),
            native.stride(0),
            *box,
            width,
            height,
            FORMAT=_NATIVE[pixel_format],
            BLOCKS=_BLOCKS,
        )

    def shrink(self, shrink: Shrink, crops: Tensor) -> Tensor:
        """Make crops smaller; as `Shrink`."""
        batch, size = crops.shape[:2]
        side = shrink.side
        small = torch.empty((batch, side, side, 3), dtype=torch.uint8, device=crops.device)
        taps = shrink.some.shape[1]
        self._launch(
            self._kernels.shrink,
            (blocks(side * side, _BLOCKS), batch),
            _packed(crops),
            small,
            shrink.first,
            shrink.some,
            crops.stride(0),
            size,
            side,
            TAPS=taps,
            PIXELS=_BLOCKS,
        )
        return small

    def _lay(
        self,
        layer: Compose,
        crops: Tensor,
        rgb: Tensor,
        native: Tensor | None,
        pixel_format: str,
    ) -> None:
        box, lines = layer.box, layer.lines
        batch, height, width = rgb.shape[:3]
        count = (box.width // 2) * (box.height // 2)
        if not count:
            return  # the face is outside the frame
        source = crops if layer.shrink is None else self.shrink(layer.shrink, crops)
        camera = rgb if native is None else native
        self._launch(
            self._kernels.lay,
            (blocks(count, _BLOCKS), batch),
            _packed(source),
            _packed(rgb),
            _packed(camera),
            layer.mask,
            layer.rest,
            lines.row_x,
            lines.row_y,
            lines.column_x,
            lines.column_y,
            source.stride(0),
            rgb.stride(0),
            camera.stride(0),
            layer.side,
            *box,
            width,
            height,
            FORMAT=0 if native is None else _NATIVE[pixel_format],
            BLOCKS=_BLOCKS,
            # As in torch, product and sum are rounded each: a level is truncated afterwards.
            enable_fp_fusion=False,
        )


def _packed(x: Tensor) -> Tensor:
    """Return bytes as they are. Raises: `ValueError` where an entry of a batch has gaps."""
    if not x[0].is_contiguous():
        raise ValueError(f"bytes of strides {x.stride()} have gaps inside a batch entry")
    return x
