"""What ``--backend`` takes: a runtime, and after a colon where it shall run. Imports no runtime."""

from typing import Final

from streamer.errors import ConfigError

# Runtime -> places that may be named.
PLACES: Final[dict[str, tuple[str, ...]]] = {
    "auto": (),
    "torch": (),
    "onnxruntime": ("cpu", "directml", "coreml", "cuda", "tensorrt"),
    "openvino": ("cpu", "gpu"),
    "tensorrt": (),
}


def parse_backend(text: str) -> tuple[str, str]:
    """Return runtime and place, empty if none is named. Raises: `ConfigError`."""
    runtime, colon, place = text.strip().lower().partition(":")
    if runtime not in PLACES:
        raise ConfigError(f"Unknown backend '{text}'. Choose one of: {', '.join(PLACES)}.")
    if colon and place not in PLACES[runtime]:
        known = ", ".join(f"{runtime}:{each}" for each in PLACES[runtime])
        then = f"Choose one of: {runtime}, {known}." if known else f"Use --backend {runtime}."
        raise ConfigError(f"Unknown backend '{text}'. {then}")
    return runtime, place
