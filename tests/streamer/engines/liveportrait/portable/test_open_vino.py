"""OpenVINO computes in float32 and tells nobody that it is used."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)
onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")
if find_spec("openvino") is None:
    pytest.skip("openvino is not installed; pip install -e '.[openvino]'", allow_module_level=True)

from streamer.engines.liveportrait.portable.export import build, write
from streamer.engines.liveportrait.portable.open_vino import (
    OpenVino,
    offered,
    openvino,
    rounds_fast,
)
from streamer.engines.liveportrait.portable.rungs import rungs
from streamer.errors import EngineError
from tests.streamer.engines.liveportrait.fast.packing import generator, warping
from tests.streamer.engines.liveportrait.portable.small import SIZE, answers, inputs

pytestmark = pytest.mark.neural


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    write(build(warping(torch.float32), generator(torch.float32), "float32", SIZE), path)
    return path


def test_it_draws_what_torch_draws_in_any_batch(file: Path) -> None:
    backend = OpenVino(file, threads=1)
    networks = warping(torch.float32), generator(torch.float32)
    one, two = inputs(1), inputs(2)

    first = backend.draw(**two)
    kept = first.copy()
    second = backend.draw(**one)

    assert np.abs(first - answers(*networks, two)).max() < 1e-4
    assert np.abs(second - answers(*networks, one)).max() < 1e-4
    assert np.array_equal(first, kept)  # an answer is not written again
    version = openvino().__version__.partition("-")[0]
    assert backend.name == f"openvino {version} CPU float32"
    assert backend.device == "cpu"


@pytest.mark.skipif(not rounds_fast(), reason="this processor has no bfloat16")
def test_the_generator_alone_may_round(file: Path) -> None:
    given = inputs(2)
    expected = answers(warping(torch.float32), generator(torch.float32), given)

    backend = OpenVino(file, generator="bf16", threads=1)
    drawn = backend.draw(**given)

    assert drawn.shape == expected.shape
    assert 1e-4 < np.abs(drawn - expected).max() < 0.1
    assert np.square(drawn - expected).mean() < 10 ** (-4.5)
    assert backend.name.endswith("CPU float32 and bfloat16")
    assert np.array_equal(
        drawn[1:], backend.draw(**given | {"kp_driving": given["kp_driving"][1:]})
    )


class Core:
    """A device that does something else than it was asked for."""

    def __init__(self, where: list[str], rounding: str) -> None:
        self.where, self.rounding = where, rounding
        self.available_devices = ["CPU", "GPU.0", "GPU.1", "NPU"]

    def get_property(self, device: str, name: str) -> list[str]:
        return ["FP32"]

    def compile_model(self, file: str, device: str, settings: dict[str, Any]) -> Any:
        found = {
            "EXECUTION_DEVICES": self.where,
            "INFERENCE_PRECISION_HINT": SimpleNamespace(get_type_name=lambda: self.rounding),
        }
        return SimpleNamespace(get_property=found.__getitem__)


def test_another_device_or_precision_than_asked_is_told(file: Path) -> None:
    with pytest.raises(EngineError, match=r"asked for GPU\.0 and took CPU"):
        OpenVino(file, "GPU.0", core=Core(["CPU"], "f32"))
    with pytest.raises(EngineError, match="asked for f32 on CPU and computes in bf16"):
        OpenVino(file, "CPU", core=Core(["CPU"], "bf16"))


def test_graphics_are_offered_after_the_processor() -> None:
    assert offered(Core([], "")) == ("CPU", "GPU.0")
    assert offered()[0] == "CPU"


def test_rounding_is_offered_where_it_is_fast() -> None:
    names = [r.name for r in rungs("openvino:cpu", lambda precisions: None)]  # type: ignore[arg-type,return-value]

    fast = ["openvino CPU float32 and bfloat16"] if rounds_fast() else []
    assert names == ["openvino CPU float32", *fast]
    assert not rounds_fast(Core([], ""))


def test_a_file_that_is_no_model_is_an_error_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "graph.onnx"
    file.write_bytes(b"<html>")

    with pytest.raises(EngineError, match="OpenVINO failed on CPU: "):
        OpenVino(file)


def test_nobody_is_told_that_openvino_was_imported() -> None:
    program = (
        "import sys\n"
        "from streamer.engines.liveportrait.portable.open_vino import openvino\n"
        "openvino().Core()\n"
        "assert 'openvino.tools.ovc.telemetry_stub' in sys.modules\n"
        "assert not [m for m in sys.modules if m.startswith('openvino_telemetry.')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
