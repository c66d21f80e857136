"""The per-frame networks of the engine as one ONNX model with a free batch size.

The networks' weights are inside; the photo is not: its features and keypoints are inputs, so one
file serves every photo.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import onnx
from onnx import shape_inference

from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from streamer.engines.liveportrait.portable.generator import generator
from streamer.engines.liveportrait.portable.graph import Graph, Precision
from streamer.engines.liveportrait.portable.warping import warping

FEATURE_3D: Final = "feature_3d"
KP_SOURCE: Final = "kp_source"
KP_DRIVING: Final = "kp_driving"
IMAGE: Final = "image"
FEATURES: Final = "features"
"""What the warping network hands to the generator: inside the graph, by this name."""
BATCH: Final = "batch"
"""The free axis's name."""

# What the graph may consist of: each one is in every runtime that we know of, for tensors of four
# axes at most. No 3-D convolution, no GridSample, no loop, no arithmetic about shapes.
OPERATORS: Final = frozenset(
    (
        *("Abs", "Add", "Clip", "Exp", "Floor", "Mul", "Sub"),
        *("LeakyRelu", "Relu", "Sigmoid", "Softmax"),
        *("AveragePool", "Conv", "ConvTranspose", "InstanceNormalization", "MatMul"),
        *("Cast", "Concat", "DepthToSpace", "Gather", "Identity", "Pad", "Reshape", "Resize"),
        *("Slice", "Split", "Transpose"),
    )
)

# Height and width of the feature volume. Source: the released networks (a crop of 256 px).
FEATURE_SIZE: Final = (64, 64)


def build(
    warping_network: WarpingNetwork,
    generator_network: Generator,
    precision: Precision = "float32",
    size: tuple[int, int] = FEATURE_SIZE,
    batch: int | None = None,
) -> onnx.ModelProto:
    """Return the model: features and keypoints in, pictures out.

    ``size`` is the features' height and width; ``batch`` fixes the number of faces drawn at once,
    for runtimes that want it known. Shapes: feature_3d (1, 32, 16, 64, 64), kp_source
    (1, 21, 3), kp_driving (batch, 21, 3) -> image (batch, 3, 512, 512), RGB in 0..1; all float32,
    also where the precision between them is float16.
    Raises: `TypeError` for networks that were rewritten for a CPU (`networks.lighter`).
    """
    dims = warping_network.dims
    g = Graph(precision)
    feature_3d = g.input(FEATURE_3D, (1, dims.channels, dims.depth, *size))
    kp_source = g.input(KP_SOURCE, (1, dims.keypoints, 3))
    kp_driving = g.input(KP_DRIVING, (batch or BATCH, dims.keypoints, 3))
    features = warping(g, warping_network, feature_3d, kp_source, kp_driving, size)
    features = g.named(features, FEATURES)
    image = generator(g, generator_network, features)
    factor = 4 * generator_network.dims.upscale
    return g.model(image, IMAGE, (batch or BATCH, 3, factor * size[0], factor * size[1]))


def write(model: onnx.ModelProto, file: Path) -> Counter[str]:
    """Check a model and write it whole or not at all; returns its operators.

    Raises: as `check`; `OSError`.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        onnx.save(model, part)
        found = check(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return found


def check(file: Path) -> Counter[str]:
    """Hold a file against ONNX's own checker, shapes included, and return its operators.

    Raises: onnx's errors; `ValueError` for an operator that is not in `OPERATORS`.
    """
    onnx.checker.check_model(str(file), full_check=True)
    model = shape_inference.infer_shapes(onnx.load(file), strict_mode=True, data_prop=True)
    found = Counter(node.op_type for node in model.graph.node)
    unknown = sorted(found.keys() - OPERATORS)
    if unknown:
        raise ValueError(f"{file} has operators that it must not have: {', '.join(unknown)}")
    return found
