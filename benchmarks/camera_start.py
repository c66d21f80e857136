"""The first seconds of the whole program: when there is a standby loop, and memory at its peak."""

import mmap
import os
import threading
import time
from typing import Final

import psutil

from streamer.sending.board import LOOP_BYTES, Board, Number
from streamer.sending.memory import SharedMemory
from streamer.sending.standby import StandbyPlace

LOOK_S: Final = 0.02


def board_of(program: psutil.Process) -> Board | None:
    """Return the memory that a program's processes share, or None before there is any.

    It has no name; on Linux it is found where the renderer holds it open.
    """
    for child in program.children(recursive=True):
        handle = next((a.partition(":")[0] for a in child.cmdline() if _is_token(a)), None)
        if handle is None:
            continue
        file = os.open(f"/proc/{child.pid}/fd/{handle}", os.O_RDWR)
        size = os.fstat(file).st_size
        return Board(SharedMemory(mmap.mmap(file, size), f"{file}:{size}", (file,)))
    return None


def _is_token(argument: str) -> bool:
    place, colon, size = argument.partition(":")
    return bool(colon) and place.isdigit() and size.isdigit() and int(size) > LOOP_BYTES


class StartWatch:
    """Watches a program from its start on, in a thread, until `figures` are asked for."""

    def __init__(self, pid: int) -> None:
        self._program = psutil.Process(pid)
        self._stop = threading.Event()
        self._peak = 0
        self._loops: list[tuple[float, float]] = []  # when it came, s after the first frame; length
        self._thread = threading.Thread(target=self._run, name="start-watch", daemon=True)
        self._thread.start()

    def figures(self) -> dict[str, object]:
        """End the watch; return what was seen. Units are in the names."""
        self._stop.set()
        self._thread.join(10.0)
        return {
            "standby loops, s after the first frame": ", ".join(
                f"{length_s:.0f} s long after {at:.2f}" for at, length_s in self._loops
            ),
            "memory of all processes, MB now": round(self._rss() / 1e6, 1),
            "memory of all processes, MB at most": round(self._peak / 1e6, 1),
        }

    def _run(self) -> None:
        board: Board | None = None
        newest = 0
        while not self._stop.wait(LOOK_S):
            try:
                self._peak = max(self._peak, self._rss())
                board = board or board_of(self._program)
            except (psutil.Error, OSError):  # a process that came or went meanwhile
                continue
            if board is None or not board[Number.FRAMES]:
                continue
            standby = StandbyPlace(board).read()
            if standby is not None and standby.serial != newest:
                newest = standby.serial
                self._loops.append((time.perf_counter() - board.origin, standby.length_s))

    def _rss(self) -> int:
        processes = (self._program, *self._program.children(recursive=True))
        return sum(process.memory_info().rss for process in processes)
