"""Ways from one value to another that start from the value and velocity of that instant."""

import math
from typing import Final

# How closely a dragged slider is followed: a steady drag lags 2 / FOLLOW_RATE seconds, which is
# 1.5 frames at 30 fps. Slower, and the face feels tied to the hand with rubber; faster, and a
# jump of the slider shows as a jump.
FOLLOW_RATE: Final = 40.0

# A slider that jumps moves the face at no more than this many times the range in a second: a jump
# over the whole range takes 0.2 s. No hand drags faster on purpose.
FOLLOW_SPEED: Final = 6.0


class Glide:
    """A value that moves to each new goal along a quintic, smooth to the second derivative.

    Between goals it is a function of time alone; a new goal starts from the value, velocity and
    acceleration of that instant.
    """

    __slots__ = ("_c", "_end", "_start", "goal", "seconds")

    def __init__(self, value: float, seconds: float) -> None:
        self.goal = value
        self.seconds = seconds
        self._start = self._end = -math.inf
        self._c = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    def to(self, goal: float, t: float) -> None:
        """Start towards ``goal`` at ``t``."""
        # With x the distance left and u the time as a share, the quintic that leaves with value,
        # velocity and acceleration (x, v, a) and arrives at 0 at rest. Units: shares of `seconds`.
        x, v, a = self._course(t)
        x += self.goal - goal
        half = 0.5 * a
        self._c = (
            x,
            v,
            half,
            -10.0 * x - 6.0 * v - 3.0 * half,
            15.0 * x + 8.0 * v + 3.0 * half,
            -6.0 * x - 3.0 * v - half,
        )
        self.goal = goal
        self._start, self._end = t, t + self.seconds

    def at(self, t: float) -> float:
        """Return the value at ``t``."""
        return self.goal if t >= self._end else self.goal + self._course(t)[0]

    def done(self, t: float) -> bool:
        """Whether the goal is reached."""
        return t >= self._end

    def _course(self, t: float) -> tuple[float, float, float]:
        """Return distance left, velocity and acceleration. Units: shares of ``seconds``."""
        if t >= self._end:
            return 0.0, 0.0, 0.0
        u = max(t - self._start, 0.0) / self.seconds
        c0, c1, c2, c3, c4, c5 = self._c
        x = c0 + u * (c1 + u * (c2 + u * (c3 + u * (c4 + u * c5))))
        v = c1 + u * (2 * c2 + u * (3 * c3 + u * (4 * c4 + u * 5 * c5)))
        a = 2 * c2 + u * (6 * c3 + u * (12 * c4 + u * 20 * c5))
        return x, v, a


class Follower:
    """A value that follows a slider: close behind a drag, gliding after a jump.

    The slider is first limited in speed, then followed by a critically damped spring; both are
    solved exactly for any step, so the course does not depend on the frame rate.
    """

    __slots__ = ("_limited", "_rate", "_speed", "_velocity", "value")

    def __init__(
        self, value: float, span: float, rate: float = FOLLOW_RATE, speed: float = FOLLOW_SPEED
    ) -> None:
        self.value = value
        self._velocity = 0.0
        self._limited = value
        self._rate = rate
        self._speed = speed * span

    def step(self, target: float, seconds: float) -> float:
        """Follow ``target`` for some seconds and return the value."""
        away = target - self._limited
        moving = min(abs(away) / self._speed, seconds)
        if moving > 0.0:
            self._spring(math.copysign(self._speed, away), moving)
        if moving < seconds:
            self._limited = target
            self._spring(0.0, seconds - moving)
        return self.value

    def _spring(self, slope: float, seconds: float) -> None:
        """Follow a point that moves evenly from ``_limited``."""
        rate = self._rate
        # Against the steady lag 2 slope / rate the distance obeys the free critically damped
        # equation, whose solution is (d + (v + rate d) t) exp(-rate t).
        lag = 2.0 * slope / rate
        away = self.value - (self._limited - lag)
        drift = (self._velocity - slope) + rate * away
        decay = math.exp(-rate * seconds)
        self._limited += slope * seconds
        self.value = self._limited - lag + (away + drift * seconds) * decay
        self._velocity = slope + (drift - rate * (away + drift * seconds)) * decay
