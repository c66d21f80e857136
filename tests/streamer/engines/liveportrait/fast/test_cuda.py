"""What only a CUDA device can show: recordings, queues, pinned memory, memory given back."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.graphs import CudaDevice
from streamer.engines.liveportrait.fast.proof import prove
from streamer.engines.liveportrait.fast.recipes import recipes_for
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.locate import locate
from streamer.photo import read_photo
from streamer.view import View
from tests.streamer.engines.liveportrait.fast.tiny import small_networks

pytestmark = [
    pytest.mark.neural,
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

PHOTO = Path(__file__).parents[5] / "photo" / "mona-lisa.jpg"


def test_recorded_work_reads_and_writes_the_same_memory_again() -> None:
    device = CudaDevice()
    value, answer = torch.zeros(1000, device="cuda"), torch.zeros(1000, device="cuda")
    replay = device.record(lambda: answer.copy_(value * 2 + 1))

    begun = device.compute.mark()
    for i in (3.0, 5.0):
        value.fill_(i)
        device.settle()
        device.compute.run(replay)
        mark = device.compute.mark()
        mark.wait()
        assert mark.done()
        assert mark.ms_since(begun) >= 0
        assert answer.unique().tolist() == [2 * i + 1]


def test_an_error_while_recording_leaves_the_device_as_it_was() -> None:
    device = CudaDevice()
    value = torch.ones(10, device="cuda")
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        value.mul_(2)
        if len(calls) > 3:
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        device.record(work)

    device.settle()
    assert device.record(lambda: value.add_(1)) is not None  # type: ignore[func-returns-value]


def test_queues_have_the_lowest_priority_and_frames_lie_in_pinned_memory() -> None:
    device = CudaDevice()

    assert device.compute.stream.priority == device.transfer.stream.priority == 0
    assert device.compute.stream != device.transfer.stream
    assert device.host(100, dtype=torch.uint8).is_pinned()


def test_one_queue_waits_for_the_other() -> None:
    device = CudaDevice()
    there, host = torch.zeros(1 << 24, device="cuda"), device.host(1 << 24, dtype=torch.float32)
    device.settle()

    def fill(value: int) -> None:
        for _ in range(value):
            there.fill_(value)

    for i in range(1, 20):
        device.compute.run(partial(fill, i))
        device.transfer.wait_for(device.compute.mark())
        device.transfer.run(lambda: host.copy_(there, non_blocking=True))
        copied = device.transfer.mark()
        device.compute.wait_for(copied)
        copied.wait()
        assert host.unique().tolist() == [float(i)]


def test_every_form_is_reached_and_draws_what_the_plain_one_draws() -> None:
    model = Model(small_networks_on("cuda"), "cuda").prepared()
    engine = LivePortraitEngine(model, locate=locate, speed="fast")
    portrait, view = engine.open(read_photo(PHOTO)), View(640, 360)
    scene = engine.stage(portrait, view)
    engine._behind.close()  # when the climb is over

    assert engine.figures()["refused"] == {}
    assert scene.form == recipes_for("cuda")[-1].name
    assert scene.figures()["batches"] == [1, 2, 4, 8]
    plain = NeuralScene(model, portrait, view)
    for i in range(20):
        face = scene.rest | {"smile": 0.05 * i, "head_yaw": float(i)}
        drawn = scene.render(face)
        assert prove(str(i), {"it": plain.render(face)}, {"it": drawn}).passed
    engine.close()


def test_memory_is_given_back() -> None:
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    model = Model(small_networks_on("cuda"), "cuda").prepared()
    loaded = torch.cuda.memory_allocated()
    engine = LivePortraitEngine(model, locate=locate, speed="fast")
    scene = engine.stage(engine.open(read_photo(PHOTO)), View(640, 360))
    scene.render(scene.rest)
    scene.close()
    engine.close()
    del scene, engine

    model.rest_on_host("appearance", "motion", "warping", "generator")
    assert torch.cuda.memory_allocated() < loaded
    assert "cpu" not in model.runs_on
    model.awake("generator")
    del model
    assert torch.cuda.memory_allocated() <= before + 1_000_000


def small_networks_on(device: str) -> Any:
    networks = small_networks()
    for network in vars(networks).values():
        network.to(device)
    return networks


def test_frames_stay_as_they_are_while_others_are_drawn() -> None:
    model = Model(small_networks_on("cuda"), "cuda").prepared()
    engine = LivePortraitEngine(model, locate=locate, speed="fast")
    scene = engine.stage(engine.open(read_photo(PHOTO)), View(640, 360))
    faces = [scene.rest | {"head_yaw": 0.5 * i} for i in range(12)]
    held = [scene.render(face) for face in faces]
    copies = [frame.copy() for frame in held]
    for face in faces * 5:
        scene.render(face)

    assert all(np.array_equal(a, b) for a, b in zip(held, copies, strict=True))
    engine.close()
