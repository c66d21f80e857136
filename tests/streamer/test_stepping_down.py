"""An engine fails on air: the whole stream with real threads, down to the built-in engine."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from streamer import Config
from streamer.engines.choice import Choice, Options, Understudy
from streamer.engines.warp.engine import WarpEngine
from streamer.stream import Stream
from streamer.view import Frame
from tests.fakes import FailingEngine, black, device_lost, no_picture, out_of_memory
from tests.streamer.test_stream import CONFIG, Watch

QUICK: Config = replace(CONFIG, fps=60.0)


class Ladder:
    """Chooses an engine that fails, with its understudies, and keeps them for the test to ask."""

    def __init__(self, *spoilt: Callable[[Frame], Frame], good: int = 5) -> None:
        self.engines = [
            FailingEngine(WarpEngine(), s, good=good, name=f"engine-{i}")
            for i, s in enumerate(spoilt)
        ]

    def __call__(self, options: Options) -> Choice:
        first, *others = self.engines
        steps = [Understudy(e.name, lambda e=e: e) for e in others]  # type: ignore[misc]
        return Choice(first, "", (*steps, Understudy("warp", WarpEngine)))


def engine_of(stream: Stream) -> str:
    return str(stream.state()["engine"]["name"])  # type: ignore[index]


@pytest.mark.parametrize("spoilt", [black, device_lost, out_of_memory, no_picture])
def test_a_failing_engine_is_replaced_on_air_and_no_bad_frame_leaves(
    spoilt: Callable[[Frame], Frame], caplog: pytest.LogCaptureFixture
) -> None:
    watch, ladder = Watch(), Ladder(spoilt)
    stream = Stream(QUICK, sinks=[watch], choose=ladder)
    with caplog.at_level(logging.WARNING):
        stream.start()
        try:
            assert watch.until(lambda: engine_of(stream) == "warp")
            assert watch.more(50)  # the fade is over, and longer
            _, health = stream.health()
            moving = watch.frames[-1]
            assert watch.until(lambda: (watch.frames[-1] != moving).any())
        finally:
            stream.stop()

    light = watch.frames[0].mean()
    assert min(frame.mean() for frame in watch.frames) > 0.9 * light
    assert len({frame.shape for frame in watch.frames}) == 1
    told = [text for text in health["problems"] if "takes over" in text]  # type: ignore[attr-defined]
    assert len(told) == 1
    assert "engine-0 failed" in told[0]
    assert [r.getMessage() for r in caplog.records if "failed" in r.getMessage()] == told
    assert health["engine"]["name"] == "warp"  # type: ignore[index]
    assert int(str(stream.report()["faults"])) >= 3
    assert ladder.engines[0].closed


def test_the_camera_keeps_its_rate_while_the_understudy_is_prepared() -> None:
    watch, ladder = Watch(), Ladder(device_lost)
    stays, drawn = threading.Event(), []

    def slow() -> WarpEngine:
        assert watch.more(20)  # twenty frames leave while it is being opened
        drawn.extend(watch.frames[-10:])
        stays.set()
        return WarpEngine()

    def choose(options: Options) -> Choice:
        return replace(ladder(options), understudies=(Understudy("warp", slow),))

    stream = Stream(QUICK, sinks=[watch], choose=choose)
    stream.start()
    try:
        assert stays.wait(60)
        assert watch.until(lambda: engine_of(stream) == "warp")
    finally:
        stream.stop()

    assert all((frame == drawn[0]).all() for frame in drawn)  # the last good one


def test_every_step_of_the_ladder_is_walked_and_the_end_holds() -> None:
    watch, ladder = Watch(), Ladder(black, device_lost)
    stream = Stream(QUICK, sinks=[watch], choose=ladder)
    stream.start()
    try:
        assert watch.until(lambda: engine_of(stream) == "warp")
        assert watch.more(10)
        assert "engine-1 failed" in stream.problems.get("engine")
        stream.change_photo("sample-image")  # goes on with the engine that works
        assert stream.state()["photo"] == "sample-image"
        assert engine_of(stream) == "warp"
    finally:
        stream.stop()

    assert all(engine.closed for engine in ladder.engines)


def test_an_understudy_whose_first_frame_is_bad_never_goes_on_air() -> None:
    watch, ladder = Watch(), Ladder(device_lost, black)
    ladder.engines[1].good = 0
    stream = Stream(QUICK, sinks=[watch], choose=ladder)
    stream.start()
    try:
        assert watch.until(lambda: engine_of(stream) == "warp")
        assert "engine-1, too: a dark frame" in stream.problems.get("engine")
    finally:
        stream.stop()


def test_an_engine_that_fails_from_its_first_frame_on_shows_the_still_photo() -> None:
    watch, ladder = Watch(), Ladder(device_lost, good=0)
    stream = Stream(QUICK, sinks=[watch], choose=ladder)
    stream.start()
    try:
        assert watch.until(lambda: engine_of(stream) == "warp")
    finally:
        stream.stop()

    assert watch.frames[0].mean() > 20
    assert (watch.frames[0] == watch.frames[1]).all()
