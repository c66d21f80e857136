"""What is baked: all that is asked for later, each clip once, and shared out without talking."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.animation.animator import Animator
from streamer.animation.loops import GRID
from streamer.animation.preset_library import PresetLibrary
from streamer.baking.jobs import OFF_PX, Job, plan, shard
from streamer.controls import Controls, Wishes
from streamer.engines.face_steps import MIXED_PX, in_px, steps
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.resources import shipped

REST = neutral_face(eye_ratio=0.36, lip_ratio=0.0)


@cache
def library() -> PresetLibrary:
    return PresetLibrary([shipped("presets")])


@cache
def everything(fps: int = GRID) -> tuple[Job, ...]:
    styles = {"eco": library().idle_styles["eco"]}
    return tuple(plan(REST, library().presets, styles, fps=fps))


def baked() -> set[bytes]:
    return {steps(face) for job in everything() for face in job.faces}


@pytest.mark.parametrize("seed", [0, 7, 123456])
def test_idle_life_of_every_seed_is_baked_to_the_last_frame(seed: int) -> None:
    kept = baked()
    animator = Animator(
        seed=seed, rest=REST, presets={}, styles={"eco": library().idle_styles["eco"]}
    )
    wishes = Wishes(idle_style="eco")

    faces = [animator.at(k / GRID, wishes) for k in range(60 * GRID)]

    assert all(steps(face) in kept for face in faces)


@pytest.mark.parametrize("name", sorted(library().presets))
def test_a_preset_is_baked_from_the_moment_idle_life_has_made_way(name: str) -> None:
    kept = baked()
    preset = library().presets[name]
    animator = Animator(
        seed=3,
        rest=REST,
        presets=library().presets,
        styles={"eco": library().idle_styles["eco"]},
    )
    controls = Controls(Wishes(idle_style="eco"))
    start = round(4.2 * GRID)
    controls.trigger(name, 1.0, at=start / GRID)
    faces: list[Face] = []

    for k in range(start + round(min(preset.duration_s, 4.0) * GRID)):
        face = animator.at(k / GRID, controls.snapshot())
        if k >= start + round(0.3 * GRID):
            faces.append(face)

    found = sum(steps(face) in kept for face in faces)
    assert found >= len(faces) - 1  # one step may fall on a border of the grid


def test_a_held_preset_is_baked_with_its_release() -> None:
    held = [p for p in library().presets.values() if p.mode in ("hold", "toggle", "loop")]
    if not held:
        held = [replace(library().presets["look_left"], mode="hold")]

    for job in plan(REST, {p.name: p for p in held}, {}, sliders=False):
        assert steps(job.faces[0]) == steps(REST)
        away = max(float(np.abs(in_px(face) - in_px(REST)).max()) for face in job.faces)
        back = float(np.abs(in_px(job.faces[-1]) - in_px(REST)).max())
        assert back < 0.3 * away


def test_no_face_comes_twice_in_a_clip_and_no_two_clips_share_a_name() -> None:
    for job in everything():
        assert len({steps(face) for face in job.faces}) == len(job.faces)

    assert len({job.file for job in everything()}) == len(everything())


def test_sliders_are_baked_to_both_ends() -> None:
    for job in everything():
        if job.kind == "slider":
            values = [face[job.name] for face in job.faces]
            assert min(values) == PARAMETERS[job.name].low
            assert max(values) == PARAMETERS[job.name].high


def test_a_changed_preset_has_another_name() -> None:
    smile = library().presets["smile"]
    longer = replace(smile, duration_s=smile.duration_s * 1.5)

    before, after = (plan(REST, {"smile": p}, {}, sliders=False)[0] for p in (smile, longer))

    assert before.file != after.file


def test_at_half_the_rate_only_faces_are_left_out_that_two_others_are_mixed_to() -> None:
    half = {(job.kind, job.name): job for job in everything(15)}
    assert sum(len(j.faces) for j in half.values()) < 0.8 * sum(len(j.faces) for j in everything())

    for job in everything():
        kept = np.array([in_px(face) for face in half[job.kind, job.name].faces])
        there = {steps(face) for face in half[job.kind, job.name].faces}
        for face in job.faces:
            if steps(face) in there:
                continue
            place = in_px(face)
            ways = kept[1:] - kept[:-1]
            shares = np.clip(
                ((place - kept[:-1]) * ways).sum(1) / np.maximum((ways**2).sum(1), 1e-9), 0, 1
            )
            off = np.abs(kept[:-1] + shares[:, None] * ways - place).max(axis=1)
            assert off[np.abs(ways).max(axis=1) <= MIXED_PX].min() <= 2 * OFF_PX


@settings(deadline=None, max_examples=60)
@given(count=st.integers(1, 70), lengths=st.lists(st.integers(1, 200), max_size=60))
def test_shards_do_not_overlap_and_leave_nothing_out(count: int, lengths: list[int]) -> None:
    jobs = [Job("preset", f"p{i}", (REST,) * n) for i, n in enumerate(lengths)]

    parts = [shard(jobs, number, count) for number in range(1, count + 1)]

    names = [job.name for part in parts for job in part]
    assert sorted(names) == sorted(job.name for job in jobs)
    assert len(set(names)) == len(names)


def test_shards_are_the_same_whatever_the_order_and_about_as_long() -> None:
    jobs = list(everything())

    parts = [shard(jobs, number, 4) for number in range(1, 5)]

    assert parts == [shard(reversed(jobs), number, 4) for number in range(1, 5)]
    loads = [sum(len(job.faces) for job in part) for part in parts]
    assert max(loads) - min(loads) < 0.2 * max(loads)
