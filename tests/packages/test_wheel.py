"""A wheel built from the sdist runs outside the tree: presets, photos and the page lie inside."""

import json
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path

from streamer import __version__
from streamer.resources import user_folder
from tests.packages.conftest import ROOT, Installed


def test_the_wheel_holds_everything_inside_its_packages(installed: Installed) -> None:
    data = installed.site / "streamer/data"

    assert {p.relative_to(ROOT / "presets") for p in (ROOT / "presets").rglob("*.yaml")} == {
        p.relative_to(data / "presets") for p in (data / "presets").rglob("*.yaml")
    }
    for name in ("mona-lisa.jpg", "mona-lisa.landmarks.yaml", "LICENSE-mona-lisa.md"):
        assert (data / "photo" / name).is_file()
    assert (data / "photo/LICENSE-sample-image.md").is_file()
    assert [path.name for path in (data / "weights").iterdir()] == ["MANIFEST.toml"]
    for folder in ("control/panel/templates", "control/panel/static", "streamer/assets"):
        files = {p.relative_to(ROOT) for p in (ROOT / folder).rglob("*") if p.is_file()}
        there = (installed.site / folder).rglob("*")
        assert files == {p.relative_to(installed.site) for p in there if p.is_file()}
        assert files


def test_the_wheel_leaves_nothing_loose_beside_its_packages(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    info = f"living_portrait-{__version__}.dist-info"

    assert {name.split("/")[0] for name in names} == {"control", "streamer", info}
    assert f"{info}/licenses/LICENSE" in names
    assert f"{info}/licenses/THIRD_PARTY.md" in names


def test_the_sdist_holds_what_is_needed_to_change_and_test_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    for name in (
        *("start.py", "constraints.txt", "LICENSE", "THIRD_PARTY.md", "CHANGELOG.md"),
        *("photo/LICENSE-sample-image.md", "photo/LICENSE-mona-lisa.md", "weights/MANIFEST.toml"),
        *("docs/architecture.md", "tests/test_start.py", "tests/packages/test_wheel.py"),
        *("benchmarks/__init__.py", ".ci/run", "Containerfile"),
    ):
        assert name in names
    wrong = re.compile(r"(^|/)(scratch|\.venv|\.git|__pycache__|dist)/|\.(pth|onnx|pyc|part)$")
    assert not [name for name in names if wrong.search(name)]


def test_the_version_stands_in_one_place(installed: Installed, built: Path) -> None:
    for kind in ("*.whl", "*.tar.gz"):
        assert f"-{__version__}" in next(built.glob(kind)).name
    assert (
        installed.run("living-portrait", "--version").stdout == f"living-portrait {__version__}\n"
    )
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"(?m)^## \[(\d[\w.]+)\]", changes)
    assert newest is not None
    assert newest[1] == __version__


def test_model_files_lie_in_the_users_folder(installed: Installed) -> None:
    done = installed.run("living-portrait", "weights", "verify", "--json")

    table = json.loads(done.stdout)
    assert table["folder"] == str(user_folder("photos").parent / "weights")
    assert [row["state"] for row in table["files"]] == ["missing"] * 6 + ["left out"] * 2


def test_the_wheel_streams_outside_the_tree(installed: Installed) -> None:
    where = installed.run("python", "-c", "import streamer; print(streamer.__file__)")
    report = installed.elsewhere / "report.json"
    done = installed.run(
        "living-portrait",
        *("run", "--camera", "none", "--panel", "off", "--osc", "off"),
        *("--size", "320x180", "--seconds", "0.5", "--report", str(report)),
    )

    assert where.stdout.startswith(str(installed.folder))
    assert done.returncode == 0, done.stderr
    assert '"photo": "mona-lisa"' in report.read_text()


def test_films_presets_and_the_doctor_work_outside_the_tree(installed: Installed) -> None:
    film = installed.run(
        *("living-portrait", "render", "--preset", "wink", "--size", "160x90"),
        *("--fps", "10", "--out", "wink.gif"),
    )
    presets = installed.run("living-portrait", "presets", "check")
    doctor = installed.run("living-portrait", "doctor", "--json")

    assert film.returncode == 0, film.stderr
    assert (installed.elsewhere / "wink.gif").read_bytes()[:6] == b"GIF89a"
    assert presets.returncode == 0, presets.stdout + presets.stderr
    found = {row["subject"]: row for row in json.loads(doctor.stdout)}
    assert found["photo"]["ok"]
    assert found["presets"]["ok"]


def test_every_extra_is_described() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs/start.md").read_text(encoding="utf-8").split("## As a package")[1]

    described = {name for row in re.findall(r"(?m)^\| (`.*?) \|", text) for name in row.split(", ")}
    assert described == {f"`{name}`" for name in project["optional-dependencies"]}
