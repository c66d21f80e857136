"""Held parameters: taken, dragged, released."""

import math
from dataclasses import replace

import pytest

from streamer.animation.sliders import RELEASE_S
from streamer.controls import Wishes
from streamer.parameters import PARAMETERS
from tests.streamer.animation.films import (
    QUIET,
    REST,
    animator,
    channel,
    cued,
    film,
    largest_step,
)


def held(**values: float) -> Wishes:
    return Wishes(held=values)


def test_held_parameter_is_held_and_idle_leaves_it_alone() -> None:
    a = animator()
    a.at(0.0, Wishes())
    faces = [a.at(k / 30, held(head_yaw=7.0, eye_ratio=0.4)) for k in range(1, 900)]

    for face in faces[30:]:
        assert face["head_yaw"] == pytest.approx(7.0, abs=1e-6)
        assert face["eye_ratio"] == pytest.approx(0.4, abs=1e-6)
    assert len(set(channel(faces, "head_roll"))) > 800


def test_taking_and_releasing_a_slider_glides() -> None:
    a = animator()
    faces = [a.at(k / 120, QUIET) for k in range(12)]
    faces += [a.at(0.1 + k / 120, replace(QUIET, held={"smile": 1.0})) for k in range(1, 120)]
    faces += [a.at(1.1 + k / 120, QUIET) for k in range(1, 120)]
    smile = channel(faces, "smile")

    assert largest_step(faces) < 0.06
    up = sum(0.02 < v < 0.98 for v in smile[:100]) / 120
    down = sum(0.02 < v < 0.98 for v in smile[100:]) / 120
    assert 0.1 < up < 0.3
    assert 0.15 < down <= RELEASE_S
    assert smile[-1] == 0.0


def test_slider_moves_the_face_in_the_very_next_frame_and_a_drag_lags_two_at_most() -> None:
    a = animator()
    a.at(0.0, QUIET)
    for k in range(1, 16):
        target = k / 15  # the range of a smile in half a second
        smile = a.at(k / 30, replace(QUIET, held={"smile": target}))["smile"]
        assert smile > 0.0
        assert target - smile <= 2 / 15


def test_slider_taken_in_the_middle_of_a_blink_does_not_jump() -> None:
    probe = animator()
    lids = [probe.at(k / 600, Wishes())["eye_ratio"] for k in range(600 * 20)]
    shut = next(k for k, v in enumerate(lids) if v < 0.05)
    a = animator()
    faces = [
        a.at(k / 600, held(eye_ratio=0.5) if k > shut else Wishes()) for k in range(shut + 300)
    ]

    assert largest_step(faces[shut - 20 :]) < 0.04
    assert faces[-1]["eye_ratio"] == pytest.approx(0.5, abs=1e-3)


def test_presets_play_over_held_sliders_and_hand_back_to_them() -> None:
    a = animator()
    wishes = replace(cued((1.0, "smile")), held={"smile": -0.2})
    faces = [a.at(k / 30, wishes) for k in range(90)]

    assert max(channel(faces, "smile")) > 0.9
    assert faces[0]["smile"] == faces[-1]["smile"] == -0.2


def test_rubbish_in_the_held_values_is_left_out() -> None:
    rubbish = replace(QUIET, held={"smile": math.nan, "nonsense": 1.0, "grin": 99.0})

    face = film(rubbish, 1.0)[-1]

    assert face == {**REST, "grin": PARAMETERS["grin"].high}
