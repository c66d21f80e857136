"""The program in its three processes, fed with prepared frames, as a test inside sees it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.vm.feeder import FIGURES

FPS: Final = 30
# Emulated, a process with numpy and OpenCV takes 3 to 10 s to start.
START_S: Final = 120.0


class Fed:
    """Started with the frames' size; `end` gives what the sender counted."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._said = folder / "said"
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.vm.feeder", "run"),
                    *(str(width), str(height), str(FPS)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, "LIVING_PORTRAIT_HOME": str(folder / "home")},
            )

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")

    def pid(self, module: str) -> int:
        """The process of a part, by the module that it runs; waits until there is one."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [pid for pid in _children(self._process.pid) if module in _command(pid)]
            return bool(found)

        self.until(look, module)
        return found[0]

    def renderer(self) -> int:
        return self.pid("tests.vm.feeder")

    def sender(self) -> int:
        return self.pid("streamer.sending.sender")

    def until(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + START_S
        while not condition():
            assert time.monotonic() < end, f"{what} did not come. It said:\n{self.said}"
            time.sleep(0.1)

    def end(self) -> dict[str, Any]:
        """End it as a user does; returns the sender's figures, empty where it gave none."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._process.wait()
        told = [line for line in self.said.splitlines() if FIGURES in line]
        return dict(json.loads(told[-1].partition(FIGURES)[2])) if told else {}


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
