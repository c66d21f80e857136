"""How a run starts with what was chosen on the page before."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from control.commands.run import going_on
from control.remembered import recall, remembered_file
from control.settings import load_config
from streamer.sending.link import Resume

ROOT = Path(__file__).resolve().parent.parent.parent
QUIET = ("--camera", "none", "--panel", "off", "--osc", "off", "--engine", "warp")


def remember(**choices: Any) -> None:
    remembered_file().parent.mkdir(parents=True, exist_ok=True)
    remembered_file().write_text(json.dumps(choices), encoding="utf-8")


def run(tmp_path: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    """Return what was logged and the report."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "control", "run", *QUIET),
            *("--seconds", "0.5", "--report", "figures.json", *arguments),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr, json.loads((tmp_path / "figures.json").read_text())


def test_what_was_chosen_is_used_and_said_in_one_line_and_flags_win(tmp_path: Path) -> None:
    remember(photo="sample-image", size="320x180", fps=25.0, engine="liveportrait", zoom=1.0)

    said, report = run(tmp_path, "--fps", "24")

    assert (report["photo"], report["size"], report["fps"]) == ("sample-image", "320x180", 24.0)
    line = next(line for line in said.splitlines() if "As chosen on the page before" in line)
    assert "photo sample-image, size 320x180." in line
    assert recall(remembered_file()).choices["fps"] == 25.0


def test_a_fresh_start_ignores_it_and_forgets_nothing(tmp_path: Path) -> None:
    remember(photo="sample-image")

    said, report = run(tmp_path, "--fresh", "--size", "320x180")

    assert report["photo"] == "mona-lisa"
    assert "before" not in said
    assert recall(remembered_file()).choices == {"photo": "sample-image"}


def test_a_photo_that_has_gone_since_does_not_keep_the_stream_from_starting(
    tmp_path: Path,
) -> None:
    remember(photo="gone", size="320x180")

    said, report = run(tmp_path)

    assert (report["photo"], report["size"]) == ("mona-lisa", "320x180")
    assert "Starting without what was remembered of: photo." in said


def test_a_damaged_memory_is_set_aside_and_the_stream_starts(tmp_path: Path) -> None:
    remember()
    remembered_file().write_text("{", encoding="utf-8")

    said, _ = run(tmp_path, "--size", "320x180")

    assert "set aside" in said
    assert not remembered_file().exists()


def test_a_renderer_goes_on_with_what_was_chosen_last_and_without_what_is_gone(
    tmp_path: Path,
) -> None:
    there = tmp_path / "photos"
    there.mkdir()
    resume = Resume(
        {
            "photo": "sample-image",
            "engine": "liveportrait",
            "seed": 7,
            "paths": {"photos": str(there), "presets": str(tmp_path / "gone")},
        }
    )
    typed = {
        "photo": "mona-lisa",
        "photos": there,
        "presets": tmp_path / "gone",
        "record": tmp_path / "take.yaml",
        "osc": "off",
    }

    flags, choices = going_on(typed, resume, careful=False)
    careful = going_on(typed, resume, careful=True)[1]

    assert flags == {"photos": there, "presets": None, "osc": "off", "seed": 7}
    assert choices == {"photo": "sample-image", "engine": "liveportrait"}
    assert careful == {"photo": "sample-image", "engine": "warp"}
    assert load_config(flags, remembered=choices, environment={}).photo == "sample-image"
