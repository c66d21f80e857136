"""What can be known of TensorRT without it: when an engine is built again, what is told without it.

Building and drawing were not tried.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.portable.tensor_rt import ENGINES_KEPT, about, cached_engine
from streamer.errors import EngineError

pytestmark = pytest.mark.neural

HERE = {"gpu": "NVIDIA L4", "driver": "570.1", "tensorrt": "11.2.1", "graph": "a.onnx"}


def counted() -> tuple[Callable[[], bytes], list[int]]:
    built: list[int] = []

    def build() -> bytes:
        built.append(1)
        return b"engine %d" % len(built)

    return build, built


def test_an_engine_is_built_once_for_a_machine(tmp_path: Path) -> None:
    build, built = counted()

    assert cached_engine(tmp_path, HERE, build) == b"engine 1"
    assert cached_engine(tmp_path, dict(reversed(HERE.items())), build) == b"engine 1"
    assert len(built) == 1


@pytest.mark.parametrize("changed", list(HERE))
def test_another_card_driver_version_or_graph_builds_again(tmp_path: Path, changed: str) -> None:
    build, _ = counted()
    cached_engine(tmp_path, HERE, build)

    assert cached_engine(tmp_path, HERE | {changed: "another"}, build) == b"engine 2"
    assert cached_engine(tmp_path, HERE, build) == b"engine 1"


def test_an_engine_without_its_description_is_built_again(tmp_path: Path) -> None:
    build, _ = counted()
    cached_engine(tmp_path, HERE, build)
    (beside,) = tmp_path.glob("*.json")
    beside.write_text(json.dumps({}))

    assert cached_engine(tmp_path, HERE, build) == b"engine 2"


def test_few_engines_are_kept(tmp_path: Path) -> None:
    build, _ = counted()

    for i in range(ENGINES_KEPT + 3):
        cached_engine(tmp_path, HERE | {"driver": str(i)}, build)

    assert len(list(tmp_path.glob("*.engine"))) == ENGINES_KEPT
    assert len(list(tmp_path.glob("*.json"))) == ENGINES_KEPT


def test_without_an_nvidia_driver_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EngineError, match="nvidia-smi does not say which card"):
        about("11.2.1")
