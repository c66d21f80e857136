"""The graph lies in the user's cache under a name that says what is in it."""

import gc
import weakref
from pathlib import Path

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)
onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")

from streamer.engines.liveportrait.portable.files import GraphFiles, digest
from streamer.errors import EngineError
from streamer.resources import user_cache
from tests.streamer.engines.liveportrait.fast.packing import generator, warping

pytestmark = pytest.mark.neural


def networks(change: float = 0.0) -> tuple[object, object]:
    found = warping(torch.float32), generator(torch.float32)
    with torch.no_grad():
        found[0].fourth.weight[0, 0] += change
    return found


def graph_files(change: float = 0.0, **settings: object) -> GraphFiles:
    return GraphFiles(*networks(change), **settings)  # type: ignore[arg-type]


def test_a_file_is_written_once_and_found_again() -> None:
    file = graph_files()("float32")
    written = file.stat().st_mtime_ns

    again = graph_files()("float32")

    assert again == file
    assert file.is_relative_to(user_cache())
    assert again.stat().st_mtime_ns == written
    onnx.checker.check_model(str(file))


def test_other_weights_are_another_file_and_the_old_one_goes(tmp_path: Path) -> None:
    both = ("float32", "float16")
    old = [graph_files(folder=tmp_path, precisions=both)(p) for p in both]

    new = graph_files(1e-6, folder=tmp_path)("float32")

    assert new not in old
    assert not old[0].exists()
    assert old[1].exists()  # of another precision: nobody asked for it
    assert not list(tmp_path.glob("*.part"))


def test_a_hash_sees_every_weight() -> None:
    assert digest(*networks()) == digest(*networks())  # type: ignore[arg-type]
    assert digest(*networks()) != digest(*networks(1e-7))  # type: ignore[arg-type]


def test_the_networks_are_let_go_when_their_files_are_written() -> None:
    warping_network, generator_network = networks()
    there = weakref.ref(warping_network)
    files = GraphFiles(warping_network, generator_network)  # type: ignore[arg-type]
    del warping_network, generator_network

    files("float32")
    gc.collect()

    assert there() is None
    assert files("float32").is_file()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineError, match=r"cannot be written"):
        graph_files(folder=tmp_path / "file")("float32")
