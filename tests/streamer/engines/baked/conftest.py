"""A small bake of a shipped photo, made once: the smile, the nod and one short idle loop."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamer.animation.idle_style import IdleStyle, LoopStyle
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Preset
from streamer.baking.bake import Recipe, bake_here, prepare
from streamer.baking.source import Asked, opened
from streamer.engines.baked.store import Bake
from streamer.photo import Photo, read_photo
from streamer.resources import shipped


@pytest.fixture(scope="session")
def photo() -> Photo:
    return read_photo(shipped("photo") / "mona-lisa.jpg")


@pytest.fixture(scope="session")
def library() -> PresetLibrary:
    return PresetLibrary([shipped("presets")])


@pytest.fixture(scope="session")
def short_idle(library: PresetLibrary) -> IdleStyle:
    loops = LoopStyle(count=1, shortest_s=4.0, longest_s=4.0)
    return replace(library.idle_styles["eco"], loops=loops)


@pytest.fixture(scope="session")
def played(library: PresetLibrary) -> dict[str, Preset]:
    return {name: library.presets[name] for name in ("smile", "wink")}


@pytest.fixture(scope="session")
def bakes(
    photo: Photo, short_idle: IdleStyle, played: dict[str, Preset]
) -> Iterator[tuple[Path, Bake]]:
    """The folder of bakes, and the bake in it."""
    asked = Asked(photo, "warp")
    with tempfile.TemporaryDirectory() as name, opened(asked) as source:
        recipe = Recipe({"eco": short_idle}, played, sliders=False)
        planned = prepare(asked, recipe, Path(name), source)
        bake_here(planned, source, asked, 1, tell=lambda progress: None)
        yield Path(name), planned.bake
