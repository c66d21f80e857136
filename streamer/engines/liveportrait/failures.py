"""What torch reports when a device fails, told so that a user can act on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from streamer.errors import EngineError

# A device that answered one of these answers nothing else until the program is started again.
# Source: the texts of CUDA's and HIP's runtimes for errors that end a context.
_LOST: Final = (
    "launch failure",
    "launchfailure",
    "device-side assert",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "device lost",
    "device is lost",
    "device not ready",
    "no cuda-capable device",
    "uncorrectable ecc",
    "unknown error",
    "driver shutting down",
    "gpu is lost",
)


class MemoryFull(EngineError):
    """The device's memory is full; a form that needs less of it may still draw."""


class DeviceLost(EngineError):
    """The device answers no more; nothing can be drawn on it until the next start."""


@contextmanager
def told(device: str) -> Iterator[None]:
    """Turn torch's errors into one that a user can act on; all of them are `RuntimeError`s."""
    try:
        yield
    except RuntimeError as exc:
        first = (str(exc) or type(exc).__name__).splitlines()[0][:160]
        if isinstance(exc, torch.OutOfMemoryError) or "out of memory" in first.lower():
            raise MemoryFull(
                f"The memory of {device} is full. Close other programs that use it, or draw with "
                "--engine warp."
            ) from exc
        kind = DeviceLost if any(text in first.lower() for text in _LOST) else EngineError
        raise kind(f"PyTorch failed on {device}: {first}") from exc
