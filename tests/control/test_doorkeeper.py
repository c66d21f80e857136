"""The doors' ports while renderers die, hang and are started again, with real processes."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import control.restarts as restarting
import control.supervisor as supervising
from control.supervisor import Supervisor
from streamer.sending.board import Number
from tests.control.test_supervisor import Rig
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are passed on as POSIX does")

# A renderer with one door; started again it opens that only when the file GO is there.
RENDERER = """
import pathlib, socket, subprocess
from control.kept_ports import KeptPorts
from control.passing import PortName
watch_lifeline(end.set)
ports = KeptPorts.inherited()
while board[Number.RESTARTS] and not pathlib.Path({go!r}).exists() and not end.wait(0.01):
    pass
def opened():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    return sock
sock = ports.open(PortName("OSC", "udp", "127.0.0.1", 0), opened)
ports.settle()
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
heard = []
def listen():
    try:
        while True:
            heard.append(sock.recv(100).decode())
    except BlockingIOError:
        pass
    board.wishes.write(
        {{"pid": os.getpid(), "port": sock.getsockname()[1], "heard": heard, "child": child.pid}}
    )
board.order.write({{"camera": "auto"}})
live(listen)
child.stdin.close()
"""


class Door:
    """A run whose renderer has a door."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder)
        self._go = folder / "go"
        self.rig.start(RENDERER.format(go=str(self._go)))
        self._key = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wait_until(lambda: self.note)
        wait_until(lambda: self.run.board[Number.SENDER_BEAT] > 0)
        self.port = self.note["port"]

    @property
    def run(self) -> Supervisor:
        assert self.rig.supervisor is not None
        return self.rig.supervisor

    @property
    def note(self) -> dict[str, Any]:
        return self.run.board.wishes.read() or {}

    def press(self, text: str) -> None:
        self._key.sendto(text.encode(), ("127.0.0.1", self.port))

    def strike(self, *numbers: int) -> int:
        """Send signals to the renderer; returns its number."""
        pid = int(self.note["pid"])
        for number in numbers:
            os.kill(pid, number)
        return pid

    def gone(self, times: int) -> None:
        """Wait until so many have ended, as the watching process knows."""
        wait_until(lambda: self.run.board[Number.RESTARTS] == times)

    def heard_by_the_next(self, pid: int) -> list[str]:
        """Let the next one open its door; returns what it hears up to the word "now"."""
        self._go.touch()
        self.press("now")
        wait_until(lambda: self.note["pid"] != pid and "now" in self.note["heard"])
        assert self.note["port"] == self.port
        return [text for text in self.note["heard"] if text != "now"]

    @property
    def said(self) -> str:
        return self.rig.said.getvalue()

    def close(self) -> None:
        self._key.close()
        self.run.ask_to_end()
        self.rig.wait_for_end()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    yield door
    door.close()


def test_a_key_pressed_while_the_renderer_is_dead_reaches_the_next_one(door: Door) -> None:
    pid = door.strike(signal.SIGKILL)
    door.gone(1)
    for text in "abc":
        door.press(text)

    assert door.heard_by_the_next(pid) == ["a", "b", "c"]
    assert "too old" not in door.said


def test_what_came_to_one_that_hung_is_dropped_and_what_comes_after_its_end_is_not(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = door.strike(signal.SIGSTOP)
    for _ in range(7):
        door.press("stale")
    monkeypatch.setattr(supervising, "RENDERER_SILENT_S", 0.2)
    door.gone(1)
    monkeypatch.setattr(supervising, "RENDERER_SILENT_S", 600.0)
    door.press("fresh")

    assert door.heard_by_the_next(pid) == ["fresh"]
    wait_until(lambda: "is too old and was dropped (messages: 7, connections: 0)." in door.said)


def test_what_came_to_one_that_hung_and_was_killed_by_somebody_else_is_dropped(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "DEAF_S", 0.0)
    pid = door.strike(signal.SIGSTOP)
    door.press("stale")
    door.strike(signal.SIGKILL)
    door.gone(1)
    door.press("fresh")

    assert door.heard_by_the_next(pid) == ["fresh"]
    wait_until(lambda: "(messages: 1, connections: 0)" in door.said)


def test_what_waits_for_long_is_dropped_before_the_next_one_starts(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarting, "FIRST_WAITS_S", (3600.0,))
    pid = door.strike(signal.SIGKILL)
    door.gone(1)
    door.press("stale")
    door.run.now = lambda: time.monotonic() + 3601.0
    wait_until(lambda: "(messages: 1, connections: 0)" in door.said)
    door.press("fresh")

    assert door.heard_by_the_next(pid) == ["fresh"]


def test_the_port_is_held_by_the_renderer_and_its_watcher_alone(door: Door) -> None:
    pid = door.strike(signal.SIGKILL)
    assert door.heard_by_the_next(pid) == []
    sender = door.run._sending
    assert sender is not None

    def holds(number: int) -> bool:
        found = psutil.Process(number).net_connections("udp")
        return door.port in {connection.laddr[1] for connection in found if connection.laddr}

    assert holds(os.getpid())
    assert holds(door.note["pid"])
    assert not holds(sender.process.pid)
    assert not holds(door.note["child"])


def test_nobody_else_can_take_the_port_meanwhile_and_anybody_can_after_the_end(
    tmp_path: Path,
) -> None:
    door = Door(tmp_path)
    try:
        door.strike(signal.SIGKILL)
        door.gone(1)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
            pytest.raises(OSError, match=r"[Aa]ddress"),
        ):
            other.bind(("127.0.0.1", door.port))
    finally:
        door.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", door.port))
