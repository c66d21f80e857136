"""The user's own presets as files: written whole, deleted, and no shipped file ever touched."""

from pathlib import Path
from typing import Any

import pytest

from streamer.animation.preset_library import PresetLibrary
from streamer.animation.preset_writing import written
from streamer.errors import PresetError
from streamer.preset_files import PresetFiles
from streamer.resources import shipped


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "presets"


@pytest.fixture
def library(own: Path) -> PresetLibrary:
    return PresetLibrary([shipped("presets"), own])


@pytest.fixture
def files(library: PresetLibrary, own: Path) -> PresetFiles:
    return PresetFiles(library, shipped("presets"), own)


def wave(**changes: Any) -> dict[str, Any]:
    content = {
        "name": "wave",
        "duration_ms": 900,
        "keyframes": [
            {"time": 0, "params": {}},
            {"time": 0.5, "params": {"head_roll": 9}},
            {"time": 1, "params": {}},
        ],
    }
    return {**content, **changes}


def test_a_saved_preset_is_in_the_library_and_can_be_deleted(
    files: PresetFiles, library: PresetLibrary, own: Path
) -> None:
    files.save(wave())
    library.reload()

    found = files.find("wave")
    assert found.own
    assert not found.covers
    assert found.path == own / "wave.yaml"
    assert files.delete("wave") is False
    library.reload()
    assert "wave" not in library.presets
    assert list(own.iterdir()) == []


def test_an_own_version_of_a_shipped_preset_stands_in_for_it_and_leaves_it_alone(
    files: PresetFiles, library: PresetLibrary
) -> None:
    before = (shipped("presets") / "smile.yaml").read_bytes()
    content = written(library.presets["smile"]) | {"duration_ms": 3000}

    files.save(content)
    library.reload()

    assert library.presets["smile"].duration_s == 3.0
    assert files.find("smile").covers
    assert (shipped("presets") / "smile.yaml").read_bytes() == before
    assert files.delete("smile") is True
    library.reload()
    assert library.presets["smile"].duration_s == 1.5


def test_a_shipped_preset_is_not_deleted(files: PresetFiles) -> None:
    with pytest.raises(PresetError, match="not yours"):
        files.delete("smile")

    assert (shipped("presets") / "smile.yaml").is_file()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "../evil"}, "preset.yaml: name"),
        ({"name": 5}, "preset.yaml: name"),
        ({"name": "Wave"}, "lower case"),
        ({"duration_ms": 5}, "wave.yaml: duration_ms"),
        ({"keyframes": [{"time": 0, "params": {"smlie": 1}}, {"time": 1}]}, "Did you mean 'smile'"),
        ({"extra": 1}, "unknown field"),
        ({"duration_ms": float("nan")}, "duration_ms"),
    ],
)
def test_what_the_loader_would_refuse_is_not_written(
    files: PresetFiles, own: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(PresetError) as refused:
        files.save(wave(**changes))

    assert told in str(refused.value)
    assert not own.exists() or list(own.iterdir()) == []


def test_a_link_in_the_folder_is_not_written_through(files: PresetFiles, own: Path) -> None:
    own.mkdir()
    outside = own.parent / "outside.txt"
    outside.write_text("precious")
    (own / "wave.yaml").symlink_to(outside)

    with pytest.raises(PresetError, match="link"):
        files.save(wave())

    assert outside.read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_told(files: PresetFiles, own: Path) -> None:
    own.parent.joinpath("presets").write_text("a file in its place")

    with pytest.raises(PresetError, match="could not be written"):
        files.save(wave())
