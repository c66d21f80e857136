"""The graph draws what the readable networks draw, in operators that every runtime has."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)
onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from streamer.engines.liveportrait.networks.fold import fold
from streamer.engines.liveportrait.networks.lighter import lighten
from streamer.engines.liveportrait.portable.export import OPERATORS, build, check, write
from streamer.engines.liveportrait.portable.graph import OPSET, Precision
from tests.streamer.engines.liveportrait.fast.packing import generator, warping
from tests.streamer.engines.liveportrait.portable.small import SIZE, answers, inputs

pytestmark = pytest.mark.neural


def model(precision: Precision = "float32", **settings: Any) -> Any:
    dtype = torch.float64 if precision == "float64" else torch.float32
    return build(warping(dtype), generator(dtype), precision, SIZE, **settings)


def session(built: Any) -> Any:
    return onnxruntime.InferenceSession(
        built.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def test_in_float64_the_graph_is_the_readable_networks() -> None:
    given = inputs(2, torch.float64)
    expected = answers(warping(), generator(), given)

    (drawn,) = ReferenceEvaluator(model("float64")).run(None, given)

    # What is left are the slopes and epsilons, which ONNX keeps as float32.
    assert drawn.dtype == np.float64
    assert np.abs(drawn - expected).max() < 1e-7
    assert expected.std() > 0.1


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_any_batch_is_drawn_face_by_face(batch: int) -> None:
    given = inputs(batch)
    expected = answers(warping(torch.float32), generator(torch.float32), given)

    (drawn,) = session(model()).run(None, given)

    assert drawn.shape == expected.shape == (batch, 3, 128, 128)
    assert np.abs(drawn - expected).max() < 1e-4
    if batch > 1:
        assert np.abs(drawn[0] - drawn[1]).max() > 0.1


def test_a_batch_can_be_fixed() -> None:
    built = model(batch=2)

    (drawn,) = session(built).run(None, inputs(2))

    assert built.graph.output[0].type.tensor_type.shape.dim[0].dim_value == 2
    assert drawn.shape[0] == 2


def test_half_precision_rounds_maps_and_weights_but_not_where_a_voxel_looks() -> None:
    given = inputs(2)
    expected = answers(warping(torch.float32), generator(torch.float32), given)
    built = model("float16")

    (drawn,) = session(built).run(None, given)

    assert drawn.dtype == np.float32
    assert 0 < np.abs(drawn - expected).max() < 0.05
    inferred = onnx.shape_inference.infer_shapes(built, strict_mode=True)
    types = {v.name: v.type.tensor_type.elem_type for v in inferred.graph.value_info}
    wide = ("Floor", "Exp", "Softmax", "MatMul", "InstanceNormalization", "Sigmoid")
    outputs = [n.output[0] for n in inferred.graph.node if n.op_type in wide]
    assert outputs
    assert {types[name] for name in outputs} == {onnx.TensorProto.FLOAT}
    maps = [types[n.output[0]] for n in inferred.graph.node if n.op_type == "Conv"]
    # The one convolution in float32 puts taps at their places with ones and zeros.
    assert maps.count(onnx.TensorProto.FLOAT) == 1
    assert maps.count(onnx.TensorProto.FLOAT16) == len(maps) - 1


def test_operators_are_plain_and_shapes_are_known(tmp_path: Path) -> None:
    file = tmp_path / "graph.onnx"
    found = write(model(), file)

    assert found.keys() <= OPERATORS
    assert not {"GridSample", "Shape", "Loop", "If", "Einsum", "ScatterND"} & OPERATORS
    assert found == check(file)
    built = onnx.load(file)
    assert built.opset_import[0].version == OPSET
    assert len(built.opset_import) == 1  # no operators of one runtime alone
    inferred = onnx.shape_inference.infer_shapes(built, strict_mode=True, data_prop=True)
    kernels = {i.name: i.dims for i in built.graph.initializer}
    for node in built.graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            assert len(kernels[node.input[1]]) == 4  # two dimensions
    ranks = [len(v.type.tensor_type.shape.dim) for v in inferred.graph.value_info]
    assert len(ranks) >= len(built.graph.node)
    assert max(ranks) == 4
    free = [
        d.dim_param
        for v in (*built.graph.input, *built.graph.output)
        for d in v.type.tensor_type.shape.dim
        if not d.dim_value
    ]
    assert free == ["batch", "batch"]


def test_a_forbidden_operator_is_found_and_nothing_is_written(tmp_path: Path) -> None:
    built = model()
    built.graph.node[-1].op_type = "Erf"
    file = tmp_path / "graph.onnx"

    with pytest.raises(ValueError, match="must not have: Erf"):
        write(built, file)

    assert not list(tmp_path.iterdir())


def test_a_photo_is_an_input_and_weights_are_stored_once() -> None:
    built = model()

    assert [value.name for value in built.graph.input] == ["feature_3d", "kp_source", "kp_driving"]
    stored = [numpy_helper.to_array(i) for i in built.graph.initializer]
    large = [(a.shape, a.tobytes()) for a in stored if a.nbytes > 4096]
    assert len(large) == len(set(large))


def test_folded_networks_give_the_same_and_rewritten_ones_are_refused() -> None:
    given = inputs(1)
    plain = session(model()).run(None, given)[0]
    folded = build(fold(warping(torch.float32)), generator(torch.float32), "float32", SIZE)

    assert np.abs(session(folded).run(None, given)[0] - plain).max() < 1e-4
    with pytest.raises(TypeError):
        build(lighten(fold(warping(torch.float32))), generator(torch.float32), "float32", SIZE)
