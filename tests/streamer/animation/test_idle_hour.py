"""An hour of every idle style, as the frames show it, held to what people's faces do.

Ranges are of people: Bentivoglio 1997 and Doughty 2001 (rates), Sforza 2008 and Trutoiu 2011
(course of a blink), Rogers 2018 (mutual gaze), the main sequence of saccades, and clinical pages
(breath). ``sleepy`` is outside of what the awake do where it says so.
"""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise

import numpy as np
import pytest

from streamer.animation.idle import Idle
from streamer.animation.idle_style import load_idle_style
from streamer.animation.loops import Loops, idle_of
from streamer.animation.performance import INDEX
from streamer.parameters import neutral_face
from streamer.resources import shipped

HOUR_S = 3600
FREE = (1.0,) * 5
REST = list(neutral_face(eye_ratio=0.38, lip_ratio=0.05).values())
STYLES = {
    path.stem: load_idle_style(path)
    for path in sorted((shipped("presets") / "idle").glob("*.yaml"))
}
ENDLESS = [name for name, style in STYLES.items() if style.loops is None]

# Per cent of the frame's height that the head of a framed portrait moves per unit of `shift_y`.
# Measured: the built-in engine moves it by 1.3 eye distances, of which 6.4 fill the frame.
HEIGHT_PER_SHIFT = 20.3


@dataclass(frozen=True)
class Closing:
    """One time that the lids went down and came up. Units: seconds."""

    t: float
    down_s: float
    shut_s: float
    up_s: float
    depth: float

    @property
    def whole_s(self) -> float:
        return self.down_s + self.shut_s + self.up_s


def idle(name: str) -> Idle | Loops:
    return idle_of(STYLES[name], seed=7)


@cache
def closings(name: str, fps: int = 120) -> tuple[Closing, ...]:
    """All blinks of an hour, cut out of the lids' course. A 1/100 of the way counts as open."""
    lids = idle(name)
    course = [(k, lids.closure(k / fps, 1.0)) for k in range(HOUR_S * fps)]
    found = []
    for closed, frames in groupby(course, key=lambda item: item[1] > 0.01):
        values = list(frames)
        if not closed:
            continue
        deepest = max(value for _, value in values)
        low = [k for k, value in values if value > 0.99 * deepest]
        first, last = values[0][0], values[-1][0]
        times = (low[0] - first, low[-1] - low[0], last - low[-1])
        found.append(Closing(first / fps, *(n / fps for n in times), deepest))
    return tuple(found)


@cache
def course(name: str, fps: int) -> np.ndarray:
    """Every parameter of an hour without blinks. Shapes: (frames, parameters)."""
    life = idle(name)

    def faces() -> Iterator[list[float]]:
        for k in range(HOUR_S * fps):
            face = REST.copy()
            life.lay(face, REST, k / fps, 1.0, FREE)
            yield face

    return np.array(list(faces()))


def channel(name: str, parameter: str, fps: int = 5) -> np.ndarray:
    values: np.ndarray = course(name, fps)[:, INDEX[parameter]]
    return values


# --- blinks


@pytest.mark.parametrize("name", STYLES)
def test_blinks_come_at_a_rate_of_people_who_look_steadily(name: str) -> None:
    assert 8.0 <= len(closings(name)) / 60 <= 21.5


def test_calm_blinks_as_often_as_people_at_rest() -> None:
    assert len(closings("calm")) / 60 == pytest.approx(17.0, abs=1.5)


@pytest.mark.parametrize("name", ENDLESS)
def test_intervals_between_blinks_are_log_normal(name: str) -> None:
    starts = [c.t for c in closings(name)]
    intervals = [b - a for a, b in pairwise(starts) if b - a > 1.0]  # without the double ones
    logs = [math.log(interval) for interval in intervals]
    mean, sigma = statistics.mean(logs), statistics.stdev(logs)
    skew = statistics.mean(((x - mean) / sigma) ** 3 for x in logs)
    plain = statistics.mean(intervals), statistics.stdev(intervals)
    plain_skew = statistics.mean(((x - plain[0]) / plain[1]) ** 3 for x in intervals)

    assert statistics.median(intervals) < statistics.mean(intervals)
    assert 0.3 < sigma < 0.8
    assert plain_skew > 0.6
    assert abs(skew) < 0.5 < plain_skew, "their logarithms are hardly skewed"
    assert max(intervals) > 2.5 * statistics.median(intervals)


@pytest.mark.parametrize("name", STYLES)
def test_blink_lasts_as_long_as_peoples_and_shuts_for_a_frame(name: str) -> None:
    whole = [c.whole_s for c in closings(name)]
    longest = 0.9 if name == "sleepy" else 0.37

    assert min(whole) >= 0.08
    assert statistics.quantiles(whole, n=10)[-1] <= longest
    assert all(c.shut_s >= 1 / 40 for c in closings(name))


@pytest.mark.parametrize("name", STYLES)
def test_lids_close_faster_than_they_open(name: str) -> None:
    pairs = [(c.down_s, c.up_s) for c in closings(name)]

    assert 0.055 <= statistics.median(down for down, _ in pairs) <= 0.18
    slower = statistics.median(up / down for down, up in pairs)
    assert 1.4 <= slower <= 2.6
    assert sum(up > down for down, up in pairs) > 0.98 * len(pairs)


@pytest.mark.parametrize("name", STYLES)
def test_most_blinks_shut_the_lids_and_some_are_partial(name: str) -> None:
    depths = [c.depth for c in closings(name)]
    full = sum(depth > 0.999 for depth in depths) / len(depths)

    assert full > 0.7
    assert min(depths) > 0.45, "less does not read as a blink"
    assert (full < 0.96) == (name != "eco")


@pytest.mark.parametrize("name", ENDLESS)
def test_some_blinks_are_double_and_no_two_are_alike(name: str) -> None:
    found = closings(name)
    gaps = [b.t - (a.t + a.whole_s) for a, b in pairwise(found)]

    assert 0.03 < sum(gap < 0.4 for gap in gaps) / len(gaps) < 0.25
    assert len({(c.down_s, c.shut_s, c.up_s, round(c.depth, 3)) for c in found}) > 100


# --- gaze


@cache
def looks(name: str) -> tuple[tuple[bool, float], ...]:
    """Stretches of an hour, (at the viewer, seconds): away is four degrees and more."""
    fps = 30
    x, y = (course(name, fps)[:, INDEX[n]] for n in ("eyeball_x", "eyeball_y"))
    away = np.hypot(0.7 * x, 0.22 * y) > 2.5
    return tuple((not a, len(list(run)) / fps) for a, run in groupby(away))


@pytest.mark.parametrize("name", STYLES)
def test_eyes_are_mostly_at_the_viewer_in_bouts_of_seconds(name: str) -> None:
    at_viewer = sum(seconds for there, seconds in looks(name) if there) / HOUR_S
    bouts = [seconds for there, seconds in looks(name) if there and seconds > 0.3]
    aways = [seconds for there, seconds in looks(name) if not there and seconds > 0.1]

    assert 0.6 <= at_viewer <= 0.95
    assert 1.2 <= statistics.median(bouts) <= 8.0
    assert max(bouts) < 90.0
    assert 0.3 <= statistics.median(aways) <= 2.5


@pytest.mark.parametrize("name", STYLES)
def test_eyes_jump_within_two_frames_and_then_rest(name: str) -> None:
    x = channel(name, "eyeball_x", fps=30)
    steps = np.abs(np.diff(x))
    jumping = steps > 1.0  # 0.7 degrees in a frame is no fixation
    runs = [len(list(run)) for moves, run in groupby(jumping) if moves]
    rests = [len(list(run)) / 30 for moves, run in groupby(jumping) if not moves]

    assert max(runs) <= 4, "two jumps may follow each other"
    assert statistics.mean(runs) < 1.8
    assert 0.2 < statistics.median(rests) < 3.0
    assert np.median(steps) < 0.15


@pytest.mark.parametrize("name", STYLES)
def test_lids_follow_the_gaze_up_and_down(name: str) -> None:
    lids, up = channel(name, "eye_ratio", fps=30), channel(name, "eyeball_y", fps=30)
    jump = np.abs(np.diff(up)) > 3.0  # the lids' slow drift is out of these steps

    assert np.corrcoef(np.diff(lids)[jump], np.diff(up)[jump])[0, 1] > 0.9


# --- breath


@pytest.mark.parametrize("name", STYLES)
def test_breath_is_a_resting_adults(name: str) -> None:
    lift = -channel(name, "shift_y", fps=30)
    starts = [k for k, (a, b) in enumerate(pairwise(lift)) if a <= 1e-9 < b]
    cycles = np.diff(starts) / 30
    tops = [lift[a:b].max() for a, b in pairwise(starts)]
    still = sum(lift <= 1e-9) / len(lift)

    assert 12.0 <= 60 / np.mean(cycles) <= 20.0
    assert np.quantile(cycles, 0.05) > 2.5
    assert np.quantile(cycles, 0.95) < 7.0
    assert 0.8 <= still * np.mean(cycles) <= 2.0, "seconds of rest after breathing out"
    rising, sinking = np.sum(np.diff(lift) > 0), np.sum(np.diff(lift) < 0)
    assert 0.6 < rising / sinking < 0.95
    assert 0.2 <= HEIGHT_PER_SHIFT * statistics.median(tops) <= 0.6, "per cent of the height"
    assert len({round(float(top), 6) for top in tops}) > (5 if name == "eco" else 500)


# --- sway, mood


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("parameter", ["head_yaw", "head_pitch", "head_roll", "shift_x"])
def test_sway_is_noise_of_the_1_over_f_kind(name: str, parameter: str) -> None:
    values = channel(name, parameter)
    size = 2048
    pieces = [values[k : k + size] for k in range(0, len(values) - size, size // 2)]
    power = sum(np.abs(np.fft.rfft((p - p.mean()) * np.hanning(size))) ** 2 for p in pieces)
    frequencies = np.fft.rfftfreq(size, 1 / 5)
    octaves = [0.015 * 2**k for k in range(6)]  # up to 1 Hz
    density = [power[(frequencies >= f) & (frequencies < 2 * f)].mean() for f in octaves]
    slope = np.polyfit(np.log2(octaves), np.log2(density), 1)[0]

    # White noise has 0, a drunkard's walk -2. Breath adds a little at 0.2 Hz to the pitch.
    assert -2.4 < slope < -0.8
    steps = np.diff(np.log2(density))
    assert max(steps) < 2.5, "no octave stands out like a pendulum's"
    assert min(steps) > -4.5, "and none is empty"


@pytest.mark.parametrize("name", STYLES)
def test_sway_is_a_tenth_of_an_avatars(name: str) -> None:
    for parameter, largest in (("head_yaw", 9.5), ("head_pitch", 4.0), ("head_roll", 4.5)):
        degrees = channel(name, parameter)
        assert 0.2 < degrees.std() < 0.3 * largest
        assert np.abs(degrees).max() < largest
        assert np.abs(np.diff(degrees)).max() * 5 < 20.0, "degrees a second"


@pytest.mark.parametrize("name", ENDLESS)
def test_no_two_minutes_are_alike(name: str) -> None:
    yaw = channel(name, "head_yaw")
    minutes = np.array([m - m.mean() for m in yaw.reshape(60, -1)])
    minutes /= np.linalg.norm(minutes, axis=1, keepdims=True)
    alike = minutes @ minutes.T - np.eye(60)

    assert alike.max() < 0.9
    assert np.sqrt((alike**2).mean()) < 0.45


@pytest.mark.parametrize("name", STYLES)
def test_lids_are_a_little_uneven_and_never_by_much(name: str) -> None:
    uneven = channel(name, "wink")
    if name == "eco":
        assert not uneven.any()
        return
    assert 0.0 <= uneven.min() < uneven.max() < 2.5  # of 39; 39 is shut
    assert uneven.std() > 0.1
