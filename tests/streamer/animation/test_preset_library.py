"""Folders of presets: overrides, live reload, and what one wrong file may do."""

import os
from pathlib import Path

import pytest

from streamer.animation.preset_library import LOOK_EVERY_S, PresetLibrary
from streamer.resources import shipped


def preset(name: str, label: str = "", duration_ms: int = 900) -> str:
    return (
        f"name: {name}\nlabel: {{en: '{label or name}'}}\nduration_ms: {duration_ms}\n"
        "keyframes: [{time: 0}, {time: 0.5, params: {smile: 1}}, {time: 1}]\n"
    )


def write(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(content, encoding="utf-8")
    return path


class Look:
    """Moves the time on far enough for the next look at the files."""

    def __init__(self, library: PresetLibrary) -> None:
        self.library, self.now = library, 100.0

    def again(self) -> bool:
        self.now += LOOK_EVERY_S
        return self.library.reload_if_changed(self.now)


def test_shipped_presets_come_in_the_order_of_buttons_without_a_problem() -> None:
    library = PresetLibrary([shipped("presets")])

    assert list(library.presets)[:5] == ["smile", "wink", "talk", "surprise", "blink"]
    assert next(iter(library.idle_styles)) == "calm"
    assert library.problems == ()


def test_later_folder_overrides_an_earlier_one_by_name(tmp_path: Path) -> None:
    write(tmp_path / "a", "smile", preset("smile", "ours"))
    write(tmp_path / "a", "aha", preset("aha"))
    write(tmp_path / "b", "smile", preset("smile", "mine"))

    library = PresetLibrary([tmp_path / "a", tmp_path / "b"])

    assert library.presets["smile"].label["en"] == "mine"
    assert list(library.presets) == ["smile", "aha"]


def test_wrong_file_is_reported_and_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path, "smile", preset("smile"))
    wrong = write(tmp_path, "wink", preset("wink").replace("smile: 1", "smile: 99"))

    library = PresetLibrary([tmp_path])

    assert list(library.presets) == ["smile"]
    assert len(library.problems) == 1
    assert str(wrong) in library.problems[0]
    assert "keyframe 2 (time 0.5), params.smile" in library.problems[0]


def test_wrong_override_leaves_the_earlier_one_in_use(tmp_path: Path) -> None:
    write(tmp_path / "a", "smile", preset("smile", "ours"))
    write(tmp_path / "b", "smile", "nonsense")

    library = PresetLibrary([tmp_path / "a", tmp_path / "b"])

    assert library.presets["smile"].label["en"] == "ours"


def test_edit_shows_at_the_next_look_and_quiet_looks_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, "smile", preset("smile", "one"))
    library = PresetLibrary([tmp_path])
    look = Look(library)

    assert not look.again()
    before = library.presets
    write(tmp_path, "smile", preset("smile", "another"))
    assert look.again()

    assert library.presets["smile"].label["en"] == "another"
    assert before["smile"].label["en"] == "one", "a snapshot never changes under its reader"
    assert not look.again()


def test_file_that_became_wrong_keeps_its_last_good_version(tmp_path: Path) -> None:
    path = write(tmp_path, "smile", preset("smile", "good"))
    library = PresetLibrary([tmp_path])
    look = Look(library)

    path.write_text("name: smile\nduration_ms: [", encoding="utf-8")
    assert look.again()
    assert library.presets["smile"].label["en"] == "good"
    assert "last good version" in library.problems[0]

    path.write_text(preset("smile", "better"), encoding="utf-8")
    assert look.again()
    assert library.presets["smile"].label["en"] == "better"
    assert library.problems == ()


def test_new_and_removed_files_and_folders_are_noticed(tmp_path: Path) -> None:
    library = PresetLibrary([tmp_path / "later"])
    look = Look(library)
    assert library.problems == ()

    path = write(tmp_path / "later", "smile", preset("smile"))
    assert look.again()
    assert list(library.presets) == ["smile"]

    path.unlink()
    assert look.again()
    assert not library.presets


def test_files_are_looked_at_no_more_than_twice_a_second(tmp_path: Path) -> None:
    library = PresetLibrary([tmp_path])
    library.reload_if_changed(10.0)
    write(tmp_path, "smile", preset("smile"))

    assert not library.reload_if_changed(10.0 + 0.9 * LOOK_EVERY_S)
    assert library.reload_if_changed(10.0 + LOOK_EVERY_S)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no symbolic links")
def test_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere", "wink", preset("wink"))
    inside = write(tmp_path / "mine" / "store", "smile", preset("smile"))
    (tmp_path / "mine" / "wink.yaml").symlink_to(secret)
    (tmp_path / "mine" / "smile.yaml").symlink_to(inside)
    (tmp_path / "mine" / "loop.yaml").symlink_to(tmp_path / "mine" / "loop.yaml")
    (tmp_path / "mine" / "gone.yaml").symlink_to(tmp_path / "mine" / "nothing.yaml")

    library = PresetLibrary([tmp_path / "mine"])

    assert list(library.presets) == ["smile"]
    assert any("wink.yaml" in p and "link" in p for p in library.problems)
    assert len(library.problems) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_in_the_folder_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "smile.yaml")

    assert "not a file" in PresetLibrary([tmp_path]).problems[0]


def test_yml_suffix_is_answered_with_the_right_name(tmp_path: Path) -> None:
    (tmp_path / "smile.yml").write_text(preset("smile"), encoding="utf-8")

    assert "smile.yaml" in PresetLibrary([tmp_path]).problems[0]


def test_idle_style_is_checked_like_a_preset(tmp_path: Path) -> None:
    write(tmp_path / "idle", "mine", "name: mine\nblink: {per_minute: 5}\n")
    write(tmp_path / "idle", "wrong", "name: wrong\nblink: {per_minit: 5}\n")
    write(tmp_path / "idle", "wild", "name: wild\nsway: {yaw: 80}\n")

    library = PresetLibrary([tmp_path])

    assert list(library.idle_styles) == ["mine"]
    assert library.idle_styles["mine"].blink.per_minute == 5.0
    assert library.idle_styles["mine"].breath.per_minute == 14.0  # as in calm
    assert any("Did you mean 'per_minute'?" in p for p in library.problems)
    assert any("sway.yaw" in p and "0 to 8 deg" in p for p in library.problems)
