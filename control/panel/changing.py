"""One slow change of engine or output at a time, seen by every page while it is under way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from control.problems import Problem


class Changing:
    """What is being changed now, if anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, Any] | None = None

    @property
    def now(self) -> dict[str, Any] | None:
        """Return ``what`` changes and what was ``wanted``, JSON-able."""
        return self._now

    @contextmanager
    def under_way(self, what: str, wanted: dict[str, Any]) -> Iterator[None]:
        """Change it in a ``with`` block. Raises `Problem` while another change is under way."""
        if not self._lock.acquire(blocking=False):
            raise Problem(
                409,
                "busy",
                f"The {(self._now or {}).get('what', 'stream')} is being changed; wait until that "
                "is done and try again.",
            )
        self._now = {"what": what, "wanted": wanted}
        try:
            yield
        finally:
            self._now = None
            self._lock.release()
