"""Idle life in a few loops that repeat exactly: few different faces, whose frames can be kept.

Each loop is a piece of idle life that begins and ends at rest, eyes open and straight ahead, with
nothing moving; so any loop may follow any, and all of them may begin at any time. Time moves in
whole steps of a grid, so that a face comes again to the last bit at whatever frame rate.

The loops of a style are the same for every seed, which draws only their order: so they can be
drawn for a portrait once and for all.

Under a performance the loops make way within a quarter of a second, and begin anew when it is
over. So all but the first frames of a performance are the same each time, too.
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Final

from streamer.animation.chance import Chance
from streamer.animation.easing import min_jerk
from streamer.animation.idle import Idle
from streamer.animation.idle_style import IdleStyle, LoopStyle
from streamer.animation.playing import Playing
from streamer.animation.transition import Glide

# Steps a second: enough for lids and eyes. What else moves takes every second step: it moves about
# half a pixel at most meanwhile, and half as many faces have to be drawn and kept.
GRID: Final = 30
SLOW: Final = 2

# Where in a step a frame's time is read: with frames on a grid of 24, 25, 30, 50 or 60 a second no
# time comes within 0.05 steps of a border, where rounding would choose for it.
PHASE: Final = 0.3

# Lengths are whole fifths of a second: whole frames at 25 and 30 a second.
LENGTH_STEPS: Final = 6

# Sway and mood take this long to come from rest and to return to it. Shorter shows as a habit.
JOIN_S: Final = 1.8

# Which loops there are; another number is other loops, and everything baked of them is lost.
LOOPS_SEED: Final = 0

# How fast idle life makes way for a performance, and how long at most: a pose that is held for
# longer must be lived in.
WAY_S: Final = 0.25
LONGEST_S: Final = 6.0


def idle_of(style: IdleStyle, seed: int) -> "Idle | Loops":
    """Return idle life of a style: endless, or in loops."""
    return Idle(style, seed) if style.loops is None else Loops(style, style.loops, seed)


class Loops:
    """The loops of one style, in an order drawn from the seed."""

    def __init__(self, style: IdleStyle, loops: LoopStyle, seed: int) -> None:
        # Without the eyes' tremor, which would not return to rest; it moves 0.1 px.
        still = replace(style, gaze=replace(style.gaze, noise=0.0))
        count = max(1, round(loops.count))
        self._seed = seed
        self._steps = [_steps(loops, i, count) for i in range(count)]
        self._round = sum(self._steps)
        self._loops = [
            Idle(still, round(2**31 * Chance(LOOPS_SEED, "loop", i).uniform()), steps / GRID)
            for i, steps in enumerate(self._steps)
        ]
        self._ordered = 0, self._order(0)
        self._origin = 0.0  # the time at which the first of all loops begins
        self._presence = Glide(1.0, WAY_S)
        self._busy_until: float | None = None

    @property
    def first_round(self) -> list[tuple[int, int]]:
        """What plays from time 0 on: each loop once, and its length in steps of the grid."""
        return [(i, self._steps[i]) for i in self._order(0)]

    def fork(self) -> "Loops":
        """Return a twin that goes on by itself."""
        twin = copy(self)
        twin._presence = copy(self._presence)
        return twin

    def make_way(self, layers: Sequence[Playing], now: float) -> None:
        """Step back while a performance moves; begin anew, unseen, when none does any more.

        To be called in the order of time, at each cue before it and after it, and at each frame.
        """
        ends = [(min(layer.end, layer.start + LONGEST_S), layer.start) for layer in layers]
        until = max((end for end, _ in ends), default=-math.inf)
        if until > now:
            if self._busy_until is None:
                self._presence.to(0.0, min(start for end, start in ends if end > now))
            self._busy_until = until
        elif self._busy_until is not None:
            over = min(self._busy_until, now)
            self._busy_until = None
            if self._presence.done(over):
                self._presence = Glide(1.0, WAY_S)
                self._begin_anew(over)
            else:  # over before it had made way
                self._presence.to(1.0, over)

    def lay(
        self,
        values: list[float],
        own: Sequence[float],
        t: float,
        strength: float,
        free: Sequence[float],
    ) -> None:
        """Lay idle life over ``values``, as `Idle.lay` does."""
        here = self._here(t)
        if here == 0.0:
            return
        i, step = self._where(t)
        slow = step - step % SLOW
        join = here * _join(slow / GRID, (self._steps[i] - slow) / GRID)
        blink, gaze, breath, sway, mood = free
        there = (blink * here, gaze * here, breath * here, sway * join, mood * join)
        self._loops[i].lay(values, own, step / GRID, strength, there, slow / GRID)

    def closure(self, t: float, strength: float, talking: float = 0.0) -> float:
        """Return how far a blink closes the lids at ``t``: 0 not at all, 1 shut.

        Talking makes no difference: what it adds would not repeat.
        """
        here = self._here(t)
        if here == 0.0:
            return 0.0
        i, step = self._where(t)
        return here * self._loops[i].closure(step / GRID, strength)

    def _here(self, t: float) -> float:
        return min(max(self._presence.at(t), 0.0), 1.0)

    def _begin_anew(self, t: float) -> None:
        """Let the next loop begin at ``t``."""
        ahead = self._steps_at(t)
        i, step = self._where(t)
        self._origin = t - (ahead + (self._steps[i] - step)) / GRID

    def _steps_at(self, t: float) -> int:
        return math.floor((t - self._origin) * GRID + PHASE)

    def _where(self, t: float) -> tuple[int, int]:
        """Return which loop plays, and how many steps of it are over."""
        number, step = divmod(self._steps_at(t), self._round)
        if number != self._ordered[0]:
            self._ordered = number, self._order(number)
        for i in self._ordered[1]:
            if step < self._steps[i]:
                return i, step
            step -= self._steps[i]
        raise AssertionError("a round is as long as its loops")

    def _order(self, number: int) -> list[int]:
        """Return the order of a round: all loops once, none twice in a row."""
        order = self._shuffled(number)
        if len(order) > 2 and order[0] == self._shuffled(number - 1)[-1]:
            order[0], order[1] = order[1], order[0]  # which leaves the last one where it is
        return order

    def _shuffled(self, number: int) -> list[int]:
        chance = Chance(self._seed, "order of loops", number)
        return sorted(range(len(self._steps)), key=lambda _: chance.uniform())


def _steps(loops: LoopStyle, i: int, count: int) -> int:
    share = i / (count - 1) if count > 1 else 0.0
    length_s = loops.shortest_s + share * (loops.longest_s - loops.shortest_s)
    return round(length_s * GRID / LENGTH_STEPS) * LENGTH_STEPS


def _join(since_s: float, left_s: float) -> float:
    """Return how far sway and mood are let go: 0 at both ends of a loop, smoothly."""
    return min_jerk(min(since_s / JOIN_S, 1.0)) * min_jerk(min(left_s / JOIN_S, 1.0))
