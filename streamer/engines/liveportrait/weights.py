"""Checkpoint files -> networks: the official ``.pth`` and the flat safetensors, read strictly.

A file must have exactly the keys and shapes of its network, in float32. Spectral norm, which the
files keep unfolded, is folded here.
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from streamer.engines.liveportrait.manifest import FETCH, Manifest
from streamer.engines.liveportrait.networks.appearance import AppearanceExtractor
from streamer.engines.liveportrait.networks.blocks import SpectralConv2d
from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.motion import MotionExtractor
from streamer.engines.liveportrait.networks.stitching import EYE, LIP, STITCHING, KeypointMlp
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from streamer.engines.liveportrait.places import places
from streamer.errors import WeightsError

State = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]
_Network = TypeVar("_Network", bound=nn.Module)

# The official repository's paths; a conversion has the same base names, flat.
APPEARANCE: Final = "liveportrait/base_models/appearance_feature_extractor.pth"
MOTION: Final = "liveportrait/base_models/motion_extractor.pth"
WARPING: Final = "liveportrait/base_models/warping_module.pth"
GENERATOR: Final = "liveportrait/base_models/spade_generator.pth"
MLPS: Final = "liveportrait/retargeting_models/stitching_retargeting_module.pth"
CHECKPOINTS: Final = (APPEARANCE, MOTION, WARPING, GENERATOR, MLPS)

# Entries of the file that holds the three small nets; it has others, which nothing here needs.
STITCHING_ENTRY: Final = "retarget_shoulder"
LIP_ENTRY: Final = "retarget_mouth"
EYE_ENTRY: Final = "retarget_eye"

# What is stored for a spectrally normalised convolution in the place of its weight.
SPECTRAL_PARTS: Final = ("weight_orig", "weight_u", "weight_v")

# A web page or a pointer saved under a model's name, which happens with plain downloads.
_NOT_MODELS: Final = {
    b"version https://git-lfs": "a Git LFS pointer",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}


@dataclass(frozen=True)
class Networks:
    """All networks in eval mode, fp32, on one device."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingNetwork
    generator: Generator
    stitching: KeypointMlp
    eye: KeypointMlp
    lip: KeypointMlp


def load_networks(
    folder: Path, *, manifest: Manifest | None = None, device: str = "cpu"
) -> Networks:
    """Load all networks from the weights folder.

    With a ``manifest`` every listed file is held against its SHA-256 first (about half a second).
    Raises: `WeightsError`, another text for a missing, truncated, altered or unreadable file, for
    missing or unknown keys, a wrong shape and a wrong number type.
    """
    mlps = load_mlps(folder, manifest)
    networks = Networks(
        appearance=load_checkpoint(folder, APPEARANCE, AppearanceExtractor, manifest),
        motion=load_checkpoint(folder, MOTION, MotionExtractor, manifest),
        warping=load_checkpoint(folder, WARPING, WarpingNetwork, manifest),
        generator=load_checkpoint(folder, GENERATOR, Generator, manifest),
        stitching=mlps[STITCHING_ENTRY],
        eye=mlps[EYE_ENTRY],
        lip=mlps[LIP_ENTRY],
    )
    for network in vars(networks).values():
        network.to(device)
    return networks


def load_checkpoint(
    folder: Path, path: str, build: Callable[[], _Network], manifest: Manifest | None = None
) -> _Network:
    """Load one network, on the CPU. Raises: `WeightsError` as `load_networks`."""
    file = find(folder, path)
    network = empty(build)
    return fill(network, _checked_read(folder, file, manifest, least_bytes(network)), file)


def load_mlps(folder: Path, manifest: Manifest | None = None) -> dict[str, KeypointMlp]:
    """Load the three small nets by their entries' names. Raises: `WeightsError`."""
    file = find(folder, MLPS)
    dims = {STITCHING_ENTRY: STITCHING, EYE_ENTRY: EYE, LIP_ENTRY: LIP}
    nets = {entry: empty(partial(KeypointMlp, widths)) for entry, widths in dims.items()}
    least = sum(least_bytes(net) for net in nets.values())
    entries = split_entries(_checked_read(folder, file, manifest, least), file)
    return {
        entry: fill(net, entries[entry], file, f" (entry '{entry}')") for entry, net in nets.items()
    }


def find(folder: Path, path: str) -> Path:
    """Return the file of a checkpoint: official place, flat ``.pth``, or flat safetensors.

    Raises: `WeightsError` when none is there.
    """
    candidates = places(folder, path)
    for file in candidates:
        if file.is_file():
            return file
    raise WeightsError(
        f"The model file {path} is missing in {folder} (as is {candidates[-1].name}). "
        f"Get the model files: {FETCH}"
    )


def empty(build: Callable[[], _Network]) -> _Network:
    """Build a network without memory for its weights: they come from the file."""
    with torch.device("meta"):
        return build().eval()


def layout(network: nn.Module) -> Shapes:
    """Return the keys and shapes of the network's checkpoint, spectral norm unfolded."""
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    for name in _spectral(network):
        shape = shapes.pop(f"{name}.weight")
        rows = shape[0]
        columns = torch.Size(shape[1:]).numel()
        parts = zip(SPECTRAL_PARTS, (shape, (rows,), (columns,)), strict=True)
        shapes.update({f"{name}.{part}": size for part, size in parts})
    return shapes


def least_bytes(network: nn.Module) -> int:
    """Return the bytes that the float32 tensors of its checkpoint take."""
    return 4 * sum(torch.Size(shape).numel() for shape in layout(network).values())


def fold_spectral_norm(state: State, network: nn.Module) -> State:
    """Replace each stored triple by the weight that it stands for.

    The file's u and v estimate the largest singular value; it is they that count, not the exact
    value: sigma = u . (W v), and the weight is W / sigma.
    """
    folded = dict(state)
    for name in _spectral(network):
        weight, u, v = (folded.pop(f"{name}.{part}") for part in SPECTRAL_PARTS)
        sigma = torch.dot(u, torch.mv(weight.flatten(1), v))
        folded[f"{name}.weight"] = weight / sigma
    return folded


def split_entries(tree: Mapping[str, Any], file: Path) -> dict[str, State]:
    """Return the three small nets' states from the file that holds them together.

    The ``.pth`` nests one state per entry, keys perhaps with ``module.`` in them; the flat
    conversion writes ``retarget_shoulder_module.mlp...``. Further entries are ignored.
    Raises: `WeightsError`.
    """
    entries: dict[str, State] = {}
    for name in (STITCHING_ENTRY, EYE_ENTRY, LIP_ENTRY):
        nested = tree.get(name)
        if nested is None:
            prefix = f"{name}_module."
            nested = {k.removeprefix(prefix): v for k, v in tree.items() if k.startswith(prefix)}
        if not isinstance(nested, Mapping) or not nested:
            raise WeightsError(
                f"{file} has no entry '{name}'; it has {_some(tree)}. Get it again: {FETCH}"
            )
        entries[name] = {str(k).replace("module.", ""): v for k, v in nested.items()}
    return entries


def fill(network: _Network, state: Mapping[str, Any], file: Path, where: str = "") -> _Network:
    """Put a checkpoint's tensors into an empty network. Raises: `WeightsError`."""
    expected = layout(network)
    missing = [key for key in expected if key not in state]
    unknown = [key for key in state if key not in expected]
    if missing or unknown:
        parts = [f"{len(missing)} keys missing ({_some(missing)})"] if missing else []
        parts += [f"{len(unknown)} keys unknown ({_some(unknown)})"] if unknown else []
        raise WeightsError(
            f"{file}{where} is not this network's checkpoint: {', '.join(parts)}. "
            f"Get the official file: {FETCH}"
        )
    for key, shape in expected.items():
        _check_tensor(file, where, key, state[key], shape)
    network.load_state_dict(fold_spectral_norm(dict(state), network), strict=True, assign=True)
    return network.requires_grad_(False)


def _check_tensor(file: Path, where: str, key: str, value: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(value, Tensor) or tuple(value.shape) != shape:
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise WeightsError(
            f"{file}{where}: '{key}' has the shape {found}, this network needs {shape}. "
            f"Get the official file: {FETCH}"
        )
    counter = key.endswith("num_batches_tracked")
    if value.dtype != (torch.int64 if counter else torch.float32):
        raise WeightsError(
            f"{file}{where}: '{key}' is {value.dtype}, expected float32. "
            f"Get the official file: {FETCH}"
        )
    if not counter and not _finite(value):
        raise WeightsError(
            f"{file}{where}: '{key}' holds values that are no finite numbers; the file is "
            f"damaged. Get it again: {FETCH}"
        )


def _finite(value: Tensor) -> bool:
    """Say whether all values are finite. Their sum tells at a tenth of the time, if it is so."""
    return bool(torch.isfinite(value.sum())) or bool(torch.isfinite(value).all())


def _checked_read(
    folder: Path, file: Path, manifest: Manifest | None, least: int
) -> Mapping[str, Any]:
    """Read a file that is at least as long as its tensors. Raises: `WeightsError`."""
    size = file.stat().st_size
    if size < least:
        with file.open("rb") as opened:
            head = opened.read(64)
        for start, kind in _NOT_MODELS.items():
            if head.startswith(start):
                raise WeightsError(f"{file} is {kind}, not the model. Get the model: {FETCH}")
        raise WeightsError(
            f"{file} is cut short: {size:,} bytes, its tensors alone take {least:,}. "
            f"Get it again: {FETCH}"
        )
    if manifest is not None:
        manifest.check(folder, file.relative_to(folder).as_posix())
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        tree = torch.load(file, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        SafetensorError,
    ) as exc:
        raise WeightsError(
            f"{file} cannot be read as a model file ({_first_line(exc)}). Get it again: {FETCH}"
        ) from exc
    if not isinstance(tree, Mapping):
        raise WeightsError(
            f"{file} holds a {type(tree).__name__}, not a checkpoint. "
            f"Get the official file: {FETCH}"
        )
    return tree


def _spectral(network: nn.Module) -> list[str]:
    return [name for name, m in network.named_modules() if isinstance(m, SpectralConv2d)]


def _some(names: Any) -> str:
    """The first few names."""
    first = [str(name) for name in names]
    return ", ".join(first[:3]) + (", ..." if len(first) > 3 else "")


def _first_line(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__).splitlines()[0][:160]
