"""Frames drawn a little ahead of their time, so that a slow moment of the device is not seen.

Idle life and presets are known in advance: the stream says which faces come next, and they are
drawn in batches while the frame before is on the air. A press changes what comes; then the frames
drawn ahead are dropped and the new face is drawn at once. A batch is only as large as ends before
the next face is asked for, so a press waits for none; a single frame may take longer, for it is
the next one to be shown. Of the device's work at most one piece is under way.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

from streamer.engines.liveportrait.fast.frames import Drawn, FramePipeline, Ticket
from streamer.engines.liveportrait.frame_cache import PhotoCache
from streamer.engines.liveportrait.governor import Governor, Spent
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame

# How far ahead faces are drawn. More is dropped more often, and takes memory.
AHEAD_S: Final = 0.1

# A frame is late if the loop had to wait for the device longer than this part of a period.
LATE: Final = 0.5

# How much of a forecast is drawn at most, once it has often been right.
MOST_TRUST: Final = 8

_Key = tuple[float, ...]
Origin = Literal["ahead", "at once", "from the cache", "again"]


class _Flight:
    """Faces that are being drawn, or one crop that is being laid."""

    def __init__(
        self, ticket: Ticket, faces: Sequence[Face], keys: Sequence[_Key], spent: Spent | None
    ) -> None:
        self.ticket, self.spent = ticket, spent
        self.faces = dict(zip(keys, faces, strict=True))
        self.dropped = False


class LookAhead:
    """Gives the frame of a face: drawn ahead, kept, drawn now, or the last one again.

    ``now`` is a clock in seconds. Used by one thread; `figures` may be read from any.
    """

    def __init__(
        self,
        pipeline: FramePipeline,
        cache: PhotoCache | None,
        governor: Governor,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._pipeline = pipeline
        self._cache = cache
        self._governor = governor
        self._now = now
        self._ready: dict[_Key, Drawn | EngineError] = {}
        self._new: dict[_Key, Face] = {}  # ready ones that the networks have drawn
        self._flight: _Flight | None = None
        self._expected: list[_Key] = []
        self._trust = 1
        self._to_keep: tuple[Face, Frame] | None = None
        self._last: Drawn | None = None
        self._last_key: _Key = ()
        self._shown_since_drawn = 0
        self._asked_at = -math.inf
        self._counts: dict[Origin, int] = dict.fromkeys(
            ("ahead", "at once", "from the cache", "again"), 0
        )
        self._dropped = self._skipped = self._failed = 0

    # --- what the scene asks

    @property
    def ahead(self) -> int:
        """How many faces of forecast are of use."""
        return max(1, math.floor(AHEAD_S * self._governor.fps + 1e-6))

    @property
    def strained(self) -> bool:
        """Whether idle life should come from memory."""
        return self._governor.strained

    def render(self, face: Face) -> Drawn:
        """Return the frame of this face, or the last one again where that must do.

        Raises: `EngineError`; the next call draws anew.
        """
        begun = self._asked_at = self._now()
        key = tuple(face.values())
        self._learn(key)
        self._collect()
        try:
            drawn, origin = self._find(key, face)
        finally:
            late_s = LATE / self._governor.fps
            end = self._now()
            self._governor.shown(end, end - begun > late_s)
        self._counts[origin] += 1
        new = self._new.pop(key, None)
        if new is not None:
            self._shown_since_drawn = 0
            self._to_keep = new, drawn.crop
        else:
            self._shown_since_drawn += 1
        if origin != "again":
            self._last, self._last_key = drawn, key
        return drawn

    def expect(self, faces: Sequence[Face]) -> None:
        """Draw ahead what comes next: the faces of the next frames, in their order."""
        self._collect()
        self._begin(faces)
        self._keep()

    def flush(self) -> None:
        """Forget what was drawn ahead: nothing of it fits any more."""
        self._drop_all_but(set())
        self._last, self._last_key, self._expected = None, (), []

    def use(self, pipeline: FramePipeline, cache: PhotoCache | None) -> None:
        """Draw with another pipeline from now on; what the old one drew is forgotten."""
        self.flush()
        self._flight = self._to_keep = None
        self._pipeline, self._cache = pipeline, cache

    def figures(self) -> dict[str, object]:
        """Return how frames came about so far, for people."""
        cache = None if self._cache is None else self._cache.figures()
        return {
            "frames": {origin.replace(" ", "_"): n for origin, n in self._counts.items()},
            "dropped_ahead": self._dropped,
            "skipped": self._skipped,
            "failed_ahead": self._failed,
            "governor": self._governor.figures(),
            "cache": None
            if cache is None
            else {
                "crops": cache.crops,
                "mb": round(cache.mb, 1),
                "hit_rate": round(cache.hit_rate, 3),
            },
        }

    # --- one frame

    def _find(self, key: _Key, face: Face) -> tuple[Drawn, Origin]:
        if self._last is not None and key == self._last_key:
            return self._last, "again"
        flight = self._flight
        if key not in self._ready and flight is not None and key in flight.faces:
            self._land(flight)  # waits
        drawn = self._ready.pop(key, None)
        if drawn is not None:
            if isinstance(drawn, EngineError):
                raise drawn
            return drawn, "ahead" if key in self._new else "from the cache"
        crop = None if self._cache is None else self._cache.get(face)
        if crop is not None:
            return self._pipeline.lay(crop).frames()[0], "from the cache"
        if self._last is not None and not self._may_draw_now():
            return self._last, "again"
        spent = self._governor.begin(self._now(), 1)
        drawn = self._pipeline.draw([face]).frames()[0]
        self._governor.drew(spent, self._now(), drawn.device_ms, 1)
        self._new[key] = face
        return drawn, "at once"

    def _may_draw_now(self) -> bool:
        turn = self._shown_since_drawn + 1 >= self._governor.every
        return turn and self._governor.allows(self._now())

    def _learn(self, key: _Key) -> None:
        """Trust the forecast more the longer it is right.

        While somebody drags a slider it never is; drawing ahead would only take time then.
        """
        if not self._expected:
            return
        if key in self._expected:
            self._skipped += self._expected.index(key)
            self._trust = min(max(2 * self._trust, 1), MOST_TRUST)
        else:
            self._trust = 1 if self._trust > 1 else 0
        self._expected = []

    # --- ahead

    def _begin(self, faces: Sequence[Face]) -> None:
        keys = [tuple(face.values()) for face in faces]
        self._expected = keys
        self._drop_all_but(set(keys))
        if self._flight is not None or not self._trust:
            return
        crop, run = self._missing(faces, keys)
        if crop is not None:
            self._lay(run[0][1], run[0][0], crop)
        elif run:
            self._draw(run)

    def _missing(
        self, faces: Sequence[Face], keys: Sequence[_Key]
    ) -> tuple[Frame | None, list[tuple[_Key, Face]]]:
        """Return the next faces to draw, or the crop of the next one if it is kept."""
        every = self._governor.every
        first = max(every - 1 - self._shown_since_drawn, 0)
        probe = self._governor.probe_due(self._now())
        cache = None if probe else self._cache
        most = 1 if probe else self._trust
        run: dict[_Key, Face] = {}
        known = 0  # faces of the forecast that are taken care of
        for i, (key, face) in enumerate(zip(keys, faces, strict=True)):
            if known + len(run) >= most:
                break
            if key in run:
                continue
            if key in self._ready or key == self._last_key:
                known += 1
            elif cache is not None and cache.has(face):
                if not run and not known:
                    return cache.get(face), [(key, face)]
            elif i >= first and (i - first) % every == 0:
                run[key] = face
        return None, list(run.items())

    def _draw(self, run: list[tuple[_Key, Face]]) -> None:
        """Begin to draw as many as end before the next face is asked for, and one in any case."""
        governor, now = self._governor, self._now()
        room_ms = 1000.0 * (self._asked_at - now) + governor.period_ms
        for batch in sorted(self._pipeline.batches, reverse=True):
            fits = batch == 1 or batch * governor.expected_ms <= room_ms
            if batch <= len(run) and fits and governor.allows(now, batch):
                break
        else:
            return
        keys, faces = zip(*run[:batch], strict=True)
        spent = governor.begin(now, batch)
        self._take_off(lambda: self._pipeline.draw(faces), faces, keys, spent)

    def _lay(self, face: Face, key: _Key, crop: Frame) -> None:
        self._take_off(lambda: self._pipeline.lay(crop), [face], [key], None)

    def _keep(self) -> None:
        """Put the frame that was shown into the cache: now that it has left, it delays nothing."""
        kept, self._to_keep = self._to_keep, None
        if kept is not None and self._cache is not None:
            self._cache.put(*kept, at_once=self._governor.level != "full")

    def _take_off(
        self,
        begin: Callable[[], Ticket],
        faces: Sequence[Face],
        keys: Sequence[_Key],
        spent: Spent | None,
    ) -> None:
        try:
            self._flight = _Flight(begin(), faces, keys, spent)
        except EngineError as exc:
            self._fail(keys, exc)

    def _collect(self) -> None:
        """Take what is finished, without waiting."""
        flight = self._flight
        if flight is not None and flight.ticket.done():
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        self._flight = None
        if flight.dropped:
            return
        try:
            drawn = flight.ticket.frames()
        except EngineError as exc:
            self._fail(list(flight.faces), exc)
            return
        if flight.spent is not None:
            device_ms = sum(d.device_ms for d in drawn)
            self._governor.drew(flight.spent, self._now(), device_ms, len(drawn))
            self._new.update(flight.faces)
        self._ready.update(zip(flight.faces, drawn, strict=True))

    def _fail(self, keys: Sequence[_Key], exc: EngineError) -> None:
        """Keep the error for the first of its faces; the others are drawn anew."""
        self._failed += 1
        self._ready[keys[0]] = exc

    def _drop_all_but(self, expected: set[_Key]) -> None:
        stale = [key for key in self._ready if key not in expected]
        for key in stale:
            del self._ready[key]
            self._new.pop(key, None)
        self._dropped += len(stale)
        flight = self._flight
        if flight is not None and not flight.dropped and expected.isdisjoint(flight.faces):
            flight.dropped = True
            self._dropped += len(flight.faces)
