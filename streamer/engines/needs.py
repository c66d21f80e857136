"""What the neural engine needs on this machine, and what to type for what is missing."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.engines.liveportrait import devices
from streamer.engines.liveportrait.manifest import FETCH, read_manifest
from streamer.engines.liveportrait.places import missing
from streamer.errors import EngineError
from streamer.resources import weights_folder, weights_list

CPU_WORKS: Final = "--engine liveportrait --device cpu"
"""What to type for the neural engine without an accelerator; it draws, but no live picture."""
NO_ACCELERATOR: Final = "there is no accelerator (CUDA or MPS)"


@dataclass(frozen=True)
class Need:
    """One thing needed: how it is, and what to type where it is not as it must be."""

    subject: str
    ok: bool
    found: str
    fix: str = ""


def torch_need() -> Need:
    """Look whether torch is installed, without importing it."""
    if devices.installed():
        return Need("torch", True, "PyTorch is installed")
    return Need("torch", False, "PyTorch is not installed", install_command())


def weights_need(chosen: Path | None) -> Need:
    """Look whether all model files are there; their content is checked when they are loaded.

    Raises: `WeightsError` for a damaged list of model files.
    """
    folder = weights_folder(chosen)
    manifest = read_manifest(weights_list())
    lacking = missing(folder, manifest)
    if not lacking:
        return Need("weights", True, f"the model files are in {folder}")
    fix = FETCH if chosen is None else f'{FETCH} --weights "{chosen}"'
    if len(lacking) == sum(not file.optional for file in manifest.official):
        return Need("weights", False, f"there are no model files in {folder}", fix)
    names = ", ".join(Path(path).name for path in lacking)
    return Need("weights", False, f"{names} missing in {folder}", fix)


def accelerator_need(device: str) -> Need:
    """Look for an accelerator; imports torch where its driver is there.

    Raises: `ConfigError` for an unknown device, `EngineError` where torch cannot be loaded.
    """
    devices.check_device(device)
    if device == "cpu":
        return Need("accelerator", False, "--device cpu was asked for", CPU_WORKS)
    none = Need("accelerator", False, NO_ACCELERATOR, CPU_WORKS)
    if not devices.likely():
        return none
    torch = devices.look()
    wanted = torch.accelerators if device == "auto" else {device} & torch.accelerators.keys()
    if not wanted:
        return Need("accelerator", False, f"{none.found} for torch {torch.version}", CPU_WORKS)
    found = torch.describe(torch.pick(device))
    return Need("accelerator", True, f"{found} with torch {torch.version}")


def examine(chosen: Path | None, device: str) -> list[Need]:
    """Look at everything, each thing once; for people, so it may take the seconds of an import."""
    first = [torch_need(), weights_need(chosen)]
    if not first[0].ok:
        driver = "a driver is" if devices.likely() else "no driver is"
        return [*first, Need("accelerator", True, f"{driver} there; PyTorch would tell more")]
    try:
        version = devices.look().version
        return [Need("torch", True, f"PyTorch {version}"), first[1], accelerator_need(device)]
    except EngineError as exc:
        return [Need("torch", False, str(exc), install_command()), first[1]]


def glance(chosen: Path | None) -> list[Need]:
    """Look at everything without importing torch, which would keep a live picture waiting.

    Raises: `WeightsError` for a damaged list of model files.
    """
    driver = "the driver of an accelerator is there" if devices.likely() else NO_ACCELERATOR
    accelerator = Need("accelerator", devices.likely(), driver, CPU_WORKS)
    return [torch_need(), weights_need(chosen), accelerator]


def install_command() -> str:
    """Return what installs the neural engine's libraries into this very environment."""
    root = Path(__file__).resolve().parents[2]
    if (root / "start.py").is_file() and Path(sys.prefix) == root / ".venv":
        # It knows which build fits the card, and fetches the model files, too.
        return f'{"py" if sys.platform == "win32" else "python3"} "{root / "start.py"}" --neural'
    if (root / "pyproject.toml").is_file():
        pinned = f' -c "{root / "constraints.txt"}"'
        return f'"{sys.executable}" -m pip install -e "{root}[liveportrait]"{pinned}'
    return f'"{sys.executable}" -m pip install "living-portrait[liveportrait]"'
