"""The product as a soak runs it: started from outside like a user does, asked, measured, ended."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.live import free_port

START_S: Final = 60.0
END_S: Final = 20.0
ASK_S: Final = 10.0

# By the module that a process runs, for when the product itself cannot be asked.
ROLES: Final = (
    ("renderer", "control.renderer"),
    ("sender", "streamer.sending.sender"),
    ("sender", "benchmarks.soak_camera"),
)
PROGRAM: Final = "living-portrait"


@dataclass(frozen=True)
class Measured:
    """One process: memory in MB, PSS where the system tells it (shared pages in shares)."""

    pid: int
    rss_mb: float
    pss_mb: float
    threads: int
    fds: int


@dataclass
class Product:
    """One run. ``home`` is its folder for everything it keeps; ``flags`` go to `run`.

    Its camera is a stand-in, unless ``flags`` name one.
    """

    home: Path
    flags: list[str]
    page: int = field(default_factory=lambda: free_port(socket.SOCK_STREAM))
    osc: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))
    seen: dict[int, float] = field(default_factory=dict)
    """Every process of it that was seen, by its number, with its time of birth."""

    def __enter__(self) -> "Product":
        self.said = (self.home / "said.txt").open("wb")
        (self.home / "presets").mkdir()
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        program = "control" if "--camera" in self.flags else "benchmarks.soak_camera"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", program, "run", "--seed", "1", "--fps", "30"),
                *("--panel", f"127.0.0.1:{self.page}", "--osc", f"127.0.0.1:{self.osc}"),
                *("--oscquery", "off", *self.flags),
            ],
            env={**os.environ, "LIVING_PORTRAIT_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=self.said,
            stderr=self.said,
        )
        until = time.monotonic() + START_S
        while self.state() is None:
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise SystemExit(f"The product did not start:\n{self.log()}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in self.left():  # a fault of the product, which the verdict has told by then
            psutil.Process(pid).kill()
        self._sender.close()
        self.said.close()

    def end(self) -> list[int]:
        """End it as a user does; returns the processes that it left behind."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            return [self.process.pid, *self.left()]
        time.sleep(1.0)
        return self.left()

    def left(self) -> list[int]:
        """Return the processes of it that live though the program has ended."""
        alive = []
        for pid, born in self.seen.items():
            try:
                if psutil.Process(pid).create_time() == born:
                    alive.append(pid)
            except psutil.NoSuchProcess:
                continue
        return alive

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request; returns status and answer. Raises `OSError`, `HTTPException`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page, timeout=ASK_S)
        try:
            data = None if body is None else json.dumps(body).encode()
            given = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, body=data, headers={**given, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def state(self) -> dict[str, Any] | None:
        """Return what the product says of itself; None while it does not answer."""
        try:
            status, answer = self.ask("GET", "/state")
            return dict(json.loads(answer)) if status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def send(self, datagram: bytes) -> None:
        """Send a datagram to the OSC door, whether or not it is open."""
        with contextlib.suppress(OSError):  # of the datagram before, which found the door closed
            self._sender.sendto(datagram, ("127.0.0.1", self.osc))

    def processes(self) -> dict[str, Measured]:
        """Measure every process of the product, by its role."""
        measured: dict[str, Measured] = {}
        try:
            family = [psutil.Process(self.process.pid)]
            family += family[0].children(recursive=True)
        except psutil.Error:
            return measured
        for process in family:
            try:
                role = self._role(process)
                while role in measured:
                    role += "'"
                measured[role] = _measure(process)
                self.seen[process.pid] = process.create_time()
            except psutil.Error:
                continue  # it ended meanwhile
        return measured

    def log(self) -> str:
        """Return what it has written so far."""
        return (self.home / "said.txt").read_text(encoding="utf-8", errors="replace")

    def _role(self, process: psutil.Process) -> str:
        if process.pid == self.process.pid:
            return PROGRAM
        command = process.cmdline()
        return next((role for role, module in ROLES if module in command), "other")


def _measure(process: psutil.Process) -> Measured:
    with process.oneshot():
        rss = process.memory_info().rss / 1e6
        threads = process.num_threads()
        fds = process.num_fds()
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        pss = next(float(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
        return Measured(process.pid, rss, pss * 1024 / 1e6, threads, fds)
    except (OSError, StopIteration):
        return Measured(process.pid, rss, rss, threads, fds)
