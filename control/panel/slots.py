"""How many long answers run at once: each holds a thread of the server."""

import threading
from collections.abc import Callable
from typing import Final

from control.problems import Problem

PREVIEWS: Final = 12
EVENTS: Final = 12
GENERATES: Final = 2

# Threads beside the long answers, for everything short.
SHORT: Final = 8
THREADS: Final = PREVIEWS + EVENTS + GENERATES + SHORT


class Slots:
    """A bounded number of long answers of one kind."""

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self._lock = threading.Lock()
        self._used = 0

    @property
    def used(self) -> int:
        """How many run now."""
        return self._used

    def take(self) -> Callable[[], None]:
        """Take one; call what is returned to give it back (twice is harmless). Raises `Problem`."""
        with self._lock:
            if self._used >= self._limit:
                raise Problem(
                    503,
                    "busy",
                    f"{self._limit} {self._what} run already; close one and try again.",
                    retry_after_s=2,
                )
            self._used += 1
        given_back = threading.Event()

        def give_back() -> None:
            with self._lock:
                if not given_back.is_set():
                    given_back.set()
                    self._used -= 1

        return give_back
