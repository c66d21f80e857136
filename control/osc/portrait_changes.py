"""Changing the portrait takes a moment: a short thread does it, and the newest request wins."""

import logging
import threading
from collections.abc import Callable

from control.live import Live
from control.osc.limits import Sender
from control.osc.verdicts import Verdict, verdict
from streamer import PortraitError
from streamer.keep_going import KeepGoing

log = logging.getLogger(__name__)


class PortraitChanges:
    """Runs one change at a time; ``report(sender, name, verdict)`` hears how it ended."""

    def __init__(self, stream: Live, report: Callable[[Sender, str, Verdict], None]) -> None:
        self._stream = stream
        self._report = report
        self._lock = threading.Lock()
        self._next: tuple[str, Sender] | None = None
        self._working_on: str | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def request(self, name: str, sender: Sender) -> Verdict:
        """Ask for a portrait; returns at once."""
        with self._lock:
            if self._closed:
                return verdict("photo_same", name=name)
            wanted = self._next[0] if self._next else self._working_on
            if wanted is None and self._stream.state().get("photo") == name:
                return verdict("photo_same", name=name)
            if wanted == name:
                return verdict("photo_same", name=name)
            self._next = (name, sender)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="osc-portrait", daemon=True)
                self._thread.start()
        return verdict("photo_asked", name=name)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Drop what waits and let the change in progress end."""
        with self._lock:
            self._closed = True
            self._next = None
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        going = KeepGoing("The change of portrait by OSC")
        while True:
            with self._lock:
                job, self._next = self._next, None
                self._working_on = job[0] if job else None
                if job is None:
                    self._thread = None
                    return
            with going:
                self._change(*job)

    def _change(self, name: str, sender: Sender) -> None:
        try:
            self._stream.change_photo(name)
        except PortraitError as exc:
            self._report(sender, name, verdict("photo_refused", reason=exc))
        else:
            self._report(sender, name, verdict("photo_changed", name=name))
