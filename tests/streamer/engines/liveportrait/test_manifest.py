"""The list of model files."""

import hashlib
from pathlib import Path

import pytest

from streamer.engines.liveportrait.manifest import read_manifest
from streamer.errors import WeightsError

SHIPPED = Path(__file__).parents[4] / "weights" / "MANIFEST.toml"


def test_the_shipped_list_names_five_networks_three_face_models_and_their_terms() -> None:
    manifest = read_manifest(SHIPPED)

    assert len(manifest.official) == 8
    assert {f.network for f in manifest.official if not f.commercial} == {
        "face_detector",
        "landmarks_106",
    }
    assert all(len(f.sha256) == 64 and f.licence for f in manifest.files.values())


def test_a_file_is_held_against_size_and_hash(tmp_path: Path) -> None:
    data = b"weights"
    listed = tmp_path / "MANIFEST.toml"
    listed.write_text(
        f"""
        repository = {{ id = "hub/models" }}
        [[file]]
        network = "one"
        path = "a/one.pth"
        size = {len(data)}
        sha256 = "{hashlib.sha256(data).hexdigest()}"
        licence = "MIT"
        commercial = true
        """
    )
    manifest = read_manifest(listed)
    file = tmp_path / "a" / "one.pth"
    file.parent.mkdir()

    file.write_bytes(data)
    manifest.check(tmp_path, "a/one.pth")
    file.write_bytes(data[:-1])
    with pytest.raises(WeightsError, match=f"cut short: {len(data) - 1} of {len(data)} bytes"):
        manifest.check(tmp_path, "a/one.pth")
    file.write_bytes(data[:-1] + b"S")
    with pytest.raises(WeightsError, match="not the published file"):
        manifest.check(tmp_path, "a/one.pth")


def test_a_file_that_is_not_listed_passes(tmp_path: Path) -> None:
    (tmp_path / "other.pth").write_bytes(b"x")

    read_manifest(SHIPPED).check(tmp_path, "other.pth")


@pytest.mark.parametrize("text", ["not toml [", "schema = 1", '[repository]\nid = "x"\n[[file]]'])
def test_a_broken_list_is_refused(tmp_path: Path, text: str) -> None:
    listed = tmp_path / "MANIFEST.toml"
    listed.write_text(text)

    with pytest.raises(WeightsError, match="not a list of model files"):
        read_manifest(listed)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        read_manifest(tmp_path / "MANIFEST.toml")
