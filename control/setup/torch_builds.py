"""Which build of PyTorch fits this machine: a CUDA version of NVIDIA's, Apple's, or the CPU's."""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INDEX: Final = "https://download.pytorch.org/whl/"

# Source: PyTorch's RELEASE.md, CUDA support matrix of 2.12 to 2.14: 12.6 for Maxwell (5.0) to
# Hopper (9.0), 13.0 for Turing (7.5) to Blackwell (12.0).
# Source of the drivers: NVIDIA's CUDA compatibility guide, minor version compatibility: any 12.x
# runs from 525.60.13 (Windows: 528.33) on, any 13.x from 580 on.
TURING: Final = (7, 5)
LAST_OF_CUDA_12: Final = (9, 0)
DRIVER_OF_CUDA_13: Final = (580,)
DRIVER_OF_CUDA_12: Final = {"win32": (528, 33), "linux": (525, 60, 13)}

# Megabytes to download and on the disk. Linux: the files of torch 2.13 (CPU) and 2.14 with its
# NVIDIA libraries, as the indexes have them. The others: of the same order, not measured.
SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "linux-cpu": (260, 1100),
    "linux-cuda": (2900, 6000),
    "win32-cpu": (200, 900),
    "win32-cuda": (2600, 5000),
    "darwin": (150, 600),
}


@dataclass(frozen=True)
class Card:
    """An NVIDIA card as its driver describes it."""

    name: str
    driver: str
    capability: tuple[int, ...]


@dataclass(frozen=True)
class Build:
    """A build: the part of the version after the plus, and the index that has it."""

    tag: str
    index: str = ""
    accelerated: bool = False
    old_for: str = ""
    """The name of the card that only this build serves, where PyTorch will give it up."""
    size_mb: int = 0
    disk_mb: int = 0
    version: str = ""
    """The version with its part after the plus, as pip writes it."""


class DriverTooOldError(Exception):
    """The card's driver runs no build of PyTorch; holds the version that would."""

    def __init__(self, card: Card, wanted: str) -> None:
        super().__init__(f"{card.name}: driver {card.driver}, needs {wanted}")
        self.card = card
        self.wanted = wanted


class IntelMacError(Exception):
    """There is no PyTorch for this machine."""


def choose(
    wanted: str,
    card: Card | None,
    system: str = sys.platform,
    machine: str = platform.machine(),
) -> Build:
    """Return the build for this machine, or the ``wanted`` one: a tag, an address, ``default``.

    Raises: `DriverTooOldError`, `IntelMacError`.
    """
    if wanted.startswith(("http://", "https://", "file://")):
        tag = wanted.rstrip("/").rsplit("/", 1)[-1]
        return _build(tag if re.fullmatch(r"cpu|cu\d+|rocm[\d.]+|xpu", tag) else "", system, wanted)
    if wanted and wanted != "default":
        return _build(wanted, system)
    if system == "darwin" and machine == "x86_64":
        raise IntelMacError
    if wanted == "default" or system not in DRIVER_OF_CUDA_12:
        return _build("", system)
    if card is None:
        return _build("cpu", system)
    driver = _numbers(card.driver)
    if card.capability >= TURING and driver >= DRIVER_OF_CUDA_13:
        return _build("cu130", system)
    if card.capability > LAST_OF_CUDA_12:
        raise DriverTooOldError(card, _dotted(DRIVER_OF_CUDA_13))
    if driver < DRIVER_OF_CUDA_12[system]:
        newer = DRIVER_OF_CUDA_13 if card.capability >= TURING else DRIVER_OF_CUDA_12[system]
        raise DriverTooOldError(card, _dotted(newer))
    return _build("cu126", system, old_for=card.name if card.capability < TURING else "")


def _build(tag: str, system: str, index: str = "", old_for: str = "") -> Build:
    # The package index's own builds: CUDA on Linux, the CPU on Windows, Apple's GPU on macOS.
    accelerated = tag not in ("", "cpu") or (not tag and system != "win32")
    kind = f"{system}-{'cuda' if accelerated else 'cpu'}" if system != "darwin" else system
    size, disk = SIZES.get(kind, SIZES["linux-cuda"])
    return Build(tag, index or (INDEX + tag if tag else ""), accelerated, old_for, size, disk)


def find_card(run: Callable[[list[str]], str] | None = None) -> Card | None:
    """Return the strongest NVIDIA card that its driver knows, or None."""
    command = [
        _nvidia_smi(),
        "--query-gpu=name,driver_version,compute_cap",
        "--format=csv,noheader",
    ]
    try:
        lines = (run or _output)(command).strip().splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    cards = []
    for line in lines:
        fields = [field.strip() for field in line.rsplit(",", 2)]
        # Drivers before 510 know no `compute_cap`; too old for any build, so the number is moot.
        if len(fields) == 3 and _numbers(fields[1]):
            cards.append(Card(fields[0], fields[1], _numbers(fields[2]) or TURING))
    return max(cards, key=lambda card: card.capability, default=None)


def pinned_version(constraints: Path) -> str:
    """Return the version of torch that the tests passed with; empty where none is named."""
    found = re.search(r"(?m)^torch==([\w.]+)", constraints.read_text(encoding="utf-8"))
    return found.group(1) if found else ""


def _nvidia_smi() -> str:
    # Windows' driver puts it into System32; under WSL it lies outside the usual path.
    wsl = "/usr/lib/wsl/lib/nvidia-smi"
    return shutil.which("nvidia-smi") or (wsl if Path(wsl).exists() else "nvidia-smi")


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
