"""The graph in OpenVINO, in float32: left alone it rounds to bfloat16 where a processor has it.

Measured on such a processor: bfloat16 leaves 28 dB of the picture, because coordinates are rounded.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamer.engines.liveportrait.portable.backend import Numbers, guarded
from streamer.errors import EngineError

# OpenVINO tells its maker over the network that it was imported, if it finds this package. We do
# not: a module that is None cannot be imported, and OpenVINO goes on without it.
_TELEMETRY: Final = "openvino_telemetry"


class OpenVino:
    """A compiled model on one device."""

    def __init__(
        self,
        file: Path,
        device: str = "CPU",
        *,
        precision: str = "float32",
        threads: int | None = None,
        core: Any = None,
    ) -> None:
        library = openvino()
        core = core or library.Core()
        self.device = device.lower()
        self._where = f"OpenVINO's {device}"
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads is not None and device == "CPU":
            settings["INFERENCE_NUM_THREADS"] = threads
        compiled = guarded(
            "OpenVINO", device, lambda: core.compile_model(os.fspath(file), device, settings)
        )
        where = [str(name) for name in compiled.get_property("EXECUTION_DEVICES")]
        if not all(name.partition(".")[0] == device.partition(".")[0] for name in where):
            raise EngineError(f"OpenVINO was asked for {device} and took {', '.join(where)}")
        rounding = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if rounding != "f32":
            raise EngineError(f"OpenVINO was asked for f32 on {device} and computes in {rounding}")
        self._output = compiled.output(0)
        self._request = compiled.create_infer_request()
        version = library.__version__.partition("-")[0]
        self.name = f"openvino {version} {', '.join(where)} {precision}"

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:  # noqa: D102
        given = {"feature_3d": feature_3d, "kp_source": kp_source, "kp_driving": kp_driving}
        answer = guarded("OpenVINO", self._where, lambda: self._request.infer(given))
        return np.array(answer[self._output], np.float32)  # a copy: the request writes there again


def offered(core: Any = None) -> tuple[str, ...]:
    """Return the devices that may draw, the safest first. Raises: `EngineError`."""
    there = (core or openvino().Core()).available_devices
    graphics = next((name for name in there if name.partition(".")[0] == "GPU"), None)
    return ("CPU",) if graphics is None else ("CPU", graphics)


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
