"""Faces in, finished frames in the host's memory out; the host only hands work over.

For a batch: parameters to the device, crops painted, frames finished, all of it on the compute
queue; then one copy per frame on the transfer queue, and a mark behind it that a ticket waits for.
Nothing else waits: neither the host for the device nor the device for the host.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from streamer.engines.liveportrait.failures import told
from streamer.engines.liveportrait.fast.driving import row
from streamer.engines.liveportrait.fast.frames import Drawn
from streamer.engines.liveportrait.fast.graphs import Device, Mark
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.ring import Place
from streamer.engines.liveportrait.fast.sheets import Layout, Sheet, Sheets
from streamer.engines.liveportrait.guard import dark
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame


class FrameTicket:
    """Frames under way, as `frames.Ticket` says.

    ``marks`` are passed when the batch is begun, drawn and copied; ``photo_mean`` is the brightness
    of the photo's crop, None for a crop that was drawn before.
    """

    def __init__(
        self,
        wholes: list[Frame],
        marks: tuple[Mark, Mark, Mark],
        layout: Layout,
        device: str,
        photo_mean: float | None,
    ) -> None:
        self._wholes = wholes
        self._begun, self._drawn, self._copied = marks
        self._layout = layout
        self._device = device
        self._photo_mean = photo_mean
        self._frames: list[Drawn] = []

    def done(self) -> bool:  # noqa: D102
        with told(self._device):
            return self._copied.done()

    def frames(self) -> Sequence[Drawn]:  # noqa: D102
        if not self._frames:
            try:
                with told(self._device):
                    self._copied.wait()
                    ms = self._drawn.ms_since(self._begun) / len(self._wholes)
                for light in [self._layout.light_in(whole) for whole in self._wholes]:
                    self._check(light)
            except EngineError:
                self._wholes.clear()  # who keeps the error must not keep the places
                raise
            self._frames = [self._frame(whole, ms) for whole in self._wholes]
        return self._frames

    def _check(self, light: float) -> None:
        if self._photo_mean is None:
            return
        wrong = dark(light, self._photo_mean)
        if wrong is not None:
            raise EngineError(f"The networks drew a picture that cannot be shown: {wrong}.")

    def _frame(self, whole: Frame, ms: float) -> Drawn:
        layout = self._layout
        return Drawn(
            layout.rgb_in(whole),
            layout.native_in(whole),
            layout.pixel_format,
            layout.crop_in(whole),
            ms,
        )


class Desk(NamedTuple):
    """What a batch is drawn with; replaced whole, between two batches."""

    painter: Painter
    sheets: Sheets


class Pipeline:
    """Draws one portrait in one view, as `frames.FramePipeline` says.

    ``turn`` is held while work is handed over, not while it is done. ``reformat`` is called with a
    pixel format that is wanted: it makes sheets for it, wherever it likes, and hands them to `use`.
    """

    def __init__(
        self,
        device: Device,
        painter: Painter,
        sheets: Sheets,
        *,
        turn: threading.Lock,
        photo_mean: float,
        reformat: Callable[[str], None],
    ) -> None:
        self._device = device
        self._desk = Desk(painter, sheets)
        self._turn = turn
        self._photo_mean = photo_mean
        self._reformat = reformat
        self._wanted = sheets.layout.pixel_format
        self._closed = False
        self._swap = threading.Lock()

    @property
    def painter(self) -> Painter:
        """Who paints the next batch."""
        return self._desk.painter

    @property
    def sheets(self) -> Sheets:
        """What the next batch is finished in."""
        return self._desk.sheets

    @property
    def batches(self) -> tuple[int, ...]:  # noqa: D102
        painter, sheets = self._desk
        return tuple(size for size in painter.batches if size in sheets.batches)

    @property
    def wanted(self) -> str:
        """The pixel format that was asked for last; what is drawn may not have it yet."""
        return self._wanted

    def use(self, *, painter: Painter | None = None, sheets: Sheets | None = None) -> None:
        """Draw what comes next with another painter or on other sheets."""
        with self._swap:
            self._desk = Desk(painter or self._desk.painter, sheets or self._desk.sheets)

    def want(self, pixel_format: str) -> None:  # noqa: D102
        if pixel_format != self._wanted:
            self._wanted = pixel_format
            self._reformat(pixel_format)

    def draw(self, faces: Sequence[Face]) -> FrameTicket:  # noqa: D102
        painter, sheets = self._desk
        batch = len(faces)
        easel, sheet = painter.easel(batch), sheets.sheet(batch)
        places, wholes = self._places(sheets, batch)
        parameters = places[0].parameters[:batch]
        for line, face in zip(places[0].rows, faces, strict=False):
            line[:] = row(face)

        def begin() -> None:
            easel.parameters.copy_(parameters, non_blocking=True)
            easel.paint()
            sheet.crops.copy_(easel.crops)
            sheet.lights.copy_(easel.lights)

        try:
            marks = self._submit(begin, sheet, places, from_byte=0)
        except BaseException:
            wholes.clear()  # who keeps the error must not keep the places
            raise
        return FrameTicket(wholes, marks, sheets.layout, self._device.name, self._photo_mean)

    def lay(self, crop: Frame) -> FrameTicket:  # noqa: D102
        sheets = self._desk.sheets
        sheet, layout = sheets.sheet(1), sheets.layout
        places, wholes = self._places(sheets, 1)
        np.copyto(layout.crop_in(wholes[0]), crop)
        known = places[0].whole[layout.crop].view(sheet.crops.shape)

        def begin() -> None:
            sheet.crops.copy_(known, non_blocking=True)

        try:
            marks = self._submit(begin, sheet, places, from_byte=layout.rgb.start)
        except BaseException:
            wholes.clear()
            raise
        return FrameTicket(wholes, marks, layout, self._device.name, None)

    def close(self) -> None:  # noqa: D102
        self._closed = True

    def _places(self, sheets: Sheets, count: int) -> tuple[list[Place], list[Frame]]:
        if self._closed:
            raise EngineError("This scene was closed; stage the portrait again to draw it.")
        taken = [sheets.ring.take() for _ in range(count)]
        return [place for place, _ in taken], [whole for _, whole in taken]

    def _submit(
        self, begin: Callable[[], None], sheet: Sheet, places: Sequence[Place], from_byte: int
    ) -> tuple[Mark, Mark, Mark]:
        """Hand over one batch. ``from_byte`` is where the part begins that the host lacks."""
        compute, transfer = self._device.compute, self._device.transfer

        @torch.inference_mode()
        def draw() -> None:
            begin()
            sheet.finish()

        with self._turn, told(self._device.name):
            begun = compute.mark()
            compute.run(draw)
            if sheet.copied is not None:
                compute.wait_for(sheet.copied)
            compute.run(partial(_copy, sheet.staged, sheet.whole))
            drawn = compute.mark()
            transfer.wait_for(drawn)
            for place, staged in zip(places, sheet.staged, strict=True):
                part = place.whole[from_byte:], staged[from_byte:]
                transfer.run(partial(_copy, *part))
            copied = transfer.mark()
            sheet.copied = copied
            for place in places:
                place.used = copied
        return begun, drawn, copied


@torch.inference_mode()
def _copy(to: Tensor, of: Tensor) -> None:
    to.copy_(of, non_blocking=True)
