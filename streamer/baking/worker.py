"""Draws the clips of a bake, one after the other, beside others who do the same."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from streamer.baking.jobs import Job
from streamer.baking.source import Source
from streamer.engines.baked.clip_file import ClipLog, encode, open_clip, pack
from streamer.engines.face_steps import steps

LOCK_SUFFIX: Final = ".lock"

Drawn = Callable[[Job, int], None]
"""Told of every frame that is on disk: its job, and how many frames of it there are now."""


def work(
    jobs: Iterable[Job],
    folder: Path,
    source: Source,
    *,
    drawn: Drawn = lambda job, frames: None,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Draw every job that is not done and that nobody else is at.

    A job is taken by locking its file; the system lets go of the lock when a process dies, however
    it dies. What a dead process had drawn is taken over. Raises: `EngineError`, `OSError`.
    """
    for job in jobs:
        if not go_on():
            return
        path = folder / job.file
        if is_done(path):
            drawn(job, len(job.faces))
            continue
        lock = FileLock(path.with_suffix(LOCK_SUFFIX))
        try:
            with lock.acquire(timeout=0):
                if not is_done(path):
                    _draw(job, path, source, drawn, go_on)
        except Timeout:
            continue


def is_done(path: Path) -> bool:
    """Whether a clip is there and whole; what is there but not whole is deleted."""
    if not path.is_file():
        return False
    try:
        open_clip(path).close()
    except ValueError:  # damaged after it was written: a disk that was full or failed
        path.unlink(missing_ok=True)
        return False
    return True


def _draw(job: Job, path: Path, source: Source, drawn: Drawn, go_on: Callable[[], bool]) -> None:
    log = ClipLog(path)
    try:
        there: dict[bytes, bytes] = {}
        for number, face in enumerate(job.faces):
            if number not in log.pictures:
                if not go_on():
                    return
                log.add(number, there.get(steps(face)) or encode(source.draw(face)))
            there[steps(face)] = log.pictures[number]
            drawn(job, number + 1)
        log.finish(job.name, job.faces)
    finally:
        log.close()


def draw_clip(job: Job, source: Source) -> bytes:
    """Return a whole clip, for a machine that has no disk in common with this one."""
    return pack(job.name, job.faces, [encode(source.draw(face)) for face in job.faces])
