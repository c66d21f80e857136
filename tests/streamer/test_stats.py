import subprocess
import sys

import psutil
import pytest

from streamer.stats import FrameTimes, Stats, process_age_s


def times(sent_s: float, render_s: float = 0.005) -> FrameTimes:
    return FrameTimes(sent_s, {"animate": 0.0002, "render": render_s, "send": 0.001}, 0.006)


def test_the_first_second_is_left_out_of_all_but_the_counters() -> None:
    stats = Stats()

    for k in range(30):  # a slow start
        stats.add(times(k / 30, render_s=0.2))
    for k in range(30, 120):
        stats.add(times(k / 30))
    figures = stats.figures()

    assert figures["frames"] == 120
    assert figures["section_ms"]["render"] == {"p50": 5.0, "p99": 5.0}  # type: ignore[index]
    assert figures["fps_mean"] == pytest.approx(30.0, abs=0.5)
    assert figures["interval_ms"]["max"] == pytest.approx(33.3, abs=0.1)  # type: ignore[index]


def test_the_longest_interval_is_never_forgotten() -> None:
    stats = Stats()
    at = 1.0

    for k in range(40_000):  # more frames than the window of the percentiles holds
        at += 0.5 if k == 100 else 1 / 30
        stats.add(times(at))

    assert stats.figures()["interval_ms"]["max"] == pytest.approx(500, abs=1)  # type: ignore[index]
    assert stats.figures()["fps_mean"] == pytest.approx(30.0, abs=0.2)


def test_a_report_before_any_frame_has_figures_of_nothing() -> None:
    figures = Stats().figures()

    assert figures["frames"] == 0
    assert figures["first_frame_s"] is None
    assert figures["fps_mean"] == 0.0


def test_the_age_of_a_process_is_measured_to_a_fraction_of_a_second() -> None:
    code = "import time; t = time.time(); import psutil; from streamer.stats import process_age_s; "
    code += "print(process_age_s(psutil.Process()) - (time.time() - t))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    # What is left is the start of the interpreter itself.
    assert 0.0 <= float(done.stdout) < 60.0
    assert process_age_s(psutil.Process()) > float(done.stdout)
