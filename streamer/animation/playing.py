"""One press of a preset while it plays: its clock, its weight and its way out."""

import math
from typing import Final

from streamer.animation.blinks import Blink, closure
from streamer.animation.easing import min_jerk, quick
from streamer.animation.performance import Performance
from streamer.animation.touch import Touch

# A release fades like lids open: most of it early, then a long settling. Source: Reinl & Bartels
# 2015, a facial change played backwards looks artificial. 0.3 s is what `stop` promises.
FADE_S: Final = 0.3

# A performance that starts on named values still comes in softly.
ENTRY_S: Final = 0.15
ENTRY_SHARE: Final = 0.2

# A tail shorter than this would snap back; the release then fades instead.
SHORTEST_TAIL_S: Final = 0.15

# A length may hurry a performance at most this many times: beyond it, movement turns into jumps.
FASTEST: Final = 2.0
LONGEST_S: Final = 3600.0

# How long each idle channel takes to come to rest, and to come back before a preset's end. Short
# where a second movement would show, long where stopping itself would show.
BLOCK_IN_S: Final = {"blink": 0.10, "gaze": 0.20, "breath": 0.45, "sway": 0.45, "mood": 0.30}
BLOCK_OUT_S: Final = {"blink": 0.15, "gaze": 0.35, "breath": 0.60, "sway": 0.60, "mood": 0.45}


class Playing:
    """A performance from its start to its end; a function of time between cues."""

    __slots__ = (
        "_cycle",
        "_delay",
        "_extra",
        "_fades",
        "_length_s",
        "_sizes",
        "_tempo",
        "performance",
        "start",
        "strength",
    )

    def __init__(
        self,
        performance: Performance,
        start: float,
        strength: float,
        length_s: float | None,
        touch: Touch | None = None,
    ) -> None:
        self.performance = performance
        self.start = start
        self.strength = strength
        self._tempo = 1.0
        self._extra = 0.0  # seconds of the performance spent in its sustain span
        self._fades: tuple[tuple[float, float], ...] = ()  # replaced, so that copies are twins
        own = performance.length_s
        if length_s is None:
            if performance.preset.mode != "once":
                self._extra = math.inf
        elif length_s < own or performance.sustain is None:
            self._tempo = max(min(own / length_s, FASTEST), own / LONGEST_S)
        else:
            self._extra = min(length_s, LONGEST_S) - own
        self._cycle = self._fitted_cycle()
        self._delay, self._sizes = 1.0, None if touch is None else touch.sizes
        if touch is not None:
            self._delay = touch.delay
            if length_s is None:  # a length that was asked for is kept
                self._tempo *= touch.tempo

    @property
    def name(self) -> str:
        """The preset's name."""
        return self.performance.preset.name

    @property
    def leaving(self) -> bool:
        """Whether it has been told to end."""
        return bool(self._fades)

    @property
    def cover_s(self) -> float:
        """How long it takes until it covers what lies beneath."""
        return self.performance.cover_s / self._tempo

    @property
    def end(self) -> float:
        """When nothing of it is left; infinite while it is held."""
        return min((start + seconds for start, seconds in self._fades), default=self._own_end())

    def release(self, t: float) -> None:
        """Let go: a hold plays its own tail, everything else fades.

        A performance that plays once is not cut short: controllers send a release when the finger
        leaves the button, long before a smile is over. Its extra length can be released.
        """
        elapsed = (t - self.start) * self._tempo
        performance = self.performance
        if performance.preset.mode == "once" and elapsed < performance.length_s:
            return
        if performance.sustain is not None:
            first, last = performance.sustain
            waits = first == last and first + performance.latest_delay_s <= elapsed
            if waits and elapsed >= first + self._extra:
                return  # in its tail already
            tail = performance.length_s - performance.latest_delay_s - last
            if waits and tail >= SHORTEST_TAIL_S and not performance.ends_named:
                self._extra = elapsed - first
                return
        self.fade(t)

    def fade(self, t: float, seconds: float = FADE_S) -> None:
        """Fade out from ``t``, unless it is gone by then anyway."""
        if all(start + length > t + seconds for start, length in self._fades):
            self._fades = (*self._fades, (t, seconds))

    def apply(self, values: list[float], own: list[float], t: float) -> None:
        """Lay the performance of this instant over ``values``."""
        elapsed = (t - self.start) * self._tempo
        performance = self.performance
        entry_s = 0.0
        if performance.starts_named:
            entry_s = min(ENTRY_S, ENTRY_SHARE * performance.length_s)
        weight = self.strength * self._weight(t)
        performance.apply(
            *(values, own, weight, entry_s, self._performance_time, elapsed),
            self._delay,
            self._sizes,
        )

    def talking(self, t: float) -> float:
        """Return how far it talks, 0 to 1."""
        return self.blocking("mood", t) if self.performance.preset.speaks else 0.0

    def closure(self, t: float, blink: Blink) -> float:
        """Return how far the blinks that come with its turns close the lids, 0 to 1."""
        elapsed = (t - self.start) * self._tempo
        sustain = self.performance.sustain
        closed = 0.0
        for at in self.performance.blinks:
            # Blinks do not wait where a pose does.
            waits = sustain is not None and at >= sustain[1]
            since = elapsed - (at + self._extra if waits else at)
            if 0.0 < since < 2.0:
                closed = max(closed, closure(blink, since))
        return closed * self._weight(t) if closed else 0.0

    def blocking(self, channel: str, t: float) -> float:
        """Return how far an idle channel must rest, 0 to 1."""
        length = self.performance.length_s / self._tempo
        fade_in = min(BLOCK_IN_S[channel], 0.4 * length)
        level = 1.0
        if t < self.start + fade_in:
            level = min_jerk(max(t - self.start, 0.0) / fade_in)
        end = self._own_end()
        fade_out = min(BLOCK_OUT_S[channel], 0.4 * length)
        if t > end - fade_out:
            level *= 1.0 - min_jerk(min((t - end + fade_out) / fade_out, 1.0))
        return level * self._weight(t)

    def _own_end(self) -> float:
        performance = self.performance
        end = self.start + (performance.length_s + self._extra) / self._tempo
        return end + FADE_S if performance.ends_named else end

    def _weight(self, t: float) -> float:
        weight = 1.0
        for start, seconds in self._fades:
            if t > start:
                weight *= 1.0 - quick(min((t - start) / seconds, 1.0))
        if self.performance.ends_named:
            over = t - (self._own_end() - FADE_S)
            if over > 0.0:
                weight *= 1.0 - quick(min(over / FADE_S, 1.0))
        return weight

    def _fitted_cycle(self) -> float:
        """Return the speed of a repeating passage, so that whole cycles fill its time."""
        sustain = self.performance.sustain
        if sustain is None or sustain[0] == sustain[1] or math.isinf(self._extra):
            return 1.0
        span = sustain[1] - sustain[0]
        return max(round((span + self._extra) / span), 1) * span / (span + self._extra)

    def _performance_time(self, x: float) -> float:
        """Turn seconds since the start into the performance's own time."""
        sustain = self.performance.sustain
        if sustain is None or x <= sustain[0]:
            return x
        first, last = sustain
        if x >= last + self._extra:
            return x - self._extra
        if first == last:
            return first
        return first + ((x - first) * self._cycle) % (last - first)
