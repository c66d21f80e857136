"""A scene's frames on the device: crop, frame and camera bytes of a batch, laid out in a row.

What crosses to the host for a frame is one piece of memory, so one copy.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast import colour
from streamer.engines.liveportrait.fast.compose import Layer
from streamer.engines.liveportrait.fast.finish import Finish, plain_finish
from streamer.engines.liveportrait.fast.graphs import Device, Mark, Work
from streamer.engines.liveportrait.fast.painter import COLUMNS
from streamer.engines.liveportrait.fast.ring import Ring
from streamer.view import Frame

BATCHES: Final = (1, 2, 4, 8)
"""How many faces may be drawn at once."""

_ALIGNED: Final = 256  # as the device's own memory begins
_CROP_BYTES: Final = CROP_PX * CROP_PX * 3


@dataclass(frozen=True)
class Layout:
    """Where the parts of one frame lie, bytes. The light is a float32; native may be empty."""

    width: int
    height: int
    pixel_format: str

    @property
    def crop(self) -> slice:
        """Where the crop lies, behind the light."""
        return slice(_ALIGNED, _ALIGNED + _CROP_BYTES)

    @property
    def rgb(self) -> slice:
        """Where the frame lies."""
        first = _up(self.crop.stop)
        return slice(first, first + 3 * self.width * self.height)

    @property
    def native(self) -> slice:
        """Where the camera's bytes lie."""
        first = _up(self.rgb.stop)
        if not self.pixel_format:
            return slice(first, first)
        return slice(first, first + colour.length(self.pixel_format, self.width, self.height))

    @property
    def size(self) -> int:
        """How many bytes a frame takes in all."""
        return _up(self.native.stop)

    def light_in(self, whole: Frame) -> float:
        """Return the brightness that a frame came with."""
        return float(whole[:4].view(np.float32)[0])

    def crop_in(self, whole: Frame) -> Frame:
        """Return a frame's crop. Shape: (512, 512, 3)."""
        return whole[self.crop].reshape(CROP_PX, CROP_PX, 3)

    def rgb_in(self, whole: Frame) -> Frame:
        """Return a frame's picture. Shape: (H, W, 3)."""
        return whole[self.rgb].reshape(self.height, self.width, 3)

    def native_in(self, whole: Frame) -> Frame | None:
        """Return a frame's camera bytes, if there are any."""
        return whole[self.native] if self.pixel_format else None


class Sheet:
    """The memory of one batch on the device. ``finish`` makes frames of ``crops``.

    Frames are finished in ``whole`` and wait in ``staged`` to be copied, so that the next batch
    need not wait for the copy of the last. ``copied`` is where ``staged`` may be overwritten.
    Shapes: whole, staged (B, size) uint8; crops (B, 512, 512, 3) and lights (B,), inside whole.
    """

    def __init__(
        self, device: Device, layer: Layer, layout: Layout, finish: Finish, batch: int
    ) -> None:
        whole = torch.zeros(batch, layout.size, dtype=torch.uint8, device=device.name)
        rgb = whole[:, layout.rgb].view(batch, layout.height, layout.width, 3)
        native = whole[:, layout.native] if layout.pixel_format else None
        crops = whole[:, layout.crop].view(batch, CROP_PX, CROP_PX, 3)

        @torch.inference_mode()
        def prepare() -> None:
            rgb.copy_(layer.background[None])
            if native is not None:
                native.copy_(colour.native(rgb, layout.pixel_format))

        @torch.inference_mode()
        def work() -> None:
            finish(layer, crops, rgb, native, layout.pixel_format)

        device.settle()  # what was made beside the queue
        device.compute.run(prepare)
        device.settle()
        self.whole = whole
        self.staged = torch.zeros_like(whole)
        self.crops = crops
        self.lights = whole[:, :4].view(torch.float32)[:, 0]
        self.finish: Work = device.record(work) if device.records else work
        self.copied: Mark | None = None


class Sheets:
    """The sheets of all batch sizes of one scene in one pixel format, and the ring behind them."""

    def __init__(
        self,
        device: Device,
        layer: Layer,
        pixel_format: str = "",
        finish: Finish = plain_finish,
    ) -> None:
        height, width = layer.background.shape[:2]
        self.layer = layer
        self.layout = Layout(width, height, pixel_format)
        self.ring = Ring(device, self.layout.size, faces=max(BATCHES), columns=COLUMNS)
        self._device = device
        self._finish = finish
        self._made: dict[int, Sheet] = {}
        self._offered: tuple[int, ...] = ()

    @property
    def batches(self) -> tuple[int, ...]:
        """The sizes that may be used, ascending."""
        return self._offered

    def sheet(self, batch: int) -> Sheet:
        """Return the sheet of a size that was prepared."""
        return self._made[batch]

    def prepare(self, batch: int) -> None:
        """Make a batch size ready; it is not offered yet."""
        if batch not in self._made:
            self._made[batch] = Sheet(self._device, self.layer, self.layout, self._finish, batch)

    def offer(self, batch: int) -> None:
        """Let a batch size be used, when it has been proven."""
        self._offered = tuple(sorted({*self._offered, batch}))


def _up(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
