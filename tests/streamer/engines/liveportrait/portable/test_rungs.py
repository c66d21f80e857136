"""Another runtime goes on air when it has drawn the user's own photo right, and not before."""

import re
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
onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from streamer.config import BACKENDS, Config
from streamer.engines.choice import Choice, Options, Understudy
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.proof import prove
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.portable.asked import PLACES
from streamer.engines.liveportrait.portable.backend import Backend
from streamer.engines.liveportrait.portable.files import GraphFiles
from streamer.engines.liveportrait.portable.onnx_runtime import OnnxRuntime
from streamer.engines.liveportrait.portable.painter import BackendPainter
from streamer.engines.liveportrait.portable.rungs import Shared, rung, rungs
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.engine import WarpEngine
from streamer.engines.warp.locate import locate
from streamer.errors import ConfigError, EngineError
from streamer.photo import Photo, read_photo
from streamer.stream import Stream
from streamer.view import View
from tests.streamer.engines.liveportrait.fast.tiny import small_model
from tests.streamer.engines.liveportrait.portable import backends as faults
from tests.streamer.engines.liveportrait.portable.backends import Late, Mirrored, Spoilt, Stale
from tests.streamer.test_stream import CONFIG, Watch

pytestmark = pytest.mark.neural

PHOTOS = Path(__file__).parents[5] / "photo"
VIEW = View(320, 180)
WAIT_S = 60.0


class Remembering(Model):
    """Draws a set of keypoints once: many engines hold their forms against the same pictures."""

    def __init__(self, inner: Model) -> None:
        super().__init__(inner.networks, str(inner.device))
        self._known: dict[bytes, Any] = {}

    def draw(self, encoded: Any, x_d: Any, x_s: Any) -> Any:
        key = x_d.numpy().tobytes()
        if key not in self._known:
            self._known[key] = super().draw(encoded, x_d, x_s)
        return self._known[key]


class RememberingBackend(Spoilt):
    """Likewise, as a backend."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        self._known: dict[bytes, np.ndarray] = {}

    def draw(self, feature_3d: Any, kp_source: Any, kp_driving: Any) -> Any:
        key = kp_source.tobytes() + kp_driving.tobytes()
        if key not in self._known:
            self._known[key] = super().draw(feature_3d, kp_source, kp_driving)
        return self._known[key].copy()


@pytest.fixture(scope="module")
def model() -> Model:
    return Remembering(small_model())


@pytest.fixture(scope="module")
def mona() -> Photo:
    return read_photo(PHOTOS / "mona-lisa.jpg")


@pytest.fixture(scope="module")
def files(model: Model, tmp_path_factory: pytest.TempPathFactory) -> GraphFiles:
    networks, folder = model.networks, tmp_path_factory.mktemp("graphs")
    return GraphFiles(networks.warping, networks.generator, ("float32", "float16"), folder)


@pytest.fixture(scope="module")
def right(files: GraphFiles) -> Backend:
    """A real runtime, which draws right."""
    return RememberingBackend(OnnxRuntime(files("float32"), threads=1))


class Rig:
    """An engine with forms of its own, whose climb has ended."""

    def __init__(self, model: Model, *recipes: Recipe, photo: Photo) -> None:
        self.engine = LivePortraitEngine(model, locate=locate, recipes=recipes, speed="fast")
        self.portrait = self.engine.open(photo)
        self.scene = self.engine.stage(self.portrait, VIEW)
        done = threading.Event()
        self.engine._behind.later(done.set)
        assert done.wait(WAIT_S)
        self.plain = NeuralScene(model, self.portrait, VIEW)


Build = Callable[..., Rig]


@pytest.fixture
def build(model: Model, mona: Photo) -> Iterator[Build]:
    rigs: list[Rig] = []

    def make(*recipes: Recipe) -> Rig:
        rigs.append(Rig(model, *recipes, photo=mona))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.engine.close()


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    return prove("frame", {"it": a}, {"it": b}).passed


def test_a_backend_that_draws_right_takes_over_and_is_told_as_what_it_is(
    build: Build, right: Backend
) -> None:
    rig = build(rung("onnxruntime CPU float32", lambda: right))
    face = rig.scene.rest | {"smile": 0.7, "head_yaw": 8.0}

    assert rig.scene.form == "onnxruntime CPU float32"
    assert alike(rig.plain.render(face), rig.scene.render(face))
    version = onnxruntime.__version__
    assert rig.engine.backend == f"onnxruntime {version} CPUExecutionProvider float32"
    assert rig.engine.parts["networks"] == f"cpu: {rig.engine.backend}"
    assert rig.engine.problem == ""
    proven = rig.engine.figures()["proven"]
    assert list(proven) == ["onnxruntime CPU float32"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (faults.black, "neutral, place 0: PSNR"),
        (faults.not_a_number, "neutral, place 0: not finite"),
        (faults.infinite, "neutral, place 0: not finite"),
        (faults.swapped_channels, "neutral, place 0: PSNR"),
        (faults.channels_last, "neutral, place 0: PSNR"),
        (faults.turned_sideways, "neutral, place 0: PSNR"),
        (faults.half_the_size, "a picture of (1, 3, 256, 256) instead of (1, 3, 512, 512)"),
        (faults.half_resolution, "neutral, place 0: PSNR"),
        (faults.off_by_one, "neutral, place 0: PSNR"),
        (faults.bytes_instead, "neutral, place 0: PSNR"),
        (faults.before_the_sigmoid, "neutral, place 0: PSNR"),
        (faults.one_missing, "a picture of (0, 3, 512, 512)"),
        (faults.broken, "onnxruntime failed on CUDAExecutionProvider: error 700"),
        (faults.crashed, "ValueError: a fault of ours"),
        (Stale(), "smile, place 1: PSNR"),
        (Late(), "smile, place 1: PSNR"),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_faulty_backend_never_comes_on_air(
    build: Build, right: Backend, how: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = rung("onnxruntime CPU float32", lambda: right)
    rig = build(good, rung("faulty", lambda: Spoilt(right, how)))

    face = rig.scene.rest | {"smile": 0.7}

    # The next safer one draws, and the refusal says who, what and how much.
    assert rig.scene.form == "onnxruntime CPU float32"
    assert alike(rig.plain.render(face), rig.scene.render(face))
    assert told in rig.engine.figures()["refused"]["faulty"]  # type: ignore[index]
    assert f"faulty was refused: {told}" in caplog.text
    assert rig.engine.problem.startswith("The faster form faulty of the networks is not used (")
    assert rig.engine.problem.endswith("; onnxruntime CPU float32 draws.")


def test_keypoints_that_are_taken_for_each_other_are_noticed(build: Build, right: Backend) -> None:
    rig = build(rung("faulty", lambda: Mirrored(right)))

    assert rig.scene.form == "fp32"
    assert "PSNR" in rig.engine.figures()["refused"]["faulty"]  # type: ignore[index]


def batched(form: str, backend: Backend) -> Recipe:
    """A backend as a form that also draws several faces at once."""
    return Recipe(
        form,
        painter=lambda name, standing, device: BackendPainter(name, backend, standing, device),
        recorded=True,
    )


def test_faces_of_a_batch_that_change_their_places_are_noticed(
    build: Build, right: Backend
) -> None:
    bad = build(batched("bad", Spoilt(right, faults.turned_batch)))

    assert bad.scene.painter is not None
    assert bad.scene.painter.batches == (1,)
    refused = bad.engine.figures()["refused"]["bad, 2 at once"]  # type: ignore[index]
    assert "neutral, place 0: PSNR" in refused


def test_float16_passes_the_same_rule(build: Build, files: GraphFiles, right: Backend) -> None:
    half = OnnxRuntime(files("float16"), precision="float16", threads=1)
    rig = build(
        rung("rounded", lambda: Spoilt(right, faults.rounded)), rung("float16", lambda: half)
    )

    assert rig.scene.form == "float16"
    assert not rig.engine.problem


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (faults.black, "dark: mean 0.000"),
        (faults.not_a_number, "not finite"),
        (faults.infinite, "not finite"),
        (faults.half_the_size, r"a picture of \(1, 3, 256, 256\)"),
        (faults.broken, "onnxruntime failed on CUDAExecutionProvider: error 700"),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_backend_that_fails_on_air_is_left_with_the_same_face(
    build: Build, right: Backend, how: Any, told: str
) -> None:
    spoilt = Spoilt(right)
    rig = build(rung("first", lambda: right), rung("second", lambda: spoilt))
    assert rig.scene.form == "second"

    spoilt.how = how
    for smile in (0.5, 0.6):
        face = rig.scene.rest | {"smile": smile}
        assert alike(rig.plain.render(face), rig.scene.render(face))
        assert rig.scene.form == "first"

    assert "second of the networks is not used (it failed on air" in rig.engine.problem
    assert re.search(told, rig.engine.problem)
    assert rig.engine.backend == right.name  # what is told is what draws
    assert spoilt.drawn == 4 + 1  # the trial, one on air: never again


def test_a_picture_that_freezes_on_air_is_not_shown(build: Build, right: Backend) -> None:
    spoilt = Spoilt(right)
    rig = build(rung("first", lambda: right), rung("second", lambda: spoilt))
    spoilt.how = Stale()
    rest = rig.scene.rest

    rig.scene.render(rest | {"smile": 0.5})
    assert rig.scene.form == "second"
    frame = rig.scene.render(rest | {"smile": 0.9})

    assert alike(rig.plain.render(rest | {"smile": 0.9}), frame)
    assert rig.scene.form == "first"
    assert "a frozen picture" in rig.engine.problem


def test_a_runtime_that_cannot_be_opened_leaves_torch_drawing(build: Build) -> None:
    def missing() -> Backend:
        raise EngineError("onnxruntime was asked for CUDAExecutionProvider and took CPU")

    rig = build(rung("onnxruntime CUDA float32", missing))

    assert rig.scene.form == "fp32"
    assert rig.engine.backend.startswith("torch ")
    assert "onnxruntime CUDA float32" in rig.engine.problem
    assert "was asked for CUDAExecutionProvider" in rig.engine.problem


def test_keypoints_that_are_not_finite_never_reach_a_runtime(build: Build, right: Backend) -> None:
    spoilt = Spoilt(right)
    rig = build(rung("first", lambda: spoilt))
    drawn = spoilt.drawn

    with pytest.raises(EngineError):
        rig.scene.render(rig.scene.rest | {"smile": float("nan")})

    assert spoilt.drawn == drawn


def test_a_backend_is_opened_once_for_all_portraits(right: Backend) -> None:
    opened = []

    def once() -> Backend:
        opened.append(1)
        return right

    shared = Shared(once)

    assert not opened  # not before somebody draws
    assert shared.name == shared.name == right.name
    assert shared.device == "cpu"
    assert len(opened) == 1


def test_every_word_gives_forms_or_says_what_is_missing(files: GraphFiles) -> None:
    asked: list[tuple[str, ...]] = []

    def made(precisions: tuple[str, ...]) -> GraphFiles:
        asked.append(precisions)
        return files

    assert [r.name for r in rungs("onnxruntime", made)] == ["onnxruntime CPU float32"]
    assert [r.name for r in rungs("onnxruntime:cpu", made)] == ["onnxruntime CPU float32"]
    assert asked == [("float32",), ("float32",)]
    with pytest.raises(EngineError, match="has no CUDAExecutionProvider; it has"):
        rungs("onnxruntime:cuda", made)
    with pytest.raises(EngineError, match="needs TensorRT, which is missing: pip install"):
        rungs("tensorrt", made)
    with pytest.raises(ConfigError, match="Unknown backend 'quick'"):
        rungs("quick", made)


def test_the_safe_speed_and_another_runtime_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--speed safe draws with torch alone"):
        LivePortraitEngine.load(tmp_path, backend="onnxruntime", speed="safe")
    with pytest.raises(ConfigError, match="Unknown backend 'onnxruntime:vulkan'"):
        LivePortraitEngine.load(tmp_path, backend="onnxruntime:vulkan")


def test_settings_know_the_same_runtimes() -> None:
    assert tuple(PLACES) == BACKENDS
    assert Config(backend="onnxruntime:cuda").backend == "onnxruntime:cuda"
    with pytest.raises(ConfigError, match="Unknown backend 'vulkan'"):
        Config(backend="vulkan")


def test_the_stream_says_what_really_draws_and_shows_no_bad_frame(
    model: Model, right: Backend
) -> None:
    spoilt, watch = Spoilt(right), Watch()
    engine = LivePortraitEngine(
        model, locate=locate, recipes=[rung("onnxruntime CPU float32", lambda: spoilt)], fps=10.0
    )

    def choose(options: Options) -> Choice:
        assert options.backend == "onnxruntime"
        return Choice(engine, "", (Understudy("warp", WarpEngine),))

    config = replace(CONFIG, engine="liveportrait", backend="onnxruntime", fps=10.0)
    stream = Stream(config, sinks=[watch], choose=choose)

    def backend() -> str:
        return str(stream.state()["engine"]["backend"])  # type: ignore[index]

    def until(condition: Callable[[], bool]) -> bool:
        return any(watch.until(condition) for _ in range(4))

    stream.start()
    try:
        assert until(lambda: backend() == right.name)
        assert watch.more(3)
        spoilt.how = faults.black
        assert until(lambda: backend() == f"torch {torch.__version__} fp32")
        assert watch.more(3)
        assert "onnxruntime CPU float32" in stream.problems.get("speed")
        # Black is the same for every face, too: what is noticed first depends on the moment.
        assert any(word in stream.problems.get("speed") for word in ("dark", "frozen"))
    finally:
        stream.stop()

    light = watch.frames[0].mean()
    assert min(frame.mean() for frame in watch.frames) > 0.5 * light
