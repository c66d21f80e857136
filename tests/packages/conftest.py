"""The packages, built once, and an environment in which only the wheel is installed."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """An environment outside the tree, and how to run something in it."""

    folder: Path
    elsewhere: Path

    @property
    def site(self) -> Path:
        """Where the packages lie."""
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, *command: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs in a folder that is not the tree."""
        return subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from the sdist alone."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=240)
    return folder


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own; the libraries are those of the tests."""
    if sys.platform == "win32":
        pytest.skip("written for the folders of an environment on Linux and macOS")
    folder = tmp_path_factory.mktemp("installed") / "한글 venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    wheel = next(built.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    elsewhere = tmp_path_factory.mktemp("else where")
    made = Installed(folder, elsewhere)
    # Read after the environment's own packages, and without the links that lie there.
    (made.site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made
