"""The loop with the real animator, a flat engine and a clock that only tests move."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Controls, Wishes
from streamer.courtesy import Courtesy
from streamer.loop import FADE_S, STRAINED_STYLE, Act, Moment, run
from streamer.pacer import Pacer
from streamer.parameters import Face
from streamer.resources import shipped
from streamer.sinks import Sink
from streamer.stats import Stats
from streamer.view import Frame, View
from tests.fakes import FakeClock, FlatScene, RecordingSink

VIEW = View(width=64, height=64)


@dataclass
class Rig:
    clock: FakeClock = field(default_factory=FakeClock)
    controls: Controls = field(default_factory=lambda: Controls(Wishes(idle_strength=0.0)))
    sink: RecordingSink = field(default_factory=RecordingSink)
    scene: FlatScene = field(default_factory=lambda: FlatScene(VIEW))
    moments: list[Moment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    fps: float = 30.0
    other_sinks: tuple[Sink, ...] = ()
    courtesy: Courtesy | None = None

    def __post_init__(self) -> None:
        library = PresetLibrary([shipped("presets")])
        self.act = Act(self.scene)
        self.animator = Animator(
            seed=1, rest=self.scene.rest, presets=library.presets, styles=library.idle_styles
        )
        self.pacer = Pacer(self.fps, now=self.clock, sleep=self.sleep)
        self.on_sleep = lambda: None

    def sleep(self, seconds: float) -> None:
        self.on_sleep()
        self.clock.sleep(seconds)

    def play(self, frames: int) -> None:
        run(
            stop=threading.Event(),
            pacer=self.pacer,
            animator=self.animator,
            controls=self.controls,
            act=self.act,
            courtesy=self.courtesy,
            sinks=[*self.other_sinks, self.sink],
            stats=Stats(),
            publish=self.moments.append,
            watch=self.faults.append,
            problem=self.problems.append,
            until_s=frames / self.fps,
        )

    @property
    def levels(self) -> list[int]:
        return [int(frame[0, 0, 0]) for _, frame in self.sink.frames]


def test_the_first_frame_leaves_at_once_and_the_others_on_the_grid() -> None:
    rig = Rig()

    rig.play(frames=4)

    assert [t for t, _ in rig.sink.frames] == pytest.approx([0.0, 1 / 30, 2 / 30, 3 / 30])


def test_a_trigger_shows_within_two_frames() -> None:
    rig = Rig()
    pressed_after: list[int] = []

    def press() -> None:
        if len(rig.sink.frames) == 10 and not pressed_after:
            rig.controls.trigger("smile")
            pressed_after.append(len(rig.sink.frames))

    rig.on_sleep = press
    rig.play(frames=40)

    # The smallest smile moves the grey level by less than one step, so look at the face itself.
    changed = next(i for i, m in enumerate(rig.moments) if m.face["smile"] > 0)
    assert pressed_after == [10]
    assert changed <= 10 + 1
    assert rig.moments[12].playing == ("smile",)


def test_a_failing_engine_leaves_the_last_good_frame_and_each_such_frame_is_told() -> None:
    rig = Rig()
    rig.controls.set("smile", 0.5)
    failing = range(5, 9)

    def sabotage() -> None:
        broken = len(rig.sink.frames) in failing
        rig.scene.fail_with = RuntimeError("device lost") if broken else None

    rig.on_sleep = sabotage
    rig.play(frames=20)

    assert len(rig.sink.frames) == 20  # the camera got every frame
    assert rig.levels[5:9] == [rig.levels[4]] * 4
    assert rig.faults == [*[""] * 5, *["device lost"] * 4, *[""] * 11]
    assert not any(rig.problems)


def test_a_sink_that_breaks_takes_no_frame_from_the_others() -> None:
    class Broken:
        def send(self, frame: np.ndarray, t: float) -> None:
            raise OSError("no space left")

        def close(self) -> None:
            pass

    rig = Rig()
    rig.other_sinks = (Broken(),)

    rig.play(frames=10)

    assert len(rig.sink.frames) == 10
    assert "no space left" in rig.problems[-1]


def test_an_animation_that_fails_leaves_the_face_as_it_was() -> None:
    rig = Rig()
    rig.controls.set("smile", 0.5)
    at = rig.animator.at

    def failing(t: float, wishes: Wishes) -> dict[str, float]:
        if 0.3 < t < 0.5:
            raise ZeroDivisionError("a bug")
        return at(t, wishes)

    rig.animator.at = failing  # type: ignore[method-assign]
    rig.play(frames=30)

    assert len(rig.sink.frames) == 30
    assert rig.levels[12] == rig.levels[9] == 150
    assert any("a bug" in text for text in rig.problems)
    assert rig.problems[-1] == ""


def test_a_new_scene_is_faded_in_and_the_old_one_closed() -> None:
    rig = Rig()
    bright = FlatScene(VIEW, base=150)

    def change() -> None:
        if len(rig.sink.frames) == 5:
            rig.act.replace(bright)

    rig.on_sleep = change
    rig.play(frames=30)

    levels = rig.levels
    assert levels[4] == 100
    assert levels[-1] == 150
    steps = np.diff(levels)
    assert (steps >= 0).all()
    assert steps.max() < 25  # no cut
    assert rig.scene.closed
    settled = 5 + round(FADE_S * 30) + 1
    assert set(levels[settled:]) == {150}


def test_a_stalled_frame_is_counted_as_dropped_and_the_face_is_that_of_the_present() -> None:
    rig = Rig()
    real_render = rig.scene.render

    def slow_once(face: dict[str, float]) -> np.ndarray:
        if len(rig.sink.frames) == 10:
            rig.clock.sleep(0.5)
        return real_render(face)

    rig.scene.render = slow_once  # type: ignore[method-assign]
    rig.play(frames=60)

    times = [t for t, _ in rig.sink.frames]
    assert rig.pacer.dropped == 14
    assert rig.pacer.late >= 1
    assert max(np.diff(times)) == pytest.approx(0.5, abs=1 / 30)
    assert times[-1] == pytest.approx(59 / 30)


class ForesightedScene(FlatScene):
    """Keeps what it is told of the future, and gives frames in a format of its own."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.ahead = 3
        self.strained = False
        self.expected: list[list[Face]] = []
        self.drawn: list[Face] = []

    def render(self, face: Face) -> Frame:
        self.drawn.append(dict(face))
        return super().render(face)

    def expect(self, faces: Sequence[Face]) -> None:
        self.expected.append([dict(face) for face in faces])

    def native(self, pixel_format: str) -> Frame | None:
        return np.full(4, len(self.drawn), np.uint8) if pixel_format == "I420" else None


def test_a_scene_that_draws_ahead_is_told_the_very_faces_that_come() -> None:
    scene = ForesightedScene(VIEW)
    rig = Rig(scene=scene, controls=Controls(Wishes()))
    rig.controls.trigger("smile", at=0.2)

    rig.play(20)

    for k, expected in enumerate(scene.expected[:-3]):
        assert expected == scene.drawn[k + 1 : k + 4]


def test_a_press_changes_what_is_expected_from_the_frame_after_it() -> None:
    scene = ForesightedScene(VIEW)
    rig = Rig(scene=scene)
    pressed = []

    def press() -> None:
        if len(scene.drawn) == 5 and not pressed:
            pressed.append(len(scene.expected))
            rig.controls.trigger("smile")

    rig.on_sleep = press
    rig.play(12)

    assert scene.expected[pressed[0] - 1][2] != scene.drawn[pressed[0] + 2]
    assert scene.expected[pressed[0]] == scene.drawn[pressed[0] + 1 : pressed[0] + 4]


def test_a_strained_scene_idles_in_the_style_whose_frames_are_kept() -> None:
    scene = ForesightedScene(VIEW)
    rig = Rig(scene=scene, controls=Controls(Wishes()))
    scene.strained = True
    styles: list[str] = []
    at = rig.animator.at

    def recorded(t: float, wishes: Wishes) -> Face:
        styles.append(wishes.idle_style)
        return at(t, wishes)

    rig.animator.at = recorded  # type: ignore[method-assign]
    rig.play(2)

    assert set(styles) == {STRAINED_STYLE}
    assert rig.controls.snapshot().idle_style == "calm"  # the operator's choice stands


def test_the_camera_gets_the_scenes_own_format_but_never_for_a_picture_that_is_not_its_own() -> (
    None
):
    scene = ForesightedScene(VIEW)
    rig = Rig(scene=scene)
    given: list[object] = []

    class Camera:
        def send(self, frame: Frame, t: float) -> None:
            pixels = rig.act.native("I420")
            given.append(None if pixels is None else int(pixels[0]))

        def close(self) -> None:
            pass

    rig.other_sinks = (Camera(),)

    def meddle() -> None:
        if len(given) == 3:
            scene.fail_with = RuntimeError("lost")
        elif len(given) == 4:
            scene.fail_with = None
        elif len(given) == 6:
            rig.act.cover(np.zeros((64, 64, 3), np.uint8))

    rig.on_sleep = meddle
    rig.play(8)

    assert given == [1, 2, 3, None, 5, 6, None, None]
    assert rig.act.native("NV12") is None


def test_a_cover_is_shown_with_the_next_frame_and_the_face_fades_back() -> None:
    rig = Rig()
    card = np.full((64, 64, 3), 7, np.uint8)

    def cover() -> None:
        if len(rig.sink.frames) == 3:
            rig.act.cover(card)
        elif len(rig.sink.frames) == 6:
            rig.act.cover(None)

    rig.on_sleep = cover
    rig.play(30)

    assert rig.levels[:6] == [100, 100, 100, 7, 7, 7]
    after = rig.levels[6:]
    assert after[0] < 20
    assert after == sorted(after)
    assert after[-1] == 100
    assert rig.scene.rest  # the scene stays on stage


def test_a_scene_of_another_size_is_taken_without_a_fade() -> None:
    rig = Rig()
    rig.on_sleep = lambda: (
        rig.act.replace(FlatScene(View(width=128, height=64), base=50))
        if len(rig.sink.frames) == 3
        else None
    )

    rig.play(8)

    assert [frame.shape[1] for _, frame in rig.sink.frames] == [64] * 3 + [128] * 5
    assert rig.problems[-1] == ""


def test_others_are_asked_to_wait_while_a_frame_is_drawn_and_sent_and_not_between() -> None:
    rig = Rig()
    courtesy = Courtesy(now=rig.clock)
    seen: list[tuple[str, bool]] = []

    class Looking(RecordingSink):
        def send(self, frame: Frame, t: float) -> None:
            seen.append(("send", courtesy._is_free(0.0)))

    rig.other_sinks = (Looking(),)
    rig.courtesy = courtesy
    rig.on_sleep = lambda: seen.append(("sleep", courtesy._is_free(0.0)))

    rig.play(3)

    assert [free for what, free in seen if what == "send"] == [False] * 3
    # Between the frames, then for the deadline with the frame in hand; the first waits for nothing.
    assert [free for what, free in seen if what == "sleep"] == [True, False] * 2
