"""One entry, such as a systemd unit or a shortcut: where it lies, what is in it, what to tell."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from streamer.errors import ConfigError
from streamer.resources import HOME_VARIABLE, user_folder

System = Literal["linux", "macos", "windows"]
When = Literal["login", "menu"]

SYSTEMS: Final[dict[str, System]] = {"linux": "linux", "darwin": "macos", "win32": "windows"}
NAME: Final = "living-portrait"
TITLE: Final = "Living Portrait"
SUMMARY: Final = "A webcam that is a photo that lives"


@dataclass(frozen=True)
class Start:
    """What is started: the command, the folder it stands in, and what it must know."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    log: Path


@dataclass(frozen=True)
class Entry:
    """A file that starts the product, or a link that makes it count."""

    path: Path
    content: bytes
    link: Path | None = None
    """A link to it, without which the system does not look at it."""
    make: tuple[str, ...] = ()
    """What writes it where it is no plain file; ``content`` is then for people."""
    after: tuple[tuple[str, ...], ...] = ()
    """Told to the system afterwards; where that fails, the next log-in does it."""
    before_removal: tuple[tuple[str, ...], ...] = ()
    hint: str = ""


def this_start(flags: list[str], folder: Path) -> Start:
    """Return the start of this very installation with these flags of `run`."""
    # -P: a folder called `control` where it starts must not be taken for the program.
    command = (sys.executable, "-P", "-m", "control", "run", *flags)
    known = {HOME_VARIABLE: os.environ[HOME_VARIABLE]} if HOME_VARIABLE in os.environ else {}
    return Start(command, folder, known, user_folder("state") / "logs" / "autostart.log")


def install(entry: Entry) -> None:
    """Write the entry and let the system know. Raises: `ConfigError`."""
    try:
        entry.path.parent.mkdir(parents=True, exist_ok=True)
        if entry.make:
            subprocess.run(entry.make, check=True, capture_output=True, timeout=60)
        else:
            entry.path.write_bytes(entry.content)
        if entry.link is not None:
            entry.link.parent.mkdir(parents=True, exist_ok=True)
            entry.link.unlink(missing_ok=True)
            entry.link.symlink_to(entry.path)
    except (OSError, subprocess.SubprocessError) as exc:
        raise ConfigError(
            f"{entry.path} could not be written: {exc}. Make it by hand from what "
            "`living-portrait autostart show` prints."
        ) from exc
    _tell(entry.after)


def remove(entry: Entry) -> list[Path]:
    """Remove the entry; returns what was there."""
    there = [
        p for p in (entry.path, entry.link) if p is not None and (p.exists() or p.is_symlink())
    ]
    if there:
        _tell(entry.before_removal)
    for path in there:
        path.unlink(missing_ok=True)  # the system may have removed its link just now
    return there


def _tell(commands: tuple[tuple[str, ...], ...]) -> None:
    for command in commands:
        try:
            subprocess.run(command, capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return  # a container or a remote shell without a session: the file alone will do
