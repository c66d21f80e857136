"""Acting on cue: thousands of random presses, and what one press has of its own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from streamer.animation.animator import Animator
from streamer.animation.performance import prepare
from streamer.animation.presets import Preset
from streamer.animation.touch import touch_of
from streamer.controls import MAX_CUES, Cue, Wishes
from streamer.parameters import PARAMETERS, Face
from tests.streamer.animation.films import (
    LIBRARY,
    ONCE,
    REST,
    Operator,
    animator,
    channel,
    cued,
    film,
)

# The largest step from one frame to the next at 30 fps, its change (acceleration) and the change
# of that (jerk), as shares of the range: what hurried presses over each other make, and a margin.
# Lids shut in three frames, eyes jump in one, and a wink at double speed is as fast as a wink is.
LARGEST = {
    "eye_ratio": (0.57, 0.61, 1.08),
    "wink": (0.9, 0.9, 1.6),
    "eyebrow": (0.52, 0.54, 1.05),
    "eyeball_x": (0.77, 0.85, 1.6),
    "eyeball_y": (0.7, 0.7, 1.25),
    "smile": (0.56, 0.56, 0.9),
    "lip_ratio": (0.44, 0.42, 0.76),
    "pout": (0.36, 0.31, 0.6),
    "purse": (0.38, 0.35, 0.7),
    "grin": (0.4, 0.55, 0.9),
    "head_pitch": (0.4, 0.47, 0.88),
    "head_yaw": (0.2, 0.21, 0.36),
    "head_roll": (0.24, 0.21, 0.4),
    "shift_y": (0.055, 0.05, 0.08),
    "scale": (0.07, 0.05, 0.08),
}
STILL = (0.01, 0.008, 0.01)
"""Idle life alone moves these: `shift_x`, `lip_open`."""

SPEAKS = replace(LIBRARY.presets["talk"], mode="loop", sustain=None)


def differences(values: Sequence[float]) -> list[float]:
    return [b - a for a, b in pairwise(values)]


@pytest.mark.parametrize("seed", range(14))
def test_thousands_of_presses_stay_in_range_and_smooth_and_come_to_rest(seed: int) -> None:
    a, operator = animator(seed=seed), Operator(seed, sliders=False, lengths=[None, 0.1, 0.7, 5.0])
    faces = [a.at(k / 30, operator.act(k / 30)) for k in range(30 * 60)]

    assert operator.wishes.cues[-1].serial > 180  # times 14 seeds
    for name, p in PARAMETERS.items():
        values = channel(faces, name)
        assert p.low <= min(values) <= max(values) <= p.high
        course = [value / (p.high - p.low) for value in values]
        for largest in LARGEST.get(name, STILL):
            course = differences(course)
            assert max(map(abs, course)) < largest, name
    cues = operator.wishes.cues
    for after in (0.0, 2.0):  # a press may have been due later
        cues = (*cues, Cue(cues[-1].serial + 1, "", 0.0))[-MAX_CUES:]
        calm = Wishes(cues=cues, idle_strength=0.0)
        last = [a.at(60.0 + after + k / 30, calm) for k in range(60)][-1]
    assert last == REST
    assert a.playing == ()


@pytest.mark.parametrize("name", ONCE)
def test_every_parameter_leaves_rest_and_comes_back_to_it(name: str) -> None:
    preset = LIBRARY.presets[name]
    faces = film(cued((0.0, name)), preset.duration_s + 0.2, fps=100)

    for parameter in {p for keyframe in preset.keyframes for p in keyframe.params}:
        assert max(abs(v - REST[parameter]) for v in channel(faces, parameter)) > 0.0
        assert faces[-1][parameter] == REST[parameter]


@pytest.mark.parametrize("name", [n for n in LIBRARY.presets if n != "talk"])
def test_parameters_of_a_preset_do_not_start_on_one_frame(name: str) -> None:
    faces = film(cued((0.0, name)), 1.2, fps=500)
    starts = {}
    for parameter, p in PARAMETERS.items():
        moved = [
            k
            for k, face in enumerate(faces)
            if abs(face[parameter] - REST[parameter]) > 1e-6 * (p.high - p.low)
        ]
        if moved:
            starts[parameter] = moved[0] / 500
    both_eyes_are_one = {"eyeball_x", "eyeball_y"}
    assert len({round(s, 2) for n, s in starts.items() if n not in both_eyes_are_one}) > 1 or (
        len(starts) == 1
    )
    later = sorted(starts.values())
    assert later[-1] - later[0] >= 0.018


# --- one press and the next


def pressed(serial: int, *, seed: int = 1, idle: str = "calm", strength: float = 1.0) -> list[Face]:
    """A smile over an idle life in which nothing moves but by pressing."""
    still = LIBRARY.idle_styles[idle]
    still = replace(
        still,
        loops=None,
        gaze=replace(still.gaze, near_x=0, near_y=0, away_x=0, away_y=0, noise=0),
        blink=replace(still.blink, per_minute=0.0),
        sway=replace(still.sway, yaw=0, pitch=0, roll=0, shift=0),
        breath=replace(still.breath, lift=0, pitch=0),
        mood=replace(still.mood, smile=0, eyebrow=0, lids=1.0, lids_drift=0, asymmetry=0),
    )
    a = Animator(seed=seed, rest=REST, presets=LIBRARY.presets, styles={idle: still})
    cue = Cue(serial, "smile", at=0.0)
    wishes = Wishes(cues=(cue,), idle_style=idle, idle_strength=strength)
    return [a.at(k / 100, wishes) for k in range(160)]


def test_no_two_presses_are_quite_alike() -> None:
    tops = [max(channel(pressed(serial), "smile")) for serial in range(1, 21)]

    assert len(set(tops)) == 20
    assert all(0.85 < top < 1.15 for top in tops)
    assert max(tops) - min(tops) > 0.05


def test_same_press_is_the_same_to_the_last_bit_and_another_seed_another() -> None:
    assert pressed(3) == pressed(3) != pressed(3, seed=2)


def test_without_idle_life_and_in_eco_a_preset_is_what_its_file_says() -> None:
    assert max(channel(pressed(1, strength=0.0), "smile")) == pytest.approx(1.0, abs=1e-3)
    assert pressed(1, strength=0.0) == pressed(2, strength=0.0)
    assert pressed(1, idle="eco") == pressed(2, idle="eco")


def test_press_lasts_no_longer_than_its_preset_and_lids_shut_whatever_its_touch() -> None:
    for serial in range(200):
        touch = touch_of(0.08, 1, "wink", serial)
        assert touch is not None
        assert 1.0 <= touch.tempo < 1.07
        assert 0.4 <= touch.delay <= 1.0
        sizes = dict(zip(PARAMETERS, touch.sizes, strict=True))
        assert sizes["wink"] == sizes["eye_ratio"] == 1.0
        assert all(0.9 < size < 1.1 for size in touch.sizes)


def test_length_that_was_asked_for_is_kept_whatever_the_touch() -> None:
    for serial in range(1, 6):
        a = animator()
        wishes = Wishes(cues=(Cue(serial, "smile", 1.0, 3.0, 0.0),))
        playing = [(a.at(k / 100, wishes), a.playing)[1] for k in range(320)]
        assert sum(map(bool, playing)) == pytest.approx(300, abs=1)


# --- blinks that come with acting


def closings(faces: Sequence[Face]) -> list[int]:
    """The frames at which the lids shut."""
    lids = channel(faces, "eye_ratio")
    return [k for k, (a, b) in enumerate(pairwise(lids)) if a >= 0.02 > b]


@pytest.mark.parametrize("name", ["look_left", "look_right", "shake"])
def test_large_turns_come_with_a_blink(name: str) -> None:
    style = LIBRARY.idle_styles["calm"]
    seldom = replace(style, blink=replace(style.blink, per_minute=0.5))
    a = Animator(seed=1, rest=REST, presets=LIBRARY.presets, styles={"calm": seldom})
    wishes = cued((1.0, name), idle=1.0)

    faces = [a.at(k / 60, wishes) for k in range(60 * 4)]

    assert 60 <= closings(faces)[0] < 60 + 15
    assert not closings(film(cued((1.0, name)), 4.0)), "not without idle life"
    none = replace(style, blink=replace(style.blink, per_minute=0.0))
    b = Animator(seed=1, rest=REST, presets=LIBRARY.presets, styles={"calm": none})
    assert not closings([b.at(k / 60, wishes) for k in range(60 * 4)])


def test_pose_that_is_held_right_after_a_turn_does_not_hold_the_blink() -> None:
    turn: Preset = replace(LIBRARY.presets["look_left"], sustain=(0.03, 0.03), mode="hold")
    assert prepare(turn).blinks
    style = LIBRARY.idle_styles["calm"]
    seldom = replace(style, blink=replace(style.blink, per_minute=0.01))
    a = Animator(seed=1, rest=REST, presets={"turn": turn}, styles={"calm": seldom})

    faces = [a.at(k / 60, cued((1.0, "turn"), idle=1.0)) for k in range(60 * 5)]

    assert min(channel(faces[150:], "eye_ratio")) > 0.3


def test_presets_that_move_the_lids_or_block_blinks_bring_no_blink_of_their_own() -> None:
    for preset in LIBRARY.presets.values():
        lids = any("eye_ratio" in keyframe.params for keyframe in preset.keyframes)
        if lids or "blink" in preset.blocks:
            assert not prepare(preset).blinks


def test_face_that_talks_blinks_about_26_times_a_minute_and_17_otherwise() -> None:
    rates = {}
    for name, wishes in (("talking", cued((0.0, "talk"), idle=1.0)), ("quiet", Wishes())):
        shut = 0
        for seed in range(3):
            a = Animator(seed=seed, rest=REST, presets={"talk": SPEAKS}, styles=LIBRARY.idle_styles)
            shut += len(closings([a.at(k / 30, wishes) for k in range(30 * 600)]))
        rates[name] = shut / 30

    # A blink in eight is partial and not counted here.
    assert rates["quiet"] == pytest.approx(15.0, abs=1.5)
    assert rates["talking"] == pytest.approx(24.0, abs=2.5)
