"""One portrait as one form of the networks draws it: rows of parameters in, crops out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast.driving import NAMES, Driving
from streamer.engines.liveportrait.fast.finish import Finish, plain_finish
from streamer.engines.liveportrait.fast.generator import FastGenerator
from streamer.engines.liveportrait.fast.glue import Glue, Source, wide
from streamer.engines.liveportrait.fast.graphs import Device, Work
from streamer.engines.liveportrait.fast.warping import FastWarping

COLUMNS: Final = len(NAMES)


@dataclass(frozen=True)
class Packed:
    """The networks of one form: packed once, shared by all portraits; and what finishes frames."""

    form: str
    warping: FastWarping
    generator: FastGenerator
    glue: Glue
    finish: Finish


@dataclass(frozen=True)
class Easel:
    """Where one batch is painted; ``paint`` reads the parameters and leaves the others.

    Shapes: parameters (B, 17) float32; crops (B, 512, 512, 3) uint8; lights (B,) float32, the
    crops' mean brightness, 0..1, or NaN where the networks' answer is not finite.
    """

    parameters: Tensor
    crops: Tensor
    lights: Tensor
    paint: Work


class Painter(ABC):
    """Draws one portrait. ``recorded`` lets the device repeat its work with one call.

    What is painted for one batch is overwritten by the next of the same size: who calls sees to
    the order (`Pipeline`).
    """

    def __init__(
        self,
        form: str,
        device: Device,
        finish: Finish = plain_finish,
        *,
        recorded: bool = False,
        tuned: bool = False,
    ) -> None:
        self.form: Final = form
        self.finish: Final = finish
        self._device = device
        self._recorded = recorded
        self._tuned = tuned
        self._easels: dict[int, Easel] = {}

    @property
    @abstractmethod
    def runs_on(self) -> str:
        """Where the weights are, their precision, and the form."""

    @property
    @abstractmethod
    def backend(self) -> str:
        """The library that computes, its version, and the form."""

    @abstractmethod
    def _draw(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Return crops and lights. Shapes: (B, 17) -> (B, 512, 512, 3) uint8, (B,)."""

    @property
    def batches(self) -> tuple[int, ...]:
        """The sizes that are ready, ascending."""
        return tuple(sorted(self._easels))

    def easel(self, batch: int) -> Easel:
        """Return where a batch of a size that is ready is painted."""
        return self._easels[batch]

    def prepared(self, batch: int) -> Easel:
        """Make everything for a batch size ready but do not offer it yet; see `offer`."""
        name = self._device.name
        parameters = torch.zeros(batch, COLUMNS, device=name)
        crops = torch.zeros(batch, CROP_PX, CROP_PX, 3, dtype=torch.uint8, device=name)
        lights = torch.zeros(batch, device=name)

        @torch.inference_mode()
        def paint() -> None:
            drawn, light = self._draw(parameters)
            crops.copy_(drawn)
            lights.copy_(light)

        self._device.settle()  # what was made beside the queue
        work: Work = paint
        if self._recorded:
            work = self._device.record(paint, tuned=self._tuned)
        return Easel(parameters, crops, lights, work)

    def offer(self, batch: int, easel: Easel) -> None:
        """Let a batch size be used, when it has been proven."""
        self._easels = {**self._easels, batch: easel}


class PackedPainter(Painter):
    """Draws one portrait with packed networks."""

    def __init__(
        self,
        packed: Packed,
        driving: Driving,
        source: Source,
        device: Device,
        *,
        recorded: bool,
        tuned: bool = False,
    ) -> None:
        super().__init__(packed.form, device, packed.finish, recorded=recorded, tuned=tuned)
        self._packed = packed
        self._driving = driving
        self._source = source

    @property
    def runs_on(self) -> str:  # noqa: D102
        weight = next(iter(self._packed.generator.state_dict().values()))
        return f"{weight.device} {str(weight.dtype).removeprefix('torch.')}: {self.form}"

    @property
    def backend(self) -> str:  # noqa: D102
        return f"torch {torch.__version__} {self.form}"

    def _draw(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        x_d = self._driving(parameters)
        x = self._packed.generator(self._packed.warping(self._source, x_d))
        crops = self._packed.glue.picture(x)
        # A sum is not finite as soon as one value is not, and bytes would hide that.
        total = x.sum(dim=(1, 2, 3), dtype=wide(x.dtype)) + x_d.sum(dim=(1, 2))
        mean = crops.mean(dim=(1, 2, 3), dtype=torch.float32) / 255.0
        return crops, torch.where(torch.isfinite(total), mean, torch.nan)
