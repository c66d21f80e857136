"""A wheel built from the tree runs outside the tree, with presets, photos and the page inside."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from streamer.resources import user_folder

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    site = folder / "site"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return site


def run(installed: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_wheel_holds_everything_inside_its_packages(installed: Path) -> None:
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert top == {"control", "streamer"}
    assert {p.name for p in (ROOT / "presets").rglob("*.yaml")} == {
        p.name for p in (installed / "streamer/data/presets").rglob("*.yaml")
    }
    for name in ("mona-lisa.jpg", "mona-lisa.landmarks.yaml", "LICENSE-mona-lisa.md"):
        assert (installed / "streamer/data/photo" / name).is_file()
    models = [path.name for path in (installed / "streamer/data/weights").iterdir()]
    assert models == ["MANIFEST.toml"]
    for folder in ("templates", "static"):
        files = {p.name for p in (ROOT / "control/panel" / folder).rglob("*") if p.is_file()}
        assert files == {
            p.name for p in (installed / "control/panel" / folder).rglob("*") if p.is_file()
        }
        assert files


def test_the_wheel_keeps_model_files_in_the_users_folder(installed: Path) -> None:
    done = run(installed, "-m", "control", "weights", "verify", "--json")

    table = json.loads(done.stdout)
    assert table["folder"] == str(user_folder("photos").parent / "weights")
    assert [row["state"] for row in table["files"]] == ["missing"] * 6 + ["left out"] * 2


def test_the_wheel_runs_outside_the_tree(installed: Path) -> None:
    where = run(installed, "-c", "import streamer; print(streamer.__file__)")
    report = installed.parent / "report.json"
    done = run(
        installed,
        *("-m", "control", "run", "--camera", "none", "--panel", "off", "--osc", "off"),
        *("--size", "320x180", "--seconds", "0.5", "--report", str(report)),
    )

    assert where.stdout.startswith(str(installed))
    assert done.returncode == 0, done.stderr
    assert '"photo": "mona-lisa"' in report.read_text()
