"""How far a download of model files is, in figures: the listener that `fetch` tells."""

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
    """Counts one download; its thread alone calls the methods of a `Listener`.

    ``sizes`` are the bytes of each file that will come, as far as they are known before; ``tell``
    is called with each figure to show; ``stopped`` is asked at every chunk. ``now`` counts seconds.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        tell: Callable[[Progress], None],
        stopped: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._sizes = dict(sizes)
        self._tell = tell
        self._stopped = stopped
        self._now = now
        self._have = dict.fromkeys(sizes, 0)
        self._path = ""
        self._arrived = 0  # bytes that came through the network
        self._points: deque[tuple[float, int]] = deque()
        self._told_at = float("-inf")
        self._progress = Progress("checking", total_bytes=sum(sizes.values()))
        tell(self._progress)

    @property
    def progress(self) -> Progress:
        """What was told last."""
        return self._progress

    def say(self, text: str) -> None:
        """Show what `fetch` has to say."""
        self._show(message=text)

    def start(self, path: str, size: int, have: int) -> None:
        """A file begins; the hub's size takes the place of the list's."""
        self._path = path
        self._sizes[path], self._have[path] = size, have
        self._show(status="fetching", file=path)

    def at(self, position: int) -> None:
        """Count what came. Raises: `StoppedError`."""
        self._arrived += max(position - self._have[self._path], 0)
        self._have[self._path] = position
        if self._stopped():
            raise StoppedError
        if self._now() - self._told_at >= TELL_S:
            self._show(message="")

    def done(self) -> None:
        """The file is in its place."""
        self._have[self._path] = self._sizes[self._path]
        self._show()

    def _show(self, **fields: object) -> None:
        now = self._told_at = self._now()
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
            **fields,  # type: ignore[arg-type]  # names of Progress
        )
        self._tell(self._progress)
