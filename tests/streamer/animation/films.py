"""What the tests of the animator play: presets, an operator, whole films of faces."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Keyframe, Mode, Preset, Value
from streamer.controls import MAX_CUES, Cue, Wishes
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.resources import shipped

LIBRARY = PresetLibrary([shipped("presets")])
REST = neutral_face(eye_ratio=0.38, lip_ratio=0.05)
# Those that end by themselves.
ONCE = [name for name, p in LIBRARY.presets.items() if p.mode == "once"]
OTHER_REST = neutral_face(eye_ratio=0.30, lip_ratio=0.12)
QUIET = Wishes(idle_strength=0.0)
SACCADES = ("eyeball_x", "eyeball_y")


def preset(
    name: str,
    keyframes: Sequence[tuple[float, Mapping[str, float]]],
    *,
    duration_s: float = 1.0,
    mode: Mode = "once",
    blocks: tuple[str, ...] = (),
    sustain: tuple[float, float] | None = None,
) -> Preset:
    frames = tuple(
        Keyframe(time, MappingProxyType({k: Value(v) for k, v in params.items()}), "smoothstep")
        for time, params in keyframes
    )
    return Preset(name, {}, "", duration_s, "smoothstep", frames, mode, blocks, "", sustain)


BROAD: Sequence[tuple[float, Mapping[str, float]]] = [(0.0, {}), (0.4, {"smile": 1.0}), (1.0, {})]
OWN = {
    "smile": LIBRARY.presets["smile"],
    "held": preset("held", BROAD, mode="hold"),
    "switch": preset("switch", BROAD, mode="toggle"),
    "round": preset(
        "round", [(0.0, {}), (0.5, {"head_roll": 5.0}), (1.0, {})], mode="loop", duration_s=0.8
    ),
    "abrupt": preset("abrupt", [(0.0, {"smile": 1.0}), (1.0, {"smile": 1.0})]),
}


def animator(presets: Mapping[str, Preset] = LIBRARY.presets, seed: int = 1) -> Animator:
    return Animator(seed=seed, rest=REST, presets=presets, styles=LIBRARY.idle_styles)


def film(
    wishes: Wishes,
    seconds: float,
    fps: int = 30,
    start: float = 0.0,
    presets: Mapping[str, Preset] = LIBRARY.presets,
) -> list[Face]:
    a = animator(presets)
    return [a.at(start + k / fps, wishes) for k in range(round(seconds * fps) + 1)]


def cued(*cues: tuple[float, str] | tuple[float, str, float], idle: float = 0.0) -> Wishes:
    """Wishes with cues of (at, name) or (at, name, strength)."""
    made = tuple(
        Cue(serial, cue[1], cue[2] if len(cue) > 2 else 1.0, at=cue[0])
        for serial, cue in enumerate(cues, start=1)
    )
    return Wishes(cues=made, idle_strength=idle)


def channel(faces: Sequence[Face], name: str) -> list[float]:
    return [face[name] for face in faces]


def largest_step(faces: Sequence[Face], names: Sequence[str] = tuple(PARAMETERS)) -> float:
    """The largest change between two frames, as a share of the parameter's range."""
    return max(
        abs(b[n] - a[n]) / (PARAMETERS[n].high - PARAMETERS[n].low)
        for a, b in pairwise(faces)
        for n in names
    )


class Operator:
    """Presses, drags, pauses and changes their mind, at the frames of a 30 fps stream."""

    def __init__(self, seed: int, *, sliders: bool, lengths: Sequence[float | None]) -> None:
        self.rng = random.Random(seed)
        self.sliders, self.lengths = sliders, lengths
        self.wishes = Wishes()

    def act(self, t: float) -> Wishes:
        rng, w = self.rng, self.wishes
        if rng.random() < 0.12:
            name = rng.choice([*LIBRARY.presets, "", "unknown"])
            strength = 0.0 if name == "" or rng.random() < 0.2 else rng.choice([1.0, rng.random()])
            at = None if rng.random() < 0.7 else t + rng.uniform(-1.0, 1.0)
            serial = w.cues[-1].serial + 1 if w.cues else 1
            cue = Cue(serial, name, strength, rng.choice(self.lengths), at)
            w = replace(w, cues=(*w.cues, cue)[-MAX_CUES:])
        if self.sliders and rng.random() < 0.06:
            p = rng.choice(list(PARAMETERS.values()))
            w = replace(w, held={**w.held, p.name: rng.uniform(p.low, p.high)})
        if w.held and rng.random() < 0.06:
            freed = rng.choice(list(w.held))
            w = replace(w, held={k: v for k, v in w.held.items() if k != freed})
        if rng.random() < 0.01:
            w = replace(w, idle_style=rng.choice([*LIBRARY.idle_styles, "unknown"]))
        if rng.random() < 0.01:
            w = replace(w, idle_strength=rng.random())
        if rng.random() < 0.02:
            w = replace(w, paused=not w.paused)
        self.wishes = w
        return w
