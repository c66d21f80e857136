"""A preset prepared for playing: per parameter, how present it is and which value it wants.

Where a keyframe names a parameter its presence is 1, where it does not, 0: there, what lies
beneath shows. Between two keyframes both travel along the keyframe's curve.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamer.animation.easing import EASINGS
from streamer.animation.presets import Keyframe, Preset, Value
from streamer.parameters import PARAMETERS

NAMES: Final = tuple(PARAMETERS)
INDEX: Final = {name: index for index, name in enumerate(NAMES)}

# A newer press of the same preset may take at most this long to cover the older one.
LONGEST_COVER_S: Final = 0.6

# Turns this large come with a blink, that begins just before the head does. Source: Evinger et al.
# 1994, nearly all above 17 degrees of the head and 33 of the eyes; smaller here, where the head
# turns on a flat picture, and half as far as it would.
TURNS: Final = {"head_yaw": 8.5, "eyeball_x": 16.0, "eyeball_y": 38.0}
BLINK_AHEAD_S: Final = 0.039
BLINKS_APART_S: Final = 0.8

# (parameter's index, presence, its change, absolute value, its change, share of own, its change)
_Course = tuple[int, float, float, float, float, float, float]
_Segment = tuple[float, float, Callable[[float], float], tuple[_Course, ...]]


@dataclass(frozen=True)
class Performance:
    """The curves of one preset.

    Units: seconds of the performance. ``length_s`` includes the longest delay. ``sustain`` is the
    span that waits or repeats. ``cover_s`` is when all its parameters are first fully present.
    ``blinks`` is when people would blink along with it.
    """

    preset: Preset
    length_s: float
    latest_delay_s: float
    sustain: tuple[float, float] | None
    starts_named: bool
    ends_named: bool
    cover_s: float
    blinks: tuple[float, ...]
    _times: tuple[float, ...]
    _groups: tuple[tuple[float, tuple[_Segment, ...]], ...]

    def apply(
        self,
        values: list[float],
        own: Sequence[float],
        weight: float,
        entry_s: float,
        now: Callable[[float], float],
        elapsed: float,
        nearer: float = 1.0,
        sizes: Sequence[float] | None = None,
    ) -> None:
        """Lay the performance over ``values``.

        ``now`` turns seconds since a parameter's own start into performance time (it waits or
        repeats); ``own`` holds the photo's own values; ``entry_s`` fades a start that is named;
        ``nearer`` shortens the delays; ``sizes`` has a factor for each parameter, about its own
        value.
        """
        times = self._times
        for delay, segments in self._groups:
            x = elapsed - delay * nearer
            if x <= 0.0:
                continue
            here = weight
            if x < entry_s:
                here *= _entry(x / entry_s)
            s = now(x)
            start, inverse, ease, courses = segments[bisect_right(times, s) - 1]
            e = ease((s - start) * inverse) if inverse else 1.0
            for i, presence, dp, absolute, da, of_own, do in courses:
                value = absolute + da * e
                if of_own or do:
                    value += (of_own + do * e) * own[i]
                if sizes is not None:
                    rest = own[i]
                    value = rest + sizes[i] * (value - rest)
                values[i] += here * (presence + dp * e) * (value - values[i])


_entry = EASINGS["min_jerk"]


def prepare(preset: Preset) -> Performance:
    """Turn a preset's keyframes into curves."""
    keyframes = preset.keyframes
    latest = max(preset.delay_s.values(), default=0.0)
    body_s = preset.duration_s - latest  # later channels end with the others: all are squeezed
    times = tuple(keyframe.time * body_s for keyframe in keyframes)
    by_delay: dict[float, list[str]] = {}
    for name in NAMES:
        if any(name in keyframe.params for keyframe in keyframes):
            by_delay.setdefault(preset.delay_s.get(name, 0.0), []).append(name)
    groups = tuple(
        (delay, _segments(keyframes, times, names)) for delay, names in sorted(by_delay.items())
    )
    return Performance(
        preset=preset,
        length_s=preset.duration_s,
        latest_delay_s=latest,
        sustain=_sustain(preset, body_s),
        starts_named=bool(keyframes[0].params),
        ends_named=bool(keyframes[-1].params),
        cover_s=_cover(preset, times),
        blinks=_blinks(preset, times),
        _times=times,
        _groups=groups,
    )


def _segments(
    keyframes: tuple[Keyframe, ...], times: tuple[float, ...], names: list[str]
) -> tuple[_Segment, ...]:
    segments: list[_Segment] = []
    for k in range(len(keyframes) - 1):
        first, second = keyframes[k], keyframes[k + 1]
        courses = tuple(
            _course(INDEX[name], first.params.get(name), second.params.get(name))
            for name in names
            if name in first.params or name in second.params
        )
        inverse = 1.0 / (times[k + 1] - times[k])
        segments.append((times[k], inverse, EASINGS[second.easing], courses))
    last = keyframes[-1].params
    after = tuple(_course(INDEX[name], last[name], last[name]) for name in names if name in last)
    segments.append((times[-1], 0.0, EASINGS["linear"], after))
    return tuple(segments)


def _course(index: int, first: Value | None, second: Value | None) -> _Course:
    a = first or second or Value()
    b = second or first or Value()
    presence = 0.0 if first is None else 1.0
    change = (0.0 if second is None else 1.0) - presence
    return (
        index,
        presence,
        change,
        a.absolute,
        b.absolute - a.absolute,
        a.of_own,
        b.of_own - a.of_own,
    )


def _sustain(preset: Preset, body_s: float) -> tuple[float, float] | None:
    if preset.mode == "loop":
        return 0.0, body_s
    if preset.sustain is not None:
        return preset.sustain[0] * body_s, preset.sustain[1] * body_s
    if preset.mode == "once":
        return None
    # Held without saying where: the last moment that names anything.
    times = [k.time for k in preset.keyframes if k.params]
    return (times[-1] * body_s, times[-1] * body_s) if times else (body_s, body_s)


def _blinks(preset: Preset, times: tuple[float, ...]) -> tuple[float, ...]:
    """Return when large turns of head or eyes begin, unless the preset moves the lids itself."""
    keyframes = preset.keyframes
    if "blink" in preset.blocks or any("eye_ratio" in k.params for k in keyframes):
        return ()
    found: list[float] = []
    for k in range(len(keyframes) - 1):
        for name, least in TURNS.items():
            start = times[k] + preset.delay_s.get(name, 0.0)
            ends = (keyframes[i].params.get(name, Value()).absolute for i in (k, k + 1))
            apart = not found or start - found[-1] > BLINKS_APART_S
            if abs(next(ends) - next(ends)) >= least and apart:
                found.append(max(start - BLINK_AHEAD_S, 0.0))
    return tuple(found)


def _cover(preset: Preset, times: tuple[float, ...]) -> float:
    latest = 0.0
    for name in {name for keyframe in preset.keyframes for name in keyframe.params}:
        first = next(i for i, k in enumerate(preset.keyframes) if name in k.params)
        latest = max(latest, times[first] + preset.delay_s.get(name, 0.0))
    return min(latest, LONGEST_COVER_S)
