"""How much room a bake needs and how long it takes, told before and while it runs."""

from pathlib import Path

import numpy as np
import pytest

from streamer.baking import progress
from streamer.baking.jobs import Job
from streamer.baking.progress import Progress, duration, room_for
from streamer.errors import ConfigError
from streamer.parameters import neutral_face
from tests.fakes import FakeClock

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
STILL = np.full((64, 64, 3), 90, np.uint8)


def test_a_bake_that_the_disk_has_no_room_for_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(progress.shutil, "disk_usage", lambda place: full)

    with pytest.raises(ConfigError, match=r"needs .* of disk and .* has 1 MB free"):
        room_for([Job("preset", "smile", (REST,))], tmp_path / "not" / "there", STILL)


def test_what_is_there_already_needs_no_room(tmp_path: Path) -> None:
    jobs = [Job("preset", f"p{i}", (REST,) * 100) for i in range(5)]
    before = room_for(jobs, tmp_path, STILL)
    for job in jobs:
        (tmp_path / job.file).touch()

    assert room_for(jobs, tmp_path, STILL).needed < before.needed


def test_time_left_follows_from_the_pace_of_this_run() -> None:
    clock = FakeClock()
    so_far = Progress(total=110, done=50, now=clock)
    assert so_far.left_s is None

    clock.sleep(60.0)
    so_far.at(60)

    assert so_far.left_s == pytest.approx(300.0)
    assert str(so_far) == "60 of 110 frames (55 %), 5 min left"


def test_lengths_of_time_are_told_in_fitting_units() -> None:
    assert [duration(s) for s in (4.4, 240.0, 6600.0)] == ["4 s", "4 min", "1 h 50 min"]
