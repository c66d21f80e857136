"""How far a bake is, how long it will take, and how much room it needs."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.baking.jobs import Job
from streamer.engines.baked.clip_file import drawn_so_far, encode
from streamer.errors import ConfigError
from streamer.view import Frame

# A face in motion takes a little more than the still photo; clips and their logs lie side by side
# for a moment.
MORE_PER_FRAME: Final = 1.15
SPARE_BYTES: Final = 200 << 20


@dataclass(frozen=True)
class Room:
    """What a bake takes on disk. ``needed`` is what is still to be written, and some to spare."""

    frames: int
    bytes: int
    needed: int
    free: int


def room_for(jobs: Sequence[Job], folder: Path, still: Frame) -> Room:
    """Estimate the bytes of a bake. Raises: `ConfigError` if the disk has not that much."""
    frame = MORE_PER_FRAME * len(encode(still))
    frames = sum(len(job.faces) for job in jobs)
    left = sum(len(job.faces) for job in jobs if not (folder / job.file).is_file())
    largest = max((len(job.faces) for job in jobs), default=0)
    needed = round((left + largest) * frame) + SPARE_BYTES
    place = folder
    while not place.exists():
        place = place.parent
    room = Room(frames, round(frames * frame), needed, shutil.disk_usage(place).free)
    if left and room.needed > room.free:
        raise ConfigError(
            f"The bake needs {megabytes(room.needed)} of disk and {place} has "
            f"{megabytes(room.free)} free. Make room, name another folder with --out DIR, or bake "
            "less: --fps 15, --presets smile,wink."
        )
    return room


def megabytes(size: int) -> str:
    """Say a number of bytes."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def frames_done(jobs: Sequence[Job], folder: Path) -> int:
    """Return how many frames of these jobs are on disk, whoever drew them."""
    total = 0
    for job in jobs:
        path = folder / job.file
        total += len(job.faces) if path.is_file() else drawn_so_far(path)
    return total


class Progress:
    """Frames done and time left, from the pace of this run alone."""

    def __init__(self, total: int, done: int, now: Callable[[], float]) -> None:
        self.total = total
        self.done = done
        self._first = done
        self._now = now
        self._start = now()

    def at(self, done: int) -> None:
        """Tell how many frames there are now."""
        self.done = done

    @property
    def left_s(self) -> float | None:
        """Seconds left; None before there is a pace."""
        drawn, passed = self.done - self._first, self._now() - self._start
        return None if drawn < 2 else (self.total - self.done) * passed / drawn

    def __str__(self) -> str:
        share = 100.0 * self.done / max(self.total, 1)
        left = self.left_s
        told = "" if left is None or self.done >= self.total else f", {duration(left)} left"
        return f"{self.done} of {self.total} frames ({share:.0f} %){told}"


def duration(seconds: float) -> str:
    """Say a length of time."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
