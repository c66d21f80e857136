"""The graph in onnxruntime, on the provider that was asked for and no other.

onnxruntime falls back in silence: a provider whose libraries are missing is left out, and nodes
that a provider cannot run go to the CPU. So it is asked afterwards, and a frame is profiled.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np

from streamer.engines.liveportrait.portable.backend import Numbers, guarded
from streamer.errors import EngineError

CPU: Final = "CPUExecutionProvider"

# The providers that may draw, each after those that are safer; on one machine few are there.
PROVIDERS: Final = (
    CPU,
    "DmlExecutionProvider",
    "CoreMLExecutionProvider",
    "CUDAExecutionProvider",
    "TensorrtExecutionProvider",
)

# Full float32: shorter products are another precision, and would have to be asked for as one.
_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "CUDAExecutionProvider": {"use_tf32": "0"},
    "CoreMLExecutionProvider": {"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndGPU"},
}

# Where nearly all the work is; a provider that leaves one of them to the CPU does not draw.
_HEAVY: Final = frozenset(("Conv", "FusedConv", "ConvTranspose"))


class OnnxRuntime:
    """A session on one provider."""

    def __init__(
        self,
        file: Path,
        provider: str = CPU,
        *,
        precision: str = "float32",
        threads: int | None = None,
        library: ModuleType | None = None,
    ) -> None:
        ort: Any = library or _library()
        self.device = "cpu" if provider == CPU else short(provider)
        self._where = f"onnxruntime's {provider}"
        options = ort.SessionOptions()
        options.log_severity_level = 4  # what it says of a fallback is found out below
        if threads is not None:
            options.intra_op_num_threads = threads
        if provider == "DmlExecutionProvider":  # it takes nothing else
            options.enable_mem_pattern = False
            options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        profile = ""
        if provider != CPU:
            # One face at a time: shapes that are known can be compiled.
            options.add_free_dimension_override_by_name("batch", 1)
            options.enable_profiling = True
            profile = os.fspath(Path(tempfile.mkdtemp(prefix="living-portrait-")) / "profile")
            options.profile_file_prefix = profile
        asked = [(provider, dict(_SETTINGS.get(provider, {})))]
        self._session: Any = guarded(
            "onnxruntime",
            provider,
            lambda: ort.InferenceSession(os.fspath(file), options, providers=asked),
        )
        found = self._session.get_providers()
        if not found or found[0] != provider:
            raise EngineError(
                f"onnxruntime was asked for {provider} and took {', '.join(found) or 'nothing'}"
            )
        self.placed: Mapping[str, int] = {}
        if profile:
            self.placed = self._placed(provider, Path(profile).parent)
        beside = self.placed.get(CPU, 0) if provider != CPU else 0
        note = f" ({beside} small nodes on the CPU)" if beside else ""
        self.name = f"onnxruntime {ort.__version__} {provider} {precision}{note}"

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:  # noqa: D102
        given = {"feature_3d": feature_3d, "kp_source": kp_source, "kp_driving": kp_driving}
        (image,) = guarded("onnxruntime", self._where, lambda: self._session.run(None, given))
        return np.asarray(image, np.float32)

    def _placed(self, provider: str, folder: Path) -> Mapping[str, int]:
        """Draw a frame of nothing and count where its nodes ran. Raises: `EngineError`."""
        try:
            shapes = {
                i.name: [n if isinstance(n, int) else 1 for n in i.shape] for i in self._inputs
            }
            self.draw(*(np.zeros(shapes[name], np.float32) for name in _INPUTS))
            events = json.loads(Path(self._session.end_profiling()).read_text(encoding="utf-8"))
        finally:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        return placement(events, provider)

    @property
    def _inputs(self) -> list[Any]:
        return list(self._session.get_inputs())


_INPUTS: Final = ("feature_3d", "kp_source", "kp_driving")


def placement(events: Iterable[Mapping[str, Any]], provider: str) -> Mapping[str, int]:
    """Return how many nodes of a profiled frame ran on which provider.

    A provider may have merged all of its nodes into one of its own.
    Raises: `EngineError` where the asked one ran nothing, or a convolution went to another.
    """
    nodes: Counter[str] = Counter()
    heavy: Counter[str] = Counter()
    for event in events:
        told = event.get("args") or {}
        if event.get("cat") == "Node" and told.get("provider"):
            nodes[told["provider"]] += 1
            heavy[told["provider"]] += told.get("op_name") in _HEAVY
    lost = sum(heavy.values()) - heavy[provider]
    if not nodes[provider]:
        raise EngineError(f"onnxruntime lists {provider}, but none of the nodes ran there")
    if lost:
        raise EngineError(
            f"onnxruntime lists {provider}, but {lost} of {sum(heavy.values())} convolutions ran "
            "elsewhere"
        )
    return dict(nodes)


def offered(library: ModuleType | None = None) -> tuple[str, ...]:
    """Return the providers that this build of onnxruntime has, the safest first.

    Raises: `EngineError` where onnxruntime is missing.
    """
    there = (library or _library()).get_available_providers()
    return tuple(provider for provider in PROVIDERS if provider in there)


def short(provider: str) -> str:
    """Return a provider's name without its ending."""
    return provider.removesuffix("ExecutionProvider")


def _library() -> Any:
    try:
        import onnxruntime
    except (ImportError, OSError) as exc:
        raise EngineError(
            "--backend onnxruntime needs onnxruntime, which is missing or broken. Install it: "
            "pip install onnxruntime"
        ) from exc
    return onnxruntime
