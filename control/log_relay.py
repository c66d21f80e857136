"""Passes on what the program's processes say: to the terminal, and into a file that rotates."""

import contextlib
import logging
import os
import queue
import sys
import threading
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final, cast

from control.translations.console import line_in_system_language
from streamer.whole_file import private_folder

FILE_NAME: Final = "living-portrait.log"
FILE_BYTES: Final = 1_000_000
FILES: Final = 3

# What is not written yet. A terminal that has stopped (Ctrl-S) must not stop the camera: beyond
# this, lines are lost, and counted.
WAITING_LINES: Final = 1000
LONGEST_LINE: Final = 8192
CLOSE_S: Final = 2.0


class LogRelay:
    """Reads the processes' standard error in threads of its own; writing never delays them."""

    def __init__(self, folder: Path, terminal: IO[str] | None = None) -> None:
        self._terminal = sys.stderr if terminal is None else terminal
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._lost = 0
        self._readers: list[threading.Thread] = []
        self._file: RotatingFileHandler | None = None
        try:
            self._file = _rotating(folder / FILE_NAME)
        except OSError as exc:  # which must not keep the camera from starting
            self.say(f"No log file can be written: {exc}.")
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()

    def follow(self, name: str, source: IO[bytes]) -> None:
        """Pass on all that a process writes, until it ends."""
        thread = threading.Thread(
            target=self._read, args=(source,), name=f"log of the {name}", daemon=True
        )
        self._readers = [t for t in self._readers if t.is_alive()]
        self._readers.append(thread)
        thread.start()

    def say(self, text: str) -> None:
        """Say something of one's own."""
        self._put(f"{time.strftime('%H:%M:%S')} WARNING {text}")

    def close(self) -> None:
        """Write what is left; waits a moment for it."""
        for thread in self._readers:
            thread.join(timeout=CLOSE_S)
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=CLOSE_S)
        self._writer.join(timeout=CLOSE_S)
        if self._file is not None and not self._writer.is_alive():
            self._file.close()

    def _read(self, source: IO[bytes]) -> None:
        with source, contextlib.suppress(OSError, ValueError):
            while line := source.readline(LONGEST_LINE):
                self._put(line.decode("utf-8", "replace").rstrip("\n"))

    def _put(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            self._pass_on(line)
            if self._lines.empty():
                self._tell_lost()
        self._tell_lost()

    def _tell_lost(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            self._pass_on(f"({lost} lines were lost)")

    def _pass_on(self, line: str) -> None:
        # The file stays English: it goes into reports, and is searched for what documents quote.
        with contextlib.suppress(OSError, ValueError):  # a terminal that is gone needs nothing
            self._terminal.write(line_in_system_language(line, self._terminal) + "\n")
            self._terminal.flush()
        if self._file is not None:
            today = time.strftime("%Y-%m-%d ")
            self._file.emit(logging.makeLogRecord({"msg": today + line}))


def _rotating(path: Path) -> RotatingFileHandler:
    """Open the file. Raises `OSError`."""
    private_folder(path.parent)
    handler = _Private(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


class _Private(RotatingFileHandler):
    """Files that only their owner reads."""

    def _open(self) -> TextIOWrapper:
        file = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )
        return cast(TextIOWrapper, file)
