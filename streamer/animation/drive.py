"""The topmost layer: parameters that a tracker or another source outside gives for a while.

A source has a parameter for as long as it renews it. It takes over and gives back without a jump;
in between its values are followed closely, with just enough smoothing for a value that arrives at
another rate than the frames leave.
"""

import math
from collections.abc import Mapping, MutableSequence
from copy import copy
from typing import Final

from streamer.animation.performance import INDEX, NAMES
from streamer.animation.transition import Follower, Glide
from streamer.controls import VOICE, Driven
from streamer.parameters import PARAMETERS

# A value that is not renewed for this long is given back to what lies beneath.
# Source: VTube Studio's API, whose parameters fall back after one second without a renewal.
RENEWED_WITHIN_S: Final = 1.0

# How long a parameter takes to be taken over, and to be given back.
TAKE_OVER_S: Final = 0.3

# A voice begins with closed lips, where nothing can jump, and its first syllable must be seen.
FIRST_SYLLABLE_S: Final = 0.08

# A steady movement lags 2 / rate seconds, one frame at 30 fps and two at 60. Slower, and the
# portrait feels late; faster, and the steps of a 20 Hz tracker show.
RATE: Final = 60.0

# Ranges a second. A lid closes in 70 ms, which over the range of `eye_ratio` is about this.
SPEED: Final = 12.0

Seen = dict[tuple[str, str], tuple[int, float]]
"""(source, parameter) -> the newest serial, and the time at which it was first seen."""


class _Channel:
    """One parameter in somebody's hands, or on its way back."""

    __slots__ = ("follower", "presence", "source", "target")

    def __init__(self, name: str, source: str, value: float) -> None:
        parameter = PARAMETERS[name]
        self.follower = Follower(value, parameter.high - parameter.low, RATE, SPEED)
        self.presence = Glide(0.0, TAKE_OVER_S)
        self.source = source
        self.target = value

    def fork(self) -> "_Channel":
        twin = copy(self)
        twin.follower, twin.presence = copy(self.follower), copy(self.presence)
        return twin


class Drive:
    """Who has which parameter now, and how far; times are the film's and never go back."""

    def __init__(self) -> None:
        self.sources: Mapping[str, str] = {}
        self._seen: Seen = {}
        self._channels: dict[str, _Channel] = {}

    def fork(self) -> "Drive":
        """Return a twin that goes on by itself."""
        twin = copy(self)
        twin._channels = {name: channel.fork() for name, channel in self._channels.items()}
        return twin

    def take(self, driven: Mapping[str, Mapping[str, Driven]], before: float, now: float) -> None:
        """Take the values that were given since the frame ``before``."""
        if not driven and not self._channels:
            return
        fresh = self._fresh(driven, now)
        for name, sources in fresh.items():
            channel = self._channels.get(name)
            # Who has it keeps it: two trackers on one parameter would make it shake.
            source = (
                channel.source if channel and channel.source in sources else next(iter(sources))
            )
            value = sources[source]
            if channel is None:
                channel = self._channels[name] = _Channel(name, source, value)
            channel.source, channel.target = source, value
            if channel.presence.goal != 1.0:
                if channel.presence.done(before):
                    quick = source == VOICE and name == "lip_ratio"
                    channel.presence.seconds = FIRST_SYLLABLE_S if quick else TAKE_OVER_S
                channel.presence.to(1.0, before)
        for name in list(self._channels):
            channel = self._channels[name]
            channel.follower.step(channel.target, now - before)
            if name in fresh:
                continue
            if channel.presence.goal != 0.0:
                if channel.presence.done(before):
                    channel.presence.seconds = TAKE_OVER_S
                channel.presence.to(0.0, before)
            if channel.presence.done(now):
                del self._channels[name]
        self.sources = {name: self._channels[name].source for name in NAMES if name in fresh}

    def lay(self, values: MutableSequence[float], now: float) -> None:
        """Cover the values of all layers beneath, as far as each parameter is taken over."""
        for name, channel in self._channels.items():
            i = INDEX[name]
            values[i] += channel.presence.at(now) * (channel.follower.value - values[i])

    def _fresh(
        self, driven: Mapping[str, Mapping[str, Driven]], now: float
    ) -> dict[str, dict[str, float]]:
        """Return parameter -> source -> value, of the values that were renewed lately."""
        seen: Seen = {}
        fresh: dict[str, dict[str, float]] = {}
        for source, given in driven.items():
            for name, value in given.items():
                serial, at = self._seen.get((source, name), (0, now))
                if serial != value.serial:
                    at = now
                seen[source, name] = (value.serial, at)
                sound = name in INDEX and math.isfinite(value.value)
                if sound and now - at <= RENEWED_WITHIN_S:
                    fresh.setdefault(name, {})[source] = value.value
        self._seen = seen
        return fresh
