"""What was chosen on the page or over HTTP, kept in the user's state folder for the next start."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from control.settings import convert
from streamer import Config, ConfigError
from streamer.keep_going import KeepGoing
from streamer.resources import user_folder
from streamer.whole_file import private_folder, read_whole, write_whole

log = logging.getLogger(__name__)

# What is remembered, in Config's names. Held sliders and the privacy picture belong to the moment.
KEYS: Final = (
    *("photo", "engine", "device", "speed", "camera", "size", "fps"),
    *("fit", "zoom", "offset_x", "offset_y", "mirror", "fill", "badge", "style", "idle"),
)

# A slider that is dragged changes thirty times a second; the disk sees one write.
DELAY_S: Final = 1.0

# Many times what is written; a larger file is none of ours.
MAX_FILE_BYTES: Final = 64 * 1024

CLOSE_S: Final = 5.0


@dataclass(frozen=True)
class Recalled:
    """What was remembered and is still good, and in words what was not."""

    choices: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def remembered_file() -> Path:
    """Return where it is kept."""
    return user_folder("state") / "choices.json"


def recall(file: Path) -> Recalled:
    """Read what was remembered; a damaged file is set aside, a value that is no good left out."""
    try:
        data = read_whole(file, MAX_FILE_BYTES)
        if len(data) > MAX_FILE_BYTES:
            raise ValueError(f"more than {MAX_FILE_BYTES} bytes")
        content = json.loads(data)
        if not isinstance(content, dict):
            raise ValueError("no table of choices")
    except FileNotFoundError:
        return Recalled()
    except OSError as exc:
        return Recalled(problem=f"What was remembered cannot be read from {file}: {exc.strerror}.")
    except (ValueError, RecursionError) as exc:
        return Recalled(problem=_set_aside(file, exc))
    choices: dict[str, Any] = {}
    wrong = []
    for key in KEYS:  # others are of a newer version
        if key in content:
            try:
                value = convert(key, content[key], file.name)
                Config(**{key: value})
                choices[key] = value
            except ConfigError as exc:
                wrong.append(str(exc))
    return Recalled(choices, " ".join(wrong))


def _set_aside(file: Path, why: Exception) -> str:
    aside = file.with_name(f"{file.stem}.damaged{file.suffix}")
    message = f"What was remembered from the page is damaged ({str(why)[:80]})"
    try:
        file.replace(aside)
    except OSError as exc:
        return f"{message}, and {file} cannot be moved away: {exc.strerror}. Delete it."
    return f"{message}; it was set aside as {aside}."


class Memory:
    """Writes choices down, a while after the last one: whole or not at all.

    Other processes may do the same; what they chose stays, unless it was chosen here, too.
    ``delay_s`` is how long several choices are gathered for one write.
    """

    def __init__(self, file: Path, *, delay_s: float = DELAY_S) -> None:
        self._file = file
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._kept: dict[str, Any] = {}
        self._asked = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._complaint = ""

    def keep(self, choices: Mapping[str, Any]) -> None:
        """Remember these; returns at once."""
        with self._lock:
            self._kept.update({key: choices[key] for key in KEYS if key in choices})
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="remember", daemon=True)
                self._thread.start()
        self._asked.set()

    def close(self) -> None:
        """Write what is still to be written; calling it twice is harmless."""
        self._closing.set()
        self._asked.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_S)

    def _run(self) -> None:
        going = KeepGoing("Remembering what was chosen")
        while True:
            self._asked.wait()
            self._closing.wait(self._delay_s)
            ending = self._closing.is_set()
            self._asked.clear()
            with going:
                self._write()
            if ending:
                return

    def _write(self) -> None:
        with self._lock:
            mine = dict(self._kept)
        content = {**recall(self._file).choices, **mine}
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            private_folder(self._file.parent)
            write_whole(self._file, text.encode(errors="replace"))
            self._complaint = ""
        except OSError as exc:
            complaint = f"What was chosen cannot be remembered in {self._file}: {exc.strerror}."
            if complaint != self._complaint:  # once, not with every change
                log.warning("%s", complaint)
            self._complaint = complaint
