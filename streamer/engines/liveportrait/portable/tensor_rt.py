"""The graph as an engine of TensorRT. NOT TRIED: no machine with TensorRT was at hand.

It is offered like any other form: behind a trial on the user's own photo, with torch below it. The
network is strongly typed: every tensor has the type that the graph gives it, so what must stay
float32 does (`portable.graph`). TensorRT builds for one card, driver and version of itself; another
one builds again.
"""

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamer.engines.liveportrait.portable.backend import Numbers, guarded
from streamer.errors import EngineError
from streamer.resources import user_cache

INSTALL: Final = "pip install tensorrt"
WORKSPACE: Final = 4 << 30  # bytes that trying algorithms may take; chosen
ENGINES_KEPT: Final = 4  # of one folder; each has 100 to 400 MB


class TensorRt:
    """An engine on the first card. One face at a time."""

    device = "cuda"

    def __init__(self, file: Path, *, precision: str, folder: Path | None = None) -> None:
        check_library()
        import tensorrt
        import torch

        if not torch.cuda.is_available():
            raise EngineError("--backend tensorrt needs an NVIDIA card and a torch for CUDA")
        trt: Any = tensorrt
        machine = about(trt.__version__)
        blob = cached_engine(
            folder or user_cache() / "engines",
            {**machine, "graph": file.name},
            lambda: guarded("TensorRT", machine["gpu"], lambda: _build(trt, file)),
        )
        self._stream: Any = torch.cuda.Stream()
        runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = runtime.deserialize_cuda_engine(blob)
        if self._engine is None:
            raise EngineError("TensorRT cannot read its own engine")
        self._context = self._engine.create_execution_context()
        self.name = f"tensorrt {trt.__version__} {machine['gpu']} {precision}"

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:  # noqa: D102
        given = {"feature_3d": feature_3d, "kp_source": kp_source, "kp_driving": kp_driving}
        answer: Numbers = guarded("TensorRT", "the card", lambda: self._run(given))
        return answer

    def _run(self, given: Mapping[str, Numbers]) -> Numbers:
        import torch

        held = {}  # tensors are bound by name: their order changes between versions
        with torch.cuda.stream(self._stream):
            for name, value in given.items():
                held[name] = torch.from_numpy(value).cuda()
                self._context.set_input_shape(name, tuple(value.shape))
                self._context.set_tensor_address(name, held[name].data_ptr())
            shape = tuple(self._context.get_tensor_shape("image"))
            image = torch.full(shape, torch.nan, device="cuda")  # what is not written shows
            self._context.set_tensor_address("image", image.data_ptr())
            if not self._context.execute_async_v3(self._stream.cuda_stream):
                raise EngineError("TensorRT refused to draw")
        self._stream.synchronize()
        return np.asarray(image.cpu().numpy(), np.float32)


def check_library() -> None:
    """Raise `EngineError` where TensorRT is not installed."""
    if find_spec("tensorrt") is None:
        raise EngineError(f"--backend tensorrt needs TensorRT, which is missing: {INSTALL}")


def about(version: str) -> dict[str, str]:
    """Return what an engine depends on: the card, its driver, TensorRT's version."""
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout.splitlines()[0]
        gpu, driver, capability = (part.strip() for part in told.split(","))
    except (OSError, subprocess.SubprocessError, IndexError, ValueError) as exc:
        raise EngineError(f"nvidia-smi does not say which card and driver are here: {exc}") from exc
    return {"gpu": gpu, "capability": capability, "driver": driver, "tensorrt": version}


def cached_engine(folder: Path, made_for: Mapping[str, str], build: Callable[[], bytes]) -> bytes:
    """Return the engine made for exactly this, from its file or built now.

    The oldest engines go when there are too many. Raises: what ``build`` raises, `EngineError`.
    """
    text = json.dumps(dict(made_for), sort_keys=True)
    file = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.engine"
    beside = file.with_suffix(".json")
    try:
        if file.is_file() and beside.is_file() and beside.read_text(encoding="utf-8") == text:
            return file.read_bytes()
        blob = build()
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(blob)
        part.replace(file)
        beside.write_text(text, encoding="utf-8")
        engines = sorted(folder.glob("*.engine"), key=lambda each: each.stat().st_mtime)
        for old in engines[:-ENGINES_KEPT]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
    except OSError as exc:
        raise EngineError(f"The engine {file} cannot be kept: {exc.strerror or exc}") from exc
    return blob


def _build(trt: Any, file: Path) -> bytes:
    """Build an engine for one face at a time; takes minutes."""
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    # Since version 11 every network is strongly typed, and the flag may be gone.
    typed = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(file)):
        errors = "; ".join(str(parser.get_error(i)) for i in range(min(parser.num_errors, 3)))
        raise EngineError(f"TensorRT cannot read {file.name}: {errors}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
    profile = builder.create_optimization_profile()
    for i in range(network.num_inputs):
        value = network.get_input(i)
        if value.name == "kp_driving":
            one = (1, *tuple(value.shape)[1:])
            profile.set_shape(value.name, one, one, one)
    config.add_optimization_profile(profile)
    blob = builder.build_serialized_network(network, config)
    if blob is None:
        raise EngineError(f"TensorRT built no engine from {file.name}")
    return bytes(blob)
