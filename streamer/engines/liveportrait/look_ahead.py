"""Frames drawn a little ahead of their time, so that a slow moment of the device is not seen.

Idle life and presets are known in advance: the stream says which faces come next, and they are
drawn in batches while the frame before is on the air. A press changes what comes; then the frames
drawn ahead are dropped and the new face is drawn at once. A batch is only as large as ends before
the next face is asked for, so a press waits for none; a single frame may take longer, for it is
the next one to be shown. The networks draw at most one batch at a time.

At less than full speed nobody waits for a face that was foreseen: the last frame is shown again
until the next one is ready. Only a surprise, a press or a slider, is drawn while the loop waits.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

from streamer.engines.liveportrait.drawn_ahead import DrawnAhead, Key, Taken
from streamer.engines.liveportrait.fast.frames import Drawn, FramePipeline
from streamer.engines.liveportrait.frame_cache import PhotoCache
from streamer.engines.liveportrait.governor import Governor
from streamer.parameters import Face
from streamer.view import Frame

# How far ahead faces are drawn. More is dropped more often, and takes memory.
AHEAD_S: Final = 0.1

# A frame is late if the loop had to wait for the device longer than this part of a period; one
# that could not be foreseen may take its own time besides.
LATE: Final = 0.5

# At less than full speed a face is chosen that is ready this part of a period late at most: the
# loop asks for it a little before its time.
EARLY: Final = 0.2

# How much of a forecast is drawn at most, once it has often been right.
MOST_TRUST: Final = 8

Origin = Literal["ahead", "at once", "from the cache", "again"]


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
        self._governor = governor
        self._now = now
        self._pipeline = pipeline
        self._cache = cache
        self._work = DrawnAhead(pipeline, governor, now)
        self._expected: list[Key] = []
        self._as_forecast = False  # whether the face that was asked for last was expected
        self._owed = False  # a surprise that is not shown yet
        self._trust = 1
        self._last: Drawn | None = None
        self._last_key: Key = ()
        self._shown_since_drawn = 0
        self._asked_at = now()
        self._to_keep: tuple[Face, Frame] | None = None
        self._skipped = 0
        self._counts: dict[Origin, int] = dict.fromkeys(
            ("ahead", "at once", "from the cache", "again"), 0
        )

    # --- what the scene asks

    @property
    def ahead(self) -> int:
        """How many faces of forecast are of use: more where a frame takes longer to draw."""
        every = self._governor.every
        usual = math.floor(AHEAD_S * self._governor.fps + 1e-6)
        return max(usual, every if every < 3 else every + 2)

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
        allowed_ms = LATE * self._governor.period_ms
        if not self._as_forecast:
            allowed_ms += self._governor.expected_ms
        try:
            taken, origin = self._find(key, face)
        finally:
            end = self._now()
            self._governor.shown(end, 1000.0 * (end - begun) > allowed_ms)
        self._counts[origin] += 1
        self._shown_since_drawn += 1
        if taken.new:
            self._shown_since_drawn = 0
            self._to_keep = face, taken.drawn.crop
        surprise = self._owed or not self._as_forecast
        self._owed = surprise and origin == "again" and key != self._last_key
        if origin != "again":
            self._last, self._last_key = taken.drawn, key
        return taken.drawn

    def expect(self, faces: Sequence[Face]) -> None:
        """Draw ahead what comes next: the faces of the next frames, in their order."""
        self._work.collect()
        self._expected = [tuple(face.values()) for face in faces]
        self._work.drop_all_but(set(self._expected))
        if self._trust and not self._work.drawing:
            self._begin(faces)
        self._keep()

    def flush(self) -> None:
        """Forget what was drawn ahead, and the last frame: nothing of it fits any more."""
        self._work.drop_all_but(set())
        self._last, self._last_key, self._expected = None, (), []

    def use(self, pipeline: FramePipeline, cache: PhotoCache | None) -> None:
        """Draw with another pipeline from now on; what the old one drew is forgotten."""
        self.flush()
        dropped, failed = self._work.dropped, self._work.failed
        self._pipeline, self._cache, self._to_keep = pipeline, cache, None
        self._work = DrawnAhead(pipeline, self._governor, self._now)
        self._work.dropped, self._work.failed = dropped, failed

    def figures(self) -> dict[str, object]:
        """Return how frames came about so far, for people."""
        cache = None if self._cache is None else self._cache.figures()
        return {
            "frames": {origin.replace(" ", "_"): n for origin, n in self._counts.items()},
            "dropped_ahead": self._work.dropped,
            "failed_ahead": self._work.failed,
            "skipped": self._skipped,
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

    def _find(self, key: Key, face: Face) -> tuple[Taken, Origin]:
        again = None if self._last is None else Taken(self._last, new=False)
        if again is not None and key == self._last_key:
            return again, "again"
        taken = self._work.take(key)
        if taken is not None:
            return taken, "ahead" if taken.new else "from the cache"
        may_wait = self._governor.every == 1 or self._owed or not self._as_forecast
        if again is not None and not may_wait and self._work.drawing:
            return again, "again"  # also for a kept crop: it would be laid after what is drawn
        crop = None if self._cache is None else self._cache.get(face)
        if crop is not None:
            return Taken(self._pipeline.lay(crop).frames()[0], new=False), "from the cache"
        turn = self._shown_since_drawn + 1 >= self._governor.every
        if again is not None and not (turn and may_wait and self._governor.allows(self._now())):
            return again, "again"
        spent = self._governor.begin(self._now(), 1)
        drawn = self._pipeline.draw([face]).frames()[0]
        self._governor.drew(spent, self._now(), drawn.device_ms, 1)
        return Taken(drawn, new=True), "at once"

    def _learn(self, key: Key) -> None:
        """Trust the forecast more the longer it is right.

        While somebody drags a slider it never is; drawing ahead would only take time then.
        """
        self._as_forecast = key in self._expected
        if not self._expected:
            return
        if self._as_forecast:
            self._skipped += self._expected.index(key)
            self._trust = min(max(2 * self._trust, 1), MOST_TRUST)
        else:
            self._trust = 1 if self._trust > 1 else 0
        self._expected = []

    # --- ahead

    def _begin(self, faces: Sequence[Face]) -> None:
        """Lay the kept crops that are needed before the networks are done, then draw."""
        probe = self._governor.probe_due(self._now())
        kept, missing = self._sorted(faces, None if probe else self._cache)
        batch = self._batch(1 if probe else len(missing))
        until = self._soonest() if batch else 0
        for i, key, face in kept:
            crop = self._cache.get(face) if self._cache is not None and i <= until else None
            if crop is not None:
                self._work.lay(key, crop)
        if batch:
            self._work.draw(dict(missing[:batch]))

    def _sorted(
        self, faces: Sequence[Face], cache: PhotoCache | None
    ) -> tuple[list[tuple[int, Key, Face]], list[tuple[Key, Face]]]:
        """Return the coming faces whose crops are kept, with their places, and those to draw."""
        every = self._governor.every
        first = max(every - 1 - self._shown_since_drawn, 0)
        if every > 1 and not self._owed:  # the first one that can be ready in time
            first = min(max(first, self._soonest()), len(faces) - 1)
        kept: list[tuple[int, Key, Face]] = []
        missing: list[tuple[Key, Face]] = []
        known, seen = 0, {self._last_key}
        for i, (key, face) in enumerate(zip(self._expected, faces, strict=True)):
            if known + len(missing) >= self._trust:
                break
            if key in seen:  # shown by then, or passed over
                continue
            seen.add(key)
            if self._work.has(key):
                known += 1
            elif cache is not None and cache.has(face):
                kept.append((i, key, face))
            elif i >= first:
                missing.append((key, face))
                first = i + every
        return kept, missing

    def _batch(self, missing: int) -> int:
        """Return how many to draw: as many as end before the next face is asked for, at least one.

        0 if the device's share is used up.
        """
        governor, now = self._governor, self._now()
        for batch in sorted(self._pipeline.batches, reverse=True):
            fits = batch == 1 or batch * governor.expected_ms <= self._room_ms()
            if batch <= missing and fits and governor.allows(now, batch):
                return batch
        return 0

    def _room_ms(self) -> float:
        """Return how long it is until the next face is asked for."""
        return 1000.0 * (self._asked_at - self._now()) + self._governor.period_ms

    def _soonest(self) -> int:
        """Return which of the coming frames can show a face that is drawn now."""
        governor = self._governor
        over = (governor.expected_ms - self._room_ms()) / governor.period_ms
        return max(math.ceil(over - EARLY), 0)

    def _keep(self) -> None:
        """Put the frame that was shown into the cache: now that it has left, it delays nothing."""
        kept, self._to_keep = self._to_keep, None
        if kept is not None and self._cache is not None:
            self._cache.put(*kept, at_once=self._governor.strained)
