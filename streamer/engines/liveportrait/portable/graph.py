"""Nodes and constants on their way into an ONNX file, in the few forms that the networks need.

A graph is written, not traced: every shape but the batch is known, so the file holds no arithmetic
about shapes, and each operator in it was chosen. No tensor has more than four axes but the input.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NewType

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Value = NewType("Value", str)
"""A tensor of the graph, by its name."""

Precision = Literal["float32", "float16", "float64"]

# Every operator used is in this set already; a newer one would shut out older runtimes.
OPSET: Final = 13
IR_VERSION: Final = 8  # read by onnxruntime since 1.9

# Precision -> types of weights and maps, and of what must not be rounded. float64 is for proofs.
_TYPES: Final[dict[str, tuple[Any, Any]]] = {
    "float32": (np.float32, np.float32),
    "float16": (np.float16, np.float32),
    "float64": (np.float64, np.float64),
}


class Graph:
    """A graph that grows. Values are narrow (the precision asked for) or wide (at least float32).

    A method that makes a value returns its name.
    """

    def __init__(self, precision: Precision = "float32") -> None:
        self.precision: Final = precision
        self.narrow_type, self.wide_type = _TYPES[precision]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[bytes, Value] = {}
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    # --- the ends

    def input(self, name: str, shape: Sequence[int | str]) -> Value:
        """Declare an input, wide."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.wide_type))
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return Value(name)

    def model(self, output: Value, name: str, shape: Sequence[int | str]) -> onnx.ModelProto:
        """Return the finished model with one output, wide."""
        self.named(output, name)
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.wide_type))
        graph = helper.make_graph(
            self._nodes,
            "living-portrait-frame",
            self._inputs,
            [helper.make_tensor_value_info(name, kind, shape)],
            self._initializers,
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(
            graph,
            opset_imports=[opset],
            ir_version=IR_VERSION,
            producer_name="living-portrait",
        )

    # --- nodes

    def add(self, op: str, *inputs: Value, **attributes: Any) -> Value:
        """Add a node with one output."""
        name = f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return Value(name)

    def named(self, x: Value, name: str) -> Value:
        """Give a value a name by which the graph can be cut there."""
        self._nodes.append(helper.make_node("Identity", [x], [name], name=name))
        return Value(name)

    def split(self, x: Value, sizes: Sequence[int], axis: int) -> list[Value]:
        """Cut along an axis."""
        if len(sizes) == 1:
            return [x]
        name = f"Split_{len(self._nodes)}"
        names = [f"{name}_{i}" for i in range(len(sizes))]
        self._nodes.append(
            helper.make_node("Split", [x, self.whole(sizes)], names, name=name, axis=axis)
        )
        return [Value(each) for each in names]

    def constant(self, value: NDArray[Any]) -> Value:
        """Store a constant as it is; equal ones once."""
        value = np.ascontiguousarray(value)
        key = b""
        if value.nbytes <= 4096:
            key = f"{value.dtype} {value.shape} ".encode() + value.tobytes()
            if key in self._constants:
                return self._constants[key]
        name = Value(f"constant_{len(self._initializers)}")
        self._initializers.append(numpy_helper.from_array(value, name))
        if key:
            self._constants[key] = name
        return name

    def wide_constant(self, value: Any) -> Value:
        """Store numbers that must not be rounded."""
        return self.constant(np.asarray(value, self.wide_type))

    def weight(self, value: torch.Tensor) -> Value:
        """Store weights, narrow."""
        return self.constant(value.detach().cpu().numpy().astype(self.narrow_type))

    def whole(self, numbers: Sequence[int]) -> Value:
        """Store whole numbers: a shape, sizes, positions."""
        return self.constant(np.array(numbers, np.int64))

    # --- what the networks need

    def narrow(self, x: Value) -> Value:
        """Round to the type of the maps, where that is another one."""
        return self._cast(x, self.narrow_type)

    def wide(self, x: Value) -> Value:
        """Widen, where the maps' type is another one."""
        return self._cast(x, self.wide_type)

    def _cast(self, x: Value, to: Any) -> Value:
        if self.narrow_type is self.wide_type:
            return x
        return self.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))

    def reshape(self, x: Value, *shape: int) -> Value:
        """Give another shape; -1 is the batch."""
        return self.add("Reshape", x, self.whole(shape))

    def transpose(self, x: Value, *axes: int) -> Value:
        """Order the axes anew."""
        return self.add("Transpose", x, perm=list(axes))

    def slice(self, x: Value, axis: int, first: int, last: int) -> Value:
        """Take a part along an axis."""
        start, stop, along = (self.whole([n]) for n in (first, last, axis))
        return self.add("Slice", x, start, stop, along)

    def pad(self, x: Value, rank: int, axis: int, before: int, after: int) -> Value:
        """Add zeros along an axis."""
        pads = [0] * (2 * rank)
        pads[axis], pads[rank + axis] = before, after
        return self.add("Pad", x, self.whole(pads), mode="constant")

    def conv(self, x: Value, weight: torch.Tensor, bias: torch.Tensor | None = None) -> Value:
        """Convolve in two dimensions; the size stays. Shape: weight (out, in, k, k)."""
        halves = [size // 2 for size in weight.shape[2:]]
        inputs = [x, self.weight(weight)]
        if bias is not None:
            inputs.append(self.weight(bias))
        return self.add("Conv", *inputs, kernel_shape=list(weight.shape[2:]), pads=[*halves] * 2)

    def conv_repeated(
        self, x: Value, weight: torch.Tensor, bias: torch.Tensor | None, scale: int
    ) -> Value:
        """Convolve a map whose pixels are repeated first, scale x scale times each.

        One transposed convolution does both: the taps that meet the same pixel are added before.
        Shape: weight (out, in, k, k).
        """
        if scale == 1:
            return self.conv(x, weight, bias)
        halves = [size // 2 for size in weight.shape[2:]]
        kernel = weight.detach().flip(2, 3)
        for axis in (2, 3):
            kernel = _smeared(kernel, axis, scale)
        kernel = kernel.transpose(0, 1)
        inputs = [x, self.weight(kernel)]
        if bias is not None:
            inputs.append(self.weight(bias))
        return self.add(
            "ConvTranspose",
            *inputs,
            kernel_shape=list(kernel.shape[2:]),
            strides=[scale, scale],
            pads=[*halves] * 2,
        )

    def repeated(self, x: Value, scale: int) -> Value:
        """Repeat every pixel scale x scale times."""
        if scale == 1:
            return x
        scales = self.constant(np.array([1, 1, scale, scale], np.float32))
        return self.add(
            "Resize",
            x,
            Value(""),
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def leaky(self, x: Value, slope: float) -> Value:
        """Leaky ReLU; ReLU if the slope is 0."""
        return self.add("LeakyRelu", x, alpha=slope) if slope else self.add("Relu", x)


def _smeared(kernel: torch.Tensor, axis: int, count: int) -> torch.Tensor:
    """Add up copies of a kernel, each one step further along an axis."""
    size = kernel.shape[axis]
    shape = list(kernel.shape)
    shape[axis] = size + count - 1
    out = kernel.new_zeros(shape)
    for step in range(count):
        out.narrow(axis, step, size).add_(kernel)
    return out
