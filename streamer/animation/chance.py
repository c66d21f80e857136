"""Chance as a function: numbers that depend only on a seed, a stream's name and a count.

Idle life asks "what happens around second 4,711?" and must get the same answer whether or not it
ever asked for the seconds before. So time is cut into blocks; what happens in a block is drawn
from a generator that starts at the block's own number.
"""

import math
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar


class Timed(Protocol):
    """Something that begins at ``t``."""

    @property
    def t(self) -> float:
        """When it begins."""
        ...


T = TypeVar("T", bound=Timed)

_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF

# How many blocks stay in memory: playing forwards needs three, the rest is for looking back.
_KEPT: Final = 8


def _mix(z: int) -> int:
    """Scramble 64 bits. Source: SplitMix64, Steele, Lea & Flood 2014, its output function."""
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return z ^ (z >> 31)


class Chance:
    """The random numbers of one block of one stream."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, stream: str, block: int = 0) -> None:
        state = _mix(seed & _MASK)
        for byte in stream.encode():
            state = _mix((state + byte + 1) & _MASK)
        self._state = _mix((state ^ (block * 0x9E37_79B9_7F4A_7C15)) & _MASK)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number from ``low`` up to ``high``."""
        self._state = (self._state + 0x9E37_79B9_7F4A_7C15) & _MASK
        return low + (high - low) * ((_mix(self._state) >> 11) * 2.0**-53)

    def normal(self, mean: float = 0.0, sigma: float = 1.0) -> float:
        """Return a normally distributed number, at most 3.5 sigma from the mean."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        return mean + sigma * min(radius, 3.5) * math.cos(math.tau * self.uniform())

    def log_normal(self, mean: float, spread: float) -> float:
        """Return a positive number of this mean, skewed the more the greater ``spread`` is."""
        return mean * math.exp(self.normal(-0.5 * spread * spread, spread))


class Blocks(Generic[T]):
    """Time cut into blocks of about ``length_s``; each is built once, when it is asked for.

    The edges are moved at random, so that no event falls on a regular beat.
    """

    def __init__(
        self,
        seed: int,
        stream: str,
        length_s: float,
        build: Callable[[Chance, float, float], list[T]],
    ) -> None:
        self._seed, self._stream, self._length_s, self._build = seed, stream, length_s, build
        self._latest = (0, math.inf, -math.inf)
        self._built: dict[int, list[T]] = {}
        self._joined: dict[int, tuple[list[T], list[float]]] = {}

    def edge(self, k: int) -> float:
        """Return where block ``k`` begins. Units: seconds."""
        early = 0.5 * Chance(self._seed, self._stream + "/edge", k).uniform()
        return (k - early) * self._length_s

    def index(self, t: float) -> int:
        """Return the block in which ``t`` lies."""
        k, first, last = self._latest  # time mostly goes forwards, by little
        if first <= t < last:
            return k
        k = math.floor(t / self._length_s)
        if self.edge(k + 1) <= t:
            k += 1
        self._latest = (k, self.edge(k), self.edge(k + 1))
        return k

    def events(self, k: int) -> list[T]:
        """Return what happens in block ``k``, in order."""
        if k not in self._built:
            chance = Chance(self._seed, self._stream, k)
            _keep(self._built, k, self._build(chance, self.edge(k), self.edge(k + 1)))
        return self._built[k]

    def with_tail(self, k: int, tail: int) -> tuple[list[T], list[float]]:
        """Return the events of block ``k`` after the last ``tail`` ones before, and their times."""
        joined = self._joined.get(k)
        if joined is None:
            events = self._before(k)[-tail:] + self.events(k)
            joined = events, [event.t for event in events]
            _keep(self._joined, k, joined)
        return joined

    def _before(self, k: int) -> list[T]:
        return self.events(k - 1)

    def between(self, start: float, end: float) -> list[T]:
        """Return the events of all blocks that touch this time."""
        first, last = self.index(start), self.index(end)
        return [event for k in range(first, last + 1) for event in self.events(k)]


class Once(Blocks[T]):
    """One block from 0 to ``length_s``: what happens in a loop."""

    def edge(self, k: int) -> float:
        """Return the loop's beginning or end."""
        return k * self._length_s

    def index(self, t: float) -> int:
        """Return the block in which ``t`` lies: there is one."""
        return 0

    def _before(self, k: int) -> list[T]:
        return []


def blocks(
    seed: int,
    stream: str,
    length_s: float,
    build: Callable[[Chance, float, float], list[T]],
    loop_s: float | None,
) -> Blocks[T]:
    """Return time without an end, or one loop of ``loop_s``."""
    if loop_s is None:
        return Blocks(seed, stream, length_s, build)
    return Once(seed, stream, loop_s, build)


def fill(start: float, end: float, draw: Callable[[], float]) -> list[float]:
    """Return times from ``start`` on, at intervals that ``draw`` gives, ending exactly at ``end``.

    The intervals are stretched together, by a few percent as a rule, so that they fit.
    """
    intervals: list[float] = []
    total = 0.0
    while total < end - start:
        intervals.append(draw())
        total += intervals[-1]
    if len(intervals) > 1 and total - (end - start) > 0.5 * intervals[-1]:
        total -= intervals.pop()
    stretch = (end - start) / total
    times = [start]
    for interval in intervals:
        times.append(times[-1] + interval * stretch)
    times[-1] = end
    return times


_Kept = TypeVar("_Kept")


def _keep(cache: dict[int, _Kept], k: int, events: _Kept) -> None:
    if len(cache) >= _KEPT:
        del cache[next(iter(cache))]
    cache[k] = events
