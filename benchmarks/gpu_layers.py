"""The layers that take the time, each in the ways in which it can be computed.

Decides which convolutions deserve kernels of their own. Random float16 values; times of a layer
alone, algorithms timed beforehand, without its neighbours in the cache.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.gpu_machine import Machine
from benchmarks.gpu_report import Column, Deadline, Report, Table, line_of, median
from streamer.engines.liveportrait.fast.convolutions import (
    Conv,
    DepthConv,
    DepthUpConv,
    RepeatedConv,
    depth_taps,
    filled,
)
from streamer.engines.liveportrait.fast.glue import Glue, padded
from streamer.engines.liveportrait.fast.kernels import available
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue

Run = Callable[[], Tensor]

COLUMNS = (
    Column("layer", 66),
    Column("us", 9, ".1f"),
    Column("p95", 9, ".1f"),
    Column("TFLOP/s", 9, ".0f"),
    Column("off by", 10, ".1e"),
    Column("model us", 10, ".0f"),
)
TURNS, WARM_UPS = 20, 5
MOST_ERROR = 0.02  # of the largest value; float16 sums of thousands stay a factor of ten below


@dataclass(frozen=True)
class Layer:
    """A convolution over ``depth`` slices (0: a plain map) of ``side`` x ``side`` pixels.

    ``enlarge``: the map is repeated 2 x 2 before. ``model_us``: predicted for an H200, of the form
    that the fast networks have. Source: the roofline model in docs/performance.md.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int
    side: int
    depth: int = 0
    enlarge: bool = False
    model_us: float | None = None

    @property
    def gflop(self) -> float:
        """Work of the plain form: what the rewrites save makes their TFLOP/s look larger."""
        pixels = (self.side * (2 if self.enlarge else 1)) ** 2 * max(1, self.depth)
        taps = self.kernel ** (3 if self.depth else 2)
        return 2 * pixels * self.inputs * self.outputs * taps / 1e9

    def small(self) -> "Layer":
        """The same with few channels, for trials."""
        parts = (8, 8, min(self.kernel, 3), 8, min(self.depth, 3), self.enlarge)
        return Layer(self.name, *parts)


LAYERS = (
    Layer("mask 142->22, 7x7x7", 142, 22, 7, 64, 16, model_us=431),
    Layer("last of the hourglass 142->142, 3x3x3", 142, 142, 3, 64, 16, model_us=208),
    Layer("first of the hourglass 110->64, 3x3x3", 110, 64, 3, 64, 16),
    Layer("lowest way down 512->1024, 3x3x3 on 4x4", 512, 1024, 3, 4, 16),
    Layer("lowest way up 1024->512, 3x3x3 to 4x4", 1024, 512, 3, 2, 16, enlarge=True),
    Layer("last way up 128->32, 3x3x3 to 64x64", 128, 32, 3, 32, 16, enlarge=True),
    Layer("middle 512->512, 3x3 on 64x64 (12 of it)", 512, 512, 3, 64, model_us=603 / 12),
    Layer("merged 256->2048, 3x3 on 64x64", 256, 2048, 3, 64, model_us=85),
    Layer("gain, offset 128->1024, 3x3 on 64x64 (12 of it)", 128, 1024, 3, 64, model_us=283 / 12),
    Layer("shared 256->384, 3x3 to 128x128", 256, 384, 3, 64, enlarge=True),
    Layer("gain, offset 128->512, 3x3 on 256x256", 128, 512, 3, 256),
    Layer("up_1 conv_0 256->64, 3x3 on 256x256", 256, 64, 3, 256),
    Layer("picture 64->12, 3x3 on 256x256", 64, 12, 3, 256),
)


def run(machine: Machine, report: Report, deadline: Deadline, *, smoke: bool) -> None:
    """Time every layer in every way; a way that fails is told in its row."""
    table = Table(report, "layers", COLUMNS)
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        for layer in LAYERS:
            if deadline.over:
                report.tell("layers", "left out from", layer.name)
                return
            _measure(machine, table, layer.small() if smoke else layer)
    finally:
        torch.backends.cudnn.benchmark = before


@torch.inference_mode()
def _measure(machine: Machine, table: Table, layer: Layer) -> None:
    try:
        bench = Bench(layer, machine)
    except RuntimeError as exc:
        table.add(layer=layer.name, error=line_of(exc))
        return
    for way, make in bench.ways():
        name = f"{layer.name}: {way}"
        try:
            table.add(layer=name, **_timed(machine, bench, make()))
        except Exception as exc:  # one way that a library lacks must not end the table
            table.add(layer=name, error=line_of(exc))
    del bench
    machine.device.free()


def _timed(machine: Machine, bench: "Bench", work: Run) -> dict[str, float | None]:
    machine.device.settle()
    answers: list[Tensor] = []
    machine.timed([lambda: answers.append(work())] + [_quietly(work)] * WARM_UPS)
    error = bench.error(answers.pop())
    times = machine.timed([_quietly(work)] * TURNS)
    us = 1000 * median(times)
    if not error < MOST_ERROR:
        raise ArithmeticError(f"wrong by {error:.1e} of the largest value, in {us:.0f} us")
    return {
        "us": us,
        "p95": 1000 * sorted(times)[int(0.95 * len(times))],
        "TFLOP/s": bench.layer.gflop / us * 1e3,
        "off by": error,
        "model us": bench.layer.model_us,
    }


class Bench:
    """One layer: its values, and the ways to compute it. Answers are (slices, out, H, W)."""

    def __init__(self, layer: Layer, machine: Machine) -> None:
        self.layer, self._machine = layer, machine
        source = torch.Generator(machine.name).manual_seed(3)

        def random(*shape: int) -> Tensor:
            return torch.randn(shape, generator=source, device=machine.name)

        size = [layer.side, layer.side]
        kernel = [layer.kernel] * (3 if layer.depth else 2)
        spread = (2.0 / (layer.inputs * layer.kernel ** len(kernel))) ** 0.5
        self.slices = random(max(1, layer.depth), layer.inputs, *size).to(machine.half).float()
        weight = spread * random(layer.outputs, layer.inputs, *kernel)
        self.weight = weight.to(machine.half).float()
        self._expected = self._reference()

    def ways(self) -> Iterator[tuple[str, Callable[[], Run]]]:
        """Yield the ways: a name, and what makes it ready."""
        if self.layer.depth:
            yield "conv3d NCDHW", lambda: self._conv3d(torch.contiguous_format, fill=False)
            yield "conv3d NDHWC", lambda: self._conv3d(torch.channels_last_3d, fill=True)
            for name, glue in _glues(self._machine):
                yield f"folded conv2d + {name}", partial(self._folded, glue)
            if self.layer.enlarge:
                yield "folded conv_transpose2d alone", self._transposed
            else:
                yield "folded conv2d alone", self._alone
            return
        yield "conv2d NCHW", lambda: self._conv2d(torch.contiguous_format)
        yield "conv2d NHWC", lambda: self._conv2d(torch.channels_last)
        if self.layer.enlarge:
            yield "four 2x2 phases alone", self._phases
            yield "conv_transpose2d", self._transposed

    def error(self, answer: Tensor) -> float:
        """Return the largest difference by the largest value; NaN for another shape."""
        answer = self._finished(answer)[:, : self.layer.outputs].float()
        if answer.shape != self._expected.shape:
            return float("nan")
        return float((answer - self._expected).abs().max() / self._expected.abs().max())

    def _finished(self, answer: Tensor) -> Tensor:
        """Do what was left out of the time: phases put in their places, slices added."""
        layer = self.layer
        if layer.depth and answer.shape[1] >= layer.kernel * layer.outputs:
            parts, bias = answer[:, : layer.kernel * layer.outputs], answer.new_zeros(layer.outputs)
            return TorchGlue().shift_add(parts, bias.float(), depth=layer.depth, taps=layer.kernel)
        if answer.shape[1] == 4 * layer.outputs:
            out = torch.empty_like(self._expected)
            corners = answer.unflatten(1, (2, 2, layer.outputs)).float()
            for a in range(2):
                for b in range(2):
                    there = slice(a, a + layer.side), slice(b, b + layer.side)
                    out[:, :, a::2, b::2] = corners[:, a, b, :, there[0], there[1]]
            return out
        return answer

    # --- ways

    def _reference(self) -> Tensor:
        """Compute it in true float32, with the ReLU that folded forms have in one."""
        tf32 = torch.backends.cudnn.allow_tf32
        torch.backends.cudnn.allow_tf32 = False
        try:
            x = self._repeated(self.slices)
            if not self.layer.depth:
                return functional.conv2d(x, self.weight, padding=self.layer.kernel // 2)
            volume = x.transpose(0, 1)[None]
            out = functional.conv3d(volume, self.weight, padding=self.layer.kernel // 2)
            return functional.relu(out[0].transpose(0, 1))
        finally:
            torch.backends.cudnn.allow_tf32 = tf32

    def _repeated(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=2) if self.layer.enlarge else x

    def _conv3d(self, layout: torch.memory_format, *, fill: bool) -> Run:
        layer, dtype = self.layer, self._machine.half
        weight, x = self.weight, self.slices
        if fill:
            inputs = padded(layer.inputs)
            weight = filled(weight, padded(layer.outputs), inputs)
            x = functional.pad(x, (0, 0, 0, 0, 0, inputs - layer.inputs))
        packed = weight.to(dtype).contiguous(memory_format=layout)
        volume = x.transpose(0, 1)[None].to(dtype).contiguous(memory_format=layout)

        def run() -> Tensor:
            large = (
                functional.interpolate(volume, scale_factor=(1, 2, 2)) if layer.enlarge else volume
            )
            out = functional.conv3d(large, packed, padding=layer.kernel // 2)
            return functional.relu_(out)[0].transpose(0, 1)

        return run

    def _folded(self, glue: Glue) -> Run:
        """The fast networks' own packing, glue included."""
        layer, dtype = self.layer, self._machine.half
        inputs = padded(layer.inputs)
        weight = filled(self.weight, padded(layer.outputs), inputs)
        bias = weight.new_zeros(len(weight))
        x = _packed(functional.pad(self.slices, (0, 0, 0, 0, 0, inputs - layer.inputs)), dtype)
        if not layer.enlarge:
            plain = DepthConv(weight, bias, dtype, glue)
            return lambda: plain(x, layer.depth)
        up = DepthUpConv(weight, bias, dtype, glue, phases=layer.side > 2)
        out = _packed(x.new_zeros(layer.depth, len(weight), 2 * layer.side, 2 * layer.side), dtype)
        return lambda: up(x, layer.depth, out=out)

    def _conv2d(self, layout: torch.memory_format) -> Run:
        dtype, padding = self._machine.half, self.layer.kernel // 2
        x = self.slices.to(dtype).contiguous(memory_format=layout)
        weight = self.weight.to(dtype).contiguous(memory_format=layout)
        return lambda: functional.conv2d(self._repeated(x), weight, padding=padding)

    def _alone(self) -> Run:
        """The convolution of a folded form without its glue."""
        layer, dtype = self.layer, self._machine.half
        inputs = padded(layer.inputs)
        taps = depth_taps(self.weight).flatten(0, 1)
        conv = Conv(filled(taps, padded(len(taps)), inputs), dtype)
        x = _packed(functional.pad(self.slices, (0, 0, 0, 0, 0, inputs - layer.inputs)), dtype)
        return lambda: conv(x)

    def _phases(self) -> Run:
        """The fast networks' own packing; the glue behind it puts the phases in their places."""
        packed = RepeatedConv(self.weight, 2, self._machine.half)
        x = _packed(self.slices, self._machine.half)
        return lambda: packed(x).corners

    def _transposed(self) -> Run:
        """A repeated map and a 3x3 kernel are one transposed 4x4 convolution of stride 2."""
        dtype, weight = self._machine.half, self.weight
        taps = weight.permute(2, 0, 1, 3, 4).flatten(0, 1) if self.layer.depth else weight
        kernel = functional.conv2d(
            taps.flatten(0, 1)[:, None].flip(2, 3), taps.new_ones(1, 1, 2, 2), padding=1
        )
        packed = kernel.reshape(*taps.shape[:2], 4, 4).transpose(0, 1)
        packed, x = _packed(packed, dtype), _packed(self.slices, dtype)

        return lambda: functional.conv_transpose2d(x, packed, stride=2, padding=1)


def _glues(machine: Machine) -> Iterator[tuple[str, Glue]]:
    yield "torch", TorchGlue()
    if machine.cuda and available() is None:
        from streamer.engines.liveportrait.fast.triton_glue import TritonGlue

        yield "Triton", TritonGlue()


def _packed(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.to(dtype).contiguous(memory_format=torch.channels_last)


def _quietly(work: Run) -> Callable[[], None]:
    def run() -> None:
        work()

    return run
