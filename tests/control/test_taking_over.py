"""Whole programs that want the same camera: refused, asked, taken over."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from control.instances import Instance, Instances
from tests.control.one_camera import CAMERA

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0


def command(*flags: str) -> list[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        page = f"127.0.0.1:{probe.getsockname()[1]}"
    return [
        *(sys.executable, "-m", "tests.control.one_camera", "run", "--size", "64x64", "--fps", "5"),
        *("--panel", page, "--osc", "off", *flags),
    ]


class Programs:
    """Starts programs, and ends what is left of them."""

    def __init__(self) -> None:
        self.all: list[subprocess.Popen[bytes]] = []

    def start(self, *flags: str, **how: Any) -> "subprocess.Popen[bytes]":
        usual = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.all.append(subprocess.Popen(command(*flags), cwd=ROOT, **{**usual, **how}))
        return self.all[-1]

    def running(self, program: "subprocess.Popen[bytes]") -> Instance:
        """Wait until a program has the camera and its page is open."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            for other in Instances().others():
                if other.pid == program.pid and other.page:
                    return other
            assert program.poll() is None, "it ended"
            time.sleep(0.05)
        raise AssertionError("it did not start")


@pytest.fixture
def programs() -> Iterator[Programs]:
    programs = Programs()
    with ExitStack() as stack:
        yield programs
        for program in programs.all:
            stack.enter_context(program)
            program.send_signal(signal.SIGTERM)


def test_a_second_start_is_refused_asked_or_takes_over(programs: Programs) -> None:
    first = programs.start()
    noted = programs.running(first)
    assert noted.camera == CAMERA

    refused = subprocess.run(
        command(), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    [told] = [line for line in refused.stderr.splitlines() if line.startswith("living-portrait:")]
    assert f"the camera {CAMERA} (process {first.pid}, since " in told
    assert noted.page in told
    assert told.endswith("Type: living-portrait run --take-over")

    beside = programs.start("--camera", "none")
    assert programs.running(beside).camera == ""

    pty = pytest.importorskip("pty")
    keyboard, terminal = pty.openpty()
    second = programs.start(stdin=terminal, stderr=terminal)
    os.write(keyboard, b"y\n")
    assert programs.running(second).camera == CAMERA
    assert first.wait(timeout=WAIT_S) == 0

    third = programs.start("--take-over")
    assert programs.running(third).camera == CAMERA
    assert second.wait(timeout=WAIT_S) == 0
    os.close(keyboard)
    os.close(terminal)

    third.kill()  # and what it kept is worth nothing to the next start
    third.wait()
    fourth = programs.start()
    assert programs.running(fourth).camera == CAMERA
    fourth.send_signal(signal.SIGTERM)
    assert fourth.wait(timeout=WAIT_S) == 0
    assert [other.pid for other in Instances().others()] == [beside.pid]
