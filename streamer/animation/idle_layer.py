"""Idle life as a layer over the face at rest: its strength, its style, its way of making room."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Final

from streamer.animation.blinks import usual_blink
from streamer.animation.idle import Idle
from streamer.animation.idle_style import BlinkStyle, IdleStyle
from streamer.animation.loops import Loops, idle_of
from streamer.animation.playing import Playing
from streamer.animation.presets import CHANNELS
from streamer.animation.transition import Glide
from streamer.controls import Wishes

STRENGTH_S: Final = 0.4
STYLE_S: Final = 0.8


class IdleLayer:
    """Idle life in one style, or in several while they are cross-faded.

    Times are the film's; those of `take` never go back.
    """

    def __init__(self, styles: Mapping[str, IdleStyle], seed: int) -> None:
        self._seed = seed
        self._strength = Glide(1.0, STRENGTH_S)
        self._styles = styles
        self._style_name = ""
        self._turning_blink = usual_blink(BlinkStyle())
        self._idles: list[tuple[Idle | Loops, Glide]] = []

    def fork(self) -> "IdleLayer":
        """Return a twin that goes on by itself."""
        twin = copy(self)
        twin._strength = copy(self._strength)
        twin._idles = [(idle.fork(), share) for idle, share in self._idles]
        return twin

    def set_styles(self, styles: Mapping[str, IdleStyle]) -> None:
        """Use other idle styles; if the current one changed, it is cross-faded."""
        changed = styles.get(self._style_name) != self._styles.get(self._style_name)
        self._styles = styles
        if changed:
            self._style_name = ""  # looked up again at the next frame

    def take(self, wishes: Wishes, before: float, first: bool) -> None:
        """Take the strength and style that have been wished for since the frame ``before``."""
        strength = wishes.idle_strength
        if strength != self._strength.goal and math.isfinite(strength):
            self._strength.to(min(max(strength, 0.0), 1.0), before - (STRENGTH_S if first else 0.0))
        if self._idles and self._idles[-1][1].done(before):
            del self._idles[:-1]
        if wishes.idle_style == self._style_name:
            return
        style = self._styles.get(wishes.idle_style)
        if style is None and not self._idles:
            style = next(iter(self._styles.values()), None)
        # Style changes faster than their cross-fade wait, so that memory stays bounded.
        if style is None or len(self._idles) > 3:
            return
        self._style_name = wishes.idle_style
        share = Glide(0.0, STYLE_S)
        share.to(1.0, before if self._idles else before - STYLE_S)
        self._idles.append((idle_of(style, self._seed), share))
        self._turning_blink = usual_blink(style.blink)

    def vary(self, t: float) -> float:
        """Return how much a press differs from the next: not at all without idle life."""
        style = self._styles.get(self._style_name)
        return 0.0 if style is None else style.acting.vary * self._strength.at(t)

    def make_way(self, layers: Sequence[Playing], t: float) -> None:
        """Let idle life that comes in loops give way to the performances that play."""
        for idle, _ in self._idles:
            idle.make_way(layers, t)

    def lay(
        self, values: list[float], own: Sequence[float], layers: Sequence[Playing], now: float
    ) -> float:
        """Lay idle life over the face at rest; return how far a blink closes the lids.

        ``own`` is the face at rest; ``layers`` are the performances that play above.
        """
        strength = min(max(self._strength.at(now), 0.0), 1.0)
        if strength == 0.0:
            return 0.0
        free = [1.0] * len(CHANNELS)
        talking = turning = 0.0
        for layer in layers:
            performance = layer.performance
            for channel in performance.preset.blocks:
                free[CHANNELS.index(channel)] *= 1.0 - layer.blocking(channel, now)
            if performance.preset.speaks:
                talking = max(talking, layer.talking(now))
            if performance.blinks:
                turning = max(turning, layer.closure(now, self._turning_blink))
        closed, beneath = 0.0, 1.0
        for idle, glide in reversed(self._idles):
            share = beneath * glide.at(now)
            beneath -= share
            here = free if share == 1.0 else [share * f for f in free]
            idle.lay(values, own, now, strength, here)
            closed += here[0] * idle.closure(now, strength, talking)
            if beneath <= 0.0:
                break
        return min(max(closed, turning * free[0] * min(2.0 * strength, 1.0)), 1.0)
