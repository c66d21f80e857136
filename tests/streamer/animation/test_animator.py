"""The whole animator: layers, cues, sliders, pauses, and that nothing ever jumps."""

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from streamer.animation.animator import REST_S
from streamer.animation.playing import FADE_S
from streamer.animation.presets import Keyframe, Preset, Value
from streamer.controls import MAX_CUES, Controls, Cue, Wishes
from streamer.parameters import PARAMETERS
from tests.streamer.animation.films import (
    LIBRARY,
    ONCE,
    OTHER_REST,
    OWN,
    QUIET,
    REST,
    SACCADES,
    Operator,
    animator,
    channel,
    cued,
    film,
    largest_step,
)

# --- every face, whatever anybody does


@pytest.mark.parametrize("seed", range(12))
def test_every_face_is_whole_finite_and_in_range(seed: int) -> None:
    a, operator = animator(seed=seed), Operator(seed, sliders=True, lengths=[None, 0.01, 0.7, 5.0])

    for k in range(900):
        if k % 200 == 199:
            a.set_rest(OTHER_REST if k % 400 == 199 else REST)
        face = a.at(k / 30, operator.act(k / 30))
        assert tuple(face) == tuple(PARAMETERS)
        for name, value in face.items():
            assert math.isfinite(value)
            assert PARAMETERS[name].low <= value <= PARAMETERS[name].high


@pytest.mark.parametrize("seed", range(6))
def test_nothing_jumps_between_two_instants_whatever_anybody_does(seed: int) -> None:
    # Between instants 1/600 s apart a jump is a whole step, while the fastest movement, a
    # hurried wink, is a tenth of the range.
    a, operator = animator(seed=seed), Operator(seed, sliders=True, lengths=[None, 0.1, 3.0])
    wishes, faces = Wishes(), []
    for k in range(600 * 12):
        if k % 20 == 0:
            wishes = operator.act(k / 600)
        if k % 2000 == 1999:
            a.set_rest(OTHER_REST if k % 4000 == 1999 else REST)
        faces.append(a.at(k / 600, wishes))

    assert largest_step(faces) < 0.10


@pytest.mark.parametrize("seed", range(8))
def test_presses_move_the_face_smoothly_at_30_fps(seed: int) -> None:
    a, operator = animator(seed=seed), Operator(seed, sliders=False, lengths=[None])
    faces = [a.at(k / 30, operator.act(k / 30)) for k in range(30 * 40)]

    # Shares of the range per frame, for steps and for steps of steps. Lids shut in three frames
    # and eyes jump in one, as on people; a surprise takes a laugh away in seven.
    bounds = {"eye_ratio": 0.5, "wink": 0.6, "smile": 0.36, "eyebrow": 0.32, "grin": 0.3}
    bounds |= {"pout": 0.26, "lip_ratio": 0.3, "head_pitch": 0.17, "head_yaw": 0.12}
    bounds |= {
        "head_roll": 0.16,
        "purse": 0.2,
        "shift_y": 0.05,
        "scale": 0.05,
        **dict.fromkeys(SACCADES, 0.7),
    }
    for name, p in PARAMETERS.items():
        x = [v / (p.high - p.low) for v in channel(faces, name)]
        limit = bounds.get(name, 0.02)
        assert max(abs(b - a) for a, b in pairwise(x)) < limit, name
        assert max(abs(c - 2 * b + a) for a, b, c in zip(x, x[1:], x[2:], strict=False)) < limit


@pytest.mark.parametrize("name", ONCE)
def test_everything_returns_to_exact_idle_when_a_preset_is_over(name: str) -> None:
    length = LIBRARY.presets[name].duration_s

    played = film(cued((1.0, name), idle=1.0), 1.0 + length + 1.0)
    idle = film(Wishes(), 1.0 + length + 1.0)

    assert played[:30] == idle[:30]
    assert played[30:-30] != idle[30:-30]
    after = math.ceil((1.0 + length) * 30)
    assert played[after:] == idle[after:]


def test_long_evening_of_presses_leaves_no_channel_stuck_and_no_memory_behind() -> None:
    a, operator = animator(), Operator(5, sliders=True, lengths=[None, 0.4, 2.0])
    for k in range(30 * 300):
        a.at(k / 30, operator.act(k / 30))
    serial = operator.wishes.cues[-1].serial + 1
    calm = Wishes(cues=(*operator.wishes.cues, Cue(serial, "", 0.0))[-MAX_CUES:])

    last = [a.at(300.0 + k / 30, calm) for k in range(30 * 8)][-1]

    assert a.playing == ()
    assert not a._layers and not a._waiting
    assert not a._sliders._sliders and len(a._idle._idles) == 1
    fresh = animator()
    fresh.at(0.0, Wishes())
    assert last == pytest.approx(fresh.at(a._now, Wishes()), abs=1e-9)


# --- the film depends on seed and wishes alone


def long_wishes() -> Wishes:
    rng = random.Random(8)
    names = [n for n in LIBRARY.presets for _ in range(2)]
    rng.shuffle(names)
    cues = [Cue(i, n, 1.0, rng.choice([None, 3.0]), i * 0.531) for i, n in enumerate(names, 1)]
    cues.append(Cue(len(cues) + 1, "", 0.0, at=12.345))
    return Wishes(cues=tuple(cues), held={"head_yaw": 4.0})


def test_film_is_the_same_at_every_frame_rate() -> None:
    at_30, at_60, at_24 = (film(long_wishes(), 20.0, fps=fps) for fps in (30, 60, 24))

    for k in range(601):
        assert at_30[k] == pytest.approx(at_60[2 * k], abs=1e-9)
    for k in range(121):
        assert at_30[5 * k] == pytest.approx(at_24[4 * k], abs=1e-9)


def test_film_is_the_same_wherever_it_is_cut() -> None:
    whole = film(long_wishes(), 20.0)

    for cut in (1.0, 7.3, 12.4, 19.0):
        k = math.ceil(cut * 30)
        piece = film(long_wishes(), 20.0 - k / 30, start=k / 30)
        assert all(a == pytest.approx(b, abs=1e-9) for a, b in zip(piece, whole[k:], strict=True))


def test_same_seed_same_film_other_seed_other_film() -> None:
    a, b, c = animator(seed=1), animator(seed=1), animator(seed=2)
    films = [[x.at(k / 30, long_wishes()) for k in range(300)] for x in (a, b, c)]

    assert films[0] == films[1] != films[2]


@pytest.mark.parametrize("start", [0.0, 86_400.0, 1e6])
def test_performance_is_as_precise_late_as_early(start: float) -> None:
    faces = film(cued((start + 0.5, "smile")), 2.5, fps=60, start=start)
    early = film(cued((0.5, "smile")), 2.5, fps=60)

    for late, reference in zip(faces, early, strict=True):
        assert late == pytest.approx(reference, abs=1e-7)


# --- presets


def test_keyframe_values_are_reached_exactly_and_percentages_are_of_the_photos_own() -> None:
    keyframes = (
        Keyframe(0.0, {}, "smoothstep"),
        Keyframe(0.4, {"smile": Value(1.0), "eye_ratio": Value(of_own=0.8)}, "smoothstep"),
        Keyframe(1.0, {}, "smoothstep"),
    )
    presets = {"smile": Preset("smile", {}, "", 1.5, "smoothstep", keyframes, "once", ())}
    a = animator(presets)
    wishes = cued((1.0, "smile"))
    a.at(1.0, wishes)

    face = a.at(1.6, wishes)

    assert face["smile"] == pytest.approx(1.0)
    assert face["eye_ratio"] == pytest.approx(0.8 * 0.38)
    assert a.at(1.3, wishes) == face, "time never goes back"
    assert a.at(2.5, wishes) == REST


def test_press_without_a_time_shows_in_the_very_next_frame() -> None:
    controls, a = Controls(), animator()
    controls.idle(strength=0.0)
    before = a.at(10.0, controls.snapshot())

    controls.trigger("smile")

    assert a.at(10.0 + 1 / 30, controls.snapshot()) != before
    assert a.playing == ("smile",)


@pytest.mark.parametrize("name", LIBRARY.presets)
def test_release_is_not_the_attack_backwards(name: str) -> None:
    faces = film(cued((0.0, name)), LIBRARY.presets[name].duration_s, fps=100)
    backwards = faces[::-1]

    differences = [
        abs(a[n] - b[n]) / (PARAMETERS[n].high - PARAMETERS[n].low)
        for a, b in zip(faces, backwards, strict=True)
        for n in PARAMETERS
    ]
    assert max(differences) > 0.01


def test_channels_of_a_smile_do_not_start_on_one_frame() -> None:
    faces = film(cued((0.0, "smile")), 1.0, fps=200)

    starts = {
        n: next(k for k, face in enumerate(faces) if abs(face[n] - REST[n]) > 1e-9) / 200
        for n in ("smile", "eye_ratio", "head_roll")
    }
    assert 0.02 < starts["eye_ratio"] - starts["smile"] < 0.09
    assert 0.02 < starts["head_roll"] - starts["eye_ratio"] < 0.09


def test_talk_opens_the_mouth_3_to_6_times_a_second_and_closes_the_lips_between() -> None:
    mouth = channel(film(cued((0.0, "talk")), 2.0, fps=100), "lip_ratio")
    peaks = [b for a, b, c in zip(mouth, mouth[1:], mouth[2:], strict=False) if a < b >= c]
    syllables = [p for p in peaks if p > 0.08]
    closed = [k for k, v in enumerate(mouth) if v < 0.005]

    assert 6 <= len(syllables) <= 12
    assert len({round(p, 2) for p in syllables}) >= 4, "no two syllables in a row alike"
    assert 0.1 < len(closed) / len(mouth) < 0.5


def test_nod_declines_and_the_last_one_is_clearly_smaller() -> None:
    pitch = channel(film(cued((0.0, "nod")), 1.5, fps=100), "head_pitch")
    peaks = [
        b for a, b, c in zip(pitch, pitch[1:], pitch[2:], strict=False) if a < b > c and b > 0.5
    ]

    assert peaks == sorted(peaks, reverse=True)
    assert 5.0 <= peaks[0] <= 10.0
    assert peaks[-1] < 0.5 * peaks[-2]


def test_strength_scales_towards_what_lies_beneath() -> None:
    full = film(cued((0.0, "smile")), 1.5)
    half = film(cued((0.0, "smile", 0.5)), 1.5)

    for a, b in zip(full, half, strict=True):
        for name in PARAMETERS:
            assert b[name] - REST[name] == pytest.approx(0.5 * (a[name] - REST[name]), abs=1e-12)


def test_newer_preset_starts_from_value_and_velocity_of_that_instant() -> None:
    alone = film(cued((0.0, "smile")), 1.5, fps=1000)
    meeting = film(cued((0.0, "smile"), (0.3, "sad")), 1.5, fps=1000)

    smile, mixed = channel(alone, "smile"), channel(meeting, "smile")
    assert mixed[:301] == smile[:301]
    slope, before = mixed[302] - mixed[301], smile[300] - smile[299]
    assert slope == pytest.approx(before, rel=0.05)


def test_blink_inside_a_wink_doubles_nothing() -> None:
    faces = film(cued((0.0, "wink"), (0.15, "blink")), 1.2, fps=200)
    alone = film(cued((0.0, "wink")), 1.2, fps=200)

    assert channel(faces, "wink") == channel(alone, "wink")
    lids = channel(faces, "eye_ratio")
    shut = [k for k, v in enumerate(lids) if v == 0.0]
    assert shut == list(range(shut[0], shut[-1] + 1)), "they close once"
    assert max(lids) <= REST["eye_ratio"]


def test_same_press_from_two_doors_is_one_press() -> None:
    once = film(cued((0.0, "smile")), 1.6)
    twice = film(cued((0.0, "smile"), (0.02, "smile")), 1.6)

    assert once == twice


def test_retriggered_smile_never_drops_before_it_rises_again() -> None:
    for again in (0.5, 0.9, 1.1):
        faces = film(cued((0.0, "smile"), (again, "smile")), 3.0, fps=200)
        smile = channel(faces, "smile")
        k = round(again * 200)
        low = min(smile[k : k + 100])
        assert low > smile[k] - 0.35
        assert largest_step(faces) < 0.05
        assert smile[-1] == 0.0


def test_retriggered_hold_with_less_strength_settles_at_less() -> None:
    faces = film(cued((0.0, "held"), (2.0, "held", 0.4)), 5.0, presets=OWN, fps=100)
    smile = channel(faces, "smile")

    assert smile[190] == pytest.approx(1.0)
    assert smile[-1] == pytest.approx(0.4)
    assert min(smile[200:]) > 0.39
    assert largest_step(faces) < 0.05


def test_longer_smile_waits_at_its_height() -> None:
    wishes = Wishes(cues=(Cue(1, "smile", 1.0, 4.0, 0.0),), idle_strength=0.0)

    faces = film(wishes, 4.5, fps=100)
    smile = channel(faces, "smile")
    own = channel(film(cued((0.0, "smile")), 1.5, fps=100), "smile")
    assert smile[:60] == own[:60], "it comes as fast as ever"
    assert smile[150] == smile[250] > 0.9
    assert faces[390] != REST == faces[400]


def test_longer_talk_says_more_syllables_instead_of_slower_ones() -> None:
    wishes = Wishes(cues=(Cue(1, "talk", 1.0, 6.0, 0.0),), idle_strength=0.0)
    faces = film(wishes, 6.5, fps=100)
    mouth = channel(faces, "lip_ratio")

    peaks = [b for a, b, c in zip(mouth, mouth[1:], mouth[2:], strict=False) if a < b >= c > 0.08]
    assert 20 <= len(peaks) <= 36
    assert channel(faces, "lip_ratio")[601:] == [REST["lip_ratio"]] * 50
    assert largest_step(faces) < 0.08


def test_shorter_length_hurries_but_at_most_twice() -> None:
    for wanted, lasts in ((1.0, 1.0), (0.1, 0.75)):
        wishes = Wishes(cues=(Cue(1, "smile", 1.0, wanted, 0.0),), idle_strength=0.0)
        faces = film(wishes, 1.6, fps=1000)
        last = max(k for k, face in enumerate(faces) if face != REST)
        assert last / 1000 == pytest.approx(lasts, abs=0.02)


def test_hold_waits_for_its_release_and_then_plays_its_own_tail() -> None:
    smile = channel(
        film(cued((0.0, "held"), (3.0, "held", 0.0)), 4.0, presets=OWN, fps=100), "smile"
    )

    assert smile[40:300] == [1.0] * 260
    assert 0.4 < smile[330] < 0.6  # the tail takes 0.6 s, as it was written
    assert smile[359] > 0.0 == smile[360]


def test_hold_released_during_its_attack_fades_from_where_it_is() -> None:
    faces = film(cued((0.0, "held"), (0.2, "held", 0.0)), 1.5, presets=OWN, fps=200)
    smile = channel(faces, "smile")

    assert 0.3 < max(smile) < 0.8
    assert smile[100:] == [0.0] * 201  # FADE_S after the release
    assert largest_step(faces) < 0.03


def test_toggle_ends_with_the_next_press_and_ignores_a_finger_leaving_the_button() -> None:
    wishes = cued((0.0, "switch"), (0.1, "switch", 0.0), (3.0, "switch"), (3.1, "switch", 0.0))

    smile = channel(film(wishes, 5.0, presets=OWN, fps=100), "smile")

    assert smile[290] == 1.0
    assert smile[400] == 0.0


def test_loop_goes_round_until_released() -> None:
    faces = film(cued((0.0, "round"), (4.0, "round", 0.0)), 5.0, presets=OWN, fps=100)
    roll = channel(faces, "head_roll")

    assert [roll[40 + 80 * k] for k in range(5)] == pytest.approx([5.0] * 5)
    assert roll[430:] == [0.0] * 71
    assert largest_step(faces) < 0.05


def test_finger_leaving_the_button_does_not_cut_a_smile_short() -> None:
    pressed = film(cued((0.0, "smile"), (0.1, "smile", 0.0)), 2.0)

    assert pressed == film(cued((0.0, "smile")), 2.0)


def test_stop_releases_everything_within_its_time() -> None:
    wishes = cued((0.0, "held"), (0.2, "round"), (1.0, "smile"), (1.5, "", 0.0))

    faces = film(wishes, 2.5, presets=OWN, fps=200)

    assert faces[300] != REST
    assert faces[round((1.5 + FADE_S) * 200) + 1] == REST
    assert largest_step(faces) < 0.05


def test_preset_that_begins_and_ends_abruptly_is_softened() -> None:
    faces = film(cued((0.5, "abrupt")), 3.0, presets=OWN, fps=200)

    assert largest_step(faces) < 0.06
    assert max(channel(faces, "smile")) == 1.0
    assert faces[-1] == REST


def test_unknown_name_has_no_effect() -> None:
    assert film(cued((0.5, "nonsense"), (0.6, "nonsense", 0.0)), 2.0) == film(QUIET, 2.0)


def test_press_that_arrives_late_starts_now_and_not_in_the_middle() -> None:
    a = animator()
    for k in range(90):
        a.at(k / 30, QUIET)

    faces = [a.at(3.0 + k / 30, cued((2.2, "smile"))) for k in range(60)]

    assert largest_step(faces) < 0.15
    assert faces[0]["smile"] < 0.1 and max(channel(faces, "smile")) > 0.9


def test_hundreds_of_presses_in_a_moment_stay_bounded_and_smooth() -> None:
    a = animator()
    names = ONCE
    faces, serial = [], 0
    cues: tuple[Cue, ...] = ()
    for k in range(240):
        if k < 60:
            for _ in range(MAX_CUES):
                serial += 1
                cue = Cue(serial, names[serial % len(names)], 1.0 - serial % 7 / 10)
                cues = (*cues, cue)[-MAX_CUES:]
        faces.append(a.at(k / 30, Wishes(cues=cues, idle_strength=0.0)))
        assert len(a._layers) <= 6 * MAX_CUES
        assert len(a.playing) <= len(names)

    assert a.playing == ()
    assert faces[-1] == REST


def test_preset_that_plays_goes_on_when_the_presets_are_reloaded() -> None:
    a, b = animator(), animator()
    wishes = cued((0.0, "smile"))
    for k in range(10):
        assert a.at(k / 30, wishes) == b.at(k / 30, wishes)

    a.set_presets({})

    assert [a.at(k / 30, wishes) for k in range(10, 60)] == [
        b.at(k / 30, wishes) for k in range(10, 60)
    ]
    later = Wishes(cues=(*wishes.cues, Cue(9, "smile")), idle_strength=0.0)
    assert a.at(3.0, later) == REST


@pytest.mark.parametrize(
    "cue",
    [
        Cue(1, "smile", math.nan),
        Cue(1, "smile", 7.0),
        Cue(1, "smile", 1.0, math.nan),
        Cue(1, "smile", 1.0, 0.0),
        Cue(1, "smile", 1.0, None, math.nan),
        Cue(1, "smile", 1.0, None, math.inf),
    ],
)
def test_cue_whose_numbers_make_no_sense_is_left_out(cue: Cue) -> None:
    assert film(replace(QUIET, cues=(cue,)), 1.0) == film(QUIET, 1.0)


# --- pause and other portraits


def test_pause_freezes_the_face_and_goes_on_from_there() -> None:
    steady, paused = animator(), animator()
    wishes = cued((0.5, "smile"), (1.2, "talk"), idle=1.0)
    film_of = [steady.at(k / 30, wishes) for k in range(150)]
    frozen_at = 30

    faces = [paused.at(k / 30, wishes) for k in range(frozen_at)]
    frozen = [paused.at((frozen_at + k) / 30, replace(wishes, paused=True)) for k in range(200)]
    faces += [paused.at((frozen_at + 200 + k) / 30, wishes) for k in range(120)]

    assert all(face == film_of[frozen_at - 1] for face in frozen)
    for a, b in zip(faces, film_of, strict=True):
        assert a == pytest.approx(b, abs=1e-9)


def test_other_portrait_glides_to_its_own_rest() -> None:
    a = animator()
    faces = [a.at(k / 30, QUIET) for k in range(30)]
    a.set_rest(OTHER_REST)
    faces += [a.at(1 + k / 30, QUIET) for k in range(60)]

    assert largest_step(faces) < 0.03
    assert faces[29] == REST
    assert faces[30 + math.ceil(REST_S * 30)] == OTHER_REST


def test_rest_before_the_first_frame_is_simply_the_rest() -> None:
    a = animator()
    a.set_rest(OTHER_REST)

    assert a.at(0.0, QUIET) == OTHER_REST
