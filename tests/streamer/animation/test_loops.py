"""Idle life in loops: few faces that come again to the last bit, and no seam to be seen."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from streamer.animation.animator import Animator
from streamer.animation.idle import Idle
from streamer.animation.idle_style import LoopStyle
from streamer.animation.loops import GRID, LONGEST_S, SLOW, WAY_S, Loops, idle_of
from streamer.animation.performance import INDEX
from streamer.controls import Cue, Wishes
from streamer.parameters import PARAMETERS, Face
from tests.streamer.animation.films import LIBRARY, OWN, REST, Operator, cued

ECO = LIBRARY.idle_styles["eco"]
REST_VALUES = list(REST.values())
FREE = (1.0,) * 5
EYES = [INDEX[name] for name in ("eyeball_x", "eyeball_y", "eye_ratio")]
SLOW_ONES = [i for i in range(len(PARAMETERS)) if i not in EYES]
SPANS = [p.high - p.low for p in PARAMETERS.values()]


def loops(seed: int, style: LoopStyle | None = None) -> Loops:
    made = idle_of(replace(ECO, loops=style or ECO.loops), seed)
    assert isinstance(made, Loops)
    return made


def values(idle: Loops | Idle, t: float) -> tuple[float, ...]:
    face = REST_VALUES.copy()
    idle.lay(face, REST_VALUES, t, 1.0, FREE)
    face[INDEX["eye_ratio"]] *= 1.0 - idle.closure(t, 1.0)
    return tuple(face)


def film(seconds: float, wishes: Wishes, fps: float = 30, start: float = 0.0) -> list[Face]:
    presets = {**LIBRARY.presets, **OWN}
    a = Animator(seed=3, rest=REST, presets=presets, styles=LIBRARY.idle_styles)
    eco = replace(wishes, idle_style="eco", idle_strength=1.0)
    return [a.at(start + k / fps, eco) for k in range(round(seconds * fps) + 1)]


def rounded(faces: Sequence[Face]) -> list[tuple[float, ...]]:
    return [tuple(round(v, 7) for v in face.values()) for face in faces]


# --- repeats


@pytest.mark.parametrize("seed", range(4))
def test_an_hour_holds_a_few_hundred_faces(seed: int) -> None:
    idle = loops(seed)
    faces = {values(idle, k / 30) for k in range(30 * 120)}

    assert 300 < len(faces) < 600
    rng = random.Random(seed)
    for _ in range(4000):
        assert values(idle, rng.randrange(30 * 3600) / 30) in faces


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60, 30000 / 1001])
def test_faces_repeat_to_the_last_bit_at_every_frame_rate(fps: float) -> None:
    idle = loops(2)
    at_30 = {values(idle, k / 30) for k in range(30 * 90)}

    assert {values(idle, k / fps) for k in range(round(fps * 120))} <= at_30
    late = 86_400 * 12
    assert {values(idle, late + k / fps) for k in range(round(fps * 60))} <= at_30


def test_faces_repeat_after_a_pause_of_any_length() -> None:
    a = Animator(seed=3, rest=REST, presets={}, styles=LIBRARY.idle_styles)
    eco = Wishes(idle_style="eco")
    before = {tuple(a.at(k / 30, eco).values()) for k in range(30 * 90)}
    a.at(90.0 + 0.7123, replace(eco, paused=True))

    after = {tuple(a.at(95.1 + k / 30, eco).values()) for k in range(30 * 60)}

    assert after <= before


def test_any_instant_can_be_asked_for_in_any_order() -> None:
    a, b = loops(5), loops(5)
    times = [random.Random(1).uniform(0.0, 3600.0) for _ in range(300)]
    expected = {t: values(a, t) for t in sorted(times)}

    assert all(values(b, t) == expected[t] for t in times)


def test_same_seed_same_film_other_seed_other_film() -> None:
    times = [k / 30 for k in range(900)]
    a, b, c = ([values(idle, t) for t in times] for idle in map(loops, (1, 1, 2)))

    assert a == b != c


def test_all_loops_come_in_turn_and_none_twice_in_a_row() -> None:
    idle = loops(7)
    order = [i for n in range(-50, 200) for i in idle._order(n)]

    assert all(a != b for a, b in pairwise(order))
    assert {tuple(order[k : k + 3]) for k in range(0, 600, 3)} == {
        (a, b, c) for a in range(3) for b in range(3) for c in range(3) if len({a, b, c}) == 3
    }


def test_what_was_not_given_loops_stays_without_an_end() -> None:
    assert isinstance(idle_of(LIBRARY.idle_styles["calm"], 1), Idle)


# --- seams


def seams(idle: Loops, seconds: float) -> list[int]:
    """The steps at which a loop begins."""
    return [k for k in range(1, round(seconds * GRID)) if idle._where(k / GRID)[1] == 0]


@pytest.mark.parametrize("seed", range(6))
def test_every_loop_begins_and_ends_at_rest_with_nothing_moving(seed: int) -> None:
    idle = loops(seed)

    for k in seams(idle, 120.0):
        assert values(idle, k / GRID) == tuple(REST_VALUES)
        for near in (-2, -1, 1, 2):
            there = values(idle, (k + near) / GRID)
            # The breath may be on its way already; a quarter of a pixel is 0.0005.
            moved = max(abs(there[i] - REST_VALUES[i]) / SPANS[i] for i in SLOW_ONES)
            assert moved < 0.001
            assert all(there[i] == pytest.approx(REST_VALUES[i], abs=1e-4) for i in EYES)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_jumps_at_a_seam_or_anywhere_else(seed: int) -> None:
    idle = loops(seed)
    faces = [values(idle, k / GRID) for k in range(0, 60 * GRID, SLOW)]

    for i in SLOW_ONES:
        x = [face[i] / SPANS[i] for face in faces]
        assert max(abs(b - a) for a, b in pairwise(x)) < 0.015
        assert max(abs(c - 2 * b + a) for a, b, c in zip(x, x[1:], x[2:], strict=False)) < 0.007


# --- alive


@pytest.mark.parametrize("seed", range(12))
def test_every_loop_blinks_breathes_looks_away_and_moves(seed: int) -> None:
    idle = loops(seed)
    blinks = 0
    for loop, steps in zip(idle._loops, idle._steps, strict=True):
        length_s = steps / GRID
        blinks += len(loop.blinks(0.0, length_s))
        assert 1 <= len(loop.blinks(0.0, length_s)) <= 4
        assert all(blink.end < length_s for blink in loop.blinks(0.0, length_s))
        lift = [loop.breath(k / GRID) for k in range(steps)]
        tops = sum(a < b >= c for a, b, c in zip(lift, lift[1:], lift[2:], strict=False))
        assert tops in (2, 3)
        assert lift[0] == 0.0 == loop.breath(length_s - 0.01)
        assert any(abs(look.x) > 2.0 for look in loop._gaze.jumps(0.0, length_s))
    assert 10 <= blinks * 60 / 27 <= 24

    faces = [values(idle, k / GRID) for k in range(idle._round)]
    for name, least in (("head_yaw", 1.0), ("head_roll", 0.5), ("smile", 0.01), ("eyebrow", 0.3)):
        course = [face[INDEX[name]] for face in faces]
        assert max(course) - min(course) > least, name


def test_lengths_are_as_the_style_says_and_whole_frames_at_25_and_30() -> None:
    idle = loops(1, LoopStyle(count=4.0, shortest_s=8.0, longest_s=12.0))

    assert [steps / GRID for steps in idle._steps] == pytest.approx([8.0, 9.4, 10.6, 12.0])
    assert all(steps % 6 == 0 for steps in idle._steps)
    assert loops(1, LoopStyle(count=1.0))._order(5) == [0]


# --- presets over it


@pytest.mark.parametrize("name", ["smile", "surprise", "nod", "talk", "wink", "think"])
def test_frames_of_a_preset_are_the_same_whenever_it_is_pressed(name: str) -> None:
    length = LIBRARY.presets[name].duration_s
    pressed = [30 * 8 + 7, 30 * 13 + 1, 30 * 21, 30 * 30 + 22]
    plays = []
    for frame in pressed:
        faces = film(frame / 30 + length, cued((frame / 30, name)))
        plays.append(rounded(faces[frame + round(30 * WAY_S) + 1 :]))

    assert all(play == plays[0] for play in plays)
    assert plays[0][0] != rounded([REST])[0]


def test_loops_begin_anew_from_rest_when_a_preset_is_over() -> None:
    faces = film(60.0, cued((10.03, "smile"), (31.7, "surprise")))
    idle = {tuple(f.values()) for f in film(90.0, Wishes())}

    for end in (10.03 + 1.5, 31.7 + LIBRARY.presets["surprise"].duration_s):
        k = int(end * 30) + 1
        assert faces[k] == pytest.approx(REST, abs=1e-3)
        assert all(tuple(f.values()) in idle for f in faces[k : k + 240])


def test_pose_that_is_held_is_lived_in_again() -> None:
    faces = film(40.0, cued((5.0, "held"), (30.0, "held", 0.0)))
    roll = [face["head_roll"] for face in faces]

    still = roll[round((5.0 + WAY_S) * 30) + 1 : round((5.0 + LONGEST_S) * 30)]
    assert set(still) == {0.0}
    held = faces[round((5.0 + LONGEST_S) * 30) + 10 : 30 * 30]
    assert len({face["head_roll"] for face in held}) > 100
    assert any(face["eye_ratio"] < 0.05 for face in held), "it blinks"
    assert {face["smile"] for face in held} == {1.0}


def test_presses_one_after_the_other_let_idle_life_rest_until_the_last_is_over() -> None:
    wishes = cued((5.0, "smile"), (6.2, "surprise"), (7.3, "smile"))
    faces = film(12.0, wishes)

    assert {face["shift_y"] for face in faces[30 * 5 + 9 : 30 * 8]} == {0.0}
    assert len({face["shift_y"] for face in faces[30 * 9 + 10 :]}) > 20


@pytest.mark.parametrize("seed", range(6))
def test_nothing_jumps_in_eco_whatever_is_pressed(seed: int) -> None:
    presets, styles = LIBRARY.presets, LIBRARY.idle_styles
    a = Animator(seed=seed, rest=REST, presets=presets, styles=styles)
    operator = Operator(seed, sliders=False, lengths=[None])
    faces = [
        a.at(k / 30, replace(operator.act(k / 30), idle_style="eco", idle_strength=1.0))
        for k in range(30 * 40)
    ]

    bounds = {"eye_ratio": 0.5, "wink": 0.6, "smile": 0.36, "eyebrow": 0.32, "grin": 0.3}
    bounds |= {"pout": 0.26, "lip_ratio": 0.3, "head_pitch": 0.17, "head_yaw": 0.12}
    bounds |= {
        "head_roll": 0.16,
        "purse": 0.2,
        "shift_y": 0.05,
        "scale": 0.05,
        "eyeball_x": 0.7,
        "eyeball_y": 0.7,
    }
    for name, p in PARAMETERS.items():
        x = [face[name] / (p.high - p.low) for face in faces]
        limit = bounds.get(name, 0.02)
        assert max(abs(b - a) for a, b in pairwise(x)) < limit, name
        assert max(abs(c - 2 * b + a) for a, b, c in zip(x, x[1:], x[2:], strict=False)) < limit


PRESSES = cued(
    *((2.0 + 3.77 * i, name) for i, name in enumerate(["smile", "nod", "held", "wink", "talk"])),
    (18.1, "held", 0.0),
    (20.0, "", 0.0),
)


def test_film_is_the_same_at_every_frame_rate() -> None:
    at_30, at_60 = (film(30.0, PRESSES, fps=fps) for fps in (30, 60))

    for k, face in enumerate(at_30):
        assert face == pytest.approx(at_60[2 * k], abs=1e-9)


def test_film_is_the_same_wherever_it_is_cut() -> None:
    whole = film(30.0, PRESSES)

    for k in (30, 100, 250, 400, 610, 700):
        piece = film(30.0 - k / 30, PRESSES, start=k / 30)
        assert all(a == pytest.approx(b, abs=1e-9) for a, b in zip(piece, whole[k:], strict=True))


def test_preset_shorter_than_the_way_leaves_no_trace() -> None:
    presets = {"blip": replace(LIBRARY.presets["blink"], name="blip", duration_s=0.05, blocks=())}
    a = Animator(seed=3, rest=REST, presets=presets, styles=LIBRARY.idle_styles)
    b = Animator(seed=3, rest=REST, presets=presets, styles=LIBRARY.idle_styles)
    pressed = Wishes(idle_style="eco", cues=(Cue(1, "blip", at=4.0),))

    faces = [a.at(k / 300, pressed) for k in range(300 * 6)]
    alone = [b.at(k / 300, Wishes(idle_style="eco")) for k in range(300 * 6)]

    assert faces[: 300 * 4] == alone[: 300 * 4]
    assert faces[300 * 4 + 100 :] == alone[300 * 4 + 100 :]
