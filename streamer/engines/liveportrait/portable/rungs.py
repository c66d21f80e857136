"""Other runtimes as forms on the ladder: what ``--backend`` asks for, safest first.

The plain form in torch stays below them all; a rung is climbed when it has drawn the user's own
photo right, and left when it fails.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from streamer.engines.liveportrait.fast.graphs import Device
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.portable import onnx_runtime, open_vino
from streamer.engines.liveportrait.portable.asked import parse_backend
from streamer.engines.liveportrait.portable.backend import Backend, GraphFile, Numbers
from streamer.engines.liveportrait.portable.painter import BackendPainter
from streamer.errors import EngineError

_PROVIDERS: Final = {
    "cpu": onnx_runtime.CPU,
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}

# Takes minutes before its first frame, so it must be asked for by its name.
_BY_NAME_ALONE: Final = "TensorrtExecutionProvider"

Files = Callable[[tuple[str, ...]], GraphFile]
"""Makes the graph's files in these precisions, when they are first needed."""


class Shared:
    """A backend that is opened once, by its first portrait, and draws for one thread at a time."""

    def __init__(self, opened: Callable[[], Backend]) -> None:
        self._open = opened
        self._backend: Backend | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:  # noqa: D102
        return self._opened().name

    @property
    def device(self) -> str:  # noqa: D102
        return self._opened().device

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:  # noqa: D102
        backend = self._opened()
        with self._lock:
            return backend.draw(feature_3d, kp_source, kp_driving)

    def _opened(self) -> Backend:
        with self._lock:
            if self._backend is None:
                self._backend = self._open()
            return self._backend


def rung(form: str, opened: Callable[[], Backend]) -> Recipe:
    """Return a backend as a form; it is opened by the first portrait that climbs there."""
    shared = Shared(opened)

    def painter(form: str, standing: Standing, device: Device) -> Painter:
        return BackendPainter(form, shared, standing, device)

    return Recipe(form, painter=painter)


def rungs(asked: str, files: Files) -> tuple[Recipe, ...]:
    """Return the forms of another runtime, the safest first.

    Raises: `ConfigError` for an unknown backend, `EngineError` where its library is missing or the
    machine lacks the place.
    """
    runtime, place = parse_backend(asked)
    if runtime == "onnxruntime":
        return _onnx_runtime(place, files)
    if runtime == "openvino":
        return _open_vino(place, files)
    if runtime == "tensorrt":
        from streamer.engines.liveportrait.portable.tensor_rt import TensorRt, check_library

        check_library()
        files_here = files(("float32", "float16"))
        return tuple(
            rung(f"tensorrt {p}", partial(_opened, TensorRt, files_here, precision=p))
            for p in ("float32", "float16")
        )
    raise ValueError(f"{asked} has no forms of its own")


def _onnx_runtime(place: str, files: Files) -> tuple[Recipe, ...]:
    there = onnx_runtime.offered()
    if place:
        picked = [_PROVIDERS[place]]
        if picked[0] not in there:
            raise EngineError(
                f"This onnxruntime has no {picked[0]}; it has {', '.join(there)}. Use --backend "
                "onnxruntime, or install the build of onnxruntime for your accelerator."
            )
    else:
        picked = [p for p in there if p not in (onnx_runtime.CPU, _BY_NAME_ALONE)]
        picked = picked or [onnx_runtime.CPU]
    pairs = [(provider, "float32") for provider in picked]
    if picked[-1] != onnx_runtime.CPU:  # processors compute it in float32 all the same
        pairs.append((picked[-1], "float16"))
    graph = files(tuple(dict.fromkeys(precision for _, precision in pairs)))
    return tuple(
        rung(
            f"onnxruntime {onnx_runtime.short(provider)} {precision}",
            partial(_opened, onnx_runtime.OnnxRuntime, graph, provider, precision=precision),
        )
        for provider, precision in pairs
    )


def _open_vino(place: str, files: Files) -> tuple[Recipe, ...]:
    there = open_vino.offered()
    device = next((name for name in there if name.partition(".")[0] == place.upper()), there[-1])
    if place and device.partition(".")[0] != place.upper():
        raise EngineError(
            f"OpenVINO finds no {place.upper()} here, only {', '.join(there)}. Use --backend "
            "openvino."
        )
    graph = files(("float32",))

    def form(name: str, generator: open_vino.Rounding) -> Recipe:
        return rung(
            f"openvino {device} {name}",
            lambda: open_vino.OpenVino(graph("float32"), device, generator=generator),
        )

    safe = form("float32", "f32")
    if device != "CPU" or not open_vino.rounds_fast():
        return (safe,)
    return safe, form("float32 and bfloat16", "bf16")


def _opened(make: Callable[..., Backend], graph: GraphFile, *place: str, precision: str) -> Backend:
    return make(graph(precision), *place, precision=precision)
