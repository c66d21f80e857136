"""onnxruntime draws where it was asked to, or says that it does not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)
onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from pathlib import Path

from streamer.engines.liveportrait.portable.export import build, write
from streamer.engines.liveportrait.portable.onnx_runtime import (
    CPU,
    OnnxRuntime,
    offered,
    placement,
)
from streamer.errors import EngineError
from tests.streamer.engines.liveportrait.fast.packing import generator, warping
from tests.streamer.engines.liveportrait.portable.small import SIZE, answers, inputs

pytestmark = pytest.mark.neural

CUDA = "CUDAExecutionProvider"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    write(build(warping(torch.float32), generator(torch.float32), "float32", SIZE), path)
    return path


class Misplaced:
    """onnxruntime whose sessions say that they have a provider; all of it runs on the CPU."""

    __version__ = onnxruntime.__version__
    SessionOptions = onnxruntime.SessionOptions
    ExecutionMode = onnxruntime.ExecutionMode

    def __init__(self, told: list[str]) -> None:
        self.told = told
        self.settings: Any = None

    def InferenceSession(self, file: str, options: Any, providers: Any) -> Any:
        self.settings = providers
        session = onnxruntime.InferenceSession(file, options, providers=[CPU])
        return SimpleNamespace(
            run=session.run,
            get_inputs=session.get_inputs,
            end_profiling=session.end_profiling,
            get_providers=lambda: self.told,
        )

    def get_available_providers(self) -> list[str]:
        return self.told


def test_it_draws_what_torch_draws_and_names_where_it_runs(file: Path) -> None:
    backend = OnnxRuntime(file, threads=1)
    given = inputs(2)

    drawn = backend.draw(**given)

    assert (
        np.abs(drawn - answers(warping(torch.float32), generator(torch.float32), given)).max()
        < 1e-4
    )
    assert backend.name == f"onnxruntime {onnxruntime.__version__} {CPU} float32"
    assert backend.device == "cpu"
    again = drawn.copy()
    backend.draw(**inputs(1))
    assert np.array_equal(drawn, again)  # an answer is not written again


def test_a_provider_that_is_left_out_in_silence_is_told(file: Path) -> None:
    with pytest.raises(EngineError, match=f"asked for {CUDA} and took {CPU}"):
        OnnxRuntime(file, CUDA, library=Misplaced([CPU]))  # type: ignore[arg-type]


def test_a_provider_that_is_listed_but_runs_nothing_is_told(file: Path) -> None:
    library = Misplaced([CUDA, CPU])

    with pytest.raises(EngineError, match=f"lists {CUDA}, but none of the nodes ran there"):
        OnnxRuntime(file, CUDA, library=library)  # type: ignore[arg-type]

    assert library.settings == [(CUDA, {"use_tf32": "0"})]


def test_a_file_that_is_no_model_is_an_error_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "graph.onnx"
    file.write_bytes(b"<html>")

    with pytest.raises(EngineError, match=f"onnxruntime failed on {CPU}: "):
        OnnxRuntime(file)


def test_wrong_inputs_are_an_error_of_ours(file: Path) -> None:
    backend = OnnxRuntime(file, threads=1)
    given = inputs(1)

    with pytest.raises(EngineError, match="onnxruntime failed on onnxruntime's CPU"):
        backend.draw(given["feature_3d"][:, :1], given["kp_source"], given["kp_driving"])


def event(provider: str, op: str) -> dict[str, Any]:
    return {"cat": "Node", "args": {"provider": provider, "op_name": op}}


def test_small_nodes_may_run_beside_a_provider_but_no_convolution() -> None:
    here = [event(CUDA, "Conv"), event(CUDA, "Relu"), {"cat": "Session", "name": "run"}]

    assert placement([*here, event(CPU, "Gather")], CUDA) == {CUDA: 2, CPU: 1}
    assert placement(
        [event("TensorrtExecutionProvider", "TRTKernel_1")], "TensorrtExecutionProvider"
    )
    with pytest.raises(EngineError, match="2 of 3 convolutions ran elsewhere"):
        placement([*here, event(CPU, "ConvTranspose"), event(CPU, "FusedConv")], CUDA)


def test_providers_are_offered_the_safest_first() -> None:
    there = ["TensorrtExecutionProvider", CUDA, "AzureExecutionProvider", CPU]

    assert offered(Misplaced(there)) == (CPU, CUDA, "TensorrtExecutionProvider")  # type: ignore[arg-type]
    assert offered()[0] == CPU
