"""A take: recorded while the stream runs, read, replayed and rendered frame for frame."""

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamer import Config, TakeError
from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Controls, Wishes
from streamer.errors import SinkError
from streamer.loop import Act, run
from streamer.pacer import Pacer
from streamer.parameters import PARAMETERS, Face
from streamer.recording import Recorder
from streamer.replaying import Replay
from streamer.resources import shipped
from streamer.speech.speech import speech_of
from streamer.stats import Stats
from streamer.stream import Stream
from streamer.takes import SETTINGS, read_take
from streamer.view import View
from tests.fakes import FakeClock, FlatScene

LIBRARY = PresetLibrary([shipped("presets")])
HEADER: dict[str, Any] = {
    "photo": "mona-lisa",
    "seed": 5,
    "fps": 30.0,
    "size": "320x180",
    "style": "calm",
    "idle": 1.0,
    "fit": "face",
    "zoom": 1.0,
    "offset_x": 0.0,
    "offset_y": 0.0,
    "mirror": False,
    "fill": "blur",
}


def play(
    controls: Controls, frames: int, *, at_frame: Callable[[int], None], **hooks: Any
) -> list[Face]:
    """Run the real loop on a fake clock and return its faces; ``at_frame`` acts between two."""
    clock = FakeClock()
    scene = FlatScene(View(64, 64))
    faces: list[Face] = []

    def sleep(seconds: float) -> None:
        if not faces or len(faces) > sleep.count:  # type: ignore[attr-defined]
            sleep.count = len(faces)  # type: ignore[attr-defined]
            at_frame(len(faces))
        clock.sleep(seconds)

    sleep.count = -1  # type: ignore[attr-defined]
    run(
        stop=threading.Event(),
        pacer=Pacer(30.0, now=clock, sleep=sleep),
        animator=Animator(
            seed=5, rest=scene.rest, presets=LIBRARY.presets, styles=LIBRARY.idle_styles
        ),
        controls=controls,
        act=Act(scene),
        sinks=[],
        stats=Stats(),
        publish=lambda moment: faces.append(moment.face),
        watch=lambda fault: None,
        problem=lambda text: None,
        until_s=frames / 30.0,
        **hooks,
    )
    return faces


WISHES = st.one_of(
    st.tuples(st.just("trigger"), st.sampled_from(sorted(LIBRARY.presets)), st.floats(0, 1)),
    st.tuples(st.just("set"), st.sampled_from(sorted(PARAMETERS)), st.floats(-100, 100)),
    st.tuples(st.just("free"), st.sampled_from(sorted(PARAMETERS)), st.none()),
    st.tuples(st.just("drive"), st.sampled_from(sorted(PARAMETERS)), st.floats(-100, 100)),
    st.tuples(st.just("undrive"), st.none(), st.none()),
    st.tuples(st.just("idle"), st.none(), st.floats(0, 1)),
    st.tuples(st.just("style"), st.sampled_from(sorted(LIBRARY.idle_styles)), st.none()),
    st.tuples(st.just("pause"), st.booleans(), st.none()),
    st.tuples(st.just("stop"), st.none(), st.none()),
    st.tuples(
        st.just("say"), st.sampled_from(("안녕하세요, 반가워요", 'It\'s "me": #1')), st.floats(0, 1)
    ),
)


def wish(controls: Controls, what: str, name: Any, value: Any) -> None:
    match what:
        case "trigger":
            controls.trigger(name, value, source="osc 127.0.0.1")
        case "say":
            controls.say(speech_of(name), value, source="page")
        case "set":
            controls.set(name, value)
        case "free":
            controls.free(name)
        case "drive":
            controls.drive("vmc: 앱", {name: value})
        case "undrive":
            controls.undrive("vmc: 앱")
        case "idle":
            controls.idle(strength=value)
        case "style":
            controls.idle(style=name)
        case "pause":
            controls.pause(name)
        case "stop":
            controls.stop()


@settings(max_examples=40, deadline=None)
@example(
    [(1, ("drive", "eye_ratio", 0.0)), (2, ("undrive", None, None)), (2, ("drive", "wink", 9.0))]
)
@given(st.lists(st.tuples(st.integers(0, 80), WISHES), max_size=12))
def test_whatever_is_asked_for_the_replay_is_the_same_film_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, tuple[Any, ...]]]
) -> None:
    path = tmp_path_factory.mktemp("take") / "take.yaml"
    controls = Controls()
    recorder = Recorder(path, HEADER, controls.snapshot())

    def act(frame: int) -> None:
        for at, what in asked:
            if at == frame:
                wish(controls, *what)
        recorder.flush(pytest.fail)

    live = play(controls, 90, at_frame=act, heed=lambda t, wishes, changed: recorder.see(t, wishes))
    recorder.close()
    take = read_take(path)
    again = Controls()
    replay = Replay(take, again, change_photo=pytest.fail, change_view=pytest.fail)
    film = play(again, 90, at_frame=lambda frame: None, before=replay.advance)

    assert film == live
    assert take.length_s == pytest.approx(89 / 30)
    assert take.settings == HEADER


def test_numbers_come_back_bit_for_bit(tmp_path: Path) -> None:
    controls = Controls()
    recorder = Recorder(tmp_path / "t.yaml", HEADER, controls.snapshot())
    values = {"smile": 1e-05, "pout": 1 / 30, "wink": 12.0, "shift_x": -1.25e-17}
    for name, value in values.items():
        controls.set(name, value)
    recorder.see(1 / 3, controls.snapshot())
    recorder.close()

    event = read_take(tmp_path / "t.yaml").events[0]

    assert event.value == values
    assert event.t == 1 / 3


def test_a_take_that_was_cut_off_can_be_played_up_to_there(tmp_path: Path) -> None:
    controls = Controls()
    recorder = Recorder(tmp_path / "t.yaml", HEADER, controls.snapshot())
    controls.trigger("smile")
    recorder.see(2.0, controls.snapshot())
    recorder.flush(pytest.fail)

    take = read_take(tmp_path / "t.yaml")  # before it was closed
    recorder.close()

    assert [event.value for event in take.events] == ["smile"]
    assert take.length_s > 2.0


def test_a_take_is_never_written_over_another_file(tmp_path: Path) -> None:
    path = tmp_path / "precious.yaml"
    path.write_text("precious")

    with pytest.raises(SinkError, match="there already"):
        Recorder(path, HEADER, Wishes())

    assert path.read_text() == "precious"


def test_a_full_disk_ends_the_take_and_is_told_once(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    controls = Controls()
    recorder = Recorder(tmp_path / "t.yaml", HEADER, controls.snapshot())
    assert recorder._file is not None
    recorder._file.close()
    recorder._file = full.open("wb", buffering=0)
    told: list[str] = []

    for k in range(3):
        controls.set("smile", 0.1 * (k + 1))
        recorder.see(float(k), controls.snapshot())
        recorder.flush(told.append)
    recorder.close()

    assert len(told) == 1
    assert "t.yaml" in told[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("take: 2\nevents: []", "take"),
        ("take: 1\nevents: 5", "events"),
        ("take: 1\nevents: [{t: 1}]", "event 1"),
        ("take: 1\nevents: [{t: 2, stop: true}, {t: 1, stop: true}]", "event 2, t"),
        ("take: 1\nevents: [{t: .nan, stop: true}]", "event 1, t"),
        ("take: 1\nevents: [{t: 1, set: {smlie: 1}}]", "Did you mean 'smile'"),
        ("take: 1\nevents: [{t: 1, set: {smile: .inf}}]", "set.smile"),
        ("take: 1\nevents: [{t: 1, trigger: smile, strength: 7}]", "strength"),
        ("take: 1\nevents: [{t: 1, idle: much}]", "idle"),
        ("take: 1\nevents: [{t: 1, say: '!?'}]", "event 1, say"),
        ("take: 1\nevents: [{t: 1, say: 5}]", "event 1, say"),
        ("take: 1\nevents: [{t: 1, say: hi, sounds: 'a90 q5'}]", "event 1, sounds: 'q5'"),
        ("take: 1\nsettings: {weights: /etc}\nevents: []", "unknown field"),
        ("[1, 2]", "no mapping"),
        ("take: 1\nevents: &a [*a]", ""),
    ],
)
def test_a_wrong_take_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)

    with pytest.raises(TakeError) as refused:
        read_take(path)

    assert told in str(refused.value)
    assert "wrong.yaml" in str(refused.value)


def test_a_live_run_is_rendered_again_with_its_photo_changes(tmp_path: Path) -> None:
    path = tmp_path / "take.yaml"
    frames: dict[float, Any] = {}

    class Keep:
        def send(self, frame: Any, t: float) -> None:
            frames[round(t * 10)] = frame.copy()

        def close(self) -> None:
            pass

    config = Config(
        photo="mona-lisa", camera="none", size="160x90", fps=10.0, seed=3, panel="off", osc="off"
    )
    stream = Stream(replace(config, record=path, seconds=4.0), sinks=[Keep()])
    stream.start()
    stream.controls.trigger("smile", source="test")
    stream.change_photo("sample-image")
    stream.change_view(zoom=1.5)
    assert stream.rendering.finished.wait(60)
    stream.stop()

    take = read_take(path)
    drawn = {}
    film = Stream(replace(config, **take.settings)).film(take)
    for frame in film:
        drawn[round(frame.t * 10)] = frame.draw().copy()
    film.close()

    assert {event.does for event in take.events} >= {"trigger", "photo", "view"}
    assert set(take.settings) == set(SETTINGS)
    same = [np.array_equal(drawn[k], frames[k]) for k in frames if k in drawn]
    if len(frames) == 40:  # a busy machine may miss deadlines; then only most frames can be equal
        assert all(same)
    assert sum(same) > 0.5 * len(same)
    assert not math.isnan(take.length_s)
