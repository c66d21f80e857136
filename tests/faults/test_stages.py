"""Each stage of a running stream fails in turn: frames go on, the state says it, nothing is lost.

One stream goes through the rows one after the other, as a long evening would have it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from streamer.view import Frame
from tests.faults.stages import Stages


@pytest.fixture(autouse=True)
def no_thread_left_running() -> None:
    """Threads outlive a row here; the end of the evening looks for them instead."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Stages]]:
    """Holds the stream; a row that broke it leaves the next one a new one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVING_PORTRAIT_HOME", str(tmp_path_factory.mktemp("home")))
        held: list[Stages] = []
        before = set(threading.enumerate())
        yield held
        for stages in held:
            stages.close()
        left = [t for t in set(threading.enumerate()) - before if not t.name.startswith("pydevd")]
        assert not left, f"threads left running: {left}"


@pytest.fixture
def stages(evening: list[Stages], tmp_path_factory: pytest.TempPathFactory) -> Stages:
    if not (evening and evening[-1].stream.health()[0]):
        evening.append(Stages(tmp_path_factory.mktemp("stage")))
        evening[-1].settle()
        evening[-1].air.moves()
    return evening[-1]


# --- the engine's frames: three bad ones in a row bring the next safer engine


def raising(error: BaseException) -> Callable[[Frame], Frame]:
    def spoil(frame: Frame) -> Frame:
        raise error

    return spoil


def black(frame: Frame) -> Frame:
    frame[:] = 0
    return frame


def nothing_but_nan(frame: Frame) -> Any:
    return np.full(frame.shape, np.nan, np.float32)


def nan_made_bytes(frame: Frame) -> Frame:
    """NaN cast to bytes, as an engine does that does not look: 0 on this processor."""
    with np.errstate(invalid="ignore"):
        return np.full(frame.shape, np.nan, np.float32).astype(np.uint8)


def out_of_memory_of_torch() -> Exception:
    torch = pytest.importorskip("torch")
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


BAD_FRAMES: dict[str, tuple[Callable[[Frame], Any], str]] = {
    "an exception": (raising(ValueError("no kernel for this")), "no kernel for this"),
    "black": (black, "a dark frame: mean 0.0"),
    "NaN": (nothing_but_nan, "invalid value"),
    "NaN made bytes": (nan_made_bytes, "a dark frame"),
    "half the width": (lambda frame: frame[:, ::2], "a frame of the shape"),
    "no picture": (lambda frame: None, "'NoneType' object"),
    "a transposed picture": (lambda frame: frame.transpose(1, 0, 2), "a frame of the shape"),
    "memory": (raising(MemoryError("Unable to allocate 2.00 GiB")), "Unable to allocate"),
    "a lost device": (
        raising(RuntimeError("CUDA error: an illegal memory access was encountered\nCompile ...")),
        "CUDA error: an illegal memory access was encountered",
    ),
    "recursion": (raising(RecursionError("maximum recursion depth exceeded")), "recursion depth"),
}


@pytest.mark.parametrize("fault", BAD_FRAMES)
def test_an_engine_that_gives_bad_frames_is_replaced(stages: Stages, fault: str) -> None:
    spoil, because = BAD_FRAMES[fault]
    failing = stages.engine

    with stages.nothing_lost():
        failing.spoil = spoil
        stages.until(lambda: stages.engine is not failing, "another engine")
        told = stages.stream.problems.get("engine")

    assert f"The engine {failing.name} failed" in told
    assert because in told
    assert "takes over. Restart to have" in told
    stages.until(lambda: failing.closed, "freeing the engine that failed")


@pytest.mark.neural
def test_a_card_whose_memory_is_full_is_replaced(stages: Stages) -> None:
    failing = stages.engine

    with stages.nothing_lost():
        failing.spoil = raising(out_of_memory_of_torch())
        stages.until(lambda: stages.engine is not failing, "another engine")

    assert "CUDA out of memory" in stages.stream.problems.get("engine")


def test_a_single_bad_frame_is_counted_and_changes_nothing(stages: Stages) -> None:
    engine, counted = stages.engine, int(str(stages.stream.state()["faults"]))
    drawn: list[int] = []

    def once(frame: Frame) -> Frame:
        drawn.append(1)
        return black(frame) if len(drawn) == 1 else frame

    with stages.nothing_lost():
        engine.spoil = once
        stages.air.more(20)
        engine.spoil = None

    assert stages.engine is engine
    assert int(str(stages.stream.state()["faults"])) == counted + 1


def test_an_engine_that_cannot_even_be_freed_is_replaced_all_the_same(stages: Stages) -> None:
    failing, after = stages.engine, len(stages.seams.made)

    with stages.nothing_lost():
        stages.seams.closing = RuntimeError("CUDA error: device lost while freeing")
        failing.spoil = black
        stages.until(lambda: stages.engine is not failing, "another engine")
        stages.until(lambda: failing.closed, "the attempt to free the one that failed")
        stages.air.moves()  # drawn by the new engine: the one before gives black frames
        stages.seams.closing = None

    assert stages.engine is stages.seams.made[after], "the very next one took over"


# --- slow frames


@pytest.mark.parametrize("seconds", [0.2, 2.5])
def test_a_slow_frame_is_counted_and_the_next_ones_are_on_time(
    stages: Stages, seconds: float
) -> None:
    engine, dropped = stages.engine, int(str(stages.stream.state()["dropped"]))
    slow = threading.Event()

    def spoil(frame: Frame) -> Frame:
        engine.spoil = None
        slow.set()
        time.sleep(seconds)
        return frame

    with stages.nothing_lost(gap_s=seconds + 1.5):
        engine.spoil = spoil
        assert slow.wait(60)
        if seconds > 2.0:
            stages.until(lambda: stages.stream.health()[1]["status"] == "stalled", "the alarm")

    assert int(str(stages.stream.state()["dropped"])) >= dropped + int(seconds * 30) - 1
    assert stages.stream.health()[1]["status"] == "ok"
    assert stages.engine is engine


# --- the other parts of the frame's way: what fails is named, what it did stays


@dataclass(frozen=True)
class Part:
    """A part of the frame's way that fails while ``broken`` is patched in."""

    target: str
    name: str
    says: str
    nudge: Callable[[Stages], Any] = lambda stages: None


PARTS = {
    "animation": Part("streamer.animation.animator.Animator", "at", r"The animation failed: Mem"),
    "fading": Part(
        "streamer.loop.cv2",
        "addWeighted",
        r"MemoryError: no room",
        lambda stages: stages.stream.change_view(zoom=1.1 + 0.1 * (time.monotonic() % 1)),
    ),
    "figures": Part("streamer.stats.Stats", "add", r"MemoryError: no room"),
    "what others see": Part("streamer.loop", "Moment", r"MemoryError: no room"),
    "watching the engine": Part("streamer.fallback.Fallback", "see", r"MemoryError: no room"),
    "good manners": Part("streamer.courtesy.Courtesy", "begin", r"MemoryError: no room"),
}


def no_room(*_: object, **__: object) -> Any:
    raise MemoryError("no room")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_frames_way_that_fails_is_named_and_frames_go_on(
    stages: Stages, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = PARTS[part]

    with stages.nothing_lost():
        with monkeypatch.context() as patch:
            patch.setattr(f"{row.target}.{row.name}", no_room)
            row.nudge(stages)
            stages.until(lambda: re.search(row.says, stages.problems()), "the sentence")
            stages.air.more(10)
        stages.until(lambda: not re.search(row.says, stages.problems()), "its end")
        if part == "fading":
            stages.stream.change_view(zoom=1.1)


def test_a_sink_that_fails_is_named_and_takes_nothing_from_the_others(stages: Stages) -> None:
    class Full:
        broken = True

        def send(self, frame: Frame, t: float) -> None:
            if self.broken:
                raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    sink = Full()
    with stages.nothing_lost():
        stages.stream._output.sinks.append(sink)
        stages.until(lambda: "The Full failed: OSError" in stages.problems(), "the sentence")
        sink.broken = False
        stages.until(lambda: "The Full" not in stages.problems(), "its end")
        stages.stream._output.sinks.remove(sink)


def test_an_encoder_that_fails_leaves_viewers_waiting_and_comes_back(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stages.nothing_lost(), stages.stream.preview.viewer() as viewer:
        assert viewer.next(5)
        with monkeypatch.context() as patch:
            patch.setattr("streamer.sinks.preview.encode_jpeg", no_room)
            stages.air.more(5)
            viewer.next(0.2)
        assert viewer.next(5), "the live picture did not come back"


def test_housekeeping_that_fails_is_done_again(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stages.nothing_lost():
        with monkeypatch.context() as patch:
            patch.setattr("streamer.animation.preset_library.PresetLibrary._refresh", no_room)
            stages.until(lambda: "MemoryError: no room" in stages.problems(), "the sentence")
        stages.until(lambda: "MemoryError" not in stages.problems(), "its end")
        text = "name: late\nduration_ms: 500\nkeyframes:\n  - {time: 0, params: {}}\n"
        text += "  - {time: 0.5, params: {smile: 1.0}}\n  - {time: 1, params: {}}\n"
        (stages.presets / "late.yaml").write_text(text)
        stages.until(lambda: "late" in stages.stream.presets.presets, "the new preset")


def test_an_engine_whose_figures_fail_is_shown_without_them(stages: Stages) -> None:
    with stages.nothing_lost():
        stages.seams.figures = RuntimeError("CUDA error: no figures")
        stages.until(lambda: "tells no figures: RuntimeError" in stages.problems(), "the sentence")
        assert "CUDA error" in str(stages.stream.state()["engine"])
        stages.seams.figures = None
        stages.until(lambda: "no figures" not in stages.problems(), "its end")
        (stages.presets / "broken.yaml").write_text("name: [")
        stages.until(lambda: "broken.yaml" in stages.problems(), "a turn of housekeeping")
        (stages.presets / "broken.yaml").unlink()
        stages.until(lambda: "broken.yaml" not in stages.problems(), "its end")
