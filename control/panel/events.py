"""The stream's state as Server-Sent Events: read once for all pages, the newest wins."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from control.panel.telling import told
from streamer.keep_going import KeepGoing

PERIOD_S: Final = 0.1
# Rates and counters change all the time; they travel with the heartbeat.
HEARTBEAT_S: Final = 1.0
_VOLATILE: Final = ("uptime_s", "frames", "fps", "late", "dropped")


def event(name: str, data: Any) -> bytes:
    """Write one Server-Sent Event. Source: WHATWG HTML, section 9.2."""
    return f"event: {name}\ndata: {encode(data)}\n\n".encode()


class Event:
    """One event, written once for each language that somebody reads it in."""

    def __init__(self, name: str, data: Any) -> None:
        self._name = name
        self._data = data
        self._written: dict[str, bytes] = {}

    def written(self, language: str) -> bytes:
        """Return it as it is sent."""
        if language not in self._written:
            self._written[language] = event(self._name, told(self._data, language))
        return self._written[language]


def encode(data: Any) -> str:
    """Write JSON on one line, as people read it."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class StateFeed:
    """Reads the state ten times a second while anybody listens, and remembers the newest.

    Two kinds of events: ``face`` with the parameter values, and ``state`` with the rest, when
    something in it changes and once a second.
    """

    def __init__(self, read: Callable[[], dict[str, Any]], closing: threading.Event) -> None:
        self._read = read
        self._closing = closing
        self._condition = threading.Condition()
        self._listeners = 0
        self._turn = 0
        self._newest: dict[str, tuple[int, Event]] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def listener(self, language: str = "en") -> Iterator["Listener"]:
        """Listen for the time of a ``with`` block."""
        with self._condition:
            self._listeners += 1
            if self._thread is None:
                # What was remembered from listeners before is stale.
                self._newest = {}
                self._thread = threading.Thread(target=self._run, name="page-state", daemon=True)
                self._thread.start()
        try:
            yield Listener(self, language)
        finally:
            with self._condition:
                self._listeners -= 1

    def newer(self, seen: int, timeout_s: float) -> tuple[int, list[Event]]:
        """Wait for events of a later turn than ``seen``; returns the turn and the events."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._closing.is_set() or any(t > seen for t, _ in self._newest.values()),
                timeout_s,
            )
            fresh = [data for turn, data in self._newest.values() if turn > seen]
            return max([seen, *(turn for turn, _ in self._newest.values())]), fresh

    def wake(self) -> None:
        """Let all listeners see that the server closes."""
        with self._condition:
            self._condition.notify_all()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end after the closing began."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        news = _News()
        going = KeepGoing("The state for the page")
        while not self._closing.is_set():
            fresh: dict[str, Event] = {}
            with going:
                fresh = news.take(self._read())
            with self._condition:
                if fresh:
                    self._turn += 1
                    self._newest |= {k: (self._turn, data) for k, data in fresh.items()}
                    self._condition.notify_all()
                if not self._listeners:
                    self._thread = None
                    return
            self._closing.wait(PERIOD_S)


class _News:
    """What is new in a state since the one before."""

    def __init__(self) -> None:
        self._face: dict[str, float] | None = None
        self._steady: dict[str, Any] = {}
        self._turns = 0

    def take(self, state: dict[str, Any]) -> dict[str, Event]:
        """Return the events to send."""
        face = {k: round(v, 4) for k, v in state.pop("face", {}).items()}
        steady = {k: v for k, v in state.items() if k not in _VOLATILE}
        self._turns += 1
        fresh = {}
        if self._face != face:
            fresh["face"] = Event("face", face)
        if self._steady != steady or self._turns * PERIOD_S >= HEARTBEAT_S:
            fresh["state"] = Event("state", state)
            self._turns = 0
        self._face, self._steady = face, steady
        return fresh


class Listener:
    """One page that listens."""

    def __init__(self, feed: StateFeed, language: str = "en") -> None:
        self._feed = feed
        self._language = language
        self._seen = 0

    def next(self, timeout_s: float) -> list[bytes]:
        """Return the events that came since the last call; none after ``timeout_s``."""
        self._seen, events = self._feed.newer(self._seen, timeout_s)
        return [event.written(self._language) for event in events]
