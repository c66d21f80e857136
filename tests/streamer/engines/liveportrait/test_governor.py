"""The governor under a simulated device that others use as well."""

import itertools
import random
from collections.abc import Callable

import pytest

from streamer.engines.liveportrait.governor import Governor, Level

Load = Callable[[float], float]
"""What part of the device others take at a time, 0..1."""


class Device:
    """Frames drawn as the governor says; a frame takes the longer the more others use."""

    def __init__(self, governor: Governor, base_ms: float, load: Load, *, seed: int = 1) -> None:
        self.governor, self.base_ms, self.load = governor, base_ms, load
        self.rng = random.Random(seed)
        self.t = 0.0
        self.since_drawn = 10**6
        self.levels: list[tuple[float, Level]] = [(0.0, governor.level)]
        self.drawn: list[tuple[float, float]] = []
        self.late: list[float] = []
        self.cached = False  # all of idle life comes from memory while strained

    def run(self, seconds: float) -> "Device":
        governor = self.governor
        for _ in range(round(seconds * governor.fps)):
            self.t += 1.0 / governor.fps
            self.since_drawn += 1
            late = False
            from_memory = self.cached and governor.strained and not governor.probe_due(self.t)
            turn = self.since_drawn >= governor.every
            if turn and not from_memory and governor.allows(self.t):
                spent = governor.begin(self.t, 1)
                ms = self.base_ms / (1.0 - self.load(self.t)) * self.rng.uniform(0.9, 1.15)
                late = ms > (governor.every + 0.5) * governor.period_ms
                governor.drew(spent, self.t, ms, 1)
                self.drawn.append((self.t, ms))
                self.since_drawn = 0
                if late:
                    self.late.append(self.t)
            governor.shown(self.t, late)
            if governor.level != self.levels[-1][1]:
                self.levels.append((self.t, governor.level))
        return self

    def changes(self, start: float, end: float) -> int:
        return sum(start < t <= end for t, _ in self.levels[1:])


def steady(share: float) -> Load:
    return lambda t: share


def between(share: float, start: float, end: float) -> Load:
    return lambda t: share if start <= t < end else 0.0


# --- automatic


@pytest.mark.parametrize(
    ("base_ms", "load", "level"),
    [
        (3.0, 0.0, "full"),
        (3.0, 0.5, "full"),
        (3.0, 0.8, "full"),
        (3.0, 0.95, "cached"),  # 60 ms a frame
        (9.0, 0.5, "full"),
        (9.0, 0.8, "half"),
        (9.0, 0.95, "cached"),
        (20.0, 0.0, "full"),
        (20.0, 0.5, "half"),
        (45.0, 0.0, "half"),
        (70.0, 0.0, "cached"),
    ],
)
def test_level_fits_what_a_game_leaves_and_stays(base_ms: float, load: float, level: Level) -> None:
    device = Device(Governor(30.0), base_ms, steady(load)).run(120.0)

    assert device.governor.level == level
    assert len(device.levels) <= 4
    assert device.changes(10.0, 120.0) <= 1
    assert sum(t > 3.0 for t in device.late) == 0


@pytest.mark.parametrize("seed", range(40))
def test_it_never_flaps_whatever_the_load(seed: int) -> None:
    rng = random.Random(seed)
    base_ms = rng.choice([2.0, 3.0, 9.0, 20.0, 45.0])
    edges = sorted(rng.uniform(0.0, 300.0) for _ in range(rng.randrange(0, 6)))
    loads = [rng.choice([0.0, 0.5, 0.8, 0.9, 0.95]) for _ in range(len(edges) + 1)]
    wobble = rng.uniform(0.0, 0.04)
    noise = random.Random(seed + 1)

    def load(t: float) -> float:
        held = loads[sum(t >= e for e in edges)]
        return min(max(held + noise.uniform(-wobble, wobble), 0.0), 0.97)

    device = Device(Governor(rng.choice([25.0, 30.0, 60.0])), base_ms, load, seed=seed)
    device.cached = rng.random() < 0.5
    device.run(300.0)

    # Two ways down and two back for each change of the load, and a few attempts besides.
    assert len(device.levels) - 1 <= 4 * (len(edges) + 1) + 4
    for t, _ in device.levels[1:]:
        assert device.changes(t, t + 2.0) <= 2
        assert device.changes(t, t + 20.0) <= 6
    ups = [
        t
        for (_, a), (t, b) in zip(device.levels, device.levels[1:], strict=False)
        if (a, b) in (("half", "full"), ("cached", "half"))
    ]
    assert all(b - a >= 4.0 for a, b in itertools.pairwise(ups))


@pytest.mark.parametrize("load", [0.9, 0.95])
@pytest.mark.parametrize("cached", [False, True])
def test_it_yields_within_a_second_and_comes_back_once_the_game_is_over(
    load: float, cached: bool
) -> None:
    device = Device(Governor(30.0), 6.0, between(load, 20.0, 60.0))
    device.cached = cached
    device.run(110.0)

    down = next(t for t, level in device.levels if level != "full")
    assert 20.0 < down < 21.0
    assert device.levels[-1][1] == "full"
    assert device.levels[-1][0] < 60.0 + 20.0
    assert sum(t > 23.0 for t in device.late) == 0


def test_single_slow_frames_change_nothing() -> None:
    device = Device(Governor(30.0), 3.0, lambda t: 0.97 if t % 2.0 < 0.034 else 0.0).run(60.0)

    assert device.levels == [(0.0, "full")]
    assert len(device.late) > 20


def test_first_frames_may_be_slow() -> None:
    device = Device(Governor(30.0), 3.0, between(0.96, 0.0, 0.2)).run(10.0)

    assert device.levels == [(0.0, "full")]


def test_attempts_to_come_back_that_fail_become_rarer() -> None:
    # A device that is fast whenever little is asked of it: the clock goes down with the load.
    governor = Governor(30.0)
    device = Device(governor, 16.0, lambda t: 0.5 if governor.level == "full" else 0.0).run(600.0)

    attempts = [t for t, level in device.levels if level == "full"][1:]
    gaps = [b - a for a, b in itertools.pairwise(attempts)]
    assert len(attempts) <= 12
    assert gaps[-1] > 60.0 > gaps[0]


def test_late_frames_alone_are_enough_to_yield() -> None:
    governor = Governor(30.0)
    for k in range(60):
        governor.drew(governor.begin(k / 30, 1), k / 30, 3.0, 1)
        governor.shown(k / 30, late=k > 30)

    assert governor.level != "full"


def test_in_the_level_cached_a_frame_a_second_is_drawn_to_see_how_the_device_is() -> None:
    device = Device(Governor(30.0), 70.0, steady(0.0))
    device.cached = True
    device.run(60.0)

    late = [t for t, _ in device.drawn if t > 20.0]
    assert device.governor.strained
    assert len(late) == pytest.approx(40, abs=3)


def test_what_is_not_known_decides_nothing() -> None:
    governor = Governor(30.0)
    for k in range(300):
        governor.shown(k / 30, late=False)

    assert governor.level == "full"
    assert governor.allows(10.0)


# --- a given share


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("base_ms", [2.0, 4.0, 11.0, 30.0, 80.0])
def test_no_second_takes_more_than_the_given_share(share: float, base_ms: float) -> None:
    device = Device(Governor(30.0, share), base_ms, steady(0.0)).run(60.0)

    settled = [(t, ms) for t, ms in device.drawn if t > 2.0]
    for start, _ in settled:
        used = sum(ms for t, ms in settled if start <= t < start + 1.0)
        # A frame is known to within its own spread only once it is drawn.
        assert used <= max(1000.0 * share, 1.0 * base_ms) + 0.3 * base_ms
    mean = sum(ms for _, ms in settled) / 58.0
    assert mean <= 1000.0 * share * 1.01
    needed = 30.0 * base_ms
    assert mean >= 0.4 * min(needed, 1000.0 * share), "what is given is used"


def test_share_that_suffices_draws_every_frame() -> None:
    device = Device(Governor(30.0, 0.2), 3.0, steady(0.0)).run(30.0)

    assert device.governor.level == "full"
    assert len(device.drawn) == 900


def test_share_that_does_not_suffice_draws_at_an_even_pace() -> None:
    device = Device(Governor(30.0, 0.2), 10.0, steady(0.0)).run(60.0)

    times = [t for t, _ in device.drawn if t > 20.0]
    gaps = [round(30 * (b - a)) for a, b in itertools.pairwise(times)]
    assert device.governor.level in ("half", "cached")
    assert max(gaps) - min(gaps) <= 1


def test_figures_are_plain() -> None:
    device = Device(Governor(30.0, 0.3), 3.0, steady(0.0)).run(2.0)

    figures = device.governor.figures()
    assert figures["level"] == "full"
    assert figures["device_ms"] == pytest.approx(3.0, rel=0.2)
    assert figures["gpu_share"] == 0.3
