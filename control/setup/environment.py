"""The .venv that start.py makes: whose it is, whether it runs, whether its making was cut off."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

OWNER: Final = "living-portrait.txt"
OWNER_TEXT: Final = (
    "Made by start.py of Living Portrait. To remove it, type: python3 start.py --uninstall\n"
)
UNFINISHED: Final = "living-portrait.unfinished"
STAMP: Final = "living-portrait.stamp"
LOCK: Final = "living-portrait.lock"
LOG: Final = "living-portrait-install.log"


class Environment:
    """The folder ``.venv`` beside start.py, and what is known about it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".venv"
        self.log = self.folder / LOG

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def ours(self) -> bool:
        """Whether start.py made it; a folder with nothing in it is nobody's."""
        if not self.folder.exists():
            return True
        names = {path.name for path in self.folder.iterdir()} - {LOCK}
        # Before the note of ownership there was only the stamp.
        return not names or OWNER in names or (STAMP in names and self.stamp()[2] != "foreign")

    @property
    def cut_off(self) -> bool:
        """Whether an installation began and never ended."""
        return (self.folder / UNFINISHED).exists()

    def trouble(self) -> str:
        """Return why it does not run, or nothing."""
        if not self.python.exists():
            return "no Python"
        command = [str(self.python), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            return str(exc)
        if done.returncode == 0:
            return ""
        return done.stderr.strip().rsplit("\n", 1)[-1] or "Python < 3.11"

    def make(self) -> subprocess.CompletedProcess[str]:
        """Make it with the Python that runs now; the result holds what `venv` wrote."""
        (self.folder / OWNER).write_text(OWNER_TEXT, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "venv", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def clear(self) -> None:
        """Remove everything in it but the lock."""
        for path in self.folder.iterdir():
            if path.name == LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def remove(self) -> None:
        """Remove it."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def begin(self) -> None:
        """Note that from here on a sudden end leaves it half made."""
        (self.folder / UNFINISHED).touch()

    def end(self) -> None:
        """Note that it is whole, if perhaps with fewer packages than wanted."""
        (self.folder / UNFINISHED).unlink(missing_ok=True)

    def fingerprint(self) -> str:
        """Return what the installation depends on: the place, the needs and their versions."""
        digest = hashlib.sha256(str(self.home).encode("utf-8", "surrogateescape"))
        for name in ("pyproject.toml", "constraints.txt"):
            digest.update((self.home / name).read_bytes())
        return digest.hexdigest()

    def stamp(self) -> tuple[str, set[str], str]:
        """Return the fingerprint, what was installed, and whose it is; empty before the first."""
        try:
            lines = (self.folder / STAMP).read_text(encoding="utf-8").split("\n")
        except OSError:
            return "", set(), ""
        if len(lines) < 4:  # of a version that noted less
            return "", set(), ""
        return lines[0], set(lines[2].split(",")) - {""}, lines[3]

    def write_stamp(self, glance: str, have: set[str]) -> None:
        """Note what is installed; ``glance`` is what start.py compares first."""
        whose = "own" if self.ours else "foreign"
        lines = (self.fingerprint(), glance, ",".join(sorted(have)), whose, "")
        path = self.folder / STAMP
        half = path.with_suffix(".new")
        half.write_text("\n".join(lines), encoding="utf-8")
        half.replace(path)

    @contextlib.contextmanager
    def locked(self, when_taken: Callable[[], None]) -> Iterator[IO[bytes]]:
        """Hold the folder against another start.py; waits for one that is at work.

        A program started meanwhile may inherit the file, so that it keeps the lock as long as it
        runs even if start.py is killed.
        """
        self.folder.mkdir(exist_ok=True)
        with (self.folder / LOCK).open("ab") as file:
            told = False
            while not _try_lock(file):
                if not told:
                    when_taken()
                    told = True
                time.sleep(0.3)
            yield file


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks: two at once are then the user's own affair
    return True
