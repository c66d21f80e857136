"""The animator: time and wishes in, one face out.

Layers from the ground: the face at rest, idle life, held sliders, presets in the order of their
starts, parameters driven from outside. Each layer covers what lies beneath as far as it is
present, and presence comes and goes with zero speed, so a new layer starts from the value and
velocity of that instant and nothing is ever added twice. Idle blinks come after the presets: they
close whatever opening the lids have then, unless the lids are held or driven or a preset blocks
them.
"""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Final

from streamer.animation.drive import Drive
from streamer.animation.idle_layer import IdleLayer
from streamer.animation.idle_style import IdleStyle
from streamer.animation.performance import INDEX, NAMES, Performance, prepare
from streamer.animation.playing import Playing
from streamer.animation.presets import Preset
from streamer.animation.sliders import Sliders
from streamer.animation.touch import touch_of
from streamer.animation.transition import Glide
from streamer.controls import SPEECH, VOICE, Cue, Driven, Wishes
from streamer.parameters import PARAMETERS, Face

REST_S: Final = 0.6

# More performances at once than anybody can see; beyond, the oldest fade out in CROWD_FADE_S.
MAX_PLAYING: Final = 16
CROWD_FADE_S: Final = 0.15

# Presses of one preset nearer than this are one press: two doors that report the same finger, or
# a sender that repeats itself.
SAME_PRESS_S: Final = 0.05

_EYE: Final = INDEX["eye_ratio"]
_OPENING: Final = (INDEX["lip_ratio"], INDEX["lip_open"])
_RANGES: Final = tuple(PARAMETERS.values())
_LOWS: Final = tuple(p.low for p in _RANGES)
_HIGHS: Final = tuple(p.high for p in _RANGES)


class Animator:
    """Turns time and wishes into faces: `at` is called with times that never go back.

    The same seed and wishes, with a time in every cue, give the same film, whatever the frame
    rate and wherever it is cut. A cue without a time starts at the time of the call before, so
    that it shows in the very next frame.
    """

    def __init__(
        self,
        *,
        seed: int,
        rest: Face,
        presets: Mapping[str, Preset],
        styles: Mapping[str, IdleStyle],
    ) -> None:
        self.playing: tuple[str, ...] = ()
        self.may_speak = True  # of the photo on stage; any thread may set it
        self._drive = Drive()
        self._seed = seed
        self._rest = [Glide(PARAMETERS[name].clamp(rest[name]), REST_S) for name in NAMES]
        self._own = [glide.goal for glide in self._rest]
        self._rest_moves = False
        self._idle = IdleLayer(styles, seed)
        self._sliders = Sliders()
        self._performances: dict[str, Performance] = {}
        self._layers: list[Playing] = []
        self._cues_seen: tuple[Cue, ...] = ()
        self._last_serial = -math.inf
        self._waiting: list[tuple[float, Cue]] = []
        self._last_call: float | None = None
        self._now = 0.0
        self._pause_s = 0.0
        self._values: list[float] = []
        self.set_presets(presets)

    @property
    def driven(self) -> Mapping[str, str]:
        """Parameters that an outside source has now, with its name."""
        return self._drive.sources

    def set_presets(self, presets: Mapping[str, Preset]) -> None:
        """Use other presets from now on; what plays goes on as it began."""
        kept = self._performances
        self._performances = {
            name: kept[name] if name in kept and kept[name].preset is preset else prepare(preset)
            for name, preset in presets.items()
        }

    def set_styles(self, styles: Mapping[str, IdleStyle]) -> None:
        """Use other idle styles; if the current one changed, it is cross-faded."""
        self._idle.set_styles(styles)

    def set_rest(self, rest: Face) -> None:
        """Glide to another face at rest, of another portrait."""
        if self._last_call is None:
            self._rest = [Glide(PARAMETERS[name].clamp(rest[name]), REST_S) for name in NAMES]
            self._own = [glide.goal for glide in self._rest]
            return
        for name, glide in zip(NAMES, self._rest, strict=True):
            goal = PARAMETERS[name].clamp(rest[name])
            if goal != glide.goal:
                glide.to(goal, self._now)
        self._rest_moves = True

    def at(self, t: float, wishes: Wishes) -> Face:
        """Return the face at ``t`` seconds: every parameter, finite and in its range."""
        first = self._last_call is None
        before = self._now
        if not self._advance(t, wishes.paused):
            return dict(zip(NAMES, self._values, strict=True))
        now = self._now
        self._idle.take(wishes, before, first)
        self._take_cues(wishes, None if first else before)
        self._sliders.take(wishes.held, before, now, None if first else self._own_alive)
        self._drive.take(self._allowed(wishes.driven), before, now)

        if self._rest_moves:
            self._own = [p.clamp(g.at(now)) for p, g in zip(_RANGES, self._rest, strict=True)]
            self._rest_moves = not all(glide.done(now) for glide in self._rest)
        values = self._own.copy()
        closed = self._idle.lay(values, self._own, self._layers, now)
        self._sliders.lay(values, now)
        for layer in self._layers:
            layer.apply(values, self._own, now)
        if closed > 0.0:
            values[_EYE] *= 1.0 - closed * (1.0 - self._sliders.lids_held(now))
        opening = [values[i] for i in _OPENING]
        self._drive.lay(values, now)
        if not self.may_speak:
            for i, value in zip(_OPENING, opening, strict=True):
                values[i] = value
        self._values = [
            low if value < low else high if value > high else value
            for value, low, high in zip(values, _LOWS, _HIGHS, strict=True)
        ]
        return dict(zip(NAMES, self._values, strict=True))

    def forecast(self, times: Sequence[float], wishes: Wishes) -> list[Face]:
        """Return what `at` will answer at these times if nothing else is asked for until then.

        Exactly equal, and nothing changes here: a twin plays on.
        """
        twin = self._fork()
        return [twin.at(t, wishes) for t in times]

    def _fork(self) -> "Animator":
        """Return a twin that shares what `at` only reads or replaces, and owns what it changes."""
        twin = copy(self)
        twin._idle = self._idle.fork()
        twin._waiting = self._waiting.copy()
        twin._sliders = self._sliders.fork()
        twin._layers = [copy(layer) for layer in self._layers]
        twin._drive = self._drive.fork()
        return twin

    def _own_alive(self, t: float) -> list[float]:
        """Return the face at rest with idle life over it, at ``t``."""
        values = self._own.copy()
        self._idle.lay(values, self._own, self._layers, t)
        return values

    def _advance(self, t: float, paused: bool) -> bool:
        """Move the film's time on, which stands while paused; False if the face is frozen."""
        if self._last_call is None:
            self._now = self._last_call = t
            return True
        step = max(t - self._last_call, 0.0)
        self._last_call = max(t, self._last_call)
        if paused:
            self._pause_s += step
            return False
        self._now = self._last_call - self._pause_s
        return True

    # --- presets -----------------------------------------------------------------------------

    def _take_cues(self, wishes: Wishes, before: float | None) -> None:
        """Start and release performances up to now, in the order of their times."""
        if wishes.cues is not self._cues_seen:
            self._cues_seen = wishes.cues
            for cue in wishes.cues:
                if cue.serial > self._last_serial:
                    if _is_sound(cue):
                        self._waiting.append((self._start_of(cue, before), cue))
                    self._last_serial = cue.serial
            self._waiting.sort(key=lambda item: (item[0], item[1].serial))
        if not self.may_speak:
            # Cut, not faded: this changes with the portrait, which fades in over a still frame.
            self._layers = [x for x in self._layers if not x.performance.preset.speaks]
        due = 0
        while due < len(self._waiting) and self._waiting[due][0] <= self._now:
            start, cue = self._waiting[due]
            if due == 0 or start > self._waiting[due - 1][0]:
                self._drop_finished(start)
            self._take_cue(cue, start)
            self._idle.make_way(self._layers, start)
            due += 1
        del self._waiting[:due]
        self._drop_finished(self._now)
        self.playing = tuple(dict.fromkeys(layer.name for layer in self._layers))

    def _start_of(self, cue: Cue, before: float | None) -> float:
        if cue.at is None:
            return self._now if before is None else before
        start = cue.at - self._pause_s
        # A press that arrives late cannot have begun already: the face would jump.
        return start if before is None else max(start, before)

    def _take_cue(self, cue: Cue, start: float) -> None:
        same = [layer for layer in self._layers if layer.name == cue.name]
        if cue.name == "":
            if cue.strength <= 0.0:
                for layer in self._layers:
                    layer.fade(start)
            return
        performance = self._performances.get(cue.name)
        if cue.name == SPEECH:
            spoken = None if cue.spoken is None else cue.spoken.performance
            performance = spoken if isinstance(spoken, Performance) else None
        if cue.strength <= 0.0:
            for layer in same:
                if cue.name == SPEECH:
                    layer.fade(start)
                elif layer.performance.preset.mode != "toggle":
                    layer.release(start)
            return
        if performance is None or (performance.preset.speaks and not self.may_speak):
            return
        held = [layer for layer in same if not layer.leaving and layer.end == math.inf]
        if performance.preset.mode == "toggle" and held:
            for layer in held:
                layer.release(start)
            return
        twice = any(start - layer.start < SAME_PRESS_S and not layer.leaving for layer in same)
        if twice and cue.name != SPEECH:  # texts differ, and the newer is the one to say
            return
        # A text keeps the times that its sounds have.
        vary = 0.0 if cue.name == SPEECH else self._idle.vary(start)
        touch = touch_of(vary, self._seed, cue.name, cue.serial)
        playing = Playing(performance, start, cue.strength, cue.length_s, touch)
        for layer in same:  # the newer press covers the older one, which then goes unseen
            layer.fade(start + playing.cover_s)
        self._layers.append(playing)
        for layer in self._layers[:-MAX_PLAYING]:
            layer.fade(start, CROWD_FADE_S)

    def _drop_finished(self, t: float) -> None:
        self._idle.make_way(self._layers, t)
        if self._layers:
            self._layers = [layer for layer in self._layers if layer.end > t]

    def _allowed(
        self, driven: Mapping[str, Mapping[str, Driven]]
    ) -> Mapping[str, Mapping[str, Driven]]:
        """Leave out a voice, if the person on stage may not be made to speak."""
        if self.may_speak or VOICE not in driven:
            return driven
        return {source: given for source, given in driven.items() if source != VOICE}


def _is_sound(cue: Cue) -> bool:
    """Whether the numbers of a cue can be played; one NaN would spread over the whole face."""
    numbers = (cue.strength, cue.at or 0.0, 1.0 if cue.length_s is None else cue.length_s)
    return all(map(math.isfinite, numbers)) and cue.strength <= 1.0 and numbers[2] > 0.0
