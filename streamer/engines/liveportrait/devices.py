"""What the networks could run on here. Imports torch only where a function says so."""

import ctypes
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from streamer.errors import ConfigError, EngineError

DEVICES: Final = ("auto", "cpu", "cuda", "mps")

# The driver's own library, which every CUDA program loads; no part of torch.
_CUDA_DRIVER: Final = {"win32": "nvcuda.dll", "linux": "libcuda.so.1"}
_AMD_DRIVER: Final = Path("/dev/kfd")  # a ROCm build of torch calls its device cuda, too


@dataclass(frozen=True)
class Torch:
    """The torch that is installed. ``accelerators``: device -> what it is called."""

    version: str
    accelerators: Mapping[str, str]

    def pick(self, asked: str) -> str:
        """Return the device to use: ``auto`` takes CUDA, then MPS, then the CPU.

        Raises: `ConfigError` for an unknown device or one that this machine lacks.
        """
        check_device(asked)
        if asked == "auto":
            return next(iter(self.accelerators), "cpu")
        if asked != "cpu" and asked not in self.accelerators:
            raise ConfigError(
                f"This machine, or this build of torch, has no device '{asked}'. Use --device auto."
            )
        return asked

    def describe(self, device: str) -> str:
        """Return the device with the name of the card."""
        kind = device.partition(":")[0]
        name = self.accelerators.get(kind)
        return f"{device} ({name})" if name else device


def check_device(asked: str) -> None:
    """Raise `ConfigError` for a word that names no device."""
    if asked not in DEVICES:
        raise ConfigError(f"Unknown device '{asked}'. Choose one of: {', '.join(DEVICES)}.")


def installed() -> bool:
    """Say whether torch is there, without importing it (which takes seconds)."""
    return find_spec("torch") is not None


def likely() -> bool:
    """Say whether an accelerator may be there: its driver is. Imports nothing."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if _AMD_DRIVER.exists():
        return True
    try:
        ctypes.CDLL(_CUDA_DRIVER.get(sys.platform, "libcuda.so"))
    except OSError:
        return False
    return True


def look() -> Torch:
    """Import torch and ask it. Raises: `EngineError` where it cannot be loaded."""
    try:
        import torch
    except (ImportError, OSError) as exc:
        raise EngineError(
            f"PyTorch is installed but cannot be loaded ({str(exc).splitlines()[0]}). Install it "
            "again, or use --engine warp."
        ) from exc
    found: dict[str, str] = {}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_device_name(0)
    if torch.backends.mps.is_available():
        found["mps"] = f"Apple {platform.processor() or 'GPU'}"
    return Torch(torch.__version__, found)
