"""start.py with a Python that lacks something, and its stamp; the installation itself is CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "with a space 한글"
    folder.mkdir()
    for name in ("start.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def start(
    folder: Path, *arguments: str, modules: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(modules)} if modules else {})}
    return subprocess.run(
        [sys.executable, str(folder / "start.py"), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )


def test_a_python_without_venv_is_told_the_one_command(copy: Path, tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "venv.py").write_text("import sys; sys.exit('ensurepip is not available')\n")

    done = start(copy, modules=modules)

    assert done.returncode == 1
    assert "ensurepip is not available" in done.stderr
    assert "Traceback" not in done.stderr
    assert "python3" in done.stderr or "Install Python" in done.stderr
    assert not (copy / ".venv").exists()  # no half environment is left


def test_uninstall_removes_only_what_start_py_made(copy: Path) -> None:
    foreign = copy / ".venv"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("keep")

    refused = start(copy, "--uninstall")
    kept = (foreign / "mine.txt").exists()
    (foreign / "living-portrait.stamp").write_text("x\n\n")
    removed = start(copy, "--uninstall")

    assert refused.returncode == 1
    assert kept
    assert removed.returncode == 0
    assert not foreign.exists()


def test_a_second_start_installs_nothing_and_hands_the_words_on(copy: Path) -> None:
    """With a finished environment only the `living-portrait` command runs."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import start; "
        "start.STAMP.parent.mkdir(parents=True); "
        "start.STAMP.write_text(start.fingerprint() + '\\n\\n', encoding='utf-8')"
    )
    subprocess.run([sys.executable, "-c", code, str(copy)], check=True)
    python = copy / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.parent.mkdir(parents=True)
    if os.name == "nt":
        pytest.skip("a script cannot stand in for python.exe on Windows")
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)

    assert start(copy).stdout.split() == ["-m", "control", "run", "--open"]
    assert start(copy, "--photo", "me.jpg").stdout.split() == [
        *("-m", "control", "run", "--open", "--photo", "me.jpg")
    ]
    assert start(copy, "render", "--preset", "wink").stdout.split() == [
        *("-m", "control", "render", "--preset", "wink")
    ]
    assert start(copy, "--help").stdout.split() == ["-m", "control", "--help"]
