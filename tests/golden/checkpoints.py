"""Synthetic weights as files in the official layout, so that they go through the real loader."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from streamer.engines.liveportrait import weights
from tests.golden import weights_recipe as recipe

TABLES = Path(__file__).parent
MLPS = "stitching_retargeting_module"
ENTRIES = {
    weights.STITCHING_ENTRY: "stitching",
    weights.EYE_ENTRY: "eye",
    weights.LIP_ENTRY: "lip",
}


def tensors(module: str, salt: str) -> dict[str, torch.Tensor]:
    """Return one module's synthetic state."""
    state = recipe.synth_state_dict(module, recipe.load_table(module, TABLES), salt)
    return {key: torch.from_numpy(np.array(value)) for key, value in state.items()}


def mlp_file(salt: str) -> dict[str, Mapping[str, torch.Tensor]]:
    """Return the small nets as their file holds them: nested, prefixed, with further entries."""
    tree: dict[str, Mapping[str, torch.Tensor]] = {
        entry: {f"module.{key}": value for key, value in tensors(f"{MLPS}/{name}", salt).items()}
        for entry, name in ENTRIES.items()
    }
    tree["retarget_other"] = {"module.mlp.0.weight": torch.zeros(3, 3)}
    return tree


def write(folder: Path, salt: str) -> None:
    """Write all five checkpoints under a weights folder (about 520 MB)."""
    for path in weights.CHECKPOINTS:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        tree = mlp_file(salt) if path == weights.MLPS else tensors(file.stem, salt)
        torch.save(tree, file)
