"""The neural engine in the whole product: live picture, films, photos, faults; tiny networks."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from control.panel.app import create_app
from streamer.engines.choice import Choice, Options, Understudy
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.warp.engine import WarpEngine
from streamer.engines.warp.locate import locate
from streamer.stream import Stream
from tests.streamer.engines.liveportrait.stand_ins import TinyModel
from tests.streamer.test_stream import CONFIG, Watch, difference

pytestmark = pytest.mark.neural


class Rig:
    """A running stream whose model the test can poison."""

    def __init__(self, **settings: Any) -> None:
        self.model = TinyModel()
        self.watch = Watch()
        config = replace(CONFIG, engine="liveportrait", fps=10.0, **settings)
        self.stream = Stream(config, sinks=[self.watch], choose=self.choose)

    def choose(self, options: Options) -> Choice:
        engine = LivePortraitEngine(self.model, locate=locate, paste_back=options.paste_back)
        return Choice(engine, "", (Understudy("warp", WarpEngine),))

    def engine(self) -> str:
        return str(self.stream.state()["engine"]["name"])  # type: ignore[index]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    rig.stream.start()
    try:
        yield rig
    finally:
        rig.stream.stop()


def test_it_lives_and_health_tells_what_every_part_runs_on(rig: Rig) -> None:
    assert rig.watch.more(4)

    flowing, health = rig.stream.health()

    assert flowing
    assert health["device"] == "cpu"
    parts = health["engine"]["parts"]  # type: ignore[index]
    assert parts["networks"] == "cpu float32"
    assert parts["face"] == "cpu: the warp engine's landmarks"
    assert health["engine"]["backend"] == f"torch {torch.__version__} fp32"  # type: ignore[index]
    assert not health["problems"]
    assert rig.model.encoded == 1
    assert rig.stream.report()["parts"] == parts


@pytest.mark.parametrize("value", [float("nan"), 0.0])
def test_pictures_that_are_not_finite_or_black_end_in_the_built_in_engine(
    rig: Rig, value: float
) -> None:
    assert rig.watch.more(2)
    light = rig.watch.frames[-1].mean()

    rig.model.value = value
    assert rig.watch.until(lambda: rig.engine() == "warp")
    assert rig.watch.more(10)

    assert min(frame.mean() for frame in rig.watch.frames) > 0.5 * light
    told = "not finite" if np.isnan(value) else "dark"
    assert told in rig.stream.problems.get("engine")
    assert "warp takes over" in rig.stream.problems.get("engine")
    assert rig.stream.state()["device"] == "cpu"


def test_a_full_memory_ends_there_too_and_is_told(rig: Rig) -> None:
    assert rig.watch.more(2)

    rig.model.error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    assert rig.watch.until(lambda: rig.engine() == "warp")

    assert "memory of cpu is full" in rig.stream.problems.get("engine")


def test_source_image_and_generate_work_beside_the_live_picture(rig: Rig) -> None:
    client = create_app(rig.stream).test_client()

    picture = client.get("/source-image", base_url="http://127.0.0.1:8000")
    answer = client.post(
        "/generate",
        json={"expression": "blink", "fps": 4, "width": 160},
        base_url="http://127.0.0.1:8000",
    )
    events = [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: ")))
        for lines in (block.splitlines() for block in answer.text.strip().split("\n\n"))
    ]

    assert Image.open(io.BytesIO(picture.data)).size == (602, 602)
    assert [name for name, _ in events] == ["start", "frame", "frame", "frame", "done"]
    first = Image.open(io.BytesIO(base64.b64decode(events[1][1]["image"])))
    assert first.size == (160, 90)
    assert np.asarray(first).mean() > 20
    assert rig.model.encoded == 1  # the film takes the portrait that is on stage
    assert rig.model.most_at_once == 1  # two threads never draw at once


def test_a_fault_in_a_film_is_told_in_its_stream_and_ends_it(rig: Rig) -> None:
    assert rig.watch.more(1)
    client = create_app(rig.stream).test_client()
    rig.model.value = float("nan")

    answer = client.post(
        "/generate", json={"expression": "blink"}, base_url="http://127.0.0.1:8000"
    )

    assert "event: error" in answer.text
    assert "not finite" in answer.text


def test_another_photo_is_encoded_once_and_shown(rig: Rig) -> None:
    assert rig.watch.more(2)
    before = rig.watch.frames[-1]

    rig.stream.change_photo("sample-image")
    assert rig.watch.more(8)

    assert rig.model.encoded == 2
    assert difference(before, rig.watch.frames[-1]) > 10


def test_without_paste_back_the_crop_stands_alone() -> None:
    rig = Rig(paste_back=False, fill="#000000")
    rig.stream.start()
    try:
        assert rig.watch.more(2)
    finally:
        rig.stream.stop()

    assert not rig.watch.frames[-1][:, :60].any()
    assert rig.watch.frames[-1][:, 80:240].mean() > 40
