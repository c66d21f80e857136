"""The whole program in its processes, with seams in the renderer and a camera that remembers.

    python -m tests.faults.program ORDERS CAMERA run FLAGS ...

`Program` starts that, speaks to it as a page does, and reads what its camera got.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.faults.renderer import LOOP_IS_DRAWN
from tests.ports import free_port
from tests.recording_camera import Sent, recorded

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FPS: Final = 30
WAIT_S: Final = 60.0

# What an operator chooses; the same after every fault.
CHOSEN: Final = ("held", "idle", "paused", "photo", "view", "size", "fps_target", "privacy", "seed")


class Program:
    """``living-portrait run`` as its user's shell starts it."""

    def __init__(self, folder: Path, *flags: str, photo: str = "mona-lisa") -> None:
        self.folder = folder
        self.home = folder / "home"
        self.port = free_port()
        self.osc_port = free_port(socket.SOCK_DGRAM)
        self._orders, self._camera = folder / "orders", folder / "camera"
        self._said = folder / "said"
        self.command = [
            *(sys.executable, "-m", "tests.faults.program", str(self._orders), str(self._camera)),
            *("run", "--photo", photo, "--size", "160x90", "--fps", str(FPS), "--seed", "7"),
            *("--panel", f"127.0.0.1:{self.port}", "--osc", f"127.0.0.1:{self.osc_port}"),
            *("--oscquery", "off", *flags),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    # --- life

    def start(self, **how: Any) -> "Program":
        """Start it and wait until its camera and its page are there."""
        with self._said.open("ab") as said:
            usual: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, "LIVING_PORTRAIT_HOME": str(self.home), "OMP_NUM_THREADS": "1"},
                **{**usual, **how},
            )
        self.until(lambda: self.state()["frames"] > 5, "the first frames")
        self.until(lambda: len(self.sent) > 5, "the camera")
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=WAIT_S)
        finally:
            self.process.kill()

    def __enter__(self) -> "Program":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    # --- what it is told

    def order(self, text: str) -> None:
        """Let something happen inside the renderer."""
        with self._orders.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def signal(self, name: str, number: int) -> int:
        """Send a signal to one of its processes; returns its number."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the page; raises `OSError` where it does not answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as exc:
            with exc:
                return json.loads(exc.read())

    def choose(self) -> None:
        """Choose what must not be lost."""
        self.ask("PUT", "/parameters", {"smile": 0.4, "head_yaw": -6.0})
        self.ask("PUT", "/idle", {"style": "lively", "strength": 0.8})
        self.ask("PUT", "/view", {"mirror": True, "zoom": 1.1})
        self.until(lambda: self.chosen()["held"].get("smile") == 0.4, "the choice")
        # Drawn anew for what was chosen; one that was begun before may come first.
        time.sleep(2.5)
        drawn = self.said.count(LOOP_IS_DRAWN)
        self.until(lambda: self.said.count(LOOP_IS_DRAWN) > drawn, "the standby loop", 60)

    # --- what it says

    def state(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/state"))

    def chosen(self) -> dict[str, Any]:
        state = self.state()
        return {name: state[name] for name in CHOSEN}

    def pids(self) -> dict[str, int]:
        return dict(self.state()["processes"])

    @property
    def said(self) -> str:
        """What stands in its terminal."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def until(self, condition: Callable[[], Any], what: str, wait_s: float = WAIT_S) -> None:
        """Wait for something; a page that does not answer has not got there yet."""
        end = time.monotonic() + wait_s
        while True:
            with contextlib.suppress(
                OSError, http.client.HTTPException, KeyError, ValueError, TypeError
            ):
                if condition():
                    return
            assert time.monotonic() < end, f"{what} did not come. It said:\n{self.said[-3000:]}"
            time.sleep(0.05)

    # --- what the camera got

    @property
    def sent(self) -> list[Sent]:
        return recorded(self._camera)

    @contextlib.contextmanager
    def watched(self) -> Iterator["Watched"]:
        """What the camera gets meanwhile."""
        watched = Watched(self, time.perf_counter())
        yield watched
        watched.until = time.perf_counter()


class Watched:
    """The frames that a camera got between two times of `time.perf_counter`."""

    def __init__(self, program: Program, since: float) -> None:
        self._program = program
        self.since = since
        self.until: float | None = None

    @property
    def frames(self) -> list[Sent]:
        until = time.perf_counter() if self.until is None else self.until
        return [sent for sent in self._program.sent if self.since <= sent.t <= until]

    @property
    def rate(self) -> float:
        """Frames a second."""
        until = time.perf_counter() if self.until is None else self.until
        return len(self.frames) / (until - self.since)

    @property
    def worst_gap_s(self) -> float:
        """The longest time without a frame."""
        until = time.perf_counter() if self.until is None else self.until
        times = [self.since, *(sent.t for sent in self.frames), until]
        return max(b - a for a, b in pairwise(times))

    @property
    def darkest(self) -> float:
        """The lowest mean of a frame."""
        return min(sent.mean for sent in self.frames)

    @property
    def stood_still_s(self) -> float:
        """The longest time that one and the same picture was sent."""
        longest, start, frames = 0.0, self.since, self.frames
        for before, after in pairwise(frames):
            if after.hash != before.hash:
                start = after.t
            longest = max(longest, after.t - start)
        return longest


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has asked for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def main(arguments: Sequence[str]) -> int:
    orders, camera, *command = arguments
    from control.supervisor import supervise

    return supervise(
        command,
        renderer=(sys.executable, "-m", "tests.faults.renderer", orders),
        sender=(sys.executable, "-m", "tests.recording_camera", camera),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
