"""Frames that are under way or ready before anybody has asked for them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from streamer.engines.liveportrait.fast.frames import Drawn, FramePipeline, Ticket
from streamer.engines.liveportrait.governor import Governor, Spent
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame

Key = tuple[float, ...]
"""A face's values: frames are found by the exact face."""


class Taken(NamedTuple):
    """A frame that was asked for; ``new`` if the networks drew it, not laid from a crop."""

    drawn: Drawn
    new: bool


class _Flight:
    """Faces that are being drawn, or one crop that is being laid (nothing ``spent`` then)."""

    def __init__(self, ticket: Ticket, keys: list[Key], spent: Spent | None) -> None:
        self.ticket, self.keys, self.spent = ticket, keys, spent
        self.dropped = False


class DrawnAhead:
    """The device's work for frames to come, in its order, and what has come of it.

    ``dropped`` counts frames that were not asked for after all, ``failed`` pieces of work.
    """

    def __init__(
        self, pipeline: FramePipeline, governor: Governor, now: Callable[[], float]
    ) -> None:
        self.dropped = self.failed = 0
        self._pipeline, self._governor, self._now = pipeline, governor, now
        self._flights: list[_Flight] = []
        self._ready: dict[Key, Taken | EngineError] = {}

    @property
    def drawing(self) -> bool:
        """Whether the networks are at work, be it for frames that were dropped."""
        return any(flight.spent is not None for flight in self._flights)

    def has(self, key: Key) -> bool:
        """Whether this face is ready or on its way."""
        return key in self._ready or any(
            key in flight.keys and not flight.dropped for flight in self._flights
        )

    def draw(self, faces: Mapping[Key, Face]) -> None:
        """Begin to draw faces, as many as one of the pipeline's batches."""
        spent = self._governor.begin(self._now(), len(faces))
        self._take_off(lambda: self._pipeline.draw(list(faces.values())), list(faces), spent)

    def lay(self, key: Key, crop: Frame) -> None:
        """Begin to lay a crop that was kept."""
        self._take_off(lambda: self._pipeline.lay(crop), [key], None)

    def take(self, key: Key) -> Taken | None:
        """Hand over the frame of this face, waiting for it if it is under way; None if it is not.

        Raises: `EngineError` of the piece of work that the face belonged to, once.
        """
        self.collect()
        if key not in self._ready:
            flight = next((f for f in self._flights if key in f.keys and not f.dropped), None)
            if flight is None:
                return None
            self._land(flight)  # waits
        taken = self._ready.pop(key, None)
        if isinstance(taken, EngineError):
            raise taken
        return taken

    def collect(self) -> None:
        """Take what is finished, without waiting."""
        for flight in self._flights.copy():
            if flight.ticket.done():
                self._land(flight)

    def drop_all_but(self, keys: set[Key]) -> None:
        """Forget what will not be asked for."""
        stale = [key for key in self._ready if key not in keys]
        for key in stale:
            del self._ready[key]
        self.dropped += len(stale)
        for flight in self._flights:
            if not flight.dropped and keys.isdisjoint(flight.keys):
                flight.dropped = True
                self.dropped += len(flight.keys)

    def _take_off(self, begin: Callable[[], Ticket], keys: list[Key], spent: Spent | None) -> None:
        try:
            self._flights.append(_Flight(begin(), keys, spent))
        except EngineError as exc:
            self._fail(keys, exc)

    def _land(self, flight: _Flight) -> None:
        self._flights.remove(flight)
        if flight.dropped:
            return
        try:
            drawn = flight.ticket.frames()
        except EngineError as exc:
            self._fail(flight.keys, exc)
            return
        new = flight.spent is not None
        if flight.spent is not None:
            device_ms = sum(frame.device_ms for frame in drawn)
            self._governor.drew(flight.spent, self._now(), device_ms, len(drawn))
        for key, frame in zip(flight.keys, drawn, strict=True):
            self._ready[key] = Taken(frame, new)

    def _fail(self, keys: list[Key], exc: EngineError) -> None:
        """Keep the error for the first of its faces; the others are drawn anew."""
        self.failed += 1
        self._ready[keys[0]] = exc
