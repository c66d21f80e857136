"""Presets: a performance written in YAML, read into a frozen `Preset`.

The schema, field by field, is the docstring of `Preset`; an error names the file, the keyframe and
the field, what was found and what was expected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from streamer.animation.easing import EASINGS
from streamer.animation.yaml_file import (
    check_keys,
    choice,
    did_you_mean,
    labels,
    number,
    read_mapping,
    shown,
    text,
    wrong,
)
from streamer.controls import SPEECH
from streamer.errors import PresetError
from streamer.parameters import PARAMETERS

Mode = Literal["once", "hold", "toggle", "loop"]
MODES: Final[tuple[str, ...]] = get_args(Mode)

Channel = Literal["blink", "gaze", "breath", "sway", "mood"]
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
"""The channels of idle life that a preset may ask to rest."""

DURATION_RANGE_MS: Final = (50.0, 60_000.0)
MAX_KEYFRAMES: Final = 200
MAX_PERCENT: Final = 400.0
MAX_DELAY_MS: Final = 500.0

# A name is part of an OSC address, a URL and a file name.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PERCENT: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{0,6})?)\s*%\s*")


@dataclass(frozen=True)
class Value:
    """Where a keyframe wants a parameter: ``absolute``, or ``of_own`` times the photo's own."""

    absolute: float = 0.0
    of_own: float = 0.0

    def resolve(self, own: float) -> float:
        """Return the number for a photo whose own value is ``own``."""
        return self.absolute + self.of_own * own


@dataclass(frozen=True)
class Keyframe:
    """What the face does at ``time`` (0..1); ``easing`` is the curve that leads here."""

    time: float
    params: Mapping[str, Value]
    easing: str


@dataclass(frozen=True)
class Preset:
    """A performance.

    - ``name``: the file's stem; lower case letters, digits and underscores.
    - ``label``, ``emoji``, ``description``: for buttons; the label in English and Korean.
    - ``duration_s``: seconds (``duration_ms`` in the file, 50 to 60,000).
    - ``easing``: the curve between keyframes; a keyframe may name another for the way to itself.
    - ``keyframes``: ``time`` from 0 to 1, rising; ``params`` a number in the parameter's range,
      or for ``eye_ratio`` and ``lip_ratio`` a percentage of the photo's own. What a keyframe does
      not name is, there, what lies beneath: idle life and sliders.
    - ``mode``: ``once``, ``hold`` until released, ``toggle`` by the next press, ``loop``.
    - ``blocks``: channels of idle life that rest meanwhile.
    - ``sustain``: a keyframe's time, or two: where ``hold`` waits and where extra length is
      spent. Two times are a passage that repeats (syllables); it must end as it began.
    - ``speaks``: whether the face seems to say something. Such a preset is not played with the
      photo of a person who has not agreed to that.
    - ``delay_s``: parameters that follow later (``delay_ms`` in the file, up to 500), because on a
      real face nothing starts on one frame.
    """

    name: str
    label: Mapping[str, str]
    emoji: str
    duration_s: float
    easing: str
    keyframes: tuple[Keyframe, ...]
    mode: Mode
    blocks: tuple[str, ...]
    description: str = ""
    sustain: tuple[float, float] | None = None
    delay_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    speaks: bool = False


_REQUIRED: Final = ("name", "duration_ms", "keyframes")
_FIELDS: Final = (
    *_REQUIRED,
    *("label", "emoji", "description", "easing", "mode", "blocks", "sustain", "delay_ms", "speaks"),
)


def load_preset(path: Path) -> Preset:
    """Read one preset file. Raises `PresetError`, and nothing else, for any content."""
    return read_preset(read_mapping(path), path)


def read_preset(content: Mapping[str, Any], path: Path) -> Preset:
    """Read what a preset file at ``path`` holds or would hold. Raises `PresetError`."""
    where = str(path)
    fields = check_keys(content, where, _FIELDS, _REQUIRED)
    name = check_name(fields["name"], path)
    easing = choice(fields.get("easing", "smoothstep"), f"{where}: easing", EASINGS)
    keyframes = _keyframes(fields["keyframes"], where, easing)
    mode = choice(fields.get("mode", "once"), f"{where}: mode", MODES)
    duration_ms = number(fields["duration_ms"], f"{where}: duration_ms", *DURATION_RANGE_MS, "ms")
    sustain = _sustain(fields.get("sustain"), f"{where}: sustain", keyframes)
    if mode == "loop":
        if sustain is not None:
            raise PresetError(f"{where}: sustain: mode loop repeats the whole; take one of them.")
        _check_returns(keyframes[0], keyframes[-1], f"{where}: mode loop")
    return Preset(
        name=name,
        label=MappingProxyType(
            labels(fields.get("label"), f"{where}: label", name.replace("_", " ").capitalize())
        ),
        emoji=text(fields.get("emoji", "🎭"), f"{where}: emoji", 16),
        duration_s=duration_ms / 1000.0,
        easing=easing,
        keyframes=keyframes,
        mode=mode,  # type: ignore[arg-type]  # `choice` has checked it against the literal
        blocks=_blocks(fields.get("blocks", []), f"{where}: blocks"),
        description=(
            text(fields["description"], f"{where}: description", 300)
            if fields.get("description") is not None
            else ""
        ),
        sustain=sustain,
        delay_s=_delays(fields.get("delay_ms"), f"{where}: delay_ms", keyframes, duration_ms),
        speaks=_truth(fields.get("speaks", False), f"{where}: speaks"),
    )


def check_name(value: Any, path: Path) -> str:
    """Return the name, which is the file's stem. Raises `PresetError`."""
    where = f"{path}: name"
    name = text(value, where, 32)
    if not NAME.fullmatch(name):
        raise wrong(where, name, "a lower case letter, then letters, digits or underscores")
    if name == SPEECH:
        raise wrong(where, name, "another one: this is what texts are said under")
    if name != path.stem:
        raise wrong(where, name, f"the file's own name, '{path.stem}'")
    return name


def _keyframes(value: Any, where: str, easing: str) -> tuple[Keyframe, ...]:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_KEYFRAMES:
        found = f"{len(value)} keyframes" if isinstance(value, list) else shown(value)
        raise PresetError(
            f"{where}: keyframes: found {found}, expected a list of 2 to {MAX_KEYFRAMES}."
        )
    read: list[Keyframe] = []
    for index, item in enumerate(value, start=1):
        at = f"{where}: keyframe {index}"
        fields = check_keys(item, at, ("time", "params", "easing"), ("time",))
        time = number(fields["time"], f"{at}, time", 0.0, 1.0)
        at = f"{at} (time {time:g})"
        if read and time <= read[-1].time:
            raise wrong(f"{at}, time", time, f"more than the keyframe before, {read[-1].time:g}")
        params = _params(fields.get("params"), at)
        curve = choice(fields.get("easing", easing), f"{at}, easing", EASINGS)
        read.append(Keyframe(time, MappingProxyType(params), curve))
    for keyframe, index, time in ((read[0], 1, 0.0), (read[-1], len(read), 1.0)):
        if keyframe.time != time:
            raise wrong(f"{where}: keyframe {index}, time", keyframe.time, f"{time:.1f}")
    return tuple(read)


def _params(value: Any, at: str) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong(f"{at}, params", value, "a mapping such as {smile: 1.0}, or {}")
    for name in value:
        if name not in PARAMETERS:
            raise PresetError(
                f"{at}, params: {shown(name)} is no parameter.{did_you_mean(name, PARAMETERS)} "
                f"Parameters: {', '.join(PARAMETERS)}."
            )
    return {name: _value(name, found, f"{at}, params.{name}") for name, found in value.items()}


def _value(name: str, found: Any, where: str) -> Value:
    parameter = PARAMETERS[name]
    if isinstance(found, str) and parameter.neutral is None:
        percent = _PERCENT.fullmatch(found)
        if percent is None or float(percent[1]) > MAX_PERCENT:
            raise wrong(where, found, f"a number, or a percentage from 0% to {MAX_PERCENT:g}%")
        return Value(of_own=float(percent[1]) / 100.0)
    if isinstance(found, str) and _PERCENT.fullmatch(found):
        own = " and ".join(p.name for p in PARAMETERS.values() if p.neutral is None)
        raise wrong(where, found, f"a number; percentages are of the photo's own {own}")
    return Value(absolute=number(found, where, parameter.low, parameter.high, parameter.unit))


def _truth(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(where, value, "true or false")
    return value


def _blocks(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise wrong(where, value, f"a list of {', '.join(CHANNELS)}")
    return tuple(dict.fromkeys(choice(item, where, CHANNELS) for item in value))


def _sustain(value: Any, where: str, keyframes: tuple[Keyframe, ...]) -> tuple[float, float] | None:
    if value is None:
        return None
    times = value if isinstance(value, list) else [value]
    if not 1 <= len(times) <= 2:
        raise wrong(where, value, "one keyframe's time, or two such as [0.1, 0.9]")
    known = {keyframe.time: keyframe for keyframe in keyframes}
    for time in times:
        if number(time, where, 0.0, 1.0) not in known:
            listed = ", ".join(f"{t:g}" for t in known)
            raise wrong(where, time, f"the time of a keyframe ({listed})")
    first, last = float(times[0]), float(times[-1])
    if first > last:
        raise wrong(where, last, f"a time after {first:g}")
    if first < last:
        _check_returns(known[first], known[last], where)
    return first, last


def _check_returns(first: Keyframe, last: Keyframe, where: str) -> None:
    """A passage that repeats must end as it began, or the face would jump."""
    if first.params != last.params:
        raise PresetError(
            f"{where}: the keyframes at {first.time:g} and {last.time:g} differ; what repeats "
            f"must end as it began. Give both the same params."
        )


def _delays(
    value: Any, where: str, keyframes: tuple[Keyframe, ...], duration_ms: float
) -> Mapping[str, float]:
    if value is None:
        return MappingProxyType({})
    used = sorted({name for keyframe in keyframes for name in keyframe.params})
    given = check_keys(value, where, used)
    longest = min(MAX_DELAY_MS, 0.4 * duration_ms)  # later than this, the rest has no time left
    return MappingProxyType(
        {
            name: number(found, f"{where}.{name}", 0.0, longest, "ms") / 1000.0
            for name, found in given.items()
        }
    )
