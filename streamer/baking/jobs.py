"""Which faces are baked: idle loops, presets and sliders, one job for each clip.

A job is the same wherever it is planned: its name says what it shows and, by a hash, which faces,
so that machines that know nothing of each other share the work without talking.
"""

import hashlib
import heapq
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from streamer.animation.animator import Animator
from streamer.animation.idle_style import IdleStyle
from streamer.animation.loops import GRID, Loops
from streamer.animation.presets import Preset
from streamer.controls import Controls, Wishes
from streamer.engines.baked.clip_file import SUFFIX
from streamer.engines.face_steps import MIXED_PX, NAMES, in_px, steps
from streamer.parameters import PARAMETERS, Face

# At half the rate a face is left out if the two beside it make it, mixed, but for this much.
OFF_PX: Final = 0.6

# A slider is baked in steps of this size, the size that a mixture of two faces bridges.
SLIDER_STEP_PX: Final = 2.5
MOST_SLIDER_STEPS: Final = 24

# Head and size of a slider are left to the warp field, which does them well.
SLIDERS: Final = tuple(p.name for p in PARAMETERS.values() if p.group != "head")

# A preset that is held shows all it has in this time, then its release.
LONGEST_HOLD_S: Final = 4.0
LONGEST_TAIL_S: Final = 4.0


@dataclass(frozen=True)
class Job:
    """One clip to draw. ``kind``: idle, preset or slider."""

    kind: str
    name: str
    faces: tuple[Face, ...]

    @property
    def key(self) -> str:
        """A short name of the faces."""
        digest = hashlib.sha256()
        for face in self.faces:
            digest.update(steps(face))
        return digest.hexdigest()[:10]

    @property
    def file(self) -> str:
        """The name of its clip: the same faces, the same name."""
        return f"{self.kind}-{re.sub(r'[^A-Za-z0-9_-]', '_', self.name)}-{self.key}{SUFFIX}"


def plan(
    rest: Face,
    presets: Mapping[str, Preset],
    styles: Mapping[str, IdleStyle],
    *,
    fps: int = GRID,
    sliders: bool = True,
) -> list[Job]:
    """Return the jobs of a portrait: loops of ``styles``, then ``presets``, then sliders.

    ``fps`` 30, or 15: then faces are left out where two others can be mixed.
    """
    jobs: list[Job] = []
    for name, style in styles.items():
        jobs += _idle(rest, name, style)
    under = next(iter(styles.values()), None)
    jobs += [Job("preset", name, tuple(_preset(rest, p, under))) for name, p in presets.items()]
    if sliders:
        jobs += [Job("slider", name, tuple(_slider(rest, name))) for name in SLIDERS]
    return [
        replace(job, faces=tuple((_halved if _moves(job, fps) else _once)(job.faces)))
        for job in jobs
    ]


def _moves(job: Job, fps: int) -> bool:
    """Whether its faces follow each other in time, at half the rate."""
    return fps < GRID and job.kind != "slider"


def shard(jobs: Iterable[Job], number: int, count: int) -> list[Job]:
    """Return the jobs of machine ``number`` of ``count``, from 1: every job is one machine's.

    The longest first, each to the machine with the least to do.
    """
    loads = [(0, i) for i in range(count)]
    mine: list[Job] = []
    for job in sorted(jobs, key=lambda job: (-len(job.faces), job.file)):
        load, i = heapq.heappop(loads)
        heapq.heappush(loads, (load + len(job.faces), i))
        if i == number - 1:
            mine.append(job)
    return mine


def _idle(rest: Face, name: str, style: IdleStyle) -> list[Job]:
    """Each loop of a style from rest to rest."""
    if style.loops is None:
        raise ValueError(f"the style {name} has no loops")
    animator = Animator(seed=0, rest=rest, presets={}, styles={name: style})
    wishes = Wishes(idle_style=name)
    jobs, k = [], 0
    for i, length in Loops(style, style.loops, 0).first_round:
        faces = tuple(animator.at((k + step) / GRID, wishes) for step in range(length))
        jobs.append(Job("idle", f"{name}-{i + 1}", faces))
        k += length
    return sorted(jobs, key=lambda job: job.name)


def _preset(rest: Face, preset: Preset, style: IdleStyle | None) -> list[Face]:
    """Return the faces of a preset from rest to rest; one that is held is then released."""
    styles = {} if style is None else {style.name: style}
    animator = Animator(seed=0, rest=rest, presets={preset.name: preset}, styles=styles)
    idle = "" if style is None else style.name
    controls = Controls(Wishes(idle_style=idle, idle_strength=0.0 if style is None else 1.0))
    controls.trigger(preset.name, 1.0, at=0.0)
    faces: list[Face] = []
    held = preset.mode != "once"
    hold_s = min(preset.duration_s, LONGEST_HOLD_S)
    released = False
    longest = preset.duration_s + (LONGEST_HOLD_S + LONGEST_TAIL_S if held else LONGEST_TAIL_S)
    for k in range(math.ceil(longest * GRID)):
        t = k / GRID
        if held and not released and t >= hold_s:
            released = True
            # A toggle goes at its second press, the others when they are let go.
            controls.trigger(preset.name, 1.0 if preset.mode == "toggle" else 0.0, at=t)
        faces.append(animator.at(t, controls.snapshot()))
        if k > 0 and not animator.playing:
            break
    return faces


def _slider(rest: Face, name: str) -> list[Face]:
    """Return faces from one end of a slider to the other, through the photo's own."""
    parameter = PARAMETERS[name]
    index = NAMES.index(name)
    faces: list[Face] = []
    for start, end in ((parameter.low, rest[name]), (rest[name], parameter.high)):
        move = abs(in_px({**rest, name: end})[index] - in_px({**rest, name: start})[index])
        count = min(max(math.ceil(move / SLIDER_STEP_PX), 1), MOST_SLIDER_STEPS)
        faces += [
            {**rest, name: parameter.clamp(float(value))}
            for value in np.linspace(start, end, count + 1)
        ]
    return faces


def _halved(faces: Sequence[Face]) -> list[Face]:
    """Leave out every second face where its neighbours can be mixed in its place.

    Neighbours stay beside each other, even where one of them has come before.
    """
    faces = [face for i, face in enumerate(faces) if i == 0 or steps(face) != steps(faces[i - 1])]
    places = np.array([in_px(face) for face in faces])
    kept = []
    for i, face in enumerate(faces):
        if i % 2 == 1 and i + 1 < len(faces):
            reach = np.abs(places[i + 1] - places[i - 1]).max()
            off = np.abs(0.5 * (places[i - 1] + places[i + 1]) - places[i]).max()
            if reach <= MIXED_PX and off <= OFF_PX:
                continue
        kept.append(face)
    return kept


def _once(faces: Sequence[Face]) -> list[Face]:
    """Return each face once, in the order in which they first come."""
    found: dict[bytes, Face] = {}
    for face in faces:
        found.setdefault(steps(face), face)
    return list(found.values())
