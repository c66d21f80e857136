"""What a soak's rows prove: leaks are found, peaks are none, faults on purpose count apart."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.soak_plot import drawing
from benchmarks.soak_samples import ROLES, SENT, Row, Verdict, verdicts, write_csv

FPS = 30.0


def rows(minutes: float = 60.0, **leaks: float) -> list[Row]:
    """An hour without a fault, five seconds apart; ``leaks`` are growths per minute by column."""
    found: list[Row] = []
    for k in range(round(minutes * 12) + 1):
        t = 5.0 * k
        row: Row = {"t_s": t, "frames": t * FPS, "late": 0.0, "dropped": 0.0, "faults": 0.0}
        row |= {"fps": FPS, "viewers": float(k % 4), "threads": 50.0 + k % 3, "fds": 30.0 + k % 5}
        row |= {f"sender_{name}": 0.0 for name in SENT}
        row["sender_sent"] = t * FPS
        # Changes of photos and views come with peaks.
        peak = 40.0 if k % 7 == 0 else 0.0
        for role in ROLES:
            row[f"pss_mb_{role}"] = 100.0 + peak
        row["pss_mb"] = 300.0 + peak
        for name, per_minute in leaks.items():
            row[name] = (row[name] or 0.0) + per_minute * t / 60.0
        found.append(row)
    return found


def rests(minutes: float = 60.0, **leaks: float) -> list[Row]:
    """A rest every 90 seconds."""
    found: list[Row] = []
    for k in range(1, round(minutes / 1.5)):
        t = 90.0 * k
        row: Row = {"t_s": t, "pss_mb": 300.0 + k % 3}
        row |= {f"pss_mb_{role}": 100.0 + k % 2 for role in ROLES}
        for name, per_minute in leaks.items():
            row[name] = (row[name] or 0.0) + per_minute * t / 60.0
        found.append(row)
    return found


def told(found: list[Verdict]) -> dict[str, Verdict]:
    return {verdict.subject: verdict for verdict in found}


def test_a_run_with_peaks_alone_is_good() -> None:
    assert all(verdict.ok for verdict in verdicts(rows(), [], rests(), FPS))


@pytest.mark.parametrize(
    ("column", "per_minute", "subject"),
    [
        ("pss_mb", 0.2, "memory"),
        ("pss_mb_renderer", 0.2, "memory renderer"),
        ("threads", 0.1, "threads"),
        ("fds", 0.2, "fds"),
        ("late", 30.0, "frames"),
        ("dropped", 30.0, "frames"),
        ("sender_late", 30.0, "camera"),
        ("sender_sent", -120.0, "camera"),
    ],
)
def test_what_grows_or_comes_late_is_found(column: str, per_minute: float, subject: str) -> None:
    resting = rests(**{column: per_minute}) if column.startswith("pss") else rests()
    found = told(verdicts(rows(**{column: per_minute}), [], resting, FPS))

    assert [name for name, verdict in found.items() if not verdict.ok] == [subject]


def test_growth_in_the_first_ten_minutes_is_none() -> None:
    resting = rests()
    for row in resting:
        row["pss_mb"] = (row["pss_mb"] or 0.0) + 20.0 * min(1.0, (row["t_s"] or 0.0) / 500.0)

    assert told(verdicts(rows(), [], resting, FPS))["memory"].ok


def test_a_run_of_few_rests_says_that_it_judges_no_memory() -> None:
    verdict = told(verdicts(rows(4.0), [], rests(4.0), FPS))["memory"]

    assert verdict.ok
    assert verdict.told.startswith("not judged")


def test_frames_that_are_lost_by_a_fault_on_purpose_count_apart() -> None:
    measured = rows()
    for row in measured:
        if (row["t_s"] or 0.0) > 1000.0:
            row["dropped"] = 2000.0

    assert told(verdicts(measured, [995.0], rests(), FPS))["frames"].ok
    assert not told(verdicts(measured, [2000.0], rests(), FPS))["frames"].ok


def test_rows_of_a_page_that_did_not_answer_are_passed_over() -> None:
    measured = rows(minutes=12.0)
    for row in measured[30:34]:
        for name in row:
            row[name] = row[name] if name in ("t_s", "threads", "fds") else None

    assert all(verdict.ok for verdict in verdicts(measured, [150.0], rests(12.0), FPS))


def test_the_drawing_and_the_table_can_be_read(tmp_path: Path) -> None:
    measured = rows(minutes=3.0)

    svg = drawing(measured, [(60.0, "kill")], rests(3.0), "3 minutes <at> 30 fps")
    write_csv(measured, tmp_path / "soak.csv")

    root = ElementTree.fromstring(svg)
    assert sum(element.tag.endswith("polyline") for element in root.iter()) >= 10
    with (tmp_path / "soak.csv").open(newline="") as opened:
        assert len(list(csv.DictReader(opened))) == len(measured)
