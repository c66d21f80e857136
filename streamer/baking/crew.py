"""Several processes that bake together on one machine."""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

import psutil

from streamer.baking.jobs import Job
from streamer.baking.source import Asked, opened
from streamer.baking.worker import work
from streamer.errors import EngineError, PortraitError

log = logging.getLogger(__name__)

# How often a worker that died is replaced: a machine that kills them all the time is told so.
MOST_DEATHS: Final = 3
POLL_S: Final = 0.5
STOP_S: Final = 10.0

# What a worker ends with when it could not work and has said why.
_REFUSED: Final = 3


def work_together(
    jobs: Sequence[Job],
    folder: Path,
    asked: Asked,
    workers: int,
    *,
    tell: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Let ``workers`` processes draw the jobs; ``tell`` is called now and then meanwhile.

    One that dies is replaced, and what it had drawn is taken over. Raises: `EngineError`.
    """
    context = multiprocessing.get_context("spawn")
    deaths = 0
    crew: list[SpawnProcess] = []

    def hire(number: int) -> SpawnProcess:
        # Each begins at another place, so that they rarely meet at a lock.
        start = number * len(jobs) // workers
        mine = [*jobs[start:], *jobs[:start]]
        process = context.Process(
            target=_work, args=(mine, folder, asked, os.getpid(), workers), name=f"bake-{number}"
        )
        process.start()
        return process

    try:
        crew = [hire(number) for number in range(workers)]
        while any(process.is_alive() for process in crew):
            sleep(POLL_S)
            tell()
            for number, process in enumerate(crew):
                if process.exitcode in (None, 0):
                    continue
                deaths += 1
                if process.exitcode == _REFUSED or deaths > MOST_DEATHS:
                    raise EngineError(
                        f"A baking process ended with exit code {process.exitcode}. What was "
                        "drawn is kept: the same command goes on from there."
                    )
                log.warning(
                    "A baking process ended with exit code %s; another one takes its place.",
                    process.exitcode,
                )
                crew[number] = hire(number)
    finally:
        for process in crew:
            process.terminate()
        for process in crew:
            process.join(STOP_S)


def _work(jobs: list[Job], folder: Path, asked: Asked, parent: int, workers: int) -> None:
    """The body of one process."""
    _share_cores(asked, workers)
    try:
        with opened(asked) as source:
            # Whoever started it may have been killed: then nobody waits for this any more.
            work(jobs, folder, source, go_on=lambda: psutil.pid_exists(parent))
    except (PortraitError, OSError) as exc:
        log.error("%s", exc)
        raise SystemExit(_REFUSED) from exc


def _share_cores(asked: Asked, workers: int) -> None:
    """Give each process its part of the cores: more threads than cores only wait for each other."""
    import cv2

    threads = max(1, (os.cpu_count() or 1) // workers)
    cv2.setNumThreads(threads)
    if asked.engine == "liveportrait":
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
