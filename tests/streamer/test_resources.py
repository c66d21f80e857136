"""Where files lie."""

from pathlib import Path

import platformdirs
import pytest

from streamer.resources import HOME_VARIABLE, shipped, user_folder


def test_own_files_lie_in_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "stick"))

    assert user_folder("photos") == tmp_path / "stick" / "photos"
    assert user_folder("presets") == tmp_path / "stick" / "presets"
    assert not (tmp_path / "stick").exists()  # asking makes nothing


@pytest.mark.parametrize("value", [None, ""])
def test_own_files_lie_in_the_users_data_folder(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(HOME_VARIABLE)
    else:
        monkeypatch.setenv(HOME_VARIABLE, value)

    data = platformdirs.user_data_path("living-portrait", appauthor=False)
    assert user_folder("state") == data / "state"


def test_a_relative_home_stays_where_it_was_when_the_program_changes_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, "mine")
    monkeypatch.chdir(tmp_path)

    assert user_folder("photos") == tmp_path / "mine" / "photos"


def test_shipped_photos_and_presets_are_there() -> None:
    assert (shipped("photo") / "mona-lisa.jpg").is_file()
    assert (shipped("presets") / "smile.yaml").is_file()
