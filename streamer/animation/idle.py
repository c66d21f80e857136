"""Idle life: breath, blinks, gaze, sway and mood as functions of (t, seed).

Nothing here remembers the frame before: any instant can be asked for in any order, so a film does
not depend on its frame rate or on where it is cut.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import sin
from typing import Final, NamedTuple

from streamer.animation.blinks import Blink, Blinks
from streamer.animation.chance import Chance, blocks, fill
from streamer.animation.easing import min_jerk, quick
from streamer.animation.gaze import DEG_PER_X, DEG_PER_Y, Gaze
from streamer.animation.idle_style import IdleStyle
from streamer.animation.performance import INDEX

_EYE: Final = INDEX["eye_ratio"]
_BROW: Final = INDEX["eyebrow"]
_GAZE_X: Final = INDEX["eyeball_x"]
_GAZE_Y: Final = INDEX["eyeball_y"]
_SMILE: Final = INDEX["smile"]
_PITCH: Final = INDEX["head_pitch"]
_YAW: Final = INDEX["head_yaw"]
_ROLL: Final = INDEX["head_roll"]
_WINK: Final = INDEX["wink"]
_SHIFT_X: Final = INDEX["shift_x"]
_SHIFT_Y: Final = INDEX["shift_y"]

# The lids follow the gaze up and down (VanderWerf et al. 2003): share of the photo's own opening
# per unit of eyeball_y. Small, because the engines move the lids with the gaze as well.
LIDS_PER_GAZE: Final = 0.002

# A slow drift: three waves whose periods have no common multiple, (share of the period, weight).
WAVES: Final = ((1.0, 0.42), (0.6180, 0.22), (2.2361, 0.46))

# Noise of the 1/f kind: a wave in nearly every octave, from minutes down to a second, the slower
# the larger. The power falls by 5 dB per octave. Sources: coloured noise fits body sway better
# than white; pupil noise of the 1/f kind looks natural, Duchowski/Krejtz et al. 2018.
NOISE_RATIO: Final = 1.75
NOISE: Final = tuple(
    (NOISE_RATIO**k, 0.235 * NOISE_RATIO ** (0.35 * (k - 1.0))) for k in range(-4, 5)
)

POSTURE_S: Final = 1.7  # how long it takes to move into a new posture
BLOCK_S: Final = 60.0


class _Breath(NamedTuple):
    t: float
    length_s: float
    depth: float


class _Posture(NamedTuple):
    t: float
    yaw: float
    pitch: float
    roll: float


class Idle:
    """Idle life of one style and seed, without an end.

    With ``loop_s`` only the time from 0 to there, in which gaze, lids and breath return to rest.
    """

    def __init__(self, style: IdleStyle, seed: int, loop_s: float | None = None) -> None:
        self.style = style
        self._gaze = Gaze(style.gaze, seed, loop_s)
        self._blinks = Blinks(style.blink, self._gaze, seed, loop_s)
        self._breaths = blocks(seed, "breath", BLOCK_S, self._build_breaths, loop_s)
        self._postures = blocks(seed, "posture", BLOCK_S, self._build_postures, loop_s)
        period = style.sway.period_s
        # A few seconds have no slow octaves.
        noise = NOISE if loop_s is None else WAVES
        self._yaw = _waves(seed, "yaw", period, noise)
        self._pitch = _waves(seed, "pitch", 0.71 * period, noise)
        self._roll = _waves(seed, "roll", 0.87 * period, noise)
        self._shift = _waves(seed, "shift", 1.13 * period, noise)
        self._noise_x = _waves(seed, "noise x", 0.9, noise)
        self._noise_y = _waves(seed, "noise y", 1.1, noise)
        self._smile = _waves(seed, "smile", 13.0)
        self._brow = _waves(seed, "brow", 8.0)
        self._lids = _waves(seed, "lids", 10.0)
        self._uneven = _waves(seed, "uneven", 17.0)

    def lay(
        self,
        values: list[float],
        own: Sequence[float],
        t: float,
        strength: float,
        free: Sequence[float],
        slow_t: float | None = None,
    ) -> None:
        """Lay idle life over ``values``, which hold the face at rest.

        ``own`` holds the photo's own values. ``strength`` 0..1; ``free`` says for each channel
        (blink, gaze, breath, sway, mood) how far it may move, 0..1. Blinks are not laid here:
        they close whatever opening the layers above leave (`closure`). ``slow_t`` is the time of
        all but the eyes, where it differs.
        """
        _, gaze, breath, sway, mood = free
        eyes_t, t = t, t if slow_t is None else slow_t
        if gaze:
            self._lay_gaze(values, own, eyes_t, t, strength * gaze)
        if breath:
            air = self.breath(t) * strength * breath
            values[_SHIFT_Y] -= self.style.breath.lift * air
            values[_PITCH] -= self.style.breath.pitch * air
        if sway:
            self._lay_sway(values, t, strength * sway)
        if mood:
            self._lay_mood(values, own, t, strength * mood)

    def make_way(self, layers: Sequence[object], now: float) -> None:
        """Do nothing: presets say themselves which channels must rest."""

    def fork(self) -> "Idle":
        """Return itself: nothing here changes with time."""
        return self

    def closure(self, t: float, strength: float, talking: float = 0.0) -> float:
        """Return how far a blink closes the lids at ``t``: 0 not at all, 1 shut.

        ``talking`` 0..1: people blink more often while they talk.
        """
        return self._blinks.at(t, strength, talking)

    def blinks(self, start: float, end: float) -> list[Blink]:
        """Return the blinks that begin from ``start`` up to ``end``."""
        return self._blinks.events(start, end)

    def breath(self, t: float) -> float:
        """Return how full the lungs are at ``t``: 0 at rest, about 1 at the top."""
        style = self.style.breath
        breaths, times = self._breaths.with_tail(self._breaths.index(t), 1)
        breath = breaths[bisect_right(times, t) - 1]
        u = (t - breath.t) / breath.length_s
        if u < style.inhale:
            return breath.depth * min_jerk(u / style.inhale)
        out = (u - style.inhale) / (1.0 - style.inhale - style.rest)
        return breath.depth * (1.0 - quick(out)) if out < 1.0 else 0.0

    def _lay_gaze(
        self, values: list[float], own: Sequence[float], eyes_t: float, t: float, gain: float
    ) -> None:
        style = self.style.gaze
        x, y = self._gaze.at(eyes_t)
        x += style.noise * _sum(self._noise_x, t)
        y += 2.0 * style.noise * _sum(self._noise_y, t)
        values[_GAZE_X] += gain * x
        values[_GAZE_Y] += gain * y
        values[_EYE] += gain * own[_EYE] * LIDS_PER_GAZE * y
        head_x, head_y = self._gaze.head(t)
        values[_YAW] -= gain * DEG_PER_X * head_x
        values[_PITCH] -= gain * DEG_PER_Y * head_y

    def _lay_sway(self, values: list[float], t: float, gain: float) -> None:
        style = self.style.sway
        postures, times = self._postures.with_tail(self._postures.index(t), 2)
        i = bisect_right(times, t) - 1
        now, before = postures[i], postures[i - 1]
        u = (t - now.t) / POSTURE_S
        e = min_jerk(u) if u < 1.0 else 1.0
        yaw = before.yaw + (now.yaw - before.yaw) * e
        pitch = before.pitch + (now.pitch - before.pitch) * e
        roll = before.roll + (now.roll - before.roll) * e
        values[_YAW] += gain * style.yaw * (yaw + _sum(self._yaw, t))
        values[_PITCH] += gain * style.pitch * (pitch + _sum(self._pitch, t))
        tilt = roll + _sum(self._roll, t)
        values[_ROLL] += gain * style.roll * tilt
        values[_SHIFT_X] += gain * style.shift * (0.6 * tilt + _sum(self._shift, t))

    def _lay_mood(self, values: list[float], own: Sequence[float], t: float, gain: float) -> None:
        style = self.style.mood
        values[_SMILE] += gain * style.smile * max(0.5 + 0.45 * _sum(self._smile, t), 0.0)
        values[_BROW] += gain * style.eyebrow * _sum(self._brow, t)
        lids = style.lids - 1.0 + style.lids_drift * _sum(self._lids, t)
        values[_EYE] += gain * own[_EYE] * lids
        if style.asymmetry:
            uneven = 0.5 + 0.45 * _sum(self._uneven, t)
            values[_WINK] += gain * style.asymmetry * max(uneven, 0.0)

    def _build_breaths(self, chance: Chance, start: float, end: float) -> list[_Breath]:
        style = self.style.breath
        mean = 60.0 / style.per_minute
        times = fill(start, end, lambda: mean * chance.normal(1.0, style.vary))
        return [_Breath(t, after - t, chance.uniform(0.8, 1.15)) for t, after in pairwise(times)]

    def _build_postures(self, chance: Chance, start: float, end: float) -> list[_Posture]:
        mean = self.style.sway.posture_s
        times = fill(start, end, lambda: max(chance.log_normal(mean, 0.35), POSTURE_S + 0.1))
        return [
            _Posture(t, chance.normal(0.0, 0.45), chance.normal(0.0, 0.4), chance.normal(0.0, 0.4))
            for t in times[:-1]
        ]


_Waves = tuple[tuple[float, float, float], ...]


def _waves(
    seed: int, stream: str, period_s: float, kind: Sequence[tuple[float, float]] = WAVES
) -> _Waves:
    """Draw (weight, angular speed, phase) of waves that never line up again."""
    chance = Chance(seed, "wave " + stream)
    return tuple(
        (
            weight,
            math.tau / (period_s * ratio * chance.uniform(0.9, 1.1)),
            chance.uniform(0.0, math.tau),
        )
        for ratio, weight in kind
    )


def _sum(waves: _Waves, t: float) -> float:
    if len(waves) == 3:
        (a0, w0, p0), (a1, w1, p1), (a2, w2, p2) = waves
        return a0 * sin(w0 * t + p0) + a1 * sin(w1 * t + p1) + a2 * sin(w2 * t + p2)
    total = 0.0
    for a, w, p in waves:
        total += a * sin(w * t + p)
    return total
