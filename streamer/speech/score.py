"""Sounds to a performance: the course of the mouth, the head on the accents, blinks at pauses.

Each sound has a moment at which the mouth comes nearest to its shape; from one to the next all
parameters travel without a jump in speed. What a sound does not insist on, it takes from the
vowels around it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final

from streamer.animation.performance import Performance, prepare
from streamer.animation.presets import Keyframe, Preset, Value
from streamer.controls import SPEECH
from streamer.speech.shapes import SHAPES, Shape
from streamer.speech.sounds import Sound, length_of

# The lips gather before the first sound and come to rest after the last.
LEAD_S: Final = 0.08
TAIL_S: Final = 0.30

# Closed lips last at least one frame of 30 a second, or the closure would not be seen.
CLOSED_S: Final = 0.045
# Two moments nearer than this are one.
NEAREST_S: Final = 0.028
LONG_S: Final = 0.13

# How much of what a sound leaves open comes from the vowel that follows: lips prepare for what
# they will say more than they remember what they have said.
AHEAD: Final = 0.65

# An unstressed syllable opens less, a short one does not get there.
STRESSED, WEAK = 1.12, 0.88
FULL_S: Final = 0.095

# Jaw (`lip_open`) while the lips meet: they press.
PRESS: Final = -25.0

# Nods on accents. Source: head movement in speech at 1 to 2 Hz.
NOD_EVERY_S: Final = 0.55
NOD_UP_S, NOD_DOWN_S = 0.20, 0.34
BLINK_PAUSE_S: Final = 0.2

_LABEL: Final = MappingProxyType({"en": "Say", "ko": "말하기"})
_GOLDEN: Final = 0.6180339887498949


@dataclass(frozen=True)
class Score(Performance):
    """Several performances of one length that are played as one: mouth, head and lids."""

    _others: tuple[Performance, ...] = ()

    def apply(self, values: list[float], own: Sequence[float], *rest: object) -> None:
        """Lay all of them over ``values``."""
        super().apply(values, own, *rest)  # type: ignore[arg-type]
        for other in self._others:
            other.apply(values, own, *rest)  # type: ignore[arg-type]


def score(sounds: Sequence[Sound]) -> Score:
    """Return the performance of some sounds."""
    length_s = LEAD_S + length_of(sounds) + TAIL_S
    mouth = prepare(_preset(_mouth(sounds, length_s), length_s, "smoothstep"))
    accents, pauses = _accents(sounds)
    others = [
        prepare(_preset(track, length_s, "min_jerk"))
        for track in (_nods(accents, length_s), _blinks(pauses, length_s))
        if len(track) > 2
    ]
    own = {field.name: getattr(mouth, field.name) for field in fields(mouth)}
    return Score(**own, _others=tuple(others))


_Moment = tuple[float, Mapping[str, float]]


def _preset(track: Sequence[_Moment], length_s: float, easing: str) -> Preset:
    keyframes = tuple(
        Keyframe(
            t / length_s,
            {
                name: Value(of_own=value) if name == "eye_ratio" else Value(absolute=value)
                for name, value in params.items()
            },
            easing,
        )
        for t, params in track
    )
    return Preset(
        name=SPEECH,
        label=_LABEL,
        emoji="💬",
        duration_s=length_s,
        easing=easing,
        keyframes=keyframes,
        mode="once",
        blocks=(),
        speaks=True,
    )


# --- mouth


def _mouth(sounds: Sequence[Sound], length_s: float) -> list[_Moment]:
    track: list[_Moment] = [(0.0, {})]
    firm_until = 0.0
    for k, (t, length, sound) in enumerate(_timed(sounds)):
        shape = SHAPES[sound.shape]
        pose = _pose(sounds, k, shape)
        for at in _moments(t, length, sound, shape):
            if at - track[-1][0] < NEAREST_S:
                if shape.firm < firm_until or len(track) == 1:
                    continue
                track.pop()
                at = max(at, track[-1][0] + NEAREST_S)
            track.append((at, pose))
            firm_until = shape.firm
    closed = _params(SHAPES["_"], 0.0)
    end = max(track[-1][0] + 0.07, length_s - TAIL_S + 0.06)
    return [*track, (end, closed), (length_s, {})]


def _timed(sounds: Sequence[Sound]) -> Iterator[tuple[float, float, Sound]]:
    t = LEAD_S
    for sound in sounds:
        yield t, sound.length_s, sound
        t += sound.length_s


def _moments(t: float, length: float, sound: Sound, shape: Shape) -> list[float]:
    """When a sound's shape is reached, and until when it is kept."""
    if sound.silent:
        first = t + min(0.09, 0.5 * length)
        last = t + length - 0.06
        return [first, last] if last - first >= NEAREST_S else [first]
    middle = t + 0.48 * length
    if shape.opening == 0.0:
        return [middle - 0.5 * CLOSED_S, middle + 0.5 * CLOSED_S]
    if shape.vowel and length >= LONG_S:
        return [t + 0.36 * length, t + 0.70 * length]
    return [middle]


def _pose(sounds: Sequence[Sound], k: int, shape: Shape) -> Mapping[str, float]:
    """The parameters of one sound among its neighbours."""
    sound = sounds[k]
    before, after = _vowel_near(sounds, k, -1), _vowel_near(sounds, k, +1)
    around = _between(before, after)
    opening = shape.opening
    if shape.vowel:
        level = STRESSED if sound.accent else WEAK
        varied = 0.92 + 0.16 * ((k * _GOLDEN) % 1.0)  # no two syllables alike
        opening *= level * varied * min(1.0, 0.5 + 0.5 * sound.length_s / FULL_S)
    mixed = Shape(
        opening=shape.firm * opening + (1.0 - shape.firm) * 0.75 * around.opening,
        spread=shape.lips * shape.spread + (1.0 - shape.lips) * around.spread,
        pout=shape.lips * shape.pout + (1.0 - shape.lips) * around.pout,
        purse=shape.lips * shape.purse + (1.0 - shape.lips) * around.purse,
    )
    pressed = shape.opening == 0.0 and not sound.silent
    return _params(mixed, PRESS if pressed else 0.0)


def _params(shape: Shape, jaw: float) -> Mapping[str, float]:
    return {
        "lip_ratio": shape.opening,
        "lip_open": jaw,
        "grin": shape.spread,
        "pout": shape.pout,
        "purse": shape.purse,
    }


def _vowel_near(sounds: Sequence[Sound], k: int, step: int) -> Shape | None:
    """The nearest vowel or glide on one side, before a pause."""
    k += step
    while 0 <= k < len(sounds) and not sounds[k].silent:
        if SHAPES[sounds[k].shape].vowel or sounds[k].shape == "w":
            return SHAPES[sounds[k].shape]
        k += step
    return None


def _between(before: Shape | None, after: Shape | None) -> Shape:
    if before is None or after is None:
        return after or before or SHAPES["_"]
    x = AHEAD
    return Shape(
        opening=(1 - x) * before.opening + x * after.opening,
        spread=(1 - x) * before.spread + x * after.spread,
        pout=(1 - x) * before.pout + x * after.pout,
        purse=(1 - x) * before.purse + x * after.purse,
    )


# --- head and lids


def _accents(sounds: Sequence[Sound]) -> tuple[list[tuple[float, bool]], list[float]]:
    """Return (when, whether the first of its phrase) of each accent, and when lids may close."""
    accents: list[tuple[float, bool]] = []
    pauses: list[float] = []
    first = True
    t = LEAD_S
    for t, length, sound in _timed(sounds):
        if sound.silent:
            first = True
            if length >= BLINK_PAUSE_S:
                pauses.append(t - 0.02)
        elif sound.accent:
            at = t + 0.5 * length
            if not accents or at - accents[-1][0] >= NOD_EVERY_S:
                accents.append((at, first))
                first = False
    if sounds:
        pauses.append(t + sounds[-1].length_s)
    return accents, pauses


def _nods(accents: Sequence[tuple[float, bool]], length_s: float) -> list[_Moment]:
    track: list[_Moment] = [(0.0, {})]
    side = 1.0
    for k, (at, first) in enumerate(accents):
        size = 1.1 + 1.3 * ((k * _GOLDEN + 0.35) % 1.0)
        if first:
            side, size = -side, size + 0.4
        begin = max(at - NOD_UP_S, track[-1][0] + 0.05)
        rest: Mapping[str, float] = {}
        if len(track) > 1 and begin < track[-1][0] + 0.04:
            # The nod before is not over: go on from between the two.
            track.pop()
            rest = {"head_pitch": -0.3, "head_roll": 0.4 * side, "eyebrow": 0.8}
        if begin > track[-1][0]:
            track.append((begin, rest))
        down = {"head_pitch": size, "head_roll": 0.7 * side, "eyebrow": 3.5 if first else 1.8}
        track.append((max(at, track[-1][0] + 0.08), down))
        track.append((track[-1][0] + NOD_DOWN_S, {}))
    return [*[moment for moment in track if moment[0] < length_s - 0.02], (length_s, {})]


def _blinks(pauses: Sequence[float], length_s: float) -> list[_Moment]:
    track: list[_Moment] = [(0.0, {})]
    for k, at in enumerate(pauses):
        last = k == len(pauses) - 1
        if (k % 4 == 2 and not last) or at < track[-1][0] + 0.5 or at + 0.36 > length_s + 0.1:
            continue
        squeeze = min(1.0, (length_s - at) / 0.36)
        track += [
            (at, {}),
            (at + 0.075 * squeeze, {"eye_ratio": 0.0}),
            (at + 0.115 * squeeze, {"eye_ratio": 0.0}),
            (at + 0.34 * squeeze, {}),
        ]
    return [*[moment for moment in track if moment[0] < length_s - 0.001], (length_s, {})]
