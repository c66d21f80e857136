"""The reference implementation's own networks, imported from a checkout of its repository.

Nothing of it is part of this product: ``git clone https://github.com/KwaiVGI/LivePortrait`` and
name the folder. Of its dependencies the networks need torch and PyYAML alone.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from streamer.engines.liveportrait import weights

# Checkpoint -> module and class of the reference, and its section in models.yaml.
_CLASSES = {
    weights.APPEARANCE: ("appearance_feature_extractor", "AppearanceFeatureExtractor"),
    weights.MOTION: ("motion_extractor", "MotionExtractor"),
    weights.WARPING: ("warping_network", "WarpingNetwork"),
    weights.GENERATOR: ("spade_generator", "SPADEDecoder"),
    weights.MLPS: ("stitching_retargeting_network", "StitchingRetargetingNetwork"),
}
_MLPS = {
    weights.STITCHING_ENTRY: "stitching",
    weights.LIP_ENTRY: "lip",
    weights.EYE_ENTRY: "eye",
}


def load(checkout: Path, folder: Path, device: str) -> dict[str, nn.Module]:
    """Build the reference's networks and fill them as it does: by its settings, then its files.

    Returns: networks by the checkpoint's path; the small nets, which no figure needs alone, by
    their entries' names. Raises: `SystemExit` where the checkout or a dependency is missing.
    """
    sizes = _settings(checkout)
    networks: dict[str, nn.Module] = {}
    for path, (module, name) in _CLASSES.items():
        build = getattr(_imported(checkout, module), name)
        state = torch.load(folder / path, map_location="cpu", weights_only=True)
        section = sizes[f"{Path(path).stem}_params"]
        if path != weights.MLPS:
            networks[path] = _filled(build(**section), state, device)
            continue
        for entry, key in _MLPS.items():
            plain = {k.replace("module.", ""): v for k, v in state[entry].items()}
            networks[entry] = _filled(build(**section[key]), plain, device)
    return networks


def _filled(network: nn.Module, state: dict[str, Any], device: str) -> nn.Module:
    network.load_state_dict(state)
    return network.to(device).eval()


def _imported(checkout: Path, module: str) -> Any:
    """Import one module of the checkout, whose package is called ``src``."""
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module(f"src.modules.{module}")
    except ModuleNotFoundError as exc:
        raise SystemExit(f"The reference needs {exc.name}: pip install {exc.name}") from exc


def _settings(checkout: Path) -> dict[str, Any]:
    file = checkout / "src" / "config" / "models.yaml"
    if not file.is_file():
        raise SystemExit(
            f"{checkout} has no {file.relative_to(checkout)}. Name a checkout of the reference: "
            "git clone https://github.com/KwaiVGI/LivePortrait"
        )
    try:
        yaml = importlib.import_module("yaml")
    except ModuleNotFoundError as exc:
        raise SystemExit("The reference's settings need PyYAML: pip install pyyaml") from exc
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["model_params"]
    return settings
