"""Draw a photo's idle loops and presets once, to be played on any machine."""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from control.commands.flags import typed
from control.settings import load_config
from control.translations.console import say
from streamer import ConfigError, PhotoError
from streamer.animation.idle_style import IdleStyle
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Preset
from streamer.baking.bake import Planned, Recipe, bake_here, prepare
from streamer.baking.progress import Progress, megabytes
from streamer.baking.source import Asked, opened, source_of, with_marks
from streamer.consent import refusal
from streamer.engines.baked.store import Bake, all_bakes, remove
from streamer.photo import read_photo
from streamer.photo_library import PhotoEntry, PhotoLibrary
from streamer.resources import bakes_folder, shipped, user_folder

RATES = (15, 30)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `bake`."""
    add = parser.add_argument
    suppress = argparse.SUPPRESS
    add("--photo", nargs="+", metavar="NAME|FILE", help="portraits (that of the settings)")
    add("--styles", metavar="NAME,…", help="idle styles that have loops, or none (eco)")
    add("--presets", metavar="NAME,…", help="presets, or none (all)")
    add("--no-sliders", action="store_true", help="no pictures for single sliders")
    add("--fps", type=int, default=30, metavar="15|30", help="15 leaves out what can be mixed (30)")
    add("--engine", default="auto", metavar="auto|liveportrait|warp", help="that draws (auto)")
    add("--device", default=suppress, metavar="auto|cpu|cuda|mps", help="for liveportrait (auto)")
    add("--weights", default=suppress, type=Path, metavar="DIR", help="where model files lie")
    add("--face", default=suppress, type=int, metavar="N", help="which face of the photo (1)")
    add("--photos", default=suppress, type=Path, metavar="DIR", help="your own photos")
    add("--workers", type=int, default=1, metavar="N", help="processes that draw together (1)")
    add("--out", dest="bakes", default=suppress, type=Path, metavar="DIR", help="where bakes lie")
    add("--shard", metavar="I/N", help="only the I-th of N parts, for job runners")
    add("--ray", metavar="ADDRESS", help="on a Ray cluster: its address, auto or local")
    add("--list", action="store_true", help="print the clips and whether each is there")
    add("--show", action="store_true", help="print what was baked, and what it takes")
    add("--remove", metavar="NAME|all", help="delete the bakes of a photo")


def execute(options: argparse.Namespace) -> int:
    """Bake, list, show or remove."""
    config = load_config(typed(options, "device", "face", "photos", "weights", "bakes"))
    bakes = bakes_folder(config.bakes)
    if options.show:
        return _show(list(all_bakes(bakes)), bakes)
    if options.remove:
        return _remove(bakes, options.remove)
    if options.fps not in RATES:
        raise ConfigError(f"--fps is {options.fps}; a bake has 15 or 30 frames a second.")
    if not 1 <= options.workers <= 64:
        raise ConfigError(f"--workers is {options.workers}; it must be 1 to 64.")
    part = _part(options.shard)
    library = PhotoLibrary(
        [shipped("photo"), *([config.photos] if config.photos else [])], own=user_folder("photos")
    )
    presets = PresetLibrary(
        [
            shipped("presets"),
            *([config.presets] if config.presets else []),
            user_folder("presets"),
        ]
    )
    engine = source_of(options.engine, config.weights)
    for name in options.photo or [config.photo]:
        path = library.find(name)
        asked = Asked(read_photo(path), engine, config.device, config.weights, config.face)
        recipe = Recipe(
            styles=_styles(presets.idle_styles, options.styles),
            presets=_presets(presets.presets, options.presets, library.about(path)),
            fps=options.fps,
            sliders=not options.no_sliders,
            part=part,
        )
        _bake(asked, recipe, bakes, options)
    return 0


def _bake(asked: Asked, recipe: Recipe, bakes: Path, options: argparse.Namespace) -> None:
    with opened(asked) as source:
        planned = prepare(asked, recipe, bakes, source)
        if options.list:
            _list(planned)
            return
        _announce(planned, asked)
        if planned.done:
            planned.bake.write()
            say("Everything is there already.")
            return
        with _shown() as tell:
            if options.ray:
                from streamer.baking.cluster import bake_on_ray

                bake_on_ray(planned, asked_for_others(asked), options.ray, tell=tell)
            else:
                bake_here(planned, source, asked, options.workers, tell=tell)
    bake = planned.bake
    lacking = bake.lacking
    if not lacking:
        size = megabytes(bake.size_bytes)
        say(f"Done: {bake.frames} frames, {size}. Play them: --engine baked --photo {bake.photo}")
    else:
        say(f"Done here; {len(lacking)} of {len(bake.clips)} clips are others' or still missing.")


def asked_for_others(asked: Asked) -> Asked:
    """Return what is asked, fit for machines that have not the photo's files."""
    return Asked(with_marks(asked.photo), asked.engine, asked.device, asked.weights, asked.face)


def _announce(planned: Planned, asked: Asked) -> None:
    room, bake = planned.room, planned.bake
    say(
        f"Baking {bake.photo} with {asked.engine}: {len(planned.mine)} of {len(planned.jobs)} "
        f"clips, {room.frames} frames.\n"
        f"Takes about {megabytes(room.bytes)} on disk ({megabytes(room.free)} free) in "
        f"{bake.folder}\n"
        "It may be stopped at any time; the same command goes on from there.",
        flush=True,
    )
    if asked.engine == "warp":
        say("The built-in engine draws as fast when it is live: this bake shows how it works.")


def _list(planned: Planned) -> None:
    for job in planned.mine:
        there = "done" if (planned.bake.folder / job.file).is_file() else "missing"
        print(f"{job.file}\t{len(job.faces)}\t{there}")


def _show(found: list[Bake], bakes: Path) -> int:
    for bake in found:
        state = "complete" if bake.complete else f"{len(bake.lacking)} clips missing"
        print(
            f"{bake.photo}\t{bake.identity.source}\t{bake.frames} frames\t"
            f"{megabytes(bake.size_bytes)}\t{state}\t{bake.folder}"
        )
    total = megabytes(sum(bake.size_bytes for bake in found))
    say(f"{len(found)} bakes, {total}, in {bakes}")
    return 0


def _remove(bakes: Path, name: str) -> int:
    found = [b for b in all_bakes(bakes) if name == "all" or b.photo == name]
    if not found:
        raise PhotoError(
            f"There is no bake of '{name}' in {bakes}. See: living-portrait bake --show"
        )
    say(f"{len(found)} bakes removed, {megabytes(remove(found))} freed.")
    return 0


def _styles(styles: Mapping[str, IdleStyle], asked: str | None) -> dict[str, IdleStyle]:
    looped = [name for name, style in styles.items() if style.loops is not None]
    if asked == "none":
        return {}
    names = _names(asked) if asked else ["eco"]
    for name in names:
        if name not in looped:
            raise ConfigError(
                f"The idle style '{name}' has no loops to bake. Those that have: "
                f"{', '.join(looped)}. A style of your own gets them with a line 'loops: "
                "{count: 3, shortest_s: 8, longest_s: 10}'."
            )
    return {name: styles[name] for name in names}


def _presets(
    presets: Mapping[str, Preset], asked: str | None, about: PhotoEntry
) -> dict[str, Preset]:
    """Return those asked for, without those that the person in the photo does not play."""
    if asked == "none":
        return {}
    names = _names(asked) if asked else list(presets)
    for name in names:
        if name not in presets:
            raise ConfigError(f"Unknown preset '{name}'. Choose of: {', '.join(presets)}.")
    return {name: presets[name] for name in names if not refusal(presets[name], about)}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _part(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    number, count = (int(v) for v in found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise ConfigError(f"--shard is '{text}'; it is written as 2/5, the second of five parts.")
    return number, count


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """Show the progress: a bar on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        last = [-60.0]

        def line(progress: Progress) -> None:
            now = time.monotonic()
            if now - last[0] >= 30.0 or progress.done >= progress.total:
                if last[0] >= 0 or progress.done < progress.total:
                    print(progress, file=sys.stderr, flush=True)
                last[0] = now

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda progress: bar.update(
            task, total=progress.total, completed=progress.done, description=str(progress)
        )
