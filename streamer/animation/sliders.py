"""The parameters that the operator holds, laid over idle life."""

import math
from collections.abc import Callable, Mapping, MutableSequence
from copy import copy
from typing import Final

from streamer.animation.performance import INDEX, NAMES
from streamer.animation.transition import Follower, Glide
from streamer.parameters import PARAMETERS

# How long a released slider takes to hand its parameter back.
RELEASE_S: Final = 0.3
LIDS_HELD_S: Final = 0.15

_RANGES: Final = tuple(PARAMETERS.values())


class _Slider:
    """One held parameter, and its way back after release."""

    __slots__ = ("follower", "held", "presence")

    def __init__(self, value: float, span: float) -> None:
        self.follower = Follower(value, span)
        self.presence = Glide(1.0, RELEASE_S)
        self.held = True

    def fork(self) -> "_Slider":
        """Return a twin that moves on by itself."""
        twin = copy(self)
        twin.follower, twin.presence = copy(self.follower), copy(self.presence)
        return twin


class Sliders:
    """Which parameters are held, and how far; times are the film's and never go back."""

    def __init__(self) -> None:
        self._sliders: dict[int, _Slider] = {}
        self._lids_held = Glide(0.0, LIDS_HELD_S)

    def fork(self) -> "Sliders":
        """Return a twin that goes on by itself."""
        twin = copy(self)
        twin._sliders = {i: slider.fork() for i, slider in self._sliders.items()}
        twin._lids_held = copy(self._lids_held)
        return twin

    def take(
        self,
        held: Mapping[str, float],
        before: float,
        now: float,
        beneath: Callable[[float], list[float]] | None,
    ) -> None:
        """Follow what has been held since the frame ``before``.

        ``beneath`` gives all values of idle life at a time; None: this is the first frame.
        """
        for name, value in held.items():
            i = INDEX.get(name)
            if i is None or not math.isfinite(value):
                continue
            slider = self._sliders.get(i)
            target = _RANGES[i].clamp(value)
            if slider is None or not slider.held:
                # Taken: from where the face is, without a jump.
                here = target if beneath is None else self._value(i, before, beneath(before)[i])
                slider = self._sliders[i] = _Slider(here, _RANGES[i].high - _RANGES[i].low)
            slider.follower.step(target, now - before)
        lids_held = float("eye_ratio" in held)
        if lids_held != self._lids_held.goal:
            self._lids_held.to(lids_held, before - (LIDS_HELD_S if beneath is None else 0.0))
        for i in [i for i in self._sliders if NAMES[i] not in held]:
            slider = self._sliders[i]
            if slider.held:
                slider.held = False
                slider.presence.to(0.0, before)
            elif slider.presence.done(now):
                del self._sliders[i]

    def lay(self, values: MutableSequence[float], t: float) -> None:
        """Cover the values of idle life, as far as each parameter is held."""
        for i, slider in self._sliders.items():
            values[i] += slider.presence.at(t) * (slider.follower.value - values[i])

    def lids_held(self, t: float) -> float:
        """Return how far the lids are in the operator's hands, 0..1."""
        return self._lids_held.at(t)

    def _value(self, i: int, t: float, beneath: float) -> float:
        """Return the value of idle life and sliders at ``t``, where a slider takes over."""
        slider = self._sliders.get(i)
        if slider is not None:
            beneath += slider.presence.at(t) * (slider.follower.value - beneath)
        return _RANGES[i].clamp(beneath)
