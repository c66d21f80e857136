"""What is said of the model files that lie in a folder."""

import json
from pathlib import Path

import pytest

from streamer.engines.liveportrait.manifest import ACCEPTED, Manifest, read_manifest, sha256
from streamer.engines.liveportrait.verify import State, examine
from streamer.errors import WeightsError
from tests.streamer.engines.liveportrait.test_fetch import (
    FACES,
    FILES,
    LARGE,
    SMALL,
    write_manifest,
)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(write_manifest(tmp_path / "MANIFEST.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All files, whole."""
    folder = tmp_path / "weights"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def states(folder: Path, manifest: Manifest) -> dict[str, tuple[State, bool]]:
    return {f.file.path: (f.state, f.fault) for f in examine(folder, manifest)}


def test_whole_files_are_ok(folder: Path, manifest: Manifest) -> None:
    assert set(states(folder, manifest).values()) == {(State.OK, False)}


def test_each_fault_has_its_name_and_only_what_may_be_missing_may(
    folder: Path, manifest: Manifest
) -> None:
    (folder / LARGE).unlink()
    (folder / SMALL).write_bytes(FILES[SMALL][:-1])
    (folder / FACES).unlink()

    assert states(folder, manifest) == {
        LARGE: (State.MISSING, True),
        SMALL: (State.WRONG_SIZE, True),
        FACES: (State.LEFT_OUT, False),
    }


def test_a_damaged_file_is_a_fault_even_if_it_could_be_missing(
    folder: Path, manifest: Manifest
) -> None:
    (folder / FACES).write_bytes(bytes(len(FILES[FACES])))

    assert states(folder, manifest)[FACES] == (State.ALTERED, True)


def test_a_hash_that_was_taken_knowingly_is_no_fault(folder: Path, manifest: Manifest) -> None:
    (folder / SMALL).write_bytes(b"own")
    (folder / ACCEPTED).write_text(json.dumps({SMALL: sha256(folder / SMALL)}))

    assert states(folder, manifest)[SMALL] == (State.ACCEPTED, False)

    (folder / SMALL).write_bytes(b"other")
    assert states(folder, manifest)[SMALL][1]


@pytest.mark.parametrize("text", ["[]", "{", "\xff"])
def test_a_broken_table_of_taken_hashes_is_named(
    folder: Path, manifest: Manifest, text: str
) -> None:
    (folder / SMALL).write_bytes(b"own")
    (folder / ACCEPTED).write_bytes(text.encode("latin-1"))

    with pytest.raises(WeightsError, match=ACCEPTED):
        states(folder, manifest)


@pytest.mark.parametrize("name", ["large.pth", "large.safetensors"])
def test_a_flat_file_in_the_place_of_the_official_one_is_taken(
    folder: Path, manifest: Manifest, name: str
) -> None:
    (folder / LARGE).rename(folder / name)
    assert states(folder, manifest)[LARGE] == (State.OK, False)

    (folder / name).write_bytes(b"converted")
    assert states(folder, manifest)[LARGE] == (State.UNLISTED, False)
