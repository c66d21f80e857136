"""A thread for what the sending must not wait for: it has until the next period, or longer."""

import logging
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

CLOSE_S: Final = 2.0


class Aside:
    """Calls ``work`` with the newest time that was asked for, until it says that all is done."""

    def __init__(self, work: Callable[[float], bool]) -> None:
        self._work = work
        self._then = 0.0
        self._asked = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="standby-pictures", daemon=True)
        self._thread.start()

    def ask(self, then: float) -> None:
        """Let everything be ready for ``then`` (s); returns at once."""
        self._then = then
        self._asked.set()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._asked.set()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        failed = False
        while not self._closed:
            self._asked.wait()
            self._asked.clear()
            try:
                while not self._closed and self._work(self._then):
                    pass
            except Exception:  # the sending goes on without it; it may be possible the next time
                if not failed:
                    log.exception("What is done beside the sending failed")
                failed = True
