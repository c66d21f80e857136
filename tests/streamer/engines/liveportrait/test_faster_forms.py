"""The engine with its faster forms, on a CPU: how they come on air, and how they leave it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines import DeviceScene
from streamer.engines.choice import Choice, Options, Understudy
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.proof import prove
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.portrait import NeuralPortrait
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.engine import WarpEngine
from streamer.engines.warp.locate import locate
from streamer.errors import ConfigError, EngineError
from streamer.photo import Photo, read_photo
from streamer.sinks.pixels import NativeFrames
from streamer.stream import Stream
from streamer.view import View
from tests.streamer.engines.liveportrait.fast.faults import (
    FULL,
    LOST,
    SpoiltFinish,
    SpoiltGlue,
    black,
    raising,
    swapped_channels,
)
from tests.streamer.engines.liveportrait.fast.simulated import SimulatedDevice
from tests.streamer.engines.liveportrait.fast.tiny import small_model
from tests.streamer.test_stream import CONFIG, Watch

pytestmark = pytest.mark.neural

PHOTOS = Path(__file__).parents[4] / "photo"
VIEW = View(320, 180)
WAIT_S = 60.0


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def mona() -> Photo:
    return read_photo(PHOTOS / "mona-lisa.jpg")


class Rig:
    """An engine whose two faster forms can be spoilt on air."""

    def __init__(self, model: Model, **settings: Any) -> None:
        self.first, self.second = SpoiltGlue(), SpoiltGlue()
        self.finish = SpoiltFinish()  # of the second
        recipes = [
            Recipe("first", torch.float32, lambda: self.first),
            Recipe("second", torch.float32, lambda: self.second, lambda: self.finish),
        ]
        self.model = model
        self.engine = LivePortraitEngine(
            model, locate=locate, **({"recipes": recipes, "speed": "fast"} | settings)
        )

    def portrait(self, photo: Photo) -> NeuralPortrait:
        return self.engine.open(photo)

    def up(self, photo: Photo, view: View = VIEW) -> NeuralScene:
        """A scene whose portrait is at the top."""
        scene = self.engine.stage(self.portrait(photo), view)
        self.wait()
        assert scene.form == "second"
        return scene

    def wait(self) -> None:
        """Let the engine's own thread come to the end of what it has."""
        done = threading.Event()
        self.engine._behind.later(done.set)
        assert done.wait(WAIT_S)


@pytest.fixture
def rig(model: Model) -> Iterator[Rig]:
    rig = Rig(model)
    yield rig
    rig.engine.close()


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """The rule itself, of two frames."""
    return prove("frame", {"it": a}, {"it": b}).passed


def test_the_plain_form_draws_first_and_faster_ones_come_between_two_frames(
    model: Model, mona: Photo
) -> None:
    rig = Rig(model, speed="auto")
    hold = threading.Event()
    rig.engine._behind.later(lambda: hold.wait(WAIT_S) and None)  # type: ignore[func-returns-value]
    try:
        scene = rig.engine.stage(rig.portrait(mona), VIEW)
        face = scene.rest | {"smile": 0.7, "head_yaw": 8.0}
        plain = scene.render(face).copy()
        assert (scene.form, scene.ahead) == ("fp32", 0)
        assert rig.engine.figures()["form"] == "fp32"
        assert rig.engine.backend.endswith(" fp32")

        hold.set()
        rig.wait()
        drawn = scene.render(face | {"smile": 0.7000001})

        assert alike(plain, drawn)
        assert rig.engine.parts["networks"] == "cpu float32: second"
        assert rig.engine.parts["face"] == "cpu: the warp engine's landmarks"
        assert rig.engine.parts["paste_back"] == "cpu"
        assert rig.engine.backend.endswith(" second")
        figures = rig.engine.figures()
        assert figures["speed"] == "auto"
        assert figures["form"] == "second"
        assert figures["problem"] == ""
        assert list(figures["proven"]) == ["first", "second"]  # type: ignore[call-overload]
    finally:
        rig.engine.close()


def test_fast_never_draws_plainly_and_safe_never_draws_faster(model: Model, mona: Photo) -> None:
    fast, safe = Rig(model), Rig(model, speed="safe")
    try:
        assert fast.engine.stage(fast.portrait(mona), VIEW).form != "fp32"
        scene = safe.engine.stage(safe.portrait(mona), VIEW)
        scene.render(scene.rest)
        assert safe.engine.figures() == {"speed": "safe", "form": "fp32", "problem": ""}
    finally:
        fast.engine.close()
        safe.engine.close()
    with pytest.raises(ConfigError, match="Unknown speed 'quick'"):
        Rig(model, speed="quick")


def test_where_nothing_faster_passes_fast_says_so(model: Model, mona: Photo) -> None:
    rig = Rig(model)
    rig.first.how = black
    try:
        scene = rig.engine.stage(rig.portrait(mona), VIEW)
        assert scene.render(scene.rest).mean() > 40  # drawn plainly
        assert "The faster form first of the networks is not used (neutral" in rig.engine.problem
        assert rig.engine.problem.endswith("; fp32 draws.")
    finally:
        rig.engine.close()
    none = LivePortraitEngine(model, locate=locate, speed="fast")
    assert none.problem == "--speed fast: there is no faster form of the networks for cpu."


def test_a_form_that_fails_on_air_is_left_for_the_next_plainer_one_with_the_same_face(
    rig: Rig, mona: Photo, caplog: pytest.LogCaptureFixture
) -> None:
    scene = rig.up(mona)
    face = scene.rest | {"smile": 0.5}
    good = scene.render(face).copy()

    rig.second.how = black
    after = scene.render(face | {"smile": 0.5000001})

    assert alike(good, after)
    assert scene.form == "first"
    assert rig.engine.parts["networks"] == "cpu float32: first"
    assert "second of the networks is not used (it failed on air" in rig.engine.problem
    rig.first.how = black
    plain = scene.render(face | {"smile": 0.5000002})
    assert alike(good, plain)
    assert scene.form == "fp32"
    rig.first.how = rig.second.how = None
    scene.render(scene.rest)
    assert scene.form == "fp32"  # nobody comes back
    told = [r.getMessage() for r in caplog.records if "failed on air" in r.getMessage()]
    assert len(told) == 2


def test_a_form_brings_its_own_way_of_finishing_frames_and_takes_it_along(
    rig: Rig, mona: Photo
) -> None:
    scene = rig.up(mona)
    calls = rig.finish.calls
    scene.render(scene.rest | {"smile": 0.1})
    assert rig.finish.calls == calls + 1

    rig.second.how = black
    scene.render(scene.rest | {"smile": 0.2})
    assert scene.form == "first"
    calls = rig.finish.calls
    scene.render(scene.rest | {"smile": 0.3})
    assert rig.finish.calls == calls


def test_a_wrong_way_of_finishing_frames_is_refused_and_the_plain_one_taken(
    rig: Rig, mona: Photo
) -> None:
    rig.finish.how = swapped_channels
    scene = rig.up(mona)
    plain = NeuralScene(rig.model, rig.portrait(mona), VIEW)
    face = scene.rest | {"smile": 0.4}

    assert alike(plain.render(face), scene.render(face))
    assert "frame 0: PSNR" in rig.engine.figures()["refused"]["second in the frame"]  # type: ignore[index]
    assert scene.form == "second"


@pytest.mark.parametrize(
    ("error", "told"), [(FULL, "memory of cpu is full"), (LOST, "launch failure$")]
)
def test_a_full_memory_and_a_lost_device_are_errors_at_once(
    rig: Rig, mona: Photo, error: Exception, told: str
) -> None:
    scene = rig.up(mona)
    rig.second.how = raising(error)

    with pytest.raises(EngineError, match=told):
        scene.render(scene.rest | {"smile": 0.2})
    assert scene.form == "second"  # a plainer form would do no better
    rig.second.how = None
    if error is LOST:
        with pytest.raises(EngineError, match=told):
            scene.render(scene.rest | {"smile": 0.3})
    else:
        scene.render(scene.rest | {"smile": 0.3})


@pytest.mark.parametrize(
    "view",
    [
        View(640, 360, mirror=True),
        View(640, 360, fit="contain", fill="#204060"),
        View(128, 96, fit="contain"),
        View(320, 180, zoom=4.0, offset_x=1.0, offset_y=1.0),  # no face in it
    ],
    ids=str,
)
def test_every_view_is_drawn_as_the_plain_form_draws_it(rig: Rig, mona: Photo, view: View) -> None:
    scene = rig.up(mona, view)
    portrait = rig.portrait(mona)
    plain = NeuralScene(rig.model, portrait, view)
    face = scene.rest | {"smile": 0.4, "head_roll": 4.0}

    assert alike(plain.render(face), scene.render(face))


def test_the_bare_crop_is_drawn_as_the_plain_form_draws_it(model: Model, mona: Photo) -> None:
    rig = Rig(model, paste_back=False)
    try:
        scene = rig.up(mona)
        plain = NeuralScene(model, rig.portrait(mona), VIEW, paste_back=False)
        face = scene.rest | {"smile": 0.4}
        assert alike(plain.render(face), scene.render(face))
    finally:
        rig.engine.close()


def test_a_film_is_drawn_frame_by_frame_and_a_forecast_ahead_of_time(
    model: Model, mona: Photo
) -> None:
    rig = Rig(model, fps=0.2)  # a rate that a CPU keeps: nothing is governed
    scene = rig.up(mona)
    assert isinstance(scene, DeviceScene)
    faces = [scene.rest | {"smile": 0.1 * i} for i in range(1, 6)]

    film = [scene.render(face).copy() for face in faces]
    assert scene.figures()["frames"]["ahead"] == 0  # type: ignore[index]
    assert scene.ahead == 1
    live = []
    scene.render(scene.rest)
    for i, face in enumerate(faces):
        scene.expect(faces[i : i + 1])
        live.append(scene.render(face).copy())

    assert all(np.array_equal(a, b) for a, b in zip(film, live, strict=True))
    assert scene.figures()["frames"]["ahead"] == len(faces)  # type: ignore[index]
    assert not scene.strained
    rig.engine.close()


@pytest.mark.parametrize("pixel_format", ["I420", "NV12", "UYVY"])
def test_the_cameras_own_format_comes_with_the_frames_once_it_was_asked_for(
    rig: Rig, mona: Photo, pixel_format: Any
) -> None:
    scene = rig.up(mona)
    scene.render(scene.rest)
    assert scene.native(pixel_format) is None

    rig.wait()
    frame = scene.render(scene.rest | {"smile": 0.3})
    found = scene.native(pixel_format)

    frames = NativeFrames(pixel_format, VIEW.width, VIEW.height)
    frames.convert(frame)
    frames.flip()
    assert found is not None
    assert np.abs(found.astype(int) - frames.front).max() <= 1


def test_another_portrait_does_not_go_on_air_with_the_plain_form(rig: Rig, mona: Photo) -> None:
    rig.up(mona)

    other = rig.engine.stage(rig.portrait(read_photo(PHOTOS / "sample-image.png")), VIEW)

    assert other.form != "fp32"


def test_another_view_of_a_portrait_begins_where_the_portrait_is(rig: Rig, mona: Photo) -> None:
    portrait = rig.portrait(mona)
    rig.engine.stage(portrait, VIEW)
    rig.wait()
    pictures = rig.second.pictures

    wider = rig.engine.stage(portrait, replace(VIEW, zoom=1.3))

    assert wider.form == "second"
    # A frame of each way to finish it: nothing else is proven again.
    assert rig.second.pictures == pictures + 2


def test_a_closed_scene_refuses_and_its_memory_is_let_go(rig: Rig, mona: Photo) -> None:
    scene = rig.up(mona)
    scene.render(scene.rest)
    scene.close()
    scene.close()
    rig.wait()

    with pytest.raises(EngineError, match="closed"):
        scene.render(scene.rest)
    assert scene.native("I420") is None
    assert scene.ahead == 0


@pytest.mark.parametrize("order", [("compute", "transfer"), ("transfer", "compute")])
def test_on_a_device_that_works_by_itself_every_step_waits_for_what_it_needs(
    model: Model, mona: Photo, order: tuple[str, str]
) -> None:
    device = SimulatedDevice(order)
    rig = Rig(model, on=device, fps=0.2)
    scene = rig.up(mona)
    plain = NeuralScene(model, rig.portrait(mona), VIEW)
    faces = [scene.rest | {"smile": 0.2 * i, "head_yaw": 3.0 * i} for i in range(4)]

    scene.render(scene.rest)
    for i, face in enumerate(faces):
        scene.expect(faces[i : i + 1])
        assert alike(plain.render(face), scene.render(face))
    scene.native("NV12")
    rig.wait()
    again = scene.render(scene.rest | {"smile": 0.9})
    assert scene.native("NV12") is not None
    assert again.mean() > 40
    assert device.recorded > 0
    rig.engine.close()


def test_scenes_are_drawn_for_the_rate_that_they_are_staged_at(rig: Rig, mona: Photo) -> None:
    assert rig.up(mona).ahead == 3  # 0.1 s
    rig.engine.fps = 60.0

    assert rig.up(mona).ahead == 6


def test_closing_the_engine_ends_its_thread(model: Model, mona: Photo) -> None:
    rig = Rig(model, speed="auto")
    rig.engine.stage(rig.portrait(mona), VIEW)
    rig.engine.close()
    rig.engine.close()

    assert not [t for t in threading.enumerate() if t.name == "faster-forms"]


# ---------------------------------------------------------------------- the whole product


def test_on_air_forms_rise_and_fall_and_the_built_in_engine_is_the_end(model: Model) -> None:
    rig, watch = Rig(model, speed="auto", fps=10.0), Watch()
    understudies = (Understudy("warp", WarpEngine),)

    def choose(options: Options) -> Choice:
        return Choice(rig.engine, "", understudies)

    config = replace(CONFIG, engine="liveportrait", fps=10.0)
    stream = Stream(config, sinks=[watch], choose=choose)

    def form() -> object:
        return rig.engine.figures()["form"]

    def until(condition: Callable[[], bool]) -> bool:
        return any(watch.until(condition) for _ in range(4))

    stream.start()
    try:
        assert until(lambda: form() == "second")
        assert watch.more(5)
        rig.second.how = black
        assert until(lambda: form() == "first")
        assert watch.more(3)
        assert str(stream.state()["engine"]["name"]) == "liveportrait"  # type: ignore[index]
        rig.first.how = raising(LOST)
        assert until(lambda: stream.state()["engine"]["name"] == "warp")  # type: ignore[index]
        assert watch.more(5)
    finally:
        stream.stop()

    light = watch.frames[0].mean()
    assert min(frame.mean() for frame in watch.frames) > 0.5 * light  # no bad frame left
    assert "launch failure" in stream.problems.get("engine")
