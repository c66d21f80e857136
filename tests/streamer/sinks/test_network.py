"""The network stream against real receivers on this machine, and against senders that misbehave."""

import json
import logging
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from streamer.sinks.network import NetworkSink, NetworkState
from streamer.view import Frame
from tests.ports import free_port
from tests.waiting import PATIENCE_S, wait_until

HERE = Path(__file__).parent
# A receiver that is silent is waited for far longer.
WAITS_S = 3.0
SIZE = (320, 180)
FFMPEG = shutil.which("ffmpeg")
COLOURS = ((200, 40, 30), (30, 160, 60), (40, 60, 190), (200, 200, 200))


def picture(moving: int = 0, size: tuple[int, int] = SIZE) -> Frame:
    """Four quarters of plain colours; the last one's brightness moves."""
    width, height = size
    frame = np.empty((height, width, 3), np.uint8)
    frame[: height // 2, : width // 2] = COLOURS[0]
    frame[: height // 2, width // 2 :] = COLOURS[1]
    frame[height // 2 :, : width // 2] = COLOURS[2]
    frame[height // 2 :, width // 2 :] = np.subtract(COLOURS[3], moving)
    return frame


@contextmanager
def feeding(sink: NetworkSink, **how: Any) -> Iterator[None]:
    """Thirty frames a second into the sink; no `send` may wait for a receiver."""
    stop, longest = threading.Event(), [0.0]

    def run() -> None:
        k = 0
        while not stop.wait(1 / 30):
            frame = picture(10 * (k % 12), **how)
            start = time.monotonic()
            sink.send(frame, k / 30)
            longest[0] = max(longest[0], time.monotonic() - start)
            k += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert longest[0] < WAITS_S


@contextmanager
def opened(url: str, **how: Any) -> Iterator[NetworkSink]:
    sink = NetworkSink(url, 30.0, encoder="libx264", retries_s=(0.05,), **how)
    try:
        yield sink
    finally:
        sink.close()
        assert sink.state.status == "closed"


class Receiver:
    """A receiver in a process of its own; ``told`` gives what it says."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def told(self) -> dict[str, Any]:
        said = json.loads(self._lines.get(timeout=PATIENCE_S))
        assert isinstance(said, dict)
        return said

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def receiving(url: str, *options: str) -> Iterator[Receiver]:
    receiver = Receiver(sys.executable, str(HERE / "receiver.py"), url, *options)
    try:
        yield receiver
    finally:
        receiver.end()


def assert_right(frames: list[dict[str, Any]]) -> None:
    """The pictures are those that were sent, in their colours, and they move."""
    for frame in frames:
        assert frame["size"] == list(SIZE)
        assert frame["matrix"] == 6  # BT.601
        assert frame["range"] == 1  # limited
        for got, sent in zip(frame["quarters"][:3], COLOURS, strict=False):
            assert got == pytest.approx(sent, abs=6)
    assert len({round(frame["quarters"][3][0] / 10) for frame in frames}) >= 5
    times = [frame["t"] for frame in frames]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx((len(times) - 1) / 30, abs=0.5)


@pytest.mark.parametrize("kind", ["rtmp", "rtsp", "udp"])
def test_what_a_receiver_shows_is_what_was_sent(kind: str) -> None:
    port = free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    url = f"{kind}://127.0.0.1:{port}" + ("" if kind == "udp" else "/live/portrait")
    options = {"rtmp": ["listen=1"], "rtsp": ["rtsp_flags=listen", "listen_timeout=60"], "udp": []}[
        kind
    ]

    with receiving(url, *options) as receiver, opened(url) as sink, feeding(sink):
        streams = receiver.told()["streams"]
        frames = [receiver.told() for _ in range(40)]
        state = sink.state

    assert streams == (["h264", "aac"] if kind == "rtmp" else ["h264"])
    if kind == "rtmp":
        assert frames[-1]["sounds"] > 20  # silence as long as the picture
    assert_right(frames[5:])
    assert (state.status, state.encoder, state.message) == ("sending", "libx264", "")
    assert state.size == "320x180"
    assert state.fps > 15
    assert state.kbit_s > 10


@pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is missing")
def test_srt_goes_through_the_program_ffmpeg(tmp_path: Path) -> None:
    assert FFMPEG is not None
    protocols = subprocess.run([FFMPEG, "-protocols"], capture_output=True, text=True).stdout
    if "srt\n" not in protocols:
        pytest.skip("this ffmpeg has no SRT")
    port, film = free_port(socket.SOCK_DGRAM), tmp_path / "film.mkv"
    url = f"srt://127.0.0.1:{port}"
    with opened(url) as sink, feeding(sink):
        listener = subprocess.Popen(
            [
                *(FFMPEG, "-nostdin", "-loglevel", "error", "-analyzeduration", "1000000"),
                *("-i", f"{url}?mode=listener"),
                *("-frames:v", "40", "-c", "copy", str(film)),
            ]
        )
        try:
            assert listener.wait(PATIENCE_S) == 0
        finally:
            listener.kill()
            listener.wait()

    shown = Receiver(sys.executable, str(HERE / "receiver.py"), str(film))
    try:
        assert shown.told()["streams"] == ["h264"]
        assert_right([shown.told() for _ in range(35)])
    finally:
        shown.end()


def test_a_receiver_that_comes_late_or_comes_back_is_found() -> None:
    url = f"rtmp://127.0.0.1:{free_port()}/live/portrait"
    with opened(url) as sink, feeding(sink):
        wait_until(lambda: sink.state.reason == "refused")
        assert sink.state.status == "waiting"
        assert "Nothing listens at rtmp://127.0.0.1" in sink.state.message

        for times in (0, 1):
            with receiving(url, "listen=1") as receiver:
                assert receiver.told()["streams"] == ["h264", "aac"]
                assert receiver.told()["key"]  # the first picture is whole
                wait_until(lambda: sink.state.status == "sending")
                assert sink.state.message == ""
                assert sink.state.reconnects == times
            wait_until(lambda: sink.state.status == "waiting")


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/portrait"
        with opened(url, stalled_s=0.5) as sink, feeding(sink):
            wait_until(lambda: sink.state.reason == "no-answer")
            assert "does not answer" in sink.state.message


def test_a_receiver_whose_name_is_unknown_is_told_as_that() -> None:
    with opened("rtmp://no-such-host.invalid/live/portrait") as sink, feeding(sink):
        wait_until(lambda: sink.state.reason == "unknown-host")
        assert "'no-such-host.invalid'" in sink.state.message


def test_what_is_encoded_by_another_name_is_told() -> None:
    port = free_port(socket.SOCK_DGRAM)
    sink = NetworkSink(f"udp://127.0.0.1:{port}", 30.0, encoder="h264_amf", retries_s=(0.05,))
    try:
        with feeding(sink):
            wait_until(lambda: sink.state.reason == "encoder")
        assert "--stream-encoder libx264" in sink.state.message
    finally:
        sink.close()


def test_no_secret_is_told_or_can_be_read_by_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[NetworkState] = []
    url = f"rtmp://me:PASSW0RD@127.0.0.1:{free_port()}/live/K3Y?token=T0KEN"
    arguments: list[str] = []
    with opened(url, on_change=told.append) as sink, feeding(sink):
        while not told:
            for child in psutil.Process().children(recursive=True):
                try:
                    arguments += [*child.cmdline(), *child.environ().values()]
                except psutil.Error:  # it has just ended
                    continue

    said = " ".join([repr(told), caplog.text, *arguments, repr(sink.figures())])
    assert "streamer.sinks.network_sender" in said
    for secret in ("PASSW0RD", "K3Y", "T0KEN"):
        assert secret not in said


def fake(*how: str) -> tuple[str, ...]:
    return (sys.executable, str(HERE / "fake_sender.py"), *how)


def test_a_slow_receiver_gets_the_newest_frame_and_the_others_are_counted(tmp_path: Path) -> None:
    turns, seen = tmp_path / "turns", tmp_path / "seen"
    turns.write_text("")
    with opened("udp://127.0.0.1:9", command=fake("slow", "9", str(turns), str(seen))) as sink:
        wait_until(lambda: sink._sending)
        sink.send(picture(), 0.0)
        wait_until(lambda: sink.state.status == "sending")
        wait_until(seen.exists)
        for k in range(1, 8):
            sink.send(picture(), k / 10)  # nobody is ready
        assert sink.state.skipped == 6
        turns.write_text("go\n" * 9)
        wait_until(lambda: any(said == 700 for _, said in sink._flow._sent))


def test_much_skipping_is_told_and_that_it_is_over(tmp_path: Path) -> None:
    turns = tmp_path / "turns"
    turns.write_text("go\n" * 3)
    command = fake("slow", "9999", str(turns))
    with opened("udp://127.0.0.1:9", command=command) as sink, feeding(sink):
        wait_until(lambda: sink.state.skipped > 60)
        turns.write_text("go\n" * 4)
        wait_until(lambda: sink.state.reason == "slow")
        assert "are not slowed" in sink.state.message
        turns.write_text("go\n" * 9999)
        wait_until(lambda: not sink.state.reason)
        assert sink.state.message == ""


def test_a_sender_that_hangs_is_ended_and_one_that_crashes_is_started_again() -> None:
    told: list[NetworkState] = []
    for how in ("hang", "crash"):
        told.clear()
        sink = NetworkSink(
            "udp://127.0.0.1:9",
            30.0,
            command=fake(how),
            retries_s=(0.01,),
            stalled_s=0.3,
            on_change=told.append,
        )
        started = set()
        try:
            with feeding(sink):

                def seen(started: set[int] = started) -> bool:
                    started |= {child.pid for child in psutil.Process().children()}
                    return len(started) >= 3

                wait_until(seen)
        finally:
            sink.close()
        assert told[0].reason == {"hang": "no-answer", "crash": "lost"}[how]
        assert not psutil.Process().children()


def test_another_size_is_another_connection_with_that_size(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    go = tmp_path / "go"
    go.write_text("")
    with opened("udp://127.0.0.1:9", command=fake("take", "9999", str(go), str(seen))) as sink:
        for size in ((320, 180), (640, 360)):
            with feeding(sink, size=size):
                wait_until(
                    lambda size=size: (
                        seen.exists() and seen.read_text().startswith(f"{size[0]}x{size[1]} ")
                    )
                )
        assert sink.state.message == ""
        assert sink.state.size == "640x360"


def test_what_the_engine_made_as_i420_is_sent_as_it_is(tmp_path: Path) -> None:
    seen, go = tmp_path / "seen", tmp_path / "go"
    go.write_text("")
    made = np.full(320 * 270, 77, np.uint8)
    with (
        opened(
            "udp://127.0.0.1:9",
            command=fake("take", "9999", str(go), str(seen)),
            native=lambda pixel_format: made if pixel_format == "I420" else None,
        ) as sink,
        feeding(sink),
    ):
        wait_until(lambda: seen.exists() and seen.read_text() == "320x180 77")
