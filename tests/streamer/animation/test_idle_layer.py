"""Idle life beneath presets: blocked, cross-faded, edited, weakened."""

import math
from dataclasses import replace

import pytest

from streamer.animation.animator import Animator
from streamer.animation.idle_layer import STYLE_S
from streamer.controls import Wishes
from streamer.parameters import PARAMETERS
from tests.streamer.animation.films import (
    LIBRARY,
    QUIET,
    REST,
    SACCADES,
    animator,
    channel,
    cued,
    film,
    largest_step,
    preset,
)


def test_blocked_channel_rests_while_the_preset_plays_and_comes_back() -> None:
    blocking = preset(
        "b", [(0, {}), (0.5, {"grin": 1.0}), (1, {})], duration_s=6.0, blocks=("blink", "gaze")
    )
    faces = film(cued((1.0, "b"), idle=1.0), 8.0, presets={"b": blocking})
    idle = film(Wishes(), 8.0)

    during = slice(30 + 10, 210 - 30)  # this press may be 7 % faster than the file says
    assert any(face["eye_ratio"] < 0.1 for face in idle[during])
    assert all(face["eye_ratio"] > 0.3 for face in faces[during])
    assert set(channel(faces[during], "eyeball_x")) == {0.0}
    assert channel(faces[during], "shift_y") == channel(idle[during], "shift_y"), "breath goes on"
    assert faces[211:] == idle[211:]


def test_lids_that_a_preset_holds_still_blink_unless_it_blocks_them() -> None:
    narrow = preset("n", [(0, {}), (0.1, {"eye_ratio": 0.3}), (1, {})], mode="hold")
    faces = film(cued((0.0, "n"), idle=1.0), 30.0, presets={"n": narrow})

    lids = channel(faces[30:], "eye_ratio")
    assert max(lids) == pytest.approx(0.3)
    assert min(lids) == 0.0


def test_style_change_is_cross_faded() -> None:
    a = animator()
    names = [n for n in PARAMETERS if n not in (*SACCADES, "eye_ratio")]
    faces = [a.at(k / 30, Wishes(idle_style="calm")) for k in range(60)]
    faces += [a.at(k / 30, Wishes(idle_style="lively")) for k in range(60, 120)]

    assert largest_step(faces, names) < 0.03
    b = animator()
    lively = [b.at(k / 30, Wishes(idle_style="lively")) for k in range(120)]
    after = 60 + math.ceil(STYLE_S * 30) + 1
    assert faces[after:] == lively[after:]


def test_unknown_style_keeps_the_one_there_is() -> None:
    assert film(Wishes(idle_style="nonsense"), 2.0) == film(Wishes(), 2.0)


def test_without_any_style_the_face_rests() -> None:
    a = Animator(seed=1, rest=REST, presets={}, styles={})

    assert all(a.at(k / 30, Wishes()) == REST for k in range(60))


def test_edited_style_takes_effect_while_running() -> None:
    a = animator()
    a.at(0.0, Wishes())
    calm = LIBRARY.idle_styles["calm"]
    still = replace(calm, sway=replace(calm.sway, yaw=0.0), gaze=replace(calm.gaze, head=0.0))

    a.set_styles({**LIBRARY.idle_styles, "calm": still})
    faces = [a.at(k / 30, Wishes()) for k in range(1, 90)]

    assert all(face["head_yaw"] == 0.0 for face in faces[40:])


def test_strength_of_idle_life_glides() -> None:
    a = animator()
    names = [n for n in PARAMETERS if n not in (*SACCADES, "eye_ratio")]
    faces = [a.at(k / 30, Wishes()) for k in range(60)]
    faces += [a.at(2 + k / 30, QUIET) for k in range(60)]

    assert largest_step(faces, names) < 0.03
    assert faces[-1] == REST
