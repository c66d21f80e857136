"""An hour of idle life, measured against what people's faces do."""

import random
import statistics
from dataclasses import replace
from itertools import pairwise

import pytest

from streamer.animation.chance import Blocks, Chance, fill
from streamer.animation.gaze import Gaze, Look
from streamer.animation.idle import Idle
from streamer.animation.idle_style import IdleStyle, load_idle_style
from streamer.animation.performance import INDEX, NAMES
from streamer.parameters import PARAMETERS, neutral_face
from streamer.resources import shipped

HOUR = 3600.0
FREE = (1.0,) * 5
REST = list(neutral_face(eye_ratio=0.38, lip_ratio=0.05).values())
STYLES = {
    path.stem: load_idle_style(path)
    for path in sorted((shipped("presets") / "idle").glob("*.yaml"))
}
CALM = STYLES["calm"]


def values(idle: Idle, t: float, strength: float = 1.0) -> list[float]:
    face = REST.copy()
    idle.lay(face, REST, t, strength, FREE)
    face[INDEX["eye_ratio"]] *= 1.0 - idle.closure(t, strength)
    return face


def course(name: str, seconds: float, fps: int = 30, style: IdleStyle = CALM) -> list[float]:
    idle = Idle(style, seed=7)
    return [values(idle, k / fps)[INDEX[name]] for k in range(int(seconds * fps))]


# --- the whole


def test_any_instant_can_be_asked_for_in_any_order() -> None:
    times = [random.Random(1).uniform(0.0, HOUR) for _ in range(400)]
    in_order, shuffled = Idle(CALM, 5), Idle(CALM, 5)

    expected = {t: values(in_order, t) for t in sorted(times)}

    for t in times:
        assert values(shuffled, t) == expected[t]


def test_same_seed_gives_the_same_film_and_another_seed_another() -> None:
    a, b, c = Idle(CALM, 1), Idle(CALM, 1), Idle(CALM, 2)
    times = [k / 3 for k in range(300)]

    assert [values(a, t) for t in times] == [values(b, t) for t in times]
    assert [values(a, t) for t in times] != [values(c, t) for t in times]


def test_an_hour_never_repeats() -> None:
    idle = Idle(CALM, 3)
    seen = {tuple(round(v, 6) for v in values(idle, float(t))) for t in range(int(HOUR))}

    assert len(seen) == int(HOUR)


@pytest.mark.parametrize("name", STYLES)
def test_every_value_stays_in_its_range_and_far_from_the_ends(name: str) -> None:
    idle = Idle(STYLES[name], 11)

    for k in range(6000):
        for value, parameter in zip(values(idle, k * 0.37), PARAMETERS.values(), strict=True):
            assert parameter.low <= value <= parameter.high


@pytest.mark.parametrize("name", STYLES)
def test_nothing_but_eyes_and_lids_moves_fast(name: str) -> None:
    idle = Idle(STYLES[name], 4)
    frames = [values(idle, k / 30) for k in range(30 * 120)]

    for i, parameter in enumerate(PARAMETERS.values()):
        if parameter.name in ("eyeball_x", "eyeball_y", "eye_ratio"):
            continue
        span = parameter.high - parameter.low
        speed = max(abs(b[i] - a[i]) for a, b in pairwise(frames)) / span
        assert speed < 0.015, parameter.name


def test_late_times_are_as_smooth_as_early_ones() -> None:
    idle = Idle(CALM, 9)
    yaw = INDEX["head_yaw"]
    for start in (0.0, 86_400.0, 1e6):
        steps = [values(idle, start + k / 1000)[yaw] for k in range(3000)]
        assert (
            max(abs(c - 2 * b + a) for a, b, c in zip(steps, steps[1:], steps[2:], strict=False))
            < 1e-3
        )


def test_strength_0_is_the_face_at_rest() -> None:
    idle = Idle(CALM, 2)

    assert all(values(idle, t * 0.1, strength=0.0) == REST for t in range(1000))


# --- blinks


def test_calm_blinks_about_17_times_a_minute_at_skewed_intervals() -> None:
    counts = []
    intervals: list[float] = []
    for seed in range(5):
        times = [blink.t for blink in Idle(CALM, seed).blinks(0.0, HOUR)]
        counts.append(len(times) / 60)
        intervals += [b - a for a, b in pairwise(times)]

    assert statistics.mean(counts) == pytest.approx(17.0, abs=1.0)
    assert all(14 < count < 20 for count in counts)
    mean, median = statistics.mean(intervals), statistics.median(intervals)
    assert median < mean  # more short ones, a tail of long ones
    assert max(intervals) > 8.0
    assert min(intervals) > 0.3  # never one inside another


def test_blink_goes_down_fast_stays_shut_for_a_frame_and_comes_up_slowly() -> None:
    for blink in Idle(CALM, 1).blinks(0.0, HOUR):
        assert 0.07 <= blink.close_s <= 0.10
        assert 0.034 <= blink.shut_s <= 0.055
        assert 0.155 <= blink.open_s <= 0.215
        assert blink.open_s > 1.4 * blink.close_s


def test_every_blink_shuts_the_lids_whatever_the_phase_of_the_frames() -> None:
    idle = Idle(CALM, 1)

    for blink in (b for b in idle.blinks(0.0, 600.0) if b.depth == 1.0):
        phase = random.Random(blink.t).random()
        lids = [
            values(idle, (int(blink.t * 30) + phase + k) / 30)[INDEX["eye_ratio"]]
            for k in range(-1, 12)
        ]
        assert min(lids) == 0.0


def test_some_blinks_are_double_and_no_two_alike() -> None:
    blinks = Idle(CALM, 1).blinks(0.0, HOUR)
    gaps = [b.t - a.end for a, b in pairwise(blinks)]

    assert 0.03 < sum(gap < 0.3 for gap in gaps) / len(gaps) < 0.15
    assert len({(b.close_s, b.shut_s, b.open_s) for b in blinks}) == len(blinks)


def test_no_film_begins_with_a_blink() -> None:
    for seed in range(100):
        idle = Idle(CALM, seed)
        assert not idle.blinks(0.0, 0.8)
        assert all(idle.closure(k / 30, 1.0) == 0.0 for k in range(24))


def test_large_gaze_shifts_come_with_a_blink_more_often_than_chance() -> None:
    idle, gaze = Idle(STYLES["lively"], 6), Gaze(STYLES["lively"].gaze, 6)
    blinks = [blink.t for blink in idle.blinks(0.0, HOUR)]
    jumps = [j for j in gaze.jumps(0.0, HOUR) if j.jump_deg > 6.0 and 0.0 < j.t < HOUR]

    coupled = sum(any(abs(t - (j.t - 0.039)) < 0.005 for t in blinks) for j in jumps)

    assert coupled / len(jumps) > 0.15  # 0.4 % by chance


def test_weaker_idle_life_has_fewer_blinks_but_no_half_ones() -> None:
    idle = Idle(CALM, 3)
    blinks = idle.blinks(0.0, HOUR)
    peaks = [idle.closure(b.t + b.close_s + 0.5 * b.shut_s, 0.5) for b in blinks]

    depths = [b.depth for b in blinks]
    full = sum(p == depth for p, depth in zip(peaks, depths, strict=True))
    none = sum(p == 0.0 for p in peaks)
    assert 0.25 < full / len(peaks) < 0.6
    assert (full + none) / len(peaks) > 0.7


def test_style_without_blinks_never_closes() -> None:
    idle = Idle(replace(CALM, blink=replace(CALM.blink, per_minute=0.0)), 3)

    assert not idle.blinks(0.0, HOUR)
    assert all(idle.closure(t * 0.1, 1.0) == 0.0 for t in range(3000))


# --- gaze


def looks(seconds: float = HOUR, style: IdleStyle = CALM) -> list[Look]:
    return [look for look in Gaze(style.gaze, 7).jumps(0.0, seconds) if 0.0 <= look.t < seconds]


def test_eyes_rest_on_the_viewer_about_three_quarters_of_the_time_in_short_bouts() -> None:
    all_looks = looks()
    durations = [(a.away, b.t - a.t) for a, b in pairwise(all_looks)]
    away = sum(seconds for is_away, seconds in durations if is_away)
    bouts, bout = [], 0.0
    for is_away, seconds in durations:
        if is_away and bout:
            bouts.append(bout)
        bout = 0.0 if is_away else bout + seconds

    assert 0.17 < away / HOUR < 0.33
    assert 1.8 < statistics.median(bouts) < 3.5


def test_fixations_last_a_fraction_of_a_second_and_jumps_one_frame() -> None:
    all_looks = looks()
    durations = [b.t - a.t for a, b in pairwise(all_looks)]

    assert min(durations) > 0.15
    assert 0.3 < statistics.median(durations) < 0.9
    assert all(0.02 < look.jump_s < 0.06 for look in all_looks)


def test_gaze_stays_near_and_its_jumps_are_small() -> None:
    away = [look for look in looks() if look.away]

    assert max(abs(look.x) for look in away) < 20.0
    assert max(abs(look.y) for look in away) < 25.0
    assert statistics.median(look.jump_deg for look in looks()) < 4.0
    assert {look.x > 0 for look in away} == {True, False}


def test_head_follows_the_eyes_the_same_way() -> None:
    gaze = Gaze(CALM.gaze, 7)
    long_looks = [a for a, b in pairwise(looks()) if a.away and b.t - a.t > 0.7 and abs(a.x) > 4]

    for look in long_looks[:100]:
        x, _ = gaze.head(look.t + 0.65)
        assert x * look.x > 0


def test_eyes_never_quite_stand_still() -> None:
    x = course("eyeball_x", 60.0)

    assert all(a != b for a, b in pairwise(x))


# --- breath and sway


def test_breath_comes_12_to_16_times_a_minute_and_rests_in_between() -> None:
    lift = course("shift_y", 600.0)
    starts = [k for k, (a, b) in enumerate(pairwise(lift)) if a == 0.0 and b < 0.0]
    cycles = [(b - a) / 30 for a, b in pairwise(starts)]

    assert 12 < 60 / statistics.mean(cycles) < 16
    assert all(2.8 < cycle < 6.0 for cycle in cycles)
    assert 0.15 < sum(v == 0.0 for v in lift) / len(lift) < 0.35
    assert -0.016 < min(lift) < -0.008


def test_breathing_in_is_shorter_than_breathing_out() -> None:
    lift = course("shift_y", 600.0)
    rising = sum(b < a for a, b in pairwise(lift))
    sinking = sum(b > a for a, b in pairwise(lift))

    assert 0.6 < rising / sinking < 0.95


def test_sway_is_about_a_tenth_of_an_avatars() -> None:
    for name, largest, typical in (
        ("head_yaw", 4.0, 0.5),
        ("head_pitch", 2.0, 0.25),
        ("head_roll", 2.5, 0.25),
    ):
        degrees = course(name, 1200.0, fps=5)
        assert max(map(abs, degrees)) < largest
        assert typical < statistics.pstdev(degrees) < 3 * typical


# --- chance


def look(t: float) -> Look:
    return Look(t, 0.0, 0.0, away=False, jump_s=0.02, jump_deg=0.0)


def test_blocks_meet_without_gap_and_off_the_beat() -> None:
    def build(chance: Chance, start: float, end: float) -> list[Look]:
        return [look(t) for t in fill(start, end, lambda: 1.1)[:-1]]

    blocks = Blocks(3, "x", 10.0, build)
    times = [event.t for k in range(50) for event in blocks.events(k)]

    assert times == sorted(times)
    assert all(0.8 < b - a < 1.5 for a, b in pairwise(times))
    edges = [blocks.edge(k) for k in range(50)]
    assert len({round(b - a, 3) for a, b in pairwise(edges)}) > 40
    for t in (0.0, 3.3, 123.4, 499.9):
        k = blocks.index(t)
        assert blocks.edge(k) <= t < blocks.edge(k + 1)


def test_memory_of_blocks_stays_small_over_a_day() -> None:
    blocks = Blocks(3, "x", 10.0, lambda chance, start, end: [look(start)])

    for k in range(8640):
        blocks.with_tail(k, 1)

    assert len(blocks._built) + len(blocks._joined) < 30


def test_chance_depends_on_seed_stream_and_block_alone() -> None:
    def first(*args: object) -> float:
        return Chance(*args).uniform()  # type: ignore[arg-type]

    assert first(1, "a", 2) == first(1, "a", 2)
    assert len({first(s, n, b) for s in (0, 1, -1) for n in ("a", "b") for b in (-1, 0, 1)}) == 18


def test_chance_is_even_and_normal_where_it_says_so() -> None:
    chance = Chance(5, "even")
    even = [chance.uniform() for _ in range(20_000)]
    normal = [chance.normal() for _ in range(20_000)]
    skewed = [chance.log_normal(3.5, 0.5) for _ in range(20_000)]

    assert statistics.mean(even) == pytest.approx(0.5, abs=0.01)
    assert statistics.pstdev(normal) == pytest.approx(1.0, abs=0.02)
    assert statistics.mean(skewed) == pytest.approx(3.5, abs=0.1)
    assert statistics.median(skewed) < 3.2


def test_every_style_names_itself_in_both_languages() -> None:
    assert set(STYLES) >= {"calm", "lively", "attentive", "sleepy"}
    for style in STYLES.values():
        assert style.label["en"] != style.label["ko"]
        assert style.description


def test_parameters_that_idle_life_leaves_alone_stay_at_rest() -> None:
    idle = Idle(CALM, 1)
    untouched = [NAMES.index(n) for n in ("lip_ratio", "lip_open", "pout", "grin", "scale")]

    for t in range(100):
        face = values(idle, float(t))
        assert all(face[i] == REST[i] for i in untouched)
