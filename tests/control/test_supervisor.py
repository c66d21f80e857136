"""The process that watches the others, with real processes that die, hang and misbehave."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import control.supervisor as supervising
from control.log_relay import FILE_BYTES, WAITING_LINES, LogRelay
from control.restarts import CAREFUL_AFTER, GOOD_S, Restarts
from control.supervisor import Supervisor
from streamer.sending.board import Board, Number

ROOT = Path(__file__).resolve().parent.parent.parent
posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions are POSIX's")

HEAD = """
import os, signal, sys, threading, time
sys.path.insert(0, {root!r})
from streamer.sending.board import Board, Number
from streamer.sending.lifeline import watch_lifeline
board = Board.attach(sys.argv[1])
end = threading.Event()
def live(each=lambda: None):
    while not end.wait(0.02):
        board.beat(Number.RENDERER_BEAT); board.beat(Number.FRAMES); each()
    board[Number.ENDED] = 1
"""


def part(folder: Path, name: str, body: str) -> tuple[str, ...]:
    """Write one of the parts; returns its command."""
    file = folder / f"{name}.py"
    file.write_text(HEAD.format(root=str(ROOT)) + textwrap.dedent(body), encoding="utf-8")
    return (sys.executable, str(file))


GOOD = "watch_lifeline(end.set); live()"
SENDER = """
watch_lifeline(end.set)
while not end.wait(0.02):
    board.beat(Number.SENDER_BEAT)
"""


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = io.StringIO()
        self.supervisor: Supervisor | None = None
        self.code: int | None = None
        self._thread: threading.Thread | None = None

    def start(self, renderer: str, sender: str = SENDER) -> Supervisor:
        self.supervisor = Supervisor(
            ["run"],
            renderer=part(self.folder, "renderer", renderer),
            sender=part(self.folder, "sender", sender),
            relay=LogRelay(self.folder, self.said),
        )
        self._thread = threading.Thread(target=self._run, name="test-supervisor", daemon=True)
        self._thread.start()
        return self.supervisor

    def _run(self) -> None:
        assert self.supervisor is not None
        self.code = self.supervisor.run()

    def wait_for_end(self) -> int | None:
        assert self._thread is not None
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self.code

    def end(self) -> int | None:
        assert self.supervisor is not None
        self.supervisor.ask_to_end()
        return self.wait_for_end()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    if rig.supervisor is not None:
        rig.supervisor.ask_to_end()
        rig.supervisor.ask_to_end()
        rig.wait_for_end()


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def frames(supervisor: Supervisor) -> int:
    return supervisor.board[Number.FRAMES]


@posix
def test_a_killed_renderer_is_started_again_at_once_and_the_sender_is_left_alone(rig: Rig) -> None:
    run = rig.start(
        "board.order.write({'camera': 'auto'}); board.choices.write({'pid': os.getpid()})\n" + GOOD
    )
    until(lambda: run.board[Number.SENDER_BEAT] > 3 and frames(run) > 3)
    pid = run.board.choices.read()["pid"]
    sender = run._sending
    assert sender is not None

    os.kill(pid, signal.SIGKILL)
    until(lambda: run.board.choices.read()["pid"] != pid)
    before = frames(run)
    until(lambda: frames(run) > before + 3)

    assert run._sending is sender
    assert not sender.gone
    assert rig.end() == 0
    assert "The renderer has ended unexpectedly (signal SIGKILL). It is started at once." in (
        rig.said.getvalue()
    )


@posix
def test_a_killed_sender_is_started_again(rig: Rig) -> None:
    run = rig.start("board.order.write({'camera': 'auto'})\n" + GOOD)
    until(lambda: run.board[Number.SENDER_BEAT] > 3)
    first = run._sending
    assert first is not None
    first.process.kill()

    until(lambda: run._sending not in (None, first))
    before = run.board[Number.SENDER_BEAT]
    until(lambda: run.board[Number.SENDER_BEAT] > before + 3)
    assert run.board[Number.SENDER_RESTARTS] == 1


def test_without_a_camera_there_is_no_sender(rig: Rig) -> None:
    run = rig.start("board.order.write({'camera': 'none'})\n" + GOOD)
    until(lambda: frames(run) > 20)

    assert run._sending is None


@pytest.mark.parametrize("code", [1, 2, 5])
def test_a_run_that_never_showed_a_frame_ends_with_its_code(rig: Rig, code: int) -> None:
    rig.start(f"print('no such photo', file=sys.stderr); sys.exit({code})")

    assert rig.wait_for_end() == code
    assert "no such photo" in rig.said.getvalue()
    assert "unexpectedly" not in rig.said.getvalue()


def test_a_run_that_has_done_what_it_should_ends_with_it(rig: Rig) -> None:
    rig.start("board.beat(Number.FRAMES); board[Number.ENDED] = 1")

    assert rig.wait_for_end() == 0


def test_a_renderer_that_fails_again_and_again_is_told_to_be_careful(rig: Rig) -> None:
    run = rig.start(
        "board.beat(Number.FRAMES)\nif not board[Number.CAREFUL]: raise SystemExit(9)\n" + GOOD
    )
    until(lambda: run.board[Number.RESTARTS] == CAREFUL_AFTER)
    before = frames(run)
    until(lambda: frames(run) > before + 3)

    until(lambda: "warp engine" in rig.said.getvalue())
    assert "from now on the warp engine draws" in rig.said.getvalue()


@posix
def test_a_renderer_without_a_sign_of_life_is_ended_with_its_threads_in_the_log(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "RENDERER_SILENT_S", 0.7)
    run = rig.start(
        """
        import ctypes, faulthandler; faulthandler.enable()
        watch_lifeline(end.set)
        def hang():
            if not board[Number.RESTARTS] and board[Number.FRAMES] > 5:
                ctypes.PyDLL(None).usleep(20_000_000)  # with the interpreter's lock
        live(hang)
        """
    )
    until(lambda: run.board[Number.RESTARTS] == 1)
    before = frames(run)
    until(lambda: frames(run) > before + 3)

    until(lambda: "no sign of life" in rig.said.getvalue())
    assert "in hang" in rig.said.getvalue()


@posix
def test_a_part_that_takes_its_time_to_load_after_a_restart_is_let_load(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RENDERER_SILENT_S", "SENDER_SILENT_S", "STUCK_S"):
        monkeypatch.setattr(supervising, name, 0.7)
    slow = "watch_lifeline(end.set)\nif board[Number.{}]: time.sleep(2.5)\n{}"
    sender = slow.format("SENDER_BEAT", "while not end.wait(0.02): board.beat(Number.SENDER_BEAT)")
    run = rig.start(
        'board.order.write({"camera": "auto"})\n' + slow.format("FRAMES", "live()"), sender
    )
    until(lambda: frames(run) > 3 and run.board[Number.SENDER_BEAT] > 3)
    for child in (run._drawing, run._sending):
        assert child is not None
        child.process.kill()
    until(lambda: run.board[Number.SENDER_RESTARTS] == 1 and run.board[Number.RESTARTS] == 1)
    drawn, sent = frames(run), run.board[Number.SENDER_BEAT]
    until(lambda: frames(run) > drawn + 3 and run.board[Number.SENDER_BEAT] > sent + 3)

    assert run.board[Number.SENDER_RESTARTS] == 1
    assert run.board[Number.RESTARTS] == 1
    assert "no sign of life" not in rig.said.getvalue()
    assert "no frame for" not in rig.said.getvalue()


@posix
def test_a_renderer_that_lives_but_draws_nothing_is_ended(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STUCK_S", 0.7)
    run = rig.start(
        """
        watch_lifeline(end.set)
        def stick():
            while not board[Number.RESTARTS] and board[Number.FRAMES] > 5:
                board.beat(Number.RENDERER_BEAT); time.sleep(0.02)
        live(stick)
        """
    )

    until(lambda: run.board[Number.RESTARTS] == 1)
    until(lambda: "no frame for" in rig.said.getvalue())


@posix
def test_a_renderer_that_will_not_end_is_ended(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "RENDERER_END_S", 0.5)
    run = rig.start("signal.signal(signal.SIGTERM, signal.SIG_IGN); live()")
    until(lambda: frames(run) > 3)

    rig.end()
    assert "did not end by itself" in rig.said.getvalue()


@posix
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_stays_behind_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    renderer = part(tmp_path, "renderer", "board.order.write({'camera': 'auto'})\n" + GOOD)
    sender = part(tmp_path, "sender", SENDER)
    code = (
        "import sys; from control.supervisor import supervise\n"
        f"sys.exit(supervise(['run'], renderer={renderer!r}, sender={sender!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    family = psutil.Process(process.pid)
    until(lambda: len(family.children()) == 2)
    children = family.children()

    process.send_signal(how)
    process.wait(timeout=60)

    gone, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    assert len(gone) == 2
    assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 0)


@posix
def test_the_parts_are_out_of_the_terminal_s_reach(rig: Rig) -> None:
    run = rig.start("board.order.write({'camera': 'auto'})\n" + GOOD)
    until(lambda: run.board[Number.SENDER_BEAT] > 1)

    assert run._drawing is not None
    assert run._sending is not None
    sessions = {os.getsid(child.process.pid) for child in (run._drawing, run._sending)}
    assert os.getsid(0) not in sessions


def test_the_log_rotates_and_keeps_what_all_parts_said(tmp_path: Path) -> None:
    terminal = io.StringIO()
    relay = LogRelay(tmp_path / "logs", terminal)
    line = b"x" * 999 + b"\n"
    for number in range(3):
        relay.follow("renderer", io.BytesIO(line * 900 + b"end %d\n" % number))
        until(lambda: relay._lines.empty())
    relay.say("자동")
    relay.close()

    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files][:2] == ["living-portrait.log", "living-portrait.log.1"]
    assert all(file.stat().st_size <= FILE_BYTES for file in files)
    assert "자동" in files[0].read_text(encoding="utf-8")
    assert os.name != "posix" or files[0].stat().st_mode & 0o077 == 0
    assert "end 2" in terminal.getvalue()


def test_a_terminal_that_has_stopped_delays_nobody(tmp_path: Path) -> None:
    go_on = threading.Event()

    class Stopped(io.StringIO):
        def write(self, text: str) -> int:
            go_on.wait(60)
            return super().write(text)

    terminal = Stopped()
    relay = LogRelay(tmp_path, terminal)
    many = io.BytesIO(b"line\n" * (3 * WAITING_LINES))

    relay.follow("renderer", many)
    until(lambda: many.closed)  # all of it was read

    go_on.set()
    relay.close()
    assert "lines were lost" in terminal.getvalue()


def test_a_folder_that_cannot_be_written_costs_only_the_file(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file", encoding="utf-8")
    terminal = io.StringIO()
    relay = LogRelay(tmp_path / "logs", terminal)
    relay.close()

    assert "No log file can be written" in terminal.getvalue()


def test_failures_are_met_with_growing_patience_and_forgotten_after_a_good_minute() -> None:
    restarts = Restarts()
    waits = [restarts.lost(10.0) for _ in range(8)]

    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0]
    assert restarts.careful
    assert not restarts.due(39.9)
    assert restarts.due(40.0)
    restarts.good(10.0 + GOOD_S + 1)
    assert not restarts.careful
    assert restarts.lost(200.0) == 0.0


def test_a_machine_that_slept_is_no_reason_to_end_anybody(tmp_path: Path) -> None:
    now = [0.0]
    run = Supervisor(
        ["run"],
        renderer=part(tmp_path, "renderer", GOOD),
        now=lambda: now[0],
        relay=LogRelay(tmp_path, io.StringIO()),
    )
    try:
        run._drawing = run._start("renderer", (*run.renderer, *run._where(), "run"))
        until(lambda: frames(run) > 2)
        run._look()
        now[0] += 3600.0  # in one step
        for _ in range(3):
            assert run._look() is None
            now[0] += 0.1
        assert run._drawing is not None
        assert not run._drawing.killed
    finally:
        run._end()


def test_the_watching_process_stays_small() -> None:
    code = (
        "import sys; import control.supervisor\n"
        "print([m for m in ('numpy', 'cv2', 'yaml', 'flask') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_board_is_shared_by_place_not_by_name() -> None:
    first, second = Board.create(), Board.create()
    try:
        first.beat(Number.FRAMES)
        assert second[Number.FRAMES] == 0
    finally:
        first.memory.close()
        second.memory.close()
