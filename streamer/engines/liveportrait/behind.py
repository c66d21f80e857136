"""A thread for what may take long and nobody waits for: one thing after the other, until closed."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

# How long `Behind.close` waits for the thing in hand: it looks at ``stopping`` between two steps.
CLOSE_S: Final = 10.0

Job = Callable[[], None]


class Behind:
    """Runs jobs in their order in a thread of its own, which begins with the first of them."""

    def __init__(self, name: str) -> None:
        self.stopping: Final = threading.Event()
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def later(self, job: Job) -> None:
        """Run a job when its turn comes; not at all once this was closed."""
        with self._lock:
            if self.stopping.is_set():
                return
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Drop what is left and wait for what is in hand; calling it twice is harmless."""
        with self._lock:
            self.stopping.set()
            self._jobs.put(None)
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=CLOSE_S)
        while not self._jobs.empty():
            self._jobs.get()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self.stopping.is_set():
            try:
                job()
            except Exception as exc:  # the next job must run; what needs telling tells it itself
                log.warning("Work in the background failed: %s: %s", type(exc).__name__, exc)
                log.debug("in the thread %s", self._name, exc_info=True)
            del job  # nothing of it may live on while the thread waits
