"""Frames drawn ahead: always the face that was asked for, and soon, whatever the device does."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Cue, Wishes
from streamer.engines.liveportrait.fast.frames import Drawn
from streamer.engines.liveportrait.frame_cache import FrameCache
from streamer.engines.liveportrait.governor import Governor
from streamer.engines.liveportrait.look_ahead import LookAhead
from streamer.errors import EngineError
from streamer.parameters import Face, neutral_face
from streamer.resources import shipped
from streamer.view import Frame
from tests.fakes import FakeClock

REST = neutral_face(eye_ratio=0.38, lip_ratio=0.05)
LEAD = 0.3


def face(number: float) -> Face:
    """A face for each number, none like another."""
    return {**REST, "head_yaw": 0.06 * (number % 400), "smile": 0.03 * (number // 400)}


class FakeTicket:
    def __init__(self, clock: FakeClock, end: float, drawn: list[Drawn], wrong: str) -> None:
        self.clock, self.end, self.drawn, self.wrong = clock, end, drawn, wrong

    def done(self) -> bool:
        return self.clock.at >= self.end

    def frames(self) -> Sequence[Drawn]:
        self.clock.at = max(self.clock.at, self.end)
        if self.wrong:
            raise EngineError(self.wrong)
        return self.drawn


class FakePipeline:
    """A device that takes one piece of work after the other; ``ms`` says what a frame takes."""

    batches: tuple[int, ...] = (1, 2, 4, 8)

    def __init__(self, clock: FakeClock, ms: float = 3.0) -> None:
        self.clock = clock
        self.ms: Callable[[float], float] = lambda t: ms
        self.free_at = 0.0
        self.wrong = ""  # what the next ticket raises
        self.drawn: list[Face] = []
        self.sizes: list[int] = []
        self.work: list[tuple[float, float]] = []  # (begun, ms) of the networks' work
        self.closed = False

    def draw(self, faces: Sequence[Face]) -> FakeTicket:
        assert len(faces) in self.batches
        ms = self.ms(self.clock.at)
        start = max(self.clock.at, self.free_at)
        self.work.append((start, ms * len(faces)))
        self.sizes.append(len(faces))
        first = len(self.drawn)
        self.drawn += faces
        drawn = [self._frame(first + i, ms) for i in range(len(faces))]
        return self._ticket(start + ms * len(faces) / 1000.0, drawn)

    def lay(self, crop: Frame) -> FakeTicket:
        start = max(self.clock.at, self.free_at)
        return self._ticket(start + 0.0005, [self._frame(int(crop.view(np.uint32)[0]), 0.5)])

    def want(self, pixel_format: str) -> None: ...

    def close(self) -> None:
        self.closed = True

    def shows(self, drawn: Drawn) -> Face:
        return self.drawn[int(drawn.crop.view(np.uint32)[0])]

    def _ticket(self, end: float, drawn: list[Drawn]) -> FakeTicket:
        self.free_at = end
        wrong, self.wrong = self.wrong, ""
        return FakeTicket(self.clock, end, drawn, wrong)

    def _frame(self, number: int, ms: float) -> Drawn:
        crop = np.array([number], np.uint32).view(np.uint8)
        return Drawn(crop, None, "", crop, ms)


class Show:
    """The stream's loop around a look-ahead, with a clock of its own."""

    def __init__(
        self, *, fps: float = 30.0, ms: float = 3.0, share: float = 0.0, cache_bytes: int = 0
    ) -> None:
        self.fps = fps
        self.clock = FakeClock()
        self.pipeline = FakePipeline(self.clock, ms)
        self.governor = Governor(fps, share)
        self.cache = FrameCache(cache_bytes).of("photo", "weights", "fp16")
        self.ahead = LookAhead(self.pipeline, self.cache, self.governor, self.clock)
        self.start = self.clock.at
        self.frame = 0
        self.delays: list[float] = []

    def play(self, faces: Callable[[int], Face], frames: int = 1) -> list[Face]:
        """Show frames and return the faces that were seen; ``faces(k)`` is frame k's."""
        seen = []
        for _ in range(frames):
            seen.append(self.step(faces(self.frame), [faces(self.frame + 1 + i) for i in range(9)]))
        return seen

    def step(self, asked: Face, coming: Sequence[Face]) -> Face:
        """Show one frame as the loop does: begun early, sent on its deadline, then the forecast."""
        deadline = self.start + self.frame / self.fps
        self.clock.at = max(self.clock.at, deadline - LEAD / self.fps)
        try:
            shown = self.pipeline.shows(self.ahead.render(asked))
        finally:
            self.delays.append(max(self.clock.at - deadline, 0.0))
            self.clock.at = max(self.clock.at, deadline)
            self.ahead.expect(coming[: self.ahead.ahead])
            self.frame += 1
        return shown

    @property
    def counts(self) -> dict[str, int]:
        return self.ahead.figures()["frames"]  # type: ignore[return-value]


# --- a film that goes as forecast


@pytest.mark.parametrize(
    ("fps", "ms"), [(25, 1.0), (30, 3.0), (30, 25.0), (60, 3.0), (60, 9.0), (60, 12.0), (100, 3.0)]
)
def test_a_film_is_drawn_ahead_each_face_once_and_shown_in_order(fps: float, ms: float) -> None:
    show = Show(fps=fps, ms=ms)

    assert show.play(face, 200) == [face(k) for k in range(200)]

    assert show.pipeline.drawn[:200] == [face(k) for k in range(200)]
    assert show.counts["at_once"] == 1
    assert max(show.delays[3:]) < 1e-9


def test_faces_are_drawn_at_most_a_tenth_of_a_second_ahead() -> None:
    for fps, ahead in ((30, 3), (60, 6), (25, 2), (5, 1)):
        show = Show(fps=fps, ms=1.0)
        show.play(face, 100)

        assert show.ahead.ahead == ahead
        assert len(show.pipeline.drawn) == 100 + ahead


def test_no_frame_is_late_through_a_slow_moment_shorter_than_what_is_ahead() -> None:
    show = Show(fps=60, ms=2.0)
    show.play(face, 60)
    stalls_at = show.clock.at
    show.pipeline.ms = lambda t: 70.0 if stalls_at <= t < stalls_at + 0.001 else 2.0

    seen = show.play(face, 60)

    assert seen == [face(k) for k in range(60, 120)]
    assert max(show.delays[1:]) < 1e-9


def test_faces_that_come_twice_in_a_row_are_drawn_once() -> None:
    show = Show()

    assert show.play(lambda k: face(k // 3), 90) == [face(k // 3) for k in range(90)]

    assert len(show.pipeline.drawn) <= 32


def test_portrait_that_stands_still_is_drawn_once() -> None:
    show = Show()
    show.play(lambda k: face(1), 100)

    assert show.pipeline.drawn == [face(1)]


# --- batches


@pytest.mark.parametrize("fps", [30, 60, 100])
@pytest.mark.parametrize("ms", [0.8, 2.0, 4.0, 9.0, 15.0])
def test_batch_ends_before_the_next_face_is_asked_for(fps: float, ms: float) -> None:
    show = Show(fps=fps, ms=ms)
    rng = random.Random(1)
    number = 0
    for _ in range(400):
        number += 100 if rng.random() < 0.1 else 1  # a press: another film from here
        n = number
        show.step(face(n), [face(n + 1 + i) for i in range(9)])
        asks = max(show.start + (show.frame - LEAD) / fps, show.clock.at)
        waits_ms = 1000.0 * (show.pipeline.free_at - asks)
        assert waits_ms < 1e-6 or (waits_ms < ms * 1.0001 and show.pipeline.sizes[-1] == 1)

    assert show.pipeline.sizes.count(1) < 400 or ms > 0.3 * 1000 / fps


def test_larger_batches_are_used_where_many_faces_are_missing() -> None:
    show = Show(fps=80, ms=0.8)
    show.play(face, 5)
    show.ahead.flush()
    show.play(face, 3)

    assert max(show.pipeline.sizes) == 8


def test_only_sizes_that_the_pipeline_has_are_asked_for() -> None:
    show = Show(fps=80, ms=0.8)
    show.pipeline.batches = (1,)
    show.play(face, 20)

    assert set(show.pipeline.sizes) == {1}


# --- presses and sliders


@pytest.mark.parametrize(
    ("fps", "ms"), [(30, 1.0), (30, 3.0), (30, 9.0), (30, 20.0), (30, 24.0), (60, 3.0), (60, 13.0)]
)
def test_press_shows_in_the_very_next_frame(fps: float, ms: float) -> None:
    show = Show(fps=fps, ms=ms)
    show.play(face, 40)

    seen = show.play(lambda k: face(1000 + k), 20)

    assert seen == [face(1000 + k) for k in range(40, 60)]
    assert max(show.delays[40:]) < max(2 * ms / 1000 - LEAD / fps, 0.0) + 1e-9


def test_press_shows_within_two_frames_while_a_slow_batch_of_eight_is_under_way() -> None:
    show = Show(fps=80, ms=0.8)
    show.play(face, 30)
    show.pipeline.batches = (1,)  # eight faces go missing
    show.ahead.flush()
    show.play(face, 1)
    show.ahead.flush()
    show.pipeline.batches = (1, 2, 4, 8)
    show.pipeline.ms = lambda t: 2.5 if t > show.clock.at - 1e-9 else 0.8
    show.play(face, 1)
    assert show.pipeline.sizes[-1] == 8
    pressed_at = show.clock.at
    assert show.pipeline.free_at > pressed_at + 0.0199, "20 ms instead of the expected 6.4"

    seen = show.play(lambda k: face(1000 + k), 2)

    assert seen == [face(1032), face(1033)]
    assert show.clock.at - pressed_at <= 2 / 80 + 0.003


def test_what_was_drawn_ahead_is_forgotten_when_something_else_comes() -> None:
    show = Show(fps=60, ms=2.0)
    show.play(face, 30)
    show.play(lambda k: face(5000 + k), 5)

    assert show.ahead.figures()["dropped_ahead"] == 6
    assert not {tuple(face(k).values()) for k in range(30, 40)} & set(show.ahead._work._ready)


def test_nothing_is_drawn_ahead_while_a_slider_is_dragged() -> None:
    show = Show()
    show.play(face, 30)
    before = len(show.pipeline.drawn)
    for k in range(30):  # every frame is a surprise
        assert show.step(face(500 + 10 * k), [face(500 + 10 * k + i) for i in (1, 2, 3)])

    assert len(show.pipeline.drawn) - before <= 32
    show.play(lambda k: face(2000 + k), 30)
    assert show.counts["ahead"] >= 29 + 27, "and is again once the forecast comes true"


def test_deadlines_that_the_loop_has_missed_are_passed_over() -> None:
    show = Show(fps=60, ms=2.0)
    show.play(face, 30)
    show.clock.at += 2.5 / 60  # the whole machine stood still
    show.frame += 2

    assert show.play(face, 30) == [face(k) for k in range(32, 62)]
    assert show.ahead.figures()["skipped"] == 2
    assert show.counts["at_once"] == 1


# --- errors


def test_error_comes_with_its_own_face_and_the_next_one_is_drawn_anew() -> None:
    show = Show(fps=60, ms=2.0)
    show.play(face, 20)
    show.pipeline.wrong = "not finite"
    drawn = len(show.pipeline.drawn)
    seen: list[Face | str] = []
    for k in range(20, 40):
        try:
            seen.append(show.play(face, 1)[0])
        except EngineError as exc:
            seen.append(str(exc))
            failed = show.pipeline.drawn[drawn]
            assert face(k) == failed

    assert seen.count("not finite") == 1
    assert [s for s in seen if s != "not finite"] == [
        face(k) for k in range(20, 40) if face(k) != failed
    ]


def test_error_of_a_frame_that_nobody_wants_any_more_hurts_nobody() -> None:
    show = Show(fps=60, ms=14.0)
    show.play(face, 20)
    show.pipeline.wrong = "not finite"
    show.play(face, 1)

    assert show.play(lambda k: face(1000 + k), 10) == [face(1000 + k) for k in range(21, 31)]


def test_error_of_a_frame_drawn_at_once_is_raised_and_forgotten() -> None:
    show = Show()
    show.pipeline.wrong = "not finite"

    with pytest.raises(EngineError, match="not finite"):
        show.play(face, 1)

    assert show.play(face, 10) == [face(k) for k in range(1, 11)]


def test_pipeline_that_cannot_begin_fails_with_the_next_face() -> None:
    show = Show()
    show.play(face, 1)
    draw = show.pipeline.draw

    def refuses(faces: Sequence[Face]) -> FakeTicket:
        show.pipeline.draw = draw  # type: ignore[method-assign]
        raise EngineError("the memory is full")

    show.pipeline.draw = refuses  # type: ignore[method-assign]
    show.play(face, 1)  # draws ahead, or cannot

    with pytest.raises(EngineError, match="memory"):
        show.play(face, 2)


# --- the cache


def test_faces_that_come_again_are_not_drawn_again() -> None:
    show = Show(cache_bytes=4 * 50)
    seen = show.play(lambda k: face(k % 40), 40 * 5)

    assert seen == [face(k % 40) for k in range(200)]
    # The first time they are only noted, the second time kept.
    assert len(show.pipeline.drawn) <= 40 * 2 + 3
    assert show.counts["from_the_cache"] >= 40 * 3 - 3
    figures = show.ahead.figures()["cache"]
    assert figures["crops"] == 40  # type: ignore[index]


def test_faces_beyond_the_memory_are_drawn_again_and_right() -> None:
    show = Show(cache_bytes=4 * 20)

    assert show.play(lambda k: face(k % 40), 200) == [face(k % 40) for k in range(200)]


# --- little device time


def test_at_half_speed_every_second_frame_is_drawn_and_a_press_shows_within_two() -> None:
    for pressed in (100, 101):
        show = Show(ms=45.0)  # 1.35 of a period
        show.play(face, 60)
        assert show.governor.level == "half"
        before = len(show.pipeline.drawn)
        show.play(face, pressed - 60)
        seen = show.play(lambda k: face(1000 + k), 10)

        assert len(show.pipeline.drawn) - before <= (pressed - 60 + 10) / 2 + 3
        assert seen[1] in (face(1000 + pressed), face(1000 + pressed + 1))
        assert all(
            1000 + pressed <= 400 * a["smile"] / 0.03 + a["head_yaw"] / 0.06 for a in seen[1:]
        )


def test_at_half_speed_frames_leave_on_time() -> None:
    show = Show(ms=45.0)
    show.play(face, 60)
    show.delays.clear()
    seen = show.play(face, 100)

    assert max(show.delays) < 1e-9
    assert len({tuple(f.values()) for f in seen}) in (50, 51)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("ms", [2.0, 5.0, 12.0, 25.0])
def test_given_share_of_the_device_is_never_exceeded(share: float, ms: float) -> None:
    show = Show(fps=30, ms=ms, share=share)
    rng = random.Random(2)
    number = 0
    for _ in range(300):
        number += 100 if rng.random() < 0.05 else 1
        n = number
        show.step(face(n), [face(n + 1 + i) for i in range(9)])

    work = [w for w in show.pipeline.work if w[0] > show.start + 1.0]
    for begun, _ in work:
        in_a_second = sum(w for at, w in work if begun <= at < begun + 1.0)
        assert in_a_second <= max(1000.0 * share, ms) + 1e-6
    possible = min(1.0, share / (30 * ms / 1000.0))
    assert sum(w for _, w in work) >= 0.4 * possible * 9 * 30 * ms, "and what is given is used"


def test_portrait_in_the_cache_goes_on_smoothly_whatever_the_share() -> None:
    show = Show(ms=12.0, share=0.05, cache_bytes=4 * 100)
    show.play(lambda k: face(k % 30), 30 * 60)
    drawn = len(show.pipeline.drawn)

    assert show.play(lambda k: face(k % 30), 90) == [face(k % 30) for k in range(1800, 1890)]
    assert len(show.pipeline.drawn) - drawn <= 4, "one a second, to see how the device is"


# --- whatever happens


@pytest.mark.parametrize("seed", range(8))
def test_shown_is_what_was_asked_for_or_in_need_the_frame_before(seed: int) -> None:
    rng = random.Random(seed)
    show = Show(
        fps=rng.choice([24, 30, 60]),
        share=rng.choice([0.0, 0.0, 0.2]),
        cache_bytes=rng.choice([0, 4 * 30, 4 * 500]),
    )
    show.pipeline.ms = lambda t: 2.0 + 40.0 * (int(t) % 7 == 3) * rng.random()
    number, before = 0, None
    asked: list[Face] = []
    for _ in range(900):
        number = rng.randrange(200) if rng.random() < 0.05 else number + 1
        n = number
        if rng.random() < 0.02:
            show.frame += rng.randrange(4)
        if rng.random() < 0.01:
            show.pipeline.wrong = "not finite"
        if rng.random() < 0.005:
            show.ahead.flush()
        asked.append(face(n))
        full = show.governor.level == "full" and not show.governor.gpu_share
        try:
            seen = show.step(face(n), [face(n + 1 + i) for i in range(9)])
        except EngineError:
            continue
        assert seen == face(n) or seen == before
        assert seen == face(n) or not full
        before = seen


def test_another_pipeline_takes_over_between_two_frames() -> None:
    show = Show(fps=60, ms=2.0)
    show.play(face, 30)
    faster = FakePipeline(show.clock, 1.0)
    old, show.pipeline = show.pipeline, faster
    drawn = len(old.drawn)

    show.ahead.use(faster, show.cache)

    assert show.play(face, 30) == [face(k) for k in range(30, 60)]
    assert len(old.drawn) == drawn


# --- with the animator


class Film:
    """The animator's faces through a look-ahead, as the stream's loop does it."""

    def __init__(self, show: Show) -> None:
        library = PresetLibrary([shipped("presets")])
        self.show = show
        self.animator = Animator(
            seed=4, rest=REST, presets=library.presets, styles=library.idle_styles
        )
        self.cues: tuple[Cue, ...] = ()

    def press(self, name: str) -> None:
        self.cues = (*self.cues, Cue(len(self.cues) + 1, name))

    def play(self, seconds: float, style: str = "calm") -> int:
        """Show some seconds; returns how many frames were drawn."""
        show, drawn = self.show, len(self.show.pipeline.drawn)
        for _ in range(round(seconds * show.fps)):
            wishes = Wishes(idle_style="eco" if show.ahead.strained else style, cues=self.cues)
            t = show.frame / show.fps
            asked = self.animator.at(t, wishes)
            coming = [(show.frame + 1 + i) / show.fps for i in range(show.ahead.ahead)]
            show.step(asked, self.animator.forecast(coming, wishes))
        return len(show.pipeline.drawn) - drawn


@pytest.mark.parametrize("fps", [30, 60])
def test_idle_life_and_sliders_at_rest_are_all_drawn_ahead(fps: float) -> None:
    show = Show(fps=fps, ms=3.0)
    film = Film(show)
    film.play(10.0)
    film.press("smile")
    film.play(10.0)

    assert show.counts["at_once"] <= 3
    assert max(show.delays[3:]) < 1e-9
    assert show.ahead.figures()["dropped_ahead"] <= 3 * show.ahead.ahead


def test_device_that_is_far_too_slow_idles_in_eco_from_memory() -> None:
    show = Show(ms=70.0, cache_bytes=4 * 651)  # 512 MB of crops
    film = Film(show)
    film.play(80.0)

    assert show.ahead.strained
    assert film.play(30.0) <= 33, "one a second, to see how the device is"
    cache = show.ahead.figures()["cache"]
    assert cache["crops"] < 520  # type: ignore[index]


def test_preset_pressed_again_over_eco_is_drawn_only_until_idle_life_has_made_way() -> None:
    show = Show(ms=70.0, cache_bytes=4 * 651)
    film = Film(show)
    film.play(60.0)
    drawn = []
    for _ in range(6):
        film.press("smile")
        drawn.append(film.play(1.6))
        film.play(11.37)

    assert max(drawn[4:]) <= 0.25 * 30 / 3 + 4
    assert drawn[0] > max(drawn[4:])
