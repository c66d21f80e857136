"""A preset written down again: as the mapping that its file holds, and as the file's text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from streamer.animation.performance import INDEX, NAMES, prepare
from streamer.animation.presets import Keyframe, Preset, Value

# Decimals kept: a tenth of a slider's finest step, and a thousandth of a second in a minute.
_DIGITS: Final = 6
_DEFAULT_EASING: Final = "smoothstep"
_INSTANT_S: Final = 1e-6


def written(preset: Preset) -> dict[str, Any]:
    """Return the content of the preset's file; what is as usual is left out."""
    content: dict[str, Any] = {
        "name": preset.name,
        "label": dict(preset.label),
        "emoji": preset.emoji,
        "description": preset.description,
        "duration_ms": _short(preset.duration_s * 1000.0),
        "easing": preset.easing,
        "keyframes": [_keyframe(keyframe, preset.easing) for keyframe in preset.keyframes],
        "mode": preset.mode,
        "blocks": list(preset.blocks),
        "delay_ms": {name: _short(s * 1000.0) for name, s in preset.delay_s.items()},
        "speaks": preset.speaks,
    }
    if preset.sustain is not None:
        first, last = preset.sustain
        content["sustain"] = _short(first) if first == last else [_short(first), _short(last)]
    usual = {
        "description": "",
        "easing": _DEFAULT_EASING,
        "mode": "once",
        "blocks": [],
        "delay_ms": {},
        "speaks": False,
    }
    return {key: value for key, value in content.items() if usual.get(key) != value}


def as_text(content: Mapping[str, Any]) -> str:
    """Return the text of a preset file: a line per field, a line per keyframe."""
    lines = []
    for key, value in content.items():
        if key == "keyframes":
            lines += ["keyframes:", *(f"  - {_flow(keyframe)}" for keyframe in value)]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def curves(preset: Preset, own: Mapping[str, float], points: int) -> dict[str, list[float]]:
    """Return the course of every parameter that the preset moves, over a face at rest.

    ``own`` holds the face at rest; values stand at ``points`` times from its start to its end, once
    through, without waiting or repeating.
    """
    faces = _faces(preset, own, [k / (points - 1) for k in range(points)])
    return {name: [face[name] for face in faces] for name in faces[0]}


def face_at(preset: Preset, own: Mapping[str, float], place: float) -> dict[str, float]:
    """Return the parameters that the preset moves, at a place from its start 0 to its end 1."""
    return _faces(preset, own, [place])[0]


def _faces(
    preset: Preset, own: Mapping[str, float], places: Sequence[float]
) -> list[dict[str, float]]:
    performance = prepare(preset)
    rest = [own[name] for name in NAMES]
    moved = {name for keyframe in preset.keyframes for name in keyframe.params}
    faces = []
    for place in places:
        values = rest.copy()
        # Just after the start: before it nothing is laid, not even what the start names.
        elapsed = max(performance.length_s * place, _INSTANT_S)
        performance.apply(values, rest, 1.0, 0.0, _as_it_is, elapsed)
        faces.append({name: values[INDEX[name]] for name in NAMES if name in moved})
    return faces


def _as_it_is(x: float) -> float:
    return x


def _keyframe(keyframe: Keyframe, easing: str) -> dict[str, Any]:
    content: dict[str, Any] = {"time": _short(keyframe.time)}
    if keyframe.easing != easing:
        content["easing"] = keyframe.easing
    content["params"] = {name: _value(value) for name, value in keyframe.params.items()}
    return content


def _value(value: Value) -> float | str:
    if value.of_own:
        return f"{_short(100.0 * value.of_own):g}%"
    return _short(value.absolute)


def _short(number: float) -> float:
    """Return the number as people write it: 38 ms, not 38.00000000000001."""
    rounded = round(number, _DIGITS)
    return int(rounded) if rounded == int(rounded) and abs(rounded) >= 2 else rounded


def _flow(value: Any) -> str:
    """Return one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9
    )
    return text.removesuffix("...\n").strip()
