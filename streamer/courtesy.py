"""Whoever is not in a hurry waits while a frame is drawn.

The interpreter runs one thread at a time. A frame is drawn in dozens of short calls that let go of
it and ask for it back; with a busy page beside it, each of them would queue behind requests that
could as well be served a few milliseconds later. So the doors ask before each piece of work.
A cue that waits is not shown later for it: the wishes of a frame are read before it is drawn.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

# A door waits no longer than this, however slow the engine is: half the usual frame of a slow one
# would be a door that is shut.
PATIENCE_S: Final = 0.02

# The next frame is expected this long after it was due; then there is none to wait for.
OVERDUE_S: Final = 0.1


class Courtesy:
    """The frame thread calls `begin` and `end`, all others `wait`. ``now`` in seconds."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._condition = threading.Condition()
        self._waiting = 0
        self._drawing = False
        self._next_at = -OVERDUE_S * 2

    def begin(self) -> None:
        """Say that a frame is being drawn."""
        self._drawing = True

    def end(self, spare_s: float) -> None:
        """Say that the frame has left, and in how many seconds the next is begun."""
        self._next_at = self._now() + spare_s
        self._drawing = False
        if self._waiting:
            with self._condition:
                self._condition.notify_all()

    def wait(self, ahead_s: float = 0.0, patience_s: float = PATIENCE_S) -> None:
        """Return when no frame is drawn, nor begun within ``ahead_s``; or when patience ends."""
        if self._is_free(ahead_s):
            return
        end = self._now() + patience_s
        with self._condition:
            self._waiting += 1
            try:
                while not self._is_free(ahead_s) and (left := end - self._now()) > 0:
                    self._condition.wait(left)
            finally:
                self._waiting -= 1

    def _is_free(self, ahead_s: float) -> bool:
        if self._drawing:
            return False
        to_next = self._next_at - self._now()
        return to_next > ahead_s or to_next < -OVERDUE_S
