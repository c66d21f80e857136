"""One bake from what was asked for to what is on disk: planned, announced, drawn, finished."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.animation.idle_style import IdleStyle
from streamer.animation.presets import Preset
from streamer.baking.crew import work_together
from streamer.baking.jobs import Job, plan, shard
from streamer.baking.progress import Progress, Room, frames_done, room_for
from streamer.baking.source import Asked, Source
from streamer.baking.worker import is_done, work
from streamer.engines.baked.store import Bake, folder_of
from streamer.parameters import Face


@dataclass(frozen=True)
class Recipe:
    """Which clips: idle styles with loops, presets, sliders; ``fps`` 30 or 15.

    ``part`` (i, n) is the i-th of n machines.
    """

    styles: Mapping[str, IdleStyle]
    presets: Mapping[str, Preset]
    fps: int = 30
    sliders: bool = True
    part: tuple[int, int] = (1, 1)

    def jobs(self, rest: Face) -> list[Job]:
        """Return all clips of a portrait, not only this machine's."""
        return plan(rest, self.presets, self.styles, fps=self.fps, sliders=self.sliders)


@dataclass(frozen=True)
class Planned:
    """A bake that can begin. ``mine`` are this machine's jobs of ``jobs``."""

    bake: Bake
    jobs: Sequence[Job]
    mine: Sequence[Job]
    room: Room

    @property
    def done(self) -> bool:
        """Whether nothing is left to do here."""
        return all(is_done(self.bake.folder / job.file) for job in self.mine)


def prepare(asked: Asked, recipe: Recipe, bakes: Path, source: Source) -> Planned:
    """Plan a bake and see whether there is room for it.

    Raises: `ConfigError` if not, `WeightsError`.
    """
    identity = asked.identity
    jobs = recipe.jobs(source.rest)
    bake = Bake(
        folder=folder_of(bakes, asked.photo, identity),
        identity=identity,
        photo=asked.photo.name,
        rest=source.rest,
        plate=source.plate,
        clips={job.file: len(job.faces) for job in jobs},
        styles=tuple(recipe.styles),
    )
    mine = shard(jobs, *recipe.part) if recipe.part != (1, 1) else jobs
    return Planned(bake, jobs, mine, room_for(mine, bake.folder, source.still))


def bake_here(
    planned: Planned,
    source: Source,
    asked: Asked,
    workers: int,
    *,
    tell: Callable[[Progress], None],
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Draw this machine's clips, in this process or in several.

    Raises: `EngineError`, `OSError`.
    """
    folder, mine = planned.bake.folder, planned.mine
    planned.bake.write()
    progress = Progress(sum(len(job.faces) for job in mine), frames_done(mine, folder), now)
    counts = {job.file: 0 for job in mine}

    def drawn(job: Job, frames: int) -> None:
        counts[job.file] = frames
        progress.at(max(progress.done, sum(counts.values())))
        tell(progress)

    def look() -> None:
        progress.at(frames_done(mine, folder))
        tell(progress)

    if workers > 1:
        work_together(mine, folder, asked, workers, tell=look)
    else:
        work(mine, folder, source, drawn=drawn)
    look()
    planned.bake.tidy()
