"""What the stream did so far: counters and percentiles for state, report and benchmarks."""

import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil

SECTIONS: Final = ("animate", "render", "send")

# Percentiles look back over at most this many frames (20 minutes at 30 fps); maxima over all.
WINDOW: Final = 36_000

# Everything but the first frame and the counters is measured after this: loading the page's
# libraries and filling caches belongs to the start.
SETTLE_S: Final = 1.0


@dataclass(frozen=True)
class FrameTimes:
    """One frame: when it was sent, what each section cost, how late it was. Units: seconds."""

    sent_s: float
    section_s: dict[str, float]
    delay_s: float


class Stats:
    """Collects frame times in the render thread; `figures` may be read from any thread.

    ``program`` is the process that started all others, None for this one: processor time and
    memory are of the whole family.
    """

    def __init__(self, program: int | None = None) -> None:
        self.frames = 0
        self.first_frame_s: float | None = None
        self._lock = threading.Lock()
        self._columns = ("interval", "delay", *SECTIONS)
        self._ring = np.zeros((WINDOW, len(self._columns)), np.float32)
        self._count = 0
        self._max_interval = 0.0
        self._last_sent: float | None = None
        self._settled_at: float | None = None
        self._process = psutil.Process(program)
        self._cpu_at_settle = 0.0
        self._peak_rss = 0

    def add(self, times: FrameTimes) -> None:
        """Note one frame."""
        self.frames += 1
        if self.first_frame_s is None:
            self.first_frame_s = process_age_s(self._process)
        last, self._last_sent = self._last_sent, times.sent_s
        if times.sent_s < SETTLE_S or last is None:
            return
        if self._settled_at is None:
            self._settled_at = times.sent_s
            self._cpu_at_settle = self._cpu_s()
            return
        interval = times.sent_s - last
        row = (interval, times.delay_s, *(times.section_s.get(name, 0.0) for name in SECTIONS))
        with self._lock:
            self._ring[self._count % WINDOW] = row
            self._count += 1
            self._max_interval = max(self._max_interval, interval)

    def sample_memory(self) -> None:
        """Remember the peak memory; called about once a second, outside the frame path."""
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue  # a child that ended meanwhile holds no memory
        self._peak_rss = max(self._peak_rss, total)

    def fps(self) -> float:
        """Frames a second over the last two seconds or so; 0 before the second frame."""
        with self._lock:
            recent = self._rows()[-60:, 0]
        return float(1.0 / recent.mean()) if len(recent) and recent.mean() > 0 else 0.0

    def figures(self) -> dict[str, object]:
        """Return the timing part of a report. Units are in the names."""
        with self._lock:
            rows = self._rows().copy()
        self.sample_memory()
        elapsed = (self._last_sent or 0.0) - (self._settled_at or 0.0)
        cpu = self._cpu_s() - self._cpu_at_settle
        column = {name: rows[:, i] * 1000.0 for i, name in enumerate(self._columns)}
        interval = _percentiles(column["interval"])
        interval["max"] = round(self._max_interval * 1000.0, 2)
        return {
            "first_frame_s": round(self.first_frame_s, 3) if self.first_frame_s else None,
            "frames": self.frames,
            "fps_mean": round(self._count / elapsed, 2) if elapsed > 0 else 0.0,
            "interval_ms": interval,
            "delay_ms": _percentiles(column["delay"]),
            "section_ms": {name: _percentiles(column[name]) for name in SECTIONS},
            "cpu_percent": round(100.0 * cpu / elapsed, 1) if elapsed > 0 else 0.0,
            "rss_mb": round(self._peak_rss / 1e6, 1),
        }

    def _rows(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        if self._count <= WINDOW:
            return self._ring[: self._count]
        return np.roll(self._ring, -(self._count % WINDOW), axis=0)

    def _cpu_s(self) -> float:
        """CPU seconds of this process and its children so far."""
        total = 0.0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue  # ended meanwhile; what it used is in the parent's children times
            total += times.user + times.system
        own = self._process.cpu_times()
        return total + own.children_user + own.children_system


def process_age_s(process: psutil.Process) -> float:
    """Return how long ago a process began, in seconds, to one clock tick (10 ms).

    On Linux from the kernel's own clock: psutil's start time goes through the boot time, which is
    kept in whole seconds.
    """
    stat = Path(f"/proc/{process.pid}/stat")
    if sys.platform == "linux" and stat.exists():
        # The name in parentheses may hold blanks; the start is the 20th field after it, proc(5).
        start_ticks = int(stat.read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - process.create_time()


def _percentiles(
    values_ms: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
) -> dict[str, float]:
    if not len(values_ms):
        return {"p50": 0.0, "p99": 0.0}
    p50, p99 = np.percentile(values_ms, (50, 99))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}
