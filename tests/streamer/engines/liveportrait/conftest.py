"""What several tests of the neural engine need: the archive and its networks, made once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ARCHIVE = Path(__file__).parents[3] / "golden" / "goldens_public.npz"


NO_TORCH = "torch is not installed; pip install -e '.[liveportrait]'"


@pytest.fixture(scope="session")
def archive() -> Any:
    pytest.importorskip("torch", reason=NO_TORCH)
    from tests.golden.archive import Archive

    return Archive(ARCHIVE)


@pytest.fixture(scope="session")
def networks(archive: Any) -> Iterator[Any]:
    """All networks with the archive's weights, through files in the official layout."""
    from streamer.engines.liveportrait.weights import load_networks
    from tests.golden import checkpoints

    with tempfile.TemporaryDirectory() as folder:
        checkpoints.write(Path(folder), archive.salt)
        yield load_networks(Path(folder))
