"""The process that sends the network stream, as the sink holds it."""

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from streamer.child_environment import child_environment

CLOSE_S: Final = 2.0


class Link:
    """The sender's process: what is written to it, and the thread that hears what it says."""

    def __init__(self, command: Sequence[str], heard: Callable[[dict[str, Any]], None]) -> None:
        self._heard = heard
        self._failure = "lost", "the sender ended"
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries' chatter, which may hold the address
            bufsize=0,
            env=child_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console on Windows
        )
        self._thread = threading.Thread(target=self._listen, name="network-reports", daemon=True)
        self._thread.start()

    def write(self, *parts: bytes | memoryview) -> None:
        """Hand over bytes. Raises: `OSError` when the sender has gone."""
        assert self._process.stdin is not None
        for part in parts:
            left = memoryview(part)
            while left:
                left = left[self._process.stdin.write(left) :]

    def give_up(self) -> None:
        """End a sender that says nothing any more."""
        self._failure = "no-answer", "nothing was taken for a while"
        self._process.kill()

    def failure(self) -> tuple[str, str]:
        """Return the kind and the words of what went wrong, once the sender has ended."""
        self._thread.join(CLOSE_S)
        return self._failure

    def close(self, politely: bool) -> None:
        """End the sender; politely: let it say goodbye to the receiver."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        if not politely:
            self._process.kill()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(CLOSE_S)
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in iter(self._process.stdout.readline, b""):
                what = json.loads(line)
                if what["is"] == "failed":
                    self._failure = what["why"], what["text"]
                else:
                    self._heard(what)
        self._heard({"is": "ended"})
