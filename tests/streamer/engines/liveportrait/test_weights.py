"""Strict reading of checkpoints: what is wrong is said, each fault in its own words."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from safetensors.torch import save_file

from streamer.engines.liveportrait import weights
from streamer.engines.liveportrait.manifest import Manifest, ModelFile
from streamer.engines.liveportrait.networks.appearance import AppearanceExtractor
from streamer.engines.liveportrait.networks.blocks import SpectralConv2d
from streamer.errors import WeightsError
from tests.golden import checkpoints
from tests.golden.archive import Archive

pytestmark = pytest.mark.neural

SALT = "loader"
STEM = "appearance_feature_extractor"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return checkpoints.tensors(STEM, SALT)


@pytest.fixture
def folder(tmp_path: Path, state: dict[str, torch.Tensor]) -> Path:
    """A weights folder with the appearance network's official file."""
    save(tmp_path, state)
    return tmp_path


def save(folder: Path, tree: Any) -> Path:
    file = folder / weights.APPEARANCE
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(tree, file)
    return file


def load(folder: Path, manifest: Manifest | None = None) -> AppearanceExtractor:
    return weights.load_checkpoint(folder, weights.APPEARANCE, AppearanceExtractor, manifest)


def manifest_of(folder: Path, *, sha256: str | None = None) -> Manifest:
    data = (folder / weights.APPEARANCE).read_bytes()
    digest = sha256 or hashlib.sha256(data).hexdigest()
    entry = ModelFile("appearance", weights.APPEARANCE, digest, "MIT", True, len(data))
    return Manifest("hub/models", {entry.path: entry}, (entry,))


def refusal(folder: Path, manifest: Manifest | None = None) -> str:
    with pytest.raises(WeightsError) as caught:
        load(folder, manifest)
    text = str(caught.value)
    assert STEM in text
    assert "living-portrait weights fetch" in text
    return text


def test_a_good_file_loads_in_eval_mode_without_gradients(
    folder: Path, state: dict[str, torch.Tensor]
) -> None:
    network = load(folder, manifest_of(folder))

    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert torch.equal(network.second.weight, state["second.weight"])


def test_the_flat_conversion_and_a_flat_pth_load_the_same(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    save_file(state, tmp_path / f"{STEM}.safetensors")
    from_safetensors = load(tmp_path).state_dict()
    torch.save(state, tmp_path / f"{STEM}.pth")
    from_pth = load(tmp_path).state_dict()

    assert all(torch.equal(from_safetensors[key], from_pth[key]) for key in state)


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    text = refusal(tmp_path)

    assert "missing" in text
    assert str(tmp_path) in text


def test_a_truncated_file_is_told_from_a_damaged_one(folder: Path) -> None:
    manifest = manifest_of(folder)
    file = folder / weights.APPEARANCE
    data = file.read_bytes()

    file.write_bytes(data[:1000])
    assert "cut short" in refusal(folder)
    file.write_bytes(data[:-10_000])
    assert "cut short" in refusal(folder, manifest)
    assert "cannot be read" in refusal(folder)  # the list of files unknown


def test_an_altered_file_is_refused_with_both_hashes(folder: Path) -> None:
    file = folder / weights.APPEARANCE
    manifest = manifest_of(folder)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))

    text = refusal(folder, manifest)

    assert hashlib.sha256(bytes(data)).hexdigest() in text
    assert manifest.files[weights.APPEARANCE].sha256 in text


def _without(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "second.bias"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without, "keys missing (second.bias)"),
        (lambda s: s | {"third.weight": torch.zeros(2)}, "keys unknown (third.weight)"),
        (lambda s: s | {"second.bias": torch.zeros(511)}, "'second.bias' has the shape (511,)"),
        (lambda s: s | {"second.bias": s["second.bias"].half()}, "'second.bias' is torch.float16"),
        (
            lambda s: s | {"second.bias": s["second.bias"] * float("nan")},
            "'second.bias' holds values that are no finite numbers",
        ),
        (lambda s: s | {"second.bias": "text"}, "'second.bias' has the shape str"),
        (lambda s: list(s.values()), "holds a list, not a checkpoint"),
    ],
    ids=["missing", "unknown", "shape", "half", "nan", "text", "list"],
)
def test_a_wrong_checkpoint_is_refused_with_what_is_wrong(
    tmp_path: Path,
    state: dict[str, torch.Tensor],
    change: Callable[[dict[str, Any]], Any],
    told: str,
) -> None:
    save(tmp_path, change(state))

    assert told in refusal(tmp_path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "web page"),
    ],
)
def test_a_pointer_or_a_web_page_is_called_what_it_is(folder: Path, head: bytes, kind: str) -> None:
    (folder / weights.APPEARANCE).write_bytes(head)

    assert kind in refusal(folder)


def test_a_file_that_would_run_code_is_not_unpickled(folder: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    padding = torch.zeros(1_000_000)
    save(folder, {"first.conv.weight": Evil(), "padding": padding})

    assert "cannot be read" in refusal(folder)
    assert not (tmp_path / "ran").exists()


def test_a_damaged_safetensors_file_is_refused(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    file = tmp_path / f"{STEM}.safetensors"
    save_file(state, file)
    file.write_bytes(b"\xff" * 8 + file.read_bytes()[8:])

    assert "cannot be read" in refusal(tmp_path)


def test_the_small_nets_load_nested_with_prefixes_and_ignore_other_entries(
    tmp_path: Path,
) -> None:
    file = tmp_path / weights.MLPS
    file.parent.mkdir(parents=True)
    tree = checkpoints.mlp_file(SALT)
    torch.save(tree, file)

    nets = weights.load_mlps(tmp_path)

    assert set(nets) == {"retarget_shoulder", "retarget_mouth", "retarget_eye"}
    stored = tree["retarget_eye"]["module.mlp.10.weight"]
    assert torch.equal(nets["retarget_eye"].mlp[10].weight, stored)


def test_the_small_nets_load_from_the_flat_conversion(tmp_path: Path) -> None:
    flat = {
        f"{entry}_module.{key.removeprefix('module.')}": value
        for entry, nested in checkpoints.mlp_file(SALT).items()
        for key, value in nested.items()
    }
    save_file(flat, tmp_path / "stitching_retargeting_module.safetensors")

    nets = weights.load_mlps(tmp_path)

    stored = flat["retarget_shoulder_module.mlp.6.bias"]
    assert torch.equal(nets["retarget_shoulder"].mlp[6].bias, stored)


def test_a_small_nets_file_without_an_entry_is_refused(tmp_path: Path) -> None:
    file = tmp_path / weights.MLPS
    file.parent.mkdir(parents=True)
    tree = checkpoints.mlp_file(SALT)
    tree["padding"] = tree.pop("retarget_mouth")
    torch.save(tree, file)

    with pytest.raises(WeightsError, match="no entry 'retarget_mouth'"):
        weights.load_mlps(tmp_path)


def test_spectral_norm_is_folded_with_the_stored_vectors_not_the_true_norm() -> None:
    source = torch.Generator().manual_seed(2)
    network = torch.nn.Sequential(SpectralConv2d(3, 4, 3), torch.nn.Conv2d(4, 4, 1))
    state = {key: torch.randn(shape, generator=source) for key, shape in layout_of(network)}

    weight = weights.fold_spectral_norm(state, network)["0.weight"]

    matrix = state["0.weight_orig"].flatten(1)
    sigma = state["0.weight_u"] @ matrix @ state["0.weight_v"]
    assert torch.allclose(weight, state["0.weight_orig"] / sigma)
    assert float(sigma) != pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)))


def layout_of(network: torch.nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return list(weights.layout(network).items())


def test_folded_weights_have_the_sigmas_that_the_archive_lists(
    archive: Archive, networks: Any
) -> None:
    state = checkpoints.tensors("spade_generator", archive.salt)
    layers = dict(networks.generator.named_modules())

    sigmas = {
        name: float(state[f"{name}.weight_orig"].abs().sum() / layers[name].weight.abs().sum())
        for name in archive.manifest["spectral_sigma"]
    }

    assert sigmas == pytest.approx(archive.manifest["spectral_sigma"], rel=1e-5)


def test_every_checkpoint_is_in_the_shipped_list() -> None:
    from streamer.engines.liveportrait.manifest import read_manifest

    shipped = read_manifest(Path(__file__).parents[4] / "weights" / "MANIFEST.toml")

    assert set(weights.CHECKPOINTS) < set(shipped.files)


def test_reading_needs_no_more_than_the_file_itself(state: dict[str, torch.Tensor]) -> None:
    network = weights.empty(AppearanceExtractor)

    assert all(value.is_meta for value in network.state_dict().values())
    buffer = io.BytesIO()
    torch.save(state, buffer)
    assert weights.least_bytes(network) < buffer.tell()
