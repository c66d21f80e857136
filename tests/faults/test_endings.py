"""However a run ends, nothing stays behind: no process, no shared memory; the next start works."""

import os
import pty
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.program import Program, alive, children_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a terminal as on Linux")


@pytest.fixture
def no_thread_left_running() -> None:
    """The program has processes of its own."""


class Terminal:
    """A real terminal, with the program in its foreground."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()

    def become(self) -> None:
        """In the program's process: make it the terminal's own."""
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def close(self) -> None:
        """As when its window is closed."""
        os.close(self.ours)


def shared() -> set[str]:
    """Files in shared memory that have a name."""
    folder = Path("/dev/shm")
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


@pytest.fixture
def before() -> Iterator[set[str]]:
    before = shared()
    yield before
    assert not {name for name in shared() - before if "portrait" in name}


def gone(pids: list[int], wait_s: float = 25.0) -> bool:
    end = time.monotonic() + wait_s
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


ENDS: dict[str, tuple[Callable[[Program, Terminal], object], tuple[int, ...]]] = {
    "Ctrl-C": (lambda program, terminal: terminal.type("\x03"), (0, 130)),
    "Ctrl-C twice": (
        lambda program, terminal: (terminal.type("\x03"), time.sleep(0.2), terminal.type("\x03")),
        (0, 130),
    ),
    "a closed window": (lambda program, terminal: terminal.close(), (0, 129, -signal.SIGHUP)),
    "SIGHUP": (lambda program, terminal: os.kill(pid_of(program), signal.SIGHUP), (0, 129)),
    "SIGTERM": (lambda program, terminal: os.kill(pid_of(program), signal.SIGTERM), (0, 143)),
    "SIGKILL": (lambda program, terminal: os.kill(pid_of(program), signal.SIGKILL), (-9,)),
    "Ctrl-C at a renderer that hangs": (
        lambda program, terminal: (
            program.signal("renderer", signal.SIGSTOP),
            terminal.type("\x03"),
        ),
        (0, 1, 130),
    ),
    "SIGKILL of a program whose renderer hangs": (
        lambda program, terminal: (
            program.order("hold 8"),
            time.sleep(0.5),
            os.kill(pid_of(program), signal.SIGKILL),
        ),
        (-9,),
    ),
}
# Those that run with all other tests.
USUAL = ("Ctrl-C", "a closed window")


def pid_of(program: Program) -> int:
    assert program.process is not None
    return program.process.pid


@pytest.mark.parametrize(
    "how", [how if how in USUAL else pytest.param(how, marks=pytest.mark.faults) for how in ENDS]
)
def test_nothing_stays_behind_and_the_next_start_works(
    tmp_path: Path, before: set[str], how: str
) -> None:
    end, codes = ENDS[how]
    terminal = Terminal()
    program = Program(tmp_path)
    program.start(
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        preexec_fn=terminal.become,
    )
    os.close(terminal.theirs)
    processes = [pid_of(program), *children_of(pid_of(program))]
    assert len(processes) == 3

    end(program, terminal)

    assert program.process is not None
    code = program.process.wait(timeout=60)
    assert code in codes, code
    assert gone(processes), [pid for pid in processes if alive(pid)]
    with Program(tmp_path) as again:
        assert again.state()["status"] == "ok"
