import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Wishes
from streamer.courtesy import Courtesy
from streamer.engines import Portrait, Scene
from streamer.engines.warp.engine import WarpEngine, WarpPortrait
from streamer.loop import Act
from streamer.parameters import Face
from streamer.resources import shipped
from streamer.sending.board import Board, Number
from streamer.sending.standby import StandbyPlace
from streamer.standby_maker import FIRST, FRAMES_FIRST, FULL, HELD_SETTLED_S, StandbyMaker
from streamer.view import Frame, View
from tests.streamer.engines.warp.drawn_face import drawn_face

PORTRAIT = drawn_face()
VIEW = View(width=160, height=90)
STYLES = PresetLibrary([shipped("presets")]).idle_styles

# A loop as the sender finds it: what it is of, and how many pictures it has.
SHORT, LONG = FIRST.count, FULL.count


class OnStage:
    """What a stage says of the portrait on air."""

    def __init__(self) -> None:
        self.engine = WarpEngine()
        self.portrait: WarpPortrait = PORTRAIT
        self.view = VIEW
        self.on_air = Act(self.engine.stage(PORTRAIT, VIEW))

    def restage(self, view: View) -> None:
        self.view = view
        self.on_air.replace(self.engine.stage(PORTRAIT, view))
        self.on_air.change(0.0)


class Clock(threading.Event):
    """Time that passes only where the maker waits; ``then`` are things that happen at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.t = self.end = 0.0
        self.after: Callable[[], None] = lambda: None
        self.then: dict[float, Callable[[], None]] = {}

    def wait(self, timeout: float | None = None) -> bool:
        self.after()
        self.t += timeout or 0.0
        for at in [at for at in self.then if at <= self.t]:
            self.then.pop(at)()
        return self.t >= self.end


@dataclass
class Maker:
    """A maker on a board of its own, or on another one's; `run` notes which loops came when."""

    stage: OnStage = field(default_factory=OnStage)
    board: Board = field(default_factory=Board.create)
    clock: Clock = field(default_factory=Clock)
    held: dict[str, float] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def frames(self, count: int = FRAMES_FIRST) -> None:
        self.board[Number.FRAMES] += count

    def hold(self, **held: float) -> None:
        self.held = held

    def badge(self) -> None:
        self.stage.on_air.badged = True

    def run(self, then: dict[float, Callable[[], None]], seconds: float) -> "Maker":
        clock = self.clock
        clock.then, clock.end = dict(then), seconds
        before = StandbyPlace(self.board).read()
        newest = [None if before is None else (before.serial, before.stage)]

        def note() -> None:
            standby = StandbyPlace(self.board).read()
            if standby is not None and (standby.serial, standby.stage) != newest[0]:
                newest[0] = standby.serial, standby.stage
                self.loops.append((standby.stage, len(standby.pictures)))
                self.at.append(clock.t)

        clock.after = note
        StandbyMaker(
            self.board,
            self.stage,  # type: ignore[arg-type]  # as much of a stage as it looks at
            styles=lambda: STYLES,
            wishes=lambda: Wishes(held=dict(self.held)),
            courtesy=Courtesy(),
            stop=clock,
            seed=7,
            now=lambda: clock.t,
        ).run()
        note()
        return self


def test_soon_after_the_first_frames_there_is_a_short_loop_and_then_the_full_one() -> None:
    maker = Maker()
    maker.run({0.0: maker.frames}, 8.0)

    look = maker.stage.on_air.look
    assert maker.loops == [(look, SHORT), (look, LONG)]
    assert maker.at[0] < 0.5
    assert maker.at[1] < 5.0


def test_nothing_is_drawn_before_the_first_frames_have_left() -> None:
    maker = Maker()
    maker.run({0.0: lambda: maker.frames(FRAMES_FIRST - 1)}, 3.0)

    assert maker.loops == []


def test_another_scene_gets_a_short_loop_of_its_own_and_none_of_the_one_before() -> None:
    maker = Maker()
    old = maker.stage.on_air.look
    maker.run({0.0: maker.frames, 2.0: lambda: maker.stage.restage(View(160, 90, zoom=1.2))}, 10.0)

    look = maker.stage.on_air.look
    assert look != old
    assert maker.loops == [(old, SHORT), (look, SHORT), (look, LONG)]


def test_a_view_that_is_dragged_is_followed_when_it_rests() -> None:
    maker = Maker()
    then: dict[float, Callable[[], None]] = {0.0: maker.frames}
    for step in range(20):  # past each of which it goes on before a loop is begun
        zoom = 1.0 + 0.01 * step
        then[7.0 + 0.15 * step] = lambda zoom=zoom: maker.stage.restage(  # type: ignore[misc]
            View(160, 90, zoom=zoom)
        )
    maker.run(then, 16.0)

    assert [loop[1] for loop in maker.loops] == [SHORT, LONG, SHORT, LONG]
    assert maker.loops[-1][0] == maker.stage.on_air.look


def test_a_held_slider_leaves_the_loop_in_place_until_the_full_one_is_drawn_anew() -> None:
    maker = Maker()
    moved_at = 7.0
    maker.run({0.0: maker.frames, moved_at: lambda: maker.hold(smile=0.8)}, 16.0)

    look = maker.stage.on_air.look
    assert maker.loops == [(look, SHORT), (look, LONG), (look, LONG)]
    assert maker.at[2] > moved_at + HELD_SETTLED_S


def test_the_badge_is_part_of_the_look() -> None:
    maker = Maker()
    maker.run({0.0: maker.frames, 7.0: maker.badge}, 16.0)

    assert [loop[1] for loop in maker.loops] == [SHORT, LONG, SHORT, LONG]
    assert len({loop[0] for loop in maker.loops}) == 2


def of_another_renderer(before: Maker) -> Maker:
    """A maker that goes on where another one's process ended."""
    after = Maker(board=before.board)
    after.stage.on_air.serial += 1000
    return after


def test_a_new_renderer_goes_on_with_the_loop_of_the_one_before_at_once() -> None:
    first = Maker()
    first.run({0.0: first.frames}, 8.0)
    second = of_another_renderer(first)
    second.run({0.0: second.frames}, 8.0)

    assert second.loops == [(second.stage.on_air.look, LONG)]
    assert second.at[0] < 0.3


@pytest.mark.parametrize("other", ["view", "held", "badge", "cut short"])
def test_a_loop_that_looks_otherwise_is_not_taken_over(other: str) -> None:
    first = Maker()
    first.run({0.0: first.frames}, 2.0 if other == "cut short" else 8.0)
    second = of_another_renderer(first)
    if other == "view":
        second.stage.restage(View(160, 90, zoom=1.1))
    elif other == "held":
        second.hold(smile=0.5)
    elif other == "badge":
        second.badge()
    second.run({0.0: second.frames}, 8.0)

    look = second.stage.on_air.look
    assert second.loops == [(look, SHORT), (look, LONG)]


class SlowScene:
    """Takes half a second of the clock for each frame, or for one in ``one_in``."""

    def __init__(self, scene: Scene, clock: Clock, one_in: Callable[[], int]) -> None:
        self.rest, self.still, self.close = scene.rest, scene.still, scene.close
        self.drawn = 0
        self._scene = scene
        self._clock = clock
        self._one_in = one_in

    def render(self, face: Face) -> Frame:
        self.drawn += 1
        if self.drawn % self._one_in() == 0:
            self._clock.t += 0.5
        return self._scene.render(face)


class SlowEngine(WarpEngine):
    """An engine whose scenes are slow, and have no twins."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.scenes: list[SlowScene] = []
        self.one_in = 1
        self._clock = clock

    def stage(self, portrait: Portrait, view: View) -> SlowScene:  # type: ignore[override]
        scene = super().stage(portrait, view)
        self.scenes.append(SlowScene(scene, self._clock, lambda: self.one_in))
        return self.scenes[-1]


def with_a_slow_engine() -> tuple[Maker, SlowEngine]:
    maker = Maker()
    maker.stage.engine = engine = SlowEngine(maker.clock)
    maker.stage.on_air = Act(engine.stage(PORTRAIT, VIEW))
    return maker, engine


def test_an_engine_that_is_too_slow_draws_no_loop_and_is_seldom_asked() -> None:
    maker, engine = with_a_slow_engine()
    maker.run({0.0: maker.frames}, 300.0)

    assert maker.loops == []
    assert len(engine.scenes) - 1 == 3  # besides the one on air: at once, after 20 s and 80 s more
    assert all(scene.drawn <= 5 for scene in engine.scenes)


def test_an_engine_that_was_too_slow_for_a_while_draws_its_loops_then() -> None:
    maker, engine = with_a_slow_engine()
    maker.run({0.0: maker.frames, 10.0: lambda: setattr(engine, "one_in", 10**6)}, 60.0)

    assert [count for _, count in maker.loops] == [SHORT, LONG]


def test_single_frames_that_take_long_do_not_keep_it_from_its_loop() -> None:
    maker, engine = with_a_slow_engine()
    engine.one_in = 2
    maker.run({0.0: maker.frames}, 60.0)

    assert [count for _, count in maker.loops] == [SHORT, LONG]
