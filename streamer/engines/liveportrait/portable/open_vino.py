"""The graph in OpenVINO, in float32; left alone it rounds to bfloat16 where a processor has that.

Measured on such a processor: with bfloat16 everywhere 28 dB of the picture are left, for it rounds
where each voxel looks. The generator alone bears it, and then a frame takes about half the time.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from streamer.engines.liveportrait.portable.backend import Numbers, guarded
from streamer.errors import EngineError

Rounding = Literal["f32", "bf16"]

# OpenVINO tells its maker over the network that it was imported, if it finds this package. We do
# not: a module that is None cannot be imported, and OpenVINO goes on without it.
_TELEMETRY: Final = "openvino_telemetry"

_FEATURES: Final = "features"  # `export.FEATURES`, without importing what writes files


class OpenVino:
    """The networks on one device. ``generator`` is how the second of them may round."""

    def __init__(
        self,
        file: Path,
        device: str = "CPU",
        *,
        generator: Rounding = "f32",
        threads: int | None = None,
        core: Any = None,
    ) -> None:
        library = openvino()
        core = core or library.Core()
        self.device = device.lower()
        self._where = f"OpenVINO's {device}"
        more = {} if threads is None or device != "CPU" else {"INFERENCE_NUM_THREADS": threads}

        def compile_all() -> list[_Part]:
            if generator == "f32":
                return [_Part(core, os.fspath(file), device, "f32", more)]
            warping, pictures = cut(library, core.read_model(os.fspath(file)))
            return [
                _Part(core, warping, device, "f32", more),
                _Part(core, pictures, device, generator, more),
            ]

        self._parts: list[_Part] = guarded("OpenVINO", device, compile_all)
        version = library.__version__.partition("-")[0]
        precision = "float32" if generator == "f32" else "float32 and bfloat16"
        self.name = f"openvino {version} {self._parts[0].where} {precision}"

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:  # noqa: D102
        given = {"feature_3d": feature_3d, "kp_source": kp_source, "kp_driving": kp_driving}

        def all_parts() -> Numbers:
            answer = self._parts[0](given)
            for part in self._parts[1:]:
                answer = part({_FEATURES: answer})
            return np.array(answer, np.float32)  # a copy: the request writes there again

        image: Numbers = guarded("OpenVINO", self._where, all_parts)
        return image


class _Part:
    """A compiled model with one output. Raises: `EngineError` where it is not as it was asked."""

    def __init__(
        self, core: Any, model: Any, device: str, rounding: Rounding, more: dict[str, int]
    ) -> None:
        settings = {"INFERENCE_PRECISION_HINT": rounding, "PERFORMANCE_HINT": "LATENCY", **more}
        compiled = core.compile_model(model, device, settings)
        where = [str(name) for name in compiled.get_property("EXECUTION_DEVICES")]
        self.where: Final = ", ".join(where)
        if not all(name.partition(".")[0] == device.partition(".")[0] for name in where):
            raise EngineError(f"OpenVINO was asked for {device} and took {self.where}")
        found = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if found != rounding:
            raise EngineError(
                f"OpenVINO was asked for {rounding} on {device} and computes in {found}"
            )
        self._output = compiled.output(0)
        self._request = compiled.create_infer_request()

    def __call__(self, given: dict[str, Any]) -> Any:
        return self._request.infer(given)[self._output]


def cut(library: Any, model: Any) -> tuple[Any, Any]:
    """Cut the graph into its two networks. The second one's input has the name of the cut."""
    between = next(op for op in model.get_ops() if op.friendly_name == _FEATURES).output(0)
    begin = library.opset13.parameter(between.partial_shape, between.element_type, name=_FEATURES)
    begin.output(0).tensor.set_names({_FEATURES})
    readers = list(between.get_target_inputs())
    pictures = model.get_results()
    for reader in readers:
        reader.replace_source_output(begin.output(0))
    second = library.Model(pictures, [begin], "generator")
    first = library.Model([library.opset13.result(between)], model.get_parameters(), "warping")
    return first, second


def offered(core: Any = None) -> tuple[str, ...]:
    """Return the devices that may draw, the safest first. Raises: `EngineError`."""
    there = (core or openvino().Core()).available_devices
    graphics = next((name for name in there if name.partition(".")[0] == "GPU"), None)
    return ("CPU",) if graphics is None else ("CPU", graphics)


def rounds_fast(core: Any = None) -> bool:
    """Say whether this processor computes in bfloat16. Raises: `EngineError`."""
    core = core or openvino().Core()
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def openvino() -> Any:
    """Import OpenVINO without its telemetry. Raises: `EngineError` where it is missing."""
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    try:
        import openvino
    except (ImportError, OSError) as exc:
        raise EngineError(
            "--backend openvino needs OpenVINO, which is missing or broken. Install it: "
            "pip install 'living-portrait[openvino]'"
        ) from exc
    return openvino
