"""The lines that start.py writes while it works: a step, how far it is, how long it took."""

import shutil
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from types import TracebackType
from typing import Final, TextIO

from control.setup.words import Words

TICK_S: Final = 0.25  # how often a terminal's line is renewed
QUIET_S: Final = 15.0  # how often a log file gets a line, so that nobody thinks it hangs


class Progress:
    """Numbered steps, each on a line of its own; on a terminal the line lives."""

    def __init__(
        self,
        words: Words,
        out: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.words = words
        self.steps = 0  # how many there will be, once that is known
        self.out = out or sys.stdout
        self.now = now
        self.begun = now()
        self.count = 0

    def say(self, text: str) -> None:
        """Write a line."""
        print(f"start.py: {text}", file=self.out, flush=True)

    def step(self, key: str, /, **values: object) -> "Step":
        """Return the next step, to be entered with ``with``."""
        self.count += 1
        return Step(
            self, f"[{self.count}/{max(self.steps, self.count)}] {self.words(key, **values)}"
        )

    def elapsed(self, since: float | None = None) -> str:
        """Return the time since then, or since the beginning, for people."""
        seconds = round(self.now() - (self.begun if since is None else since))
        if seconds < 60:
            return self.words("seconds", seconds=seconds)
        return self.words("minutes", minutes=seconds // 60, seconds=seconds % 60)


class Step:
    """One step; `detail` says what it is at."""

    def __init__(self, progress: Progress, title: str) -> None:
        self.progress = progress
        self.title = title
        self.detail: Callable[[], str] | str = ""
        self.ok = True
        self._live = progress.out.isatty()
        self._stop = threading.Event()
        self._width = 0

    def __enter__(self) -> "Step":
        """Write the title and keep it alive."""
        self.began = self.progress.now()
        if not self._live:
            self.progress.say(f"{self.title} ...")
        self._thread = threading.Thread(target=self._tick, name="start-progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write how long it took."""
        self._stop.set()
        self._thread.join(timeout=2.0)
        ended = "done" if self.ok and kind is None else "failed"
        took = self.progress.words(ended, elapsed=self.progress.elapsed(self.began))
        self._write(f"{self.title}: {took}", end="\n")

    def _tick(self) -> None:
        while not self._stop.wait(TICK_S if self._live else QUIET_S):
            detail = self.detail if isinstance(self.detail, str) else self.detail()
            elapsed = self.progress.elapsed(self.began)
            if self._live:
                self._write(f"{self.title} ... {detail}  {elapsed}", end="")
            elif detail:
                self.progress.say(
                    self.progress.words("still", step=self.title, detail=detail, elapsed=elapsed)
                )

    def _write(self, text: str, end: str) -> None:
        line = f"start.py: {text}"
        if self._live:
            line = fitting(line, shutil.get_terminal_size().columns - 1)
            blank = " " * max(0, self._width - width(line))
            self._width = width(line)
            line = f"\r{line}{blank}"
        self.progress.out.write(line + end)
        self.progress.out.flush()


def width(text: str) -> int:
    """Return how many columns a text takes; Hangul takes two for a letter."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def fitting(text: str, columns: int) -> str:
    """Return as much of a text as fits, since a line that wraps cannot be written over."""
    while text and width(text) > columns:
        text = text[:-1]
    return text
