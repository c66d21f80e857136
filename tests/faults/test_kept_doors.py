"""The doors from outside while the renderer dies: nobody is refused, and no key press is lost."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.program import Program, alive

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals as on Linux")


@pytest.fixture(autouse=True)
def no_thread_left_running() -> None:
    """The program has processes of its own."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    # One for each row: after some deaths the next renderer is waited for longer.
    with Program(tmp_path, "--vmc", "127.0.0.1:0") as program:
        yield program


HALF_A_SMILE = b"/portrait/set/smile\0,f\0\0\x3f\0\0\0"
JSON = {"Content-Type": "application/json"}


def dead(program: Program, how: signal.Signals = signal.SIGKILL) -> int:
    """End the renderer; returns its number when the kernel has closed all that it had."""
    pid = program.signal("renderer", how)
    program.until(lambda: not alive(pid), "its end")
    return pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_key_pressed_while_the_renderer_is_dead_is_obeyed_by_the_next_one(
    program: Program, how: signal.Signals
) -> None:
    pid = dead(program, how)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as key:
        key.sendto(HALF_A_SMILE, ("127.0.0.1", program.osc_port))

    program.until(lambda: program.chosen()["held"].get("smile") == 0.5, "the smile", 60)
    assert program.pids()["renderer"] != pid


def test_who_asks_while_the_renderer_is_dead_is_answered_and_not_refused(program: Program) -> None:
    pid = dead(program)
    asking = []
    for _ in range(5):  # all at once, before anybody is there
        asking.append(http.client.HTTPConnection("127.0.0.1", program.port, timeout=60))
        asking[-1].request("PUT", "/parameters", '{"smile": 0.25}', JSON)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stranger,
        pytest.raises(OSError, match=r"[Aa]ddress"),
    ):
        stranger.bind(("127.0.0.1", program.port))

    for connection in asking:
        with connection.getresponse() as answer:
            assert answer.status < 300, answer.read()
        connection.close()
    program.until(lambda: program.chosen()["held"].get("smile") == 0.25, "what they asked for")
    assert program.pids()["renderer"] != pid


def test_a_door_on_any_free_port_keeps_the_one_it_got(program: Program) -> None:
    before = program.state()["osc"]["vmc"]["address"]
    pid = dead(program)
    program.until(lambda: program.pids()["renderer"] != pid, "another renderer", 60)

    assert program.state()["osc"]["vmc"]["address"] == before
    assert program.state()["osc"]["vmc"]["listening"]


def test_no_process_but_the_renderer_and_its_watcher_has_the_doors(program: Program) -> None:
    assert program.process is not None
    family = psutil.Process(program.process.pid)
    doors = {program.port, program.osc_port}
    for process in (family, *family.children(recursive=True)):
        ports = {c.laddr[1] for c in process.net_connections("inet") if c.laddr and not c.raddr}
        wanted = doors if process.pid in (family.pid, program.pids()["renderer"]) else set()
        assert ports & doors == wanted, process.cmdline()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("when", ["at work", "while the renderer is dead"])
def test_a_start_right_after_the_end_has_the_same_ports(
    how: signal.Signals, when: str, tmp_path: Path
) -> None:
    with Program(tmp_path) as first:
        assert first.process is not None
        family = [first.process.pid, *first.pids().values()]
        if when != "at work":
            dead(first)
        first.end(how)
        first.until(lambda: not any(alive(pid) for pid in family), "the end of all", 60)
    again = Program(tmp_path)
    again.command = first.command
    again.port, again.osc_port = first.port, first.osc_port
    with again:
        again.until(lambda: again.state()["osc"]["listening"], "its doors")
    assert "is taken" not in again.said
    assert "Traceback" not in again.said
