"""The engine of baked frames: what it opens, what it says, and when it is picked."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamer.engines.baked import store
from streamer.engines.baked.engine import BakedEngine
from streamer.engines.baked.store import Bake, identify
from streamer.engines.choice import Options, choose_engine
from streamer.engines.warp.engine import WarpScene
from streamer.errors import EngineError
from streamer.photo import Photo
from streamer.view import View

HERE = Path("nowhere")
VIEW = View(320, 180)


def test_a_photo_that_was_not_baked_is_drawn_by_the_built_in_engine_and_says_so(
    photo: Photo, tmp_path: Path
) -> None:
    engine = BakedEngine(tmp_path, weights=HERE)

    portrait = engine.open(photo)
    scene = engine.stage(portrait, VIEW)

    assert "living-portrait bake --photo mona-lisa" in portrait.notes[0]
    assert isinstance(scene, WarpScene)
    assert engine.figures() == {}
    scene.close()


def test_its_notes_say_what_the_frames_were_baked_with(
    bakes: tuple[Path, Bake], photo: Photo
) -> None:
    portrait = BakedEngine(bakes[0], weights=HERE).open(photo)

    assert portrait.notes[0].startswith("Baked with the built-in engine: ")


def test_a_slider_that_is_lacking_is_told_by_the_scene_on_air(
    bakes: tuple[Path, Bake], photo: Photo
) -> None:
    engine = BakedEngine(bakes[0], weights=HERE)
    portrait = engine.open(photo)
    scene, beside = engine.stage(portrait, VIEW), engine.stage(portrait, VIEW)

    for k in range(30):
        scene.render({**scene.rest, "lip_open": 90.0, "head_yaw": 0.1 * k})
    beside.render({**scene.rest, "smile": 1.0})

    assert "lip_open" in str(engine.figures()["problem"])
    scene.close()
    assert engine.figures()["problem"] == ""
    beside.close()
    engine.close()


def test_asked_for_without_a_bake_it_names_the_command(photo: Photo, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="living-portrait bake --photo"):
        choose_engine(Options("baked", photo=photo.path, bakes=tmp_path))


def test_auto_plays_a_complete_bake_of_the_networks_before_the_built_in_engine(
    bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path
) -> None:
    options = Options(photo=photo.path, bakes=tmp_path, weights=tmp_path / "none")
    identity = identify(photo, "liveportrait", 1, tmp_path / "none")
    bake = replace(
        bakes[1],
        folder=store.folder_of(tmp_path, photo, identity),
        identity=identity,
        clips={"a.clip": 1, "b.clip": 1},
    )
    bake.write()
    (bake.folder / "a.clip").touch()
    assert choose_engine(options).engine.name == "warp"  # half of it is missing

    (bake.folder / "b.clip").touch()
    picked = choose_engine(options)

    assert picked.engine.name == "baked"
    assert picked.why.startswith("Engine: baked, frames drawn before, since this photo was baked")
    assert [understudy.name for understudy in picked.understudies] == ["warp"]


def test_auto_draws_live_rather_than_play_the_built_in_engines_own_frames(
    bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path
) -> None:
    options = Options(photo=photo.path, bakes=bakes[0], weights=tmp_path)

    assert choose_engine(options).engine.name == "warp"
