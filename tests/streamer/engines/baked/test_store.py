"""Nothing stale is played: a bake is found only for what it was made from."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamer.engines.baked import store
from streamer.engines.baked.store import Bake, all_bakes, identify, playable, read_bake, remove
from streamer.photo import Photo

HERE = Path("nowhere")


def test_the_bake_of_a_photo_is_found_with_all_it_says(
    bakes: tuple[Path, Bake], photo: Photo
) -> None:
    found = playable(bakes[0], photo, 1, HERE)

    assert found is not None
    assert found.complete
    assert found.rest == bakes[1].rest
    assert found.frames == sum(found.clips.values())


def test_another_photo_other_marks_or_another_face_have_no_bake(
    bakes: tuple[Path, Bake], photo: Photo
) -> None:
    assert playable(bakes[0], replace(photo, key="0" * 64), 1, HERE) is None
    assert playable(bakes[0], replace(photo, marked={"eye_l": [1, 2]}), 1, HERE) is None
    assert playable(bakes[0], photo, 2, HERE) is None


def test_what_an_older_engine_drew_is_not_played(
    bakes: tuple[Path, Bake], photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_warp_drawing", lambda: "warp of tomorrow")

    assert playable(bakes[0], photo, 1, HERE) is None


def test_the_networks_bake_counts_more_than_the_built_in_engines(
    bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path
) -> None:
    for source in ("warp", "liveportrait"):
        identity = identify(photo, source, 1, HERE)
        folder = store.folder_of(tmp_path, photo, identity)
        replace(bakes[1], folder=folder, identity=identity, clips={"a.clip": 1}).write()
        (folder / "a.clip").touch()

    found = playable(tmp_path, photo, 1, HERE)

    assert found is not None
    assert found.identity.source == "liveportrait"


def test_a_bake_of_other_model_files_is_played_only_where_none_are(
    bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = replace(identify(photo, "liveportrait", 1, HERE), weights="other")
    folder = store.folder_of(tmp_path, photo, identity)
    replace(bakes[1], folder=folder, identity=identity, clips={"a.clip": 1}).write()
    (folder / "a.clip").touch()

    assert playable(tmp_path, photo, 1, HERE) is not None

    monkeypatch.setattr(store, "_absent", lambda weights: False)
    assert playable(tmp_path, photo, 1, HERE) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"identity": {}}', '{"clips": {"../../x.clip": 1}}', "\xff"]
)
def test_a_list_that_cannot_be_read_is_no_bake(tmp_path: Path, text: str) -> None:
    (tmp_path / "bake.json").write_text(text, encoding="latin-1")

    assert read_bake(tmp_path) is None


def test_a_clip_outside_of_its_folder_is_not_opened(
    bakes: tuple[Path, Bake], tmp_path: Path
) -> None:
    replace(bakes[1], folder=tmp_path, clips={"../secret.clip": 1}).write()

    assert read_bake(tmp_path) is None


def test_removed_bakes_are_gone(bakes: tuple[Path, Bake], photo: Photo, tmp_path: Path) -> None:
    folder = store.folder_of(tmp_path, photo, bakes[1].identity)
    replace(bakes[1], folder=folder).write()

    freed = remove(list(all_bakes(tmp_path)))

    assert freed > 0
    assert list(tmp_path.iterdir()) == []


def test_clips_of_presets_that_have_changed_are_deleted(
    bakes: tuple[Path, Bake], tmp_path: Path
) -> None:
    bake = replace(bakes[1], folder=tmp_path, clips={"new.clip": 1})
    for name in ("old.clip", "old2.part", "new.clip", "new.part", "notes.txt"):
        (tmp_path / name).touch()

    bake.tidy()

    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.clip", "new.part", "notes.txt"]
