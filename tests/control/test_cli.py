"""The command as a user types it, in a process of its own where its end matters."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from control.cli import main
from streamer.badge import stamped

ROOT = Path(__file__).resolve().parent.parent.parent
QUIET = ("--camera", "none", "--panel", "off", "--osc", "off", "--size", "320x180")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "control", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_run_of_some_seconds_says_which_engine_it_took_and_writes_its_report(
    tmp_path: Path,
) -> None:
    done = run("run", *QUIET, "--seconds", "1.5", "--report", "figures.json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Engine: warp" in done.stderr
    report = json.loads((tmp_path / "figures.json").read_text())
    assert report["size"] == "320x180"
    assert report["first_frame_s"] > 0
    assert set(report["interval_ms"]) == {"p50", "p99", "max"}
    assert set(report["section_ms"]) == {"animate", "render", "send"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_in_order(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "control", "run", *QUIET, "--report", "figures.json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:  # said when the first portrait is on stage
        if "Engine:" in line:
            break
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)

    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert (tmp_path / "figures.json").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--photo", "nobody.jpg"], "nobody.jpg"),
        (["run", "--size", "641x360"], "even number"),
        (["run", "--engine", "magic"], "warp"),
        (["run", "--engine", "liveportrait", "--weights", "none"], "living-portrait weights fetch"),
        (["run", "--device", "gpu"], "auto, cpu, cuda, mps"),
        (["run", "--style", "wild"], "calm"),
        (["run", "--report", "/no/such/folder/r.json", *QUIET, "--seconds", "0.2"], "written"),
        (["render", "--preset", "dance", "--out", "x.mp4"], "smile"),
        (["render", "--preset", "smile"], "--out"),
        (["render", "--out", "x.mp4"], "--preset"),
        (["render", "--style", "calm", "--out", "x.mp4"], "--seconds"),
        (["render", "--preset", "smile", "--out", "x.avi", "--size", "320x180"], ".mp4"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_type(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    code = main(arguments)

    error = capsys.readouterr().err
    assert code == 1
    assert says in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("door", "says"),
    [
        (("--panel", "off", "--osc", "127.0.0.1:0", "--osc-allow", "my phone"), "192.168.0"),
    ],
)
def test_a_door_that_may_not_be_opened_ends_the_run_with_what_to_type(
    tmp_path: Path, door: tuple[str, ...], says: str
) -> None:
    done = run(
        "run", "--camera", "none", "--size", "320x180", "--seconds", "30", *door, cwd=tmp_path
    )

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_faces_are_a_table_and_the_film_of_a_seed_depends_on_neither_length_nor_rate(
    tmp_path: Path,
) -> None:
    def faces(name: str, *more: str) -> dict[float, list[float]]:
        path = tmp_path / name
        assert main(["render", "--style", "calm", "--seed", "5", "--faces", str(path), *more]) == 0
        with path.open(encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert rows[0][0] == "t"
        assert len(rows[0]) == 18
        return {round(float(row[0]), 6): [float(v) for v in row[1:]] for row in rows[1:]}

    short = faces("short.csv", "--seconds", "4", "--fps", "30")
    long = faces("long.csv", "--seconds", "8", "--fps", "30")
    fast = faces("fast.csv", "--seconds", "4", "--fps", "60")

    assert len(short) == 120
    assert all(long[t] == values for t, values in short.items())
    common = [t for t in short if t in fast]
    assert len(common) > 30
    for t in common:
        assert fast[t] == pytest.approx(short[t], rel=1e-5, abs=1e-6)


def test_a_film_of_a_preset_is_written_with_its_faces(tmp_path: Path) -> None:
    film, table = tmp_path / "wink.gif", tmp_path / "wink.csv"
    flags = ["--size", "160x90", "--fps", "10"]

    code = main(["render", "--preset", "wink", "--out", str(film), "--faces", str(table), *flags])

    assert code == 0
    assert film.stat().st_size > 1000
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 9
    assert float(rows[0]["wink"]) == 0.0
    assert max(float(row["wink"]) for row in rows) > 20
    assert float(rows[-1]["wink"]) == 0.0


def test_checking_presets_names_the_wrong_file_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "broken.yaml"
    wrong.write_text("name: broken\nduration_ms: -5\n", encoding="utf-8")
    good = ROOT / "presets" / "smile.yaml"

    code = main(["presets", "check", str(wrong), str(good)])

    out = capsys.readouterr().out
    assert code == 1
    assert "broken.yaml" in out
    assert "ok" in out
    assert main(["presets", "check"]) == 0


def test_doctor_names_what_is_missing_with_what_to_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--json"]) == 0

    findings = {f["subject"]: f for f in json.loads(capsys.readouterr().out)}
    assert set(findings) == {
        *("python", "libraries", "camera", "gpu", "torch", "weights", "accelerator", "engine"),
        *("photo", "presets", "panel", "osc", "log"),
    }
    for finding in findings.values():
        assert finding["use"] if finding["ok"] else finding["fix"]


def test_a_film_carries_the_badge_unmirrored_when_asked(tmp_path: Path) -> None:
    flags = ["--size", "320x180", "--fps", "10", "--mirror", "--preset", "wink"]

    assert main(["render", *flags, "--out", str(tmp_path / "plain.png")]) == 0
    assert main(["render", *flags, "--badge", "ai", "--out", str(tmp_path / "badged.png")]) == 0

    plain, badged = (
        np.asarray(Image.open(tmp_path / f"{name}-00004.png")) for name in ("plain", "badged")
    )
    assert (badged == stamped(plain)).all()
