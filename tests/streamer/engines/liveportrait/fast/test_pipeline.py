"""The order of things between host and device, proven on a device that runs when it is told to."""

import gc
import threading
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.failures import DeviceLost, MemoryFull
from streamer.engines.liveportrait.fast.colour import native
from streamer.engines.liveportrait.fast.graphs import EagerDevice
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from streamer.engines.liveportrait.fast.ring import AT_FIRST, AT_MOST
from streamer.engines.liveportrait.fast.sheets import Sheets
from streamer.errors import EngineError
from tests.streamer.engines.liveportrait.fast.simulated import (
    REST,
    CopyLayer,
    NumberPainter,
    SimulatedDevice,
    level,
    smiling,
)

pytestmark = pytest.mark.neural


class Rig:
    """A pipeline on a simulated device."""

    def __init__(self, device: Any = None, batches: tuple[int, ...] = (1, 2, 4)) -> None:
        self.device = device or SimulatedDevice()
        self.layer = CopyLayer()
        self.sheets = Sheets(self.device, self.layer)
        for batch in batches:
            self.sheets.prepare(batch)
            self.sheets.offer(batch)
        self.painter = NumberPainter(self.device).ready(*batches)
        self.formats: list[str] = []
        self.pipeline = Pipeline(
            self.device,
            self.painter,  # type: ignore[arg-type]
            self.sheets,
            turn=threading.Lock(),
            photo_mean=0.4,
            reformat=self.formats.append,
        )
        self.device.log, self.device.settled = [], 0


ORDERS = [("compute", "transfer"), ("transfer", "compute")]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_every_face_comes_out_as_its_own_frame(batch: int, order: tuple[str, str]) -> None:
    rig = Rig(SimulatedDevice(order))
    levels = [60 + 10 * i for i in range(batch)]

    ticket = rig.pipeline.draw([smiling(at) for at in levels])

    assert not ticket.done()
    frames = ticket.frames()
    assert ticket.done()
    assert [level(frame.crop) for frame in frames] == levels
    assert [level(frame.rgb[2:6, 2:10]) for frame in frames] == levels
    assert all((frame.rgb[0] == 7).all() for frame in frames)  # the background around it
    assert all(frame.rgb.shape == (8, 16, 3) for frame in frames)
    assert frames[0].native is None
    assert ticket.frames() is frames


def test_the_host_hands_a_frame_over_with_few_calls_and_waits_for_nothing() -> None:
    rig = Rig()

    rig.pipeline.draw([REST])
    rig.pipeline.draw([smiling(90)])

    assert "host waits" not in rig.device.log
    assert rig.device.log.count("compute: queue") == 2 * 2  # draw, stage
    assert rig.device.log.count("transfer: queue") == 2 * 1
    assert rig.device.settled == 0


@pytest.mark.parametrize("order", ORDERS)
def test_frames_under_way_do_not_touch_each_other(order: tuple[str, str]) -> None:
    rig = Rig(SimulatedDevice(order))

    tickets = [rig.pipeline.draw([smiling(at)]) for at in range(60, 72)]
    pair = rig.pipeline.draw([smiling(80), smiling(81)])

    assert [level(ticket.frames()[0].crop) for ticket in tickets] == list(range(60, 72))
    assert [level(frame.rgb[3, 3]) for frame in pair.frames()] == [80, 81]


def test_a_frame_is_not_overwritten_while_anybody_holds_it() -> None:
    rig = Rig()
    held = [rig.pipeline.draw([smiling(at)]).frames()[0].rgb for at in range(60, 66)]

    for at in range(100, 140):
        rig.pipeline.draw([smiling(at)]).frames()

    assert [level(rgb[2:6, 2:10]) for rgb in held] == list(range(60, 66))
    assert AT_FIRST < len(rig.sheets.ring) <= 8  # as many as were held, not as many as were drawn


def test_a_frame_that_was_let_go_gives_its_place_back_only_when_the_device_is_done() -> None:
    rig = Rig()

    for at in range(60, 60 + 3 * AT_FIRST):
        rig.pipeline.draw([smiling(at)])  # flushed at once, and the device has not begun
    gc.collect()

    assert len(rig.sheets.ring) == 3 * AT_FIRST
    assert "host waits" not in rig.device.log
    rig.device.run()
    last = rig.pipeline.draw([smiling(120)]).frames()
    assert level(last[0].crop) == 120
    assert len(rig.sheets.ring) == 3 * AT_FIRST  # used again now


def test_who_never_lets_go_of_frames_is_told_instead_of_eating_the_memory() -> None:
    rig = Rig()
    held = [rig.pipeline.draw([smiling(60)]).frames() for _ in range(AT_MOST)]

    with pytest.raises(EngineError, match="none was let go"):
        rig.pipeline.draw([REST])

    del held
    assert level(rig.pipeline.draw([smiling(90)]).frames()[0].crop) == 90


@pytest.mark.parametrize(
    ("bad", "told"), [({"eyebrow": -1.0}, "not finite"), ({"wink": 1.0}, "dark: mean 0.000")]
)
def test_a_picture_that_is_not_fit_to_be_shown_is_an_error_and_the_next_one_is_not(
    bad: dict[str, float], told: str
) -> None:
    rig = Rig()

    ticket = rig.pipeline.draw([smiling(90), smiling(100) | bad])

    with pytest.raises(EngineError, match=told):
        ticket.frames()
    assert level(rig.pipeline.draw([smiling(90)]).frames()[0].crop) == 90


def test_a_crop_that_was_drawn_before_is_laid_into_the_frame_without_the_networks() -> None:
    rig = Rig()
    crop = rig.pipeline.draw([smiling(77)]).frames()[0].crop.copy()
    rig.device.log = []

    drawn = rig.pipeline.lay(crop).frames()[0]

    assert level(drawn.rgb[2:6, 2:10]) == 77
    assert level(drawn.crop) == 77
    assert rig.device.log.count("replay") == 1  # the finishing alone
    black = rig.pipeline.lay(np.zeros_like(crop)).frames()[0]  # it was good when it was drawn
    assert level(black.rgb[2:6, 2:10]) == 0


@pytest.mark.parametrize("pixel_format", ["I420", "NV12", "UYVY", "RGB"])
def test_a_cameras_own_format_comes_with_the_frame(pixel_format: str) -> None:
    rig = Rig()

    rig.pipeline.want(pixel_format)
    assert rig.formats == [pixel_format]
    assert rig.pipeline.draw([smiling(80)]).frames()[0].native is None  # still the old sheets
    sheets = Sheets(rig.device, rig.layer, pixel_format)
    sheets.prepare(1)
    rig.pipeline.use(sheets=sheets)
    first, second = (rig.pipeline.draw([smiling(at)]).frames()[0] for at in (80, 120))

    for drawn in (first, second):
        expected = native(torch.from_numpy(drawn.rgb.copy())[None], pixel_format)[0]
        assert drawn.pixel_format == pixel_format
        assert np.array_equal(drawn.native, expected.numpy())  # type: ignore[arg-type]
    rig.pipeline.want(pixel_format)
    assert rig.formats == [pixel_format]  # asked for once


def test_another_painter_draws_from_the_next_frame_on_and_the_one_under_way_stays() -> None:
    rig = Rig()
    before = rig.pipeline.draw([smiling(60)])

    other = NumberPainter(rig.device, form="other").ready(1)
    rig.pipeline.use(painter=other)  # type: ignore[arg-type]

    assert rig.pipeline.painter.form == "other"
    assert rig.pipeline.batches == (1,)  # what both have
    assert level(rig.pipeline.draw([smiling(70)]).frames()[0].crop) == 70
    assert level(before.frames()[0].crop) == 60


def test_what_the_device_reports_in_the_middle_is_told_in_one_line() -> None:
    rig = Rig()
    ticket = rig.pipeline.draw([REST])
    rig.device.lost = RuntimeError("CUDA error: unspecified launch failure\nCompile with")

    with pytest.raises(DeviceLost, match=r"failed on cpu: CUDA error: unspecified launch failure$"):
        ticket.frames()


def test_who_keeps_an_error_does_not_keep_a_place() -> None:
    rig = Rig(EagerDevice(), batches=(1,))
    errors: list[EngineError] = []

    def fail() -> None:
        raise RuntimeError("CUDA error: in the middle")

    for i in range(2 * AT_MOST):
        bad = {"eyebrow": -1.0} if i % 2 else {}
        rig.sheets.sheet(1).finish = (lambda: None) if bad else fail
        with pytest.raises(EngineError) as told:
            rig.pipeline.draw([REST | bad]).frames()
        errors.append(told.value)

    assert len(rig.sheets.ring) == AT_FIRST


def test_a_full_memory_while_recording_is_an_error_of_torch_and_the_rest_goes_on() -> None:
    rig = Rig()
    rig.device.full_after = rig.device.recorded

    with pytest.raises(torch.OutOfMemoryError):
        rig.sheets.prepare(8)

    assert rig.pipeline.batches == (1, 2, 4)
    assert level(rig.pipeline.draw([smiling(90)]).frames()[0].crop) == 90


def test_a_full_memory_on_the_way_of_a_frame_is_told() -> None:
    rig = Rig()
    rig.device.lost = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(MemoryFull, match="memory of cpu is full"):
        rig.pipeline.draw([REST]).frames()


def test_a_closed_pipeline_refuses() -> None:
    rig = Rig()
    rig.pipeline.close()
    rig.pipeline.close()

    with pytest.raises(EngineError, match="closed"):
        rig.pipeline.draw([REST])
    with pytest.raises(EngineError, match="closed"):
        rig.pipeline.lay(np.zeros((512, 512, 3), np.uint8))


def test_how_long_the_device_took_is_the_batchs_time_per_frame() -> None:
    rig = Rig()

    one = rig.pipeline.draw([REST]).frames()
    two = rig.pipeline.draw([REST, REST]).frames()

    assert one[0].device_ms == 2.0  # the simulated device takes 1 ms for each thing it does
    assert two[0].device_ms == 1.0


def test_on_a_device_without_queues_everything_is_done_at_once() -> None:
    rig = Rig(EagerDevice(), batches=(1,))

    ticket = rig.pipeline.draw([smiling(90)])

    assert ticket.done()
    assert level(ticket.frames()[0].crop) == 90
    assert ticket.frames()[0].device_ms >= 0
