"""What the camera shows while frames come, stay away and come again."""

from collections.abc import Sequence

import numpy as np
import pytest

from streamer.sending.picture import FADE_BACK_S, PATIENCE_S, Picture
from streamer.sending.ring import Form, Framed, Mark
from streamer.sending.standby import Standby, encode
from streamer.sinks.pixels import Pixels

FORM = Form("I420", 64, 36)
PERIOD = 1 / 30
LIVE, LOOP = 200, 80


class Camera:
    """Sends at 30 a second what a picture decides."""

    def __init__(
        self,
        stage: int = 1,
        loop: bool = True,
        mark: Mark | None = None,
        values: Sequence[int] = (LOOP,) * 4,
    ) -> None:
        pictures = [encode(np.full((36, 64, 3), value, np.uint8)) for value in values]
        standby = Standby(1, stage, 15.0, tuple(map(memoryview, pictures))) if loop else None
        self.picture = Picture(lambda: standby)
        self.mark = mark or Mark(stage=1)
        self.t = 100.0
        self.ready = True  # whether there is time for what may be done aside
        self.number = 0
        self.luma: list[int] = []
        self.shown: list[str] = []

    def frame(self, value: int = LIVE, mark: Mark | None = None) -> Framed:
        self.number += 1
        pixels: Pixels = np.full(FORM.length, value, np.uint8)
        return Framed(self.number, FORM, mark or self.mark, pixels)

    def period(self, new: Framed | None) -> None:
        self.t += PERIOD
        sent = self.picture.next(self.t, new)
        if sent is not None:
            pixels, form = sent
            assert (form, pixels.size) == (FORM, FORM.length)
            self.luma.append(int(pixels[0]))
            self.shown.append(self.picture.shows)
        while self.ready and self.picture.prepare(self.t + PERIOD):
            pass

    def live(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            self.period(self.frame())

    def silence(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            self.period(None)


LOOP_LUMA = round(16 + LOOP * 219 / 255)


def test_before_the_first_frame_there_is_nothing_to_send() -> None:
    camera = Camera()
    camera.silence(1.0)

    assert camera.luma == []


def test_frames_go_out_untouched_while_they_come() -> None:
    camera = Camera()
    camera.live(2.0)

    assert set(camera.luma) == {LIVE}
    assert set(camera.shown) == {"frames"}


def test_a_short_gap_is_filled_with_the_last_frame() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.silence(PATIENCE_S - 0.1)

    assert set(camera.luma) == {LIVE}
    assert camera.shown[-1] == "held"


def test_the_loop_takes_over_without_a_step_and_gives_way_within_half_a_second() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.silence(5.0)
    assert abs(camera.luma[-1] - LOOP_LUMA) <= 1
    assert camera.shown[-1] == "standby"

    camera.live(FADE_BACK_S + 2 * PERIOD)

    assert FADE_BACK_S + 2 * PERIOD < 0.5
    assert (camera.luma[-1], camera.shown[-1]) == (LIVE, "frames")
    steps = np.abs(np.diff(camera.luma))
    assert steps.max() <= 1.6 * (LIVE - LOOP_LUMA) * PERIOD / FADE_BACK_S + 1


def test_a_loop_that_is_not_ready_is_not_waited_for() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.ready = False
    camera.silence(3.0)
    assert set(camera.luma) == {LIVE}
    assert camera.shown[-1] == "held"

    camera.ready = True
    camera.silence(2.0)

    assert abs(camera.luma[-1] - LOOP_LUMA) <= 1
    assert np.abs(np.diff(camera.luma)).max() <= 16


def test_pictures_that_are_late_leave_the_loop_as_it_was() -> None:
    camera = Camera(values=[LOOP + 2 * i for i in range(40)])
    camera.live(1.0)
    camera.silence(2.0)
    camera.ready = False
    camera.silence(2.0)

    assert camera.shown[-1] == "standby"
    assert len(set(camera.luma[-30:])) == 1
    assert camera.luma[-1] != LIVE


def test_the_loop_goes_on_however_many_pictures_it_has() -> None:
    for count in (2, 3, 7, 40):
        camera = Camera(values=[LOOP + 2 * i for i in range(count)])
        camera.live(1.0)
        camera.silence(6.0)

        shown = set(camera.luma[-90:])
        assert min(shown) <= LOOP_LUMA + 1
        assert max(shown) >= round(16 + (LOOP + 2 * (count - 1)) * 219 / 255) - 1


def test_silence_in_the_middle_of_the_way_back_turns_round() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.silence(3.0)
    camera.live(0.2)
    assert LOOP_LUMA < camera.luma[-1] < LIVE

    camera.silence(4.0)

    assert abs(camera.luma[-1] - LOOP_LUMA) <= 1
    assert np.abs(np.diff(camera.luma)).max() <= 16


@pytest.mark.parametrize(
    "mark", [Mark(stage=1, covered=True), Mark(stage=1, still=True)], ids=["privacy", "pause"]
)
def test_a_face_that_is_hidden_or_frozen_is_not_brought_to_life(mark: Mark) -> None:
    camera = Camera(mark=mark)
    camera.live(1.0)
    camera.silence(10.0)

    assert set(camera.luma) == {LIVE}


def test_privacy_shows_at_once_when_the_renderer_comes_back_with_it() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.silence(3.0)

    camera.period(camera.frame(33, Mark(stage=1, covered=True)))

    assert camera.luma[-1] == 33


def test_a_loop_of_another_portrait_is_not_shown() -> None:
    camera = Camera(stage=2)
    camera.live(1.0)
    camera.silence(5.0)

    assert set(camera.luma) == {LIVE}


def test_a_renderer_that_is_always_slow_is_not_interrupted() -> None:
    camera = Camera()
    for _ in range(12):
        camera.period(camera.frame())
        camera.silence(4.0)

    # In the beginning nobody knows yet how slow it is.
    assert "standby" not in camera.shown[len(camera.shown) // 2 :]


def test_another_size_on_the_way_is_taken_at_once() -> None:
    camera = Camera()
    camera.live(1.0)
    camera.silence(3.0)
    wide = Form("I420", 32, 18)

    sent = camera.picture.next(
        camera.t + PERIOD,
        Framed(99, wide, Mark(stage=1), np.full(wide.length, 5, np.uint8)),
    )

    assert sent is not None
    assert sent[1] == wide
    assert (sent[0] == 5).all()
