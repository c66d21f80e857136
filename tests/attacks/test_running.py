"""The whole program, open to other machines, started carelessly: what it writes and what it says.

It runs under ``umask 000`` with ``--verbose``, is attacked through its doors, and is ended. Every
file that it wrote is looked at, and every word that it said.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
import pytest

from control.panel.routes_presets import EXAMPLE
from tests.fuzz.packets import Packets
from tests.fuzz.pictures import formats
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
CHOSEN = "a-token-that-somebody-chose-7f3a"
WAIT_S = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="umask and modes are POSIX")


class Running:
    """The program with its own home; ``text`` is all that it said to the terminal."""

    def __init__(self, folder: Path) -> None:
        self.home, self.report = folder / "home", folder / "report.json"
        self.port, self.osc = free_port(), free_port(socket.SOCK_DGRAM)
        self._said = folder / "said.txt"
        flags = (
            *("--camera", "none", "--size", "160x90", "--seed", "1", "--verbose"),
            *("--panel", f"0.0.0.0:{self.port}", "--osc", f"127.0.0.1:{self.osc}"),
            *("--oscquery", "off", "--report", str(self.report)),
        )
        home = {"LIVING_PORTRAIT_HOME": str(self.home), "HOME": str(folder / "user")}
        caches = {"XDG_CACHE_HOME": str(folder / "user/cache")}
        token = {"LIVING_PORTRAIT_PANEL_TOKEN": CHOSEN}
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "control", "run", *flags],
                cwd=ROOT,
                env={**os.environ, **home, **caches, **token, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                umask=0,
            )

    @property
    def text(self) -> str:
        return self._said.read_text(errors="replace")

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def wait(self) -> None:
        end = time.monotonic() + WAIT_S
        while True:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < end, self.text
            try:
                if json.loads(self.ask("GET", "/state")[1])["frames"] > 5:
                    return
            except (OSError, HTTPException, ValueError, KeyError):
                time.sleep(0.1)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run it, attack it, end it; what is left is for the tests."""
    running = Running(tmp_path_factory.mktemp("attacked"))
    told: dict[str, Any] = {"running": running}
    try:
        running.wait()
        own = psutil.Process(running.process.pid)
        told["commands"] = [p.cmdline() for p in [own, *own.children(recursive=True)]]
        kind = {"Content-Type": "application/json"}
        running.ask("PUT", "/photos/me.png?face=by-hand", formats()["png"]())
        running.ask("PUT", "/idle", b'{"strength": 0.5}', **kind)
        preset = json.dumps({"preset": EXAMPLE}).encode()
        told["saved"] = running.ask("PUT", "/presets/wave", preset, **kind)
        for _ in range(8):  # another machine's guess; on this machine nobody is asked for it
            body = json.dumps({"token": "a-guess-that-is-long-enough"}).encode()
            running.ask("POST", "/login", body, **kind)
        running.ask("GET", f"/?token={CHOSEN}")
        running.ask("GET", "/nothing", Authorization=f"Bearer {CHOSEN}")
        running.ask(
            "GET", "/state", Authorization=f"Basic {CHOSEN}", Cookie=f"living_portrait={CHOSEN}"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _, datagram in zip(range(2000), Packets(3), strict=False):
                sock.sendto(datagram[:8000], ("127.0.0.1", running.osc))
        with socket.create_connection(("127.0.0.1", running.port)) as sock:
            sock.sendall(b"GET /" + b"\xff" * 300 + b" HTTP/1.1\r\n\r\n")
        told["answers"] = {
            path: running.ask("GET", path)[1]
            for path in (
                "/state",
                "/health",
                "/openapi.json",
                "/osc",
                "/choices",
                "/photos",
                "/",
                "/parameters",
            )
        }
        time.sleep(1.5)  # what was chosen is written a second later
        told["alive"] = running.ask("GET", "/health")[0]
    finally:
        running.end()
    yield told


def test_it_lives_through_all_of_it(ran: dict[str, Any]) -> None:
    assert ran["alive"] == 200
    assert ran["saved"][0] == 200
    assert "Traceback" not in ran["running"].text
    assert ran["running"].process.returncode == 0


def test_the_token_is_in_no_answer_log_report_or_command(ran: dict[str, Any]) -> None:
    running = ran["running"]
    kept = json.loads((running.home / "state" / "panel-token.json").read_text())
    secrets = [CHOSEN, kept["token"], kept["key"]]
    logs = "".join(p.read_text(errors="replace") for p in running.home.rglob("*.log*"))
    assert logs

    said = {"terminal": running.text, "logs": logs, "report": running.report.read_text()}
    for where, text in {**said, **ran["answers"], "commands": str(ran["commands"])}.items():
        for secret in secrets:
            assert secret not in text, where


def test_under_umask_000_nobody_else_can_write_or_read_what_is_private(ran: dict[str, Any]) -> None:
    home: Path = ran["running"].home
    found = [home, *home.rglob("*")]
    assert {"panel-token.json", "choices.json", "wave.yaml", "me.png", "living-portrait.log"} <= {
        path.name for path in found
    }

    open_to_others = {
        str(path.relative_to(home.parent)): stat.filemode(path.lstat().st_mode)
        for path in found
        if path.lstat().st_mode & 0o077
    }

    assert open_to_others == {}


def test_nothing_is_left_behind_in_shared_places(ran: dict[str, Any]) -> None:
    pid = str(ran["running"].process.pid)
    for folder in (Path("/dev/shm"), Path("/tmp"), Path("/run/user")):
        if folder.is_dir():
            assert not [p for p in folder.iterdir() if "living" in p.name and pid in p.name]
