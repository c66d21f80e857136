"""Records a take while the stream runs: what changed between two frames, with its time."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from typing import Any

from streamer.controls import Wishes
from streamer.errors import SinkError
from streamer.takes import Event, ending, heading


class Recorder:
    """Writes a take to a file as it happens: a crash loses half a second of it.

    The render thread calls `see` with every frame, which compares and notes; another thread calls
    `flush` now and then. Raises: `SinkError` if the file cannot be made.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], wishes: Wishes) -> None:
        self._path = path
        self._seen = wishes
        self._before = 0.0
        self._noted: list[Event] = []
        self._lock = threading.Lock()
        self._whole = 0  # bytes of the file that are whole lines
        try:
            self._file: RawIOBase | None = path.open("xb", buffering=0)
            self._write(heading(settings))
        except FileExistsError as exc:
            raise SinkError(f"{path} is there already. Name another file, or delete it.") from exc
        except OSError as exc:
            raise SinkError(f"The take cannot be written to {path}: {exc.strerror}.") from exc

    def see(self, t: float, wishes: Wishes, stage: Mapping[str, Any] | None = None) -> None:
        """Note what is new in the frame of ``t``; ``stage`` has photo and view if they changed."""
        if stage is not None:
            self._noted += [Event(t, does, value, {}) for does, value in stage.items()]
        if wishes is not self._seen:
            self._noted += changes(self._seen, wishes, t, self._before)
            self._seen = wishes
        self._before = t

    def flush(self, problem: Callable[[str], None]) -> None:
        """Write down what was noted; a disk that is full is told once, and ends the take."""
        with self._lock:
            noted, self._noted = self._noted, []
            if self._file is None:
                return
            try:
                self._write("".join(f"  - {event.line()}\n" for event in noted))
            except OSError as exc:
                self._drop()
                problem(f"The take {self._path} ends here: {exc.strerror}. What was kept is whole.")

    def close(self) -> None:
        """Write the rest and the length; calling it twice is harmless."""
        self.flush(lambda text: None)
        with self._lock:
            if self._file is None:
                return
            with suppress(OSError):  # the events are there; without its length a take can be read
                self._write(ending(self._before))
            self._drop()

    def _write(self, text: str) -> None:
        """Write whole lines at once, or none of them. Raises `OSError`."""
        assert self._file is not None
        data = text.encode()
        try:
            # Where the disk ends in the middle, the first call takes a part of it without an error.
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._whole)
            raise
        self._whole += len(data)

    def _drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def changes(old: Wishes, new: Wishes, t: float, before: float) -> list[Event]:
    """Return the events that lead from some wishes to others, seen in the frame of ``t``.

    ``before`` is the time of the frame before, at which a cue without a time starts.
    """
    events: list[Event] = []

    def note(does: str, value: Any, **more: Any) -> None:
        events.append(Event(t, does, value, more))

    held = {name: value for name, value in new.held.items() if old.held.get(name) != value}
    held_no_more = {name: None for name in old.held if name not in new.held}
    if held or held_no_more:
        note("set", {**held_no_more, **held})
    for source, given in new.driven.items():
        known = old.driven.get(source, {})
        if known.keys() - given.keys():  # it ended and began anew between two frames
            note("undrive", source)
            known = {}
        fresh = {n: d.value for n, d in given.items() if n not in known or known[n] != d}
        if fresh:
            note("drive", fresh, source=source)
    for source in old.driven:
        if source not in new.driven:
            note("undrive", source)
    if new.idle_style != old.idle_style:
        note("style", new.idle_style)
    if new.idle_strength != old.idle_strength:
        note("idle", new.idle_strength)
    if new.paused != old.paused:
        note("pause", new.paused)
    last = max((cue.serial for cue in old.cues), default=0)
    for cue in new.cues:
        if cue.serial <= last:
            continue
        at = before if cue.at is None else cue.at
        by = {"source": cue.source} if cue.source else {}
        if cue.name == "":
            note("stop", True, at=at, **by)
            continue
        if cue.spoken is not None:
            spoken, strength = cue.spoken, cue.strength
            note("say", spoken.text, sounds=spoken.sounds, strength=strength, at=at, **by)
            continue
        length = {} if cue.length_s is None else {"length_s": cue.length_s}
        note("trigger", cue.name, strength=cue.strength, **length, at=at, **by)
    return events
