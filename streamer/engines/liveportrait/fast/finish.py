"""From crops to what leaves: frames and their camera bytes, in plain torch."""

from typing import Protocol

from torch import Tensor

from streamer.engines.liveportrait.fast import colour
from streamer.engines.liveportrait.fast.compose import Layer


class Finish(Protocol):
    """Finishes a batch in memory that holds the background already, outside the layer's box."""

    def __call__(
        self, layer: Layer, crops: Tensor, rgb: Tensor, native: Tensor | None, pixel_format: str
    ) -> None:
        """Lay crops into frames and convert what changed.

        Shapes: crops (B, 512, 512, 3), rgb (B, H, W, 3), native (B, n) in ``pixel_format``, None
        where none is wanted; uint8, each batch entry contiguous.
        """
        ...


def plain_finish(
    layer: Layer, crops: Tensor, rgb: Tensor, native: Tensor | None, pixel_format: str
) -> None:
    """Finish a batch on any device; as `Finish`."""
    layer.lay(crops, rgb)
    if native is not None:
        colour.convert(rgb, native, pixel_format, layer.box)
