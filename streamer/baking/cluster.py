"""A bake on a Ray cluster: every clip a task, drawn anew elsewhere if its machine dies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

from streamer.baking.bake import Planned
from streamer.baking.jobs import Job
from streamer.baking.progress import Progress
from streamer.baking.source import Asked, Source, opened
from streamer.baking.worker import draw_clip, is_done
from streamer.engines.baked.store import Identity
from streamer.errors import ConfigError, EngineError
from streamer.whole_file import write_whole

# How often a clip whose machine or process died is drawn anew.
RETRIES: Final = 5

# How many clips are on the way at once beyond what the cluster can draw: results are held in the
# cluster's memory until they are on this disk.
WAITING: Final = 4
_LOOK_S: Final = 5.0

INSTALL: Final = 'pip install "living-portrait[cluster]"'


def bake_on_ray(
    planned: Planned, asked: Asked, address: str, *, tell: Callable[[Progress], None]
) -> None:
    """Draw the missing clips on a cluster and write them here.

    ``address`` is the cluster's, ``auto`` for the one that this machine belongs to, or ``local``
    for one that is made for this bake. Raises: `ConfigError` without Ray, or if there is no
    cluster; `EngineError` if a clip could not be drawn anywhere.
    """
    try:
        import ray
    except ImportError as exc:
        raise ConfigError(f"--ray needs Ray, which is not installed here. Type: {INSTALL}") from exc
    try:
        where = {} if address == "local" else {"address": address}
        ray.init(**where, log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, ValueError, RuntimeError) as exc:
        raise ConfigError(f"There is no Ray cluster at '{address}': {exc}") from exc
    try:
        _bake(planned, asked, tell, ray)
    finally:
        ray.shutdown()


def _bake(planned: Planned, asked: Asked, tell: Callable[[Progress], None], ray: Any) -> None:
    planned.bake.write()
    folder, identity = planned.bake.folder, planned.bake.identity
    left = [job for job in planned.mine if not is_done(folder / job.file)]
    left.sort(key=lambda job: -len(job.faces))  # the longest first: they end together
    total = sum(len(job.faces) for job in planned.mine)
    progress = Progress(total, total - sum(len(job.faces) for job in left), _clock())
    tell(progress)
    shared = ray.put(asked)
    draw = ray.remote(max_retries=RETRIES, retry_exceptions=False, scheduling_strategy="SPREAD")(
        draw_anywhere
    )
    jobs = iter(left)
    running: dict[Any, Job] = {}
    for job in _first(jobs, round(ray.cluster_resources().get("CPU", 1)) + WAITING):
        running[draw.remote(job, shared, identity)] = job
    while running:
        ready, _ = ray.wait(list(running), num_returns=1, timeout=_LOOK_S)
        for reference in ready:
            job = running.pop(reference)
            try:
                write_whole(folder / job.file, ray.get(reference))
            except ray.exceptions.RayError as exc:
                raise EngineError(
                    f"The clip {job.file} could not be drawn on the cluster: {_cause(exc)}"
                ) from exc
            progress.at(progress.done + len(job.faces))
            for following in _first(jobs, 1):
                running[draw.remote(following, shared, identity)] = following
        tell(progress)
    planned.bake.tidy()


# One engine in each of the cluster's processes, for as long as the process lives: opening it takes
# longer than a short clip.
_open: dict[str, tuple[ExitStack, Source]] = {}


def draw_anywhere(job: Job, asked: Asked, identity: Identity) -> bytes:
    """Draw one clip on whatever machine this runs on. Raises: `EngineError`, `PortraitError`."""
    here = asked.identity
    if here != identity:
        wrong = [name for name, value in vars(identity).items() if getattr(here, name) != value]
        raise EngineError(
            f"This machine would draw another picture: {', '.join(wrong)} differ. Install the same "
            "version of the program and the same model files on all machines."
        )
    if identity.key not in _open:
        for stack, _ in _open.values():
            stack.close()
        _open.clear()
        stack = ExitStack()
        _open[identity.key] = stack, stack.enter_context(opened(asked))
    return draw_clip(job, _open[identity.key][1])


def _first(jobs: Iterator[Job], count: int) -> Iterator[Job]:
    for _ in range(count):
        job = next(jobs, None)
        if job is None:
            return
        yield job


def _cause(exc: Exception) -> str:
    """Say a failure in a cluster without its traceback."""
    return str(getattr(exc, "cause", None) or exc).strip().splitlines()[-1]


def _clock() -> Callable[[], float]:
    import time

    return time.monotonic
