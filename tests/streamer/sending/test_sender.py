"""The sender on a clock that only tests move, with a camera that writes down what it gets."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from streamer.sending.board import Board, Number
from streamer.sending.ring import Form, Mark, Ring
from streamer.sending.sender import GRACE, Sender
from streamer.sending.sink import SenderSink
from streamer.sinks.camera import CameraState
from tests.fakes import FakeClock
from tests.recording_camera import RecordingCameras

WIDTH, HEIGHT = 64, 36
FORM = Form("I420", WIDTH, HEIGHT)
FPS = 30.0


class Rig:
    """A sender whose every wait lets time pass, and ``during`` happen."""

    def __init__(self, folder: Path) -> None:
        self.board = Board.create()
        self.clock = FakeClock()
        self.clock.at = 50.0
        self.file = folder / "camera.txt"
        self.during: Callable[[float], None] = lambda t: None
        self.stop = threading.Event()
        self.until = 0.0
        self.written: list[tuple[float, int]] = []
        self.opened: list[str] = []
        self.sender = Sender(
            self.board, system=lambda url: self.cameras, now=self.clock, sleep=self.sleep
        )

    @property
    def cameras(self) -> RecordingCameras:
        rig = self

        class Cameras(RecordingCameras):
            def attach(self, wanted: str, width: int, height: int, fps: float) -> object:  # type: ignore[override]
                rig.opened.append(f"{wanted} {width}x{height}")
                link = super().attach(wanted, width, height, fps)
                link.camera.send = lambda frame: rig.written.append(  # type: ignore[method-assign]
                    (rig.clock.at, int(frame[0]))
                )
                return link

        return Cameras(self.file)

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.during(self.clock.at)
        if self.clock.at >= self.until:
            self.stop.set()

    def run(self, seconds: float) -> list[tuple[float, int]]:
        """Let it run; returns what the camera got meanwhile."""
        self.written.clear()
        self.stop.clear()
        self.until = self.clock.at + seconds
        self.sender.run(self.stop)
        return list(self.written)

    def order(self, camera: str = "auto", fps: float = FPS, width: int = WIDTH) -> None:
        self.board.order.write(
            {"camera": camera, "width": width, "height": HEIGHT, "fps": fps, "preview_url": ""}
        )

    def draw(self, value: int) -> None:
        Ring(self.board).write(np.full(FORM.length, value, np.uint8), FORM, Mark())


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.board.memory.close()


def drawn(rig: Rig, ahead_s: float) -> Callable[[float], None]:
    """Draw a frame for each deadline, ready so long before it."""
    ring = Ring(rig.board)

    def during(now: float) -> None:
        due = int((now + ahead_s - rig.board.origin) * FPS + 1e-6)
        while ring.number < due:
            rig.draw((ring.number + 1) % 251)

    return during


def test_each_frame_goes_out_at_its_deadline(rig: Rig) -> None:
    rig.board.origin = 50.0
    rig.order()
    rig.during = drawn(rig, 0.012)

    written = rig.run(4.0)[2:]  # after the black one of the opening

    times = np.array([t for t, _ in written])
    assert np.abs(((times - 50.0) * FPS) - np.round((times - 50.0) * FPS)).max() < 1e-3
    assert len(times) == pytest.approx(4.0 * FPS, abs=3)
    assert len({value for _, value in written}) >= len(written) - 1


def test_a_frame_a_little_late_is_waited_for_and_no_other_period_moves(rig: Rig) -> None:
    rig.board.origin = 50.0
    rig.order()
    rig.during = drawn(rig, -0.2 / FPS)  # each is a fifth of a period late

    written = rig.run(2.0)[2:]

    phases = np.array([(t - 50.0) * FPS % 1 for t, _ in written])
    assert phases.min() >= 0.19
    assert phases.max() < GRACE
    assert len({value for _, value in written}) >= len(written) - 1


def test_without_frames_the_last_one_goes_out_thirty_times_a_second(rig: Rig) -> None:
    rig.board.origin = 50.0
    rig.order()
    rig.draw(77)

    written = rig.run(10.0)

    assert len(written) == pytest.approx(300, abs=4)
    assert {value for _, value in written[2:]} == {77}
    gaps = np.diff([t for t, _ in written[5:]])
    assert gaps.max() < 1.01 / FPS


def test_a_new_renderer_with_the_same_wish_leaves_the_camera_open(rig: Rig) -> None:
    rig.order()
    repeated: list[int] = []

    def during(now: float) -> None:
        if now > 50.5 and not repeated:
            rig.order()
            repeated.append(rig.board.order.serial)

    rig.during = during
    rig.run(1.0)

    assert rig.opened == ["auto 64x36"]
    assert rig.board.camera.read()["order"] == repeated[0]


def test_another_size_opens_the_camera_anew_and_none_gives_it_back(rig: Rig) -> None:
    rig.order()
    steps = iter([lambda: rig.order(width=32), lambda: rig.order("none")])
    at = [50.5, 51.0]

    def during(now: float) -> None:
        if at and now >= at[0]:
            at.pop(0)
            next(steps)()

    rig.during = during
    rig.run(2.0)

    assert rig.opened == ["auto 64x36", "auto 32x36"]
    assert rig.board.camera.read()["state"] is None


def test_the_rate_follows_the_order(rig: Rig) -> None:
    rig.board.origin = 50.0
    rig.draw(5)
    rig.order(fps=60.0)

    written = rig.run(2.0)

    assert len(written) == pytest.approx(120, abs=4)


def test_a_clock_that_jumps_costs_nothing_but_what_was_missed(rig: Rig) -> None:
    """The machine slept for an hour, on a system whose clock goes on meanwhile."""
    rig.board.origin = 50.0
    rig.order()
    rig.draw(9)
    slept: list[float] = []

    def during(now: float) -> None:
        if now > 51.0 and not slept:
            slept.append(now)
            rig.clock.sleep(3600.0)
            rig.until += 3600.0

    rig.during = during
    written = rig.run(3.0)

    after = [t for t, _ in written if t > 3600.0]
    assert len(after) == pytest.approx(60, abs=4)
    assert rig.board.camera.read()["dropped"] == pytest.approx(3600 * 30, abs=3)


def test_it_beats_while_it_lives_and_tells_how_it_goes(rig: Rig) -> None:
    rig.board.origin = 50.0
    rig.order()
    rig.draw(9)
    rig.run(2.0)

    told = rig.board.camera.read()
    assert rig.board[Number.SENDER_BEAT] > 30
    assert told["state"]["status"] == "closed"  # at the end
    assert told["sent"] == pytest.approx(60, abs=4)
    assert told["held"] == told["sent"] - 1
    assert told["interval_ms"]["p50"] == pytest.approx(33.33, abs=0.2)


def test_the_renderer_s_sink_hears_of_the_camera_and_fits_its_frames_to_it(rig: Rig) -> None:
    states: list[CameraState] = []
    sink = SenderSink(
        rig.board,
        "auto",
        WIDTH,
        HEIGHT,
        FPS,
        mark=lambda: Mark(stage=3),
        on_change=states.append,
        now=rig.clock,
    )
    assert sink.state.status == "waiting"
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)

    def during(now: float) -> None:
        sink.send(white, now)

    rig.board.origin = 50.0
    rig.during = during
    written = rig.run(1.0)

    assert [state.status for state in states] == ["attached"]
    assert states[0].device == "/dev/test"
    assert written[-1][1] == 235
    framed = Ring(rig.board).read()
    assert framed is not None
    assert framed.mark.stage == 3


def test_while_there_is_no_camera_few_frames_are_left(rig: Rig) -> None:
    sink = SenderSink(rig.board, "auto", WIDTH, HEIGHT, FPS, mark=Mark, now=rig.clock)

    for _ in range(30):
        sink.send(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 0.0)
        rig.clock.sleep(1 / FPS)

    assert Ring(rig.board).number <= 4
