"""What several tests of the neural engine need: the archive and its networks, made once."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ARCHIVE = Path(__file__).parents[2] / "golden" / "goldens_public.npz"


NO_TORCH = "torch is not installed; pip install -e '.[liveportrait]'"


@pytest.fixture(scope="session")
def archive() -> Any:
    pytest.importorskip("torch", reason=NO_TORCH)
    from tests.golden.archive import Archive

    return Archive(ARCHIVE)


@pytest.fixture(scope="session")
def weights_dir(archive: Any) -> Iterator[Path]:
    """A weights folder in the official layout with the archive's weights, taken knowingly."""
    from streamer.engines.liveportrait.manifest import ACCEPTED, sha256
    from streamer.engines.liveportrait.weights import CHECKPOINTS
    from tests.golden import checkpoints

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoints.write(folder, archive.salt)
        hashes = {path: sha256(folder / path) for path in CHECKPOINTS}
        (folder / ACCEPTED).write_text(json.dumps(hashes), encoding="utf-8")
        yield folder


@pytest.fixture(scope="session")
def networks(weights_dir: Path) -> Any:
    """All networks with the archive's weights, through files in the official layout."""
    from streamer.engines.liveportrait.weights import load_networks

    return load_networks(weights_dir)
