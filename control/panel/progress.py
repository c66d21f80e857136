"""How far a download of model files is, in figures: the listener that `fetch` tells."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

# How often the figures change for readers: each change is sent to every page.
TELL_S: Final = 0.5
# The speed is that of the last seconds: longer hides a stall, shorter jumps about.
SPEED_S: Final = 4.0

Status = Literal["idle", "checking", "fetching", "stopping", "stopped", "failed", "done"]
RUNNING: Final = ("checking", "fetching", "stopping")


@dataclass(frozen=True)
class Progress:
    """How it goes. Units: bytes, bytes a second, s; ``left_s`` None while it cannot be told."""

    status: Status = "idle"
    file: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    speed: float = 0.0
    left_s: float | None = None
    message: str = ""


class StoppedError(Exception):
    """Somebody stopped the download; what came stays, and the next one goes on from it."""


class Tally:
    """Counts one download: its thread calls the methods of a `Listener`, anybody reads `figures`.

    ``sizes`` are the bytes of each file that will come, as far as they are known before;
    ``stopped`` is asked at every chunk. ``now`` counts seconds.
    """

    def __init__(
        self, sizes: Mapping[str, int], stopped: Callable[[], bool], now: Callable[[], float]
    ) -> None:
        self._lock = threading.Lock()
        self._stopped = stopped
        self._now = now
        self._sizes = dict(sizes)
        self._have = dict.fromkeys(sizes, 0)
        self._path = ""
        self._arrived = 0  # bytes that came through the network
        self._points = deque([(now(), 0)])
        self._progress = Progress("checking", total_bytes=sum(sizes.values()))

    def figures(self) -> Progress:
        """Return how it goes; the same for half a second, also while nothing comes."""
        with self._lock:
            if self._now() - self._points[-1][0] >= TELL_S:
                self._renew()
            return self._progress

    # --- for the download

    def say(self, text: str) -> None:
        """Show what `fetch` has to say, until bytes come again."""
        self._renew_with(message=text)

    def start(self, path: str, size: int, have: int) -> None:
        """A file begins; the hub's size takes the place of the list's."""
        self._path = path
        self._sizes[path], self._have[path] = size, have
        self._renew_with(status="fetching", file=path)

    def at(self, position: int) -> None:
        """Count what came. Raises: `StoppedError`."""
        with self._lock:
            self._arrived += max(position - self._have[self._path], 0)
            self._have[self._path] = position
            if self._progress.message:
                self._progress = replace(self._progress, message="")
        if self._stopped():
            raise StoppedError

    def done(self) -> None:
        """The file is in its place."""
        self._have[self._path] = self._sizes[self._path]
        self._renew_with()

    def _renew_with(self, **fields: str) -> None:
        with self._lock:
            self._progress = replace(self._progress, **fields)  # type: ignore[arg-type]  # its own
            self._renew()

    def _renew(self) -> None:
        """Count anew. The lock is held."""
        now = self._now()
        self._points.append((now, self._arrived))
        while len(self._points) > 2 and now - self._points[1][0] >= SPEED_S:
            self._points.popleft()
        (first, before), (last, after) = self._points[0], self._points[-1]
        speed = (after - before) / (last - first) if last > first else 0.0
        done, total = sum(self._have.values()), sum(self._sizes.values())
        self._progress = replace(
            self._progress,
            done_bytes=done,
            total_bytes=total,
            speed=round(speed),
            left_s=round((total - done) / speed, 1) if speed > 0 else None,
        )
