"""Which engine is picked, what is said of it, and what that costs."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streamer.engines import choice, needs
from streamer.engines.choice import Options, choose_engine
from streamer.engines.liveportrait import devices
from streamer.engines.liveportrait.manifest import read_manifest
from streamer.engines.liveportrait.places import missing
from streamer.engines.needs import Need, examine
from streamer.errors import ConfigError, EngineError, WeightsError
from streamer.resources import weights_list

ROOT = Path(__file__).parents[3]
PIP = needs.install_command()
FETCH = "living-portrait weights fetch"


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without torch, whatever this one has."""
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with torch, whatever this one has."""
    monkeypatch.setattr(devices, "installed", lambda: True)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A weights folder that has a file under every name that is needed, but no models."""
    for file in read_manifest(weights_list()).official:
        if not file.optional:
            place = tmp_path / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"no model")
    return tmp_path


def test_without_model_files_the_built_in_engine_is_picked_and_the_command_told(
    tmp_path: Path, here: None
) -> None:
    picked = choose_engine(Options(weights=tmp_path))

    assert picked.engine.name == "warp"
    assert picked.understudies == ()
    assert picked.problem == ""
    assert f"no model files in {tmp_path}" in picked.why
    assert picked.why.endswith(f'For liveportrait: {FETCH} --weights "{tmp_path}"')
    assert "\n" not in picked.why


def test_without_torch_the_pip_command_is_told(files: Path, no_torch: None) -> None:
    picked = choose_engine(Options(weights=files))

    assert picked.engine.name == "warp"
    assert "PyTorch is not installed" in picked.why
    assert PIP in picked.why
    assert "[liveportrait]" in PIP or "--neural" in PIP  # as the environment was made
    assert FETCH not in picked.why


def test_without_both_the_two_commands_are_told_in_their_order(
    tmp_path: Path, no_torch: None
) -> None:
    why = choose_engine(Options(weights=tmp_path)).why

    assert "\n" not in why
    assert why.index(PIP) < why.index(FETCH)


@pytest.mark.skipif(devices.likely(), reason="this machine has the driver of an accelerator")
@pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
def test_without_an_accelerator_the_slow_way_is_told(files: Path, here: None, device: str) -> None:
    picked = choose_engine(Options(weights=files, device=device))

    assert picked.engine.name == "warp"
    assert "--engine liveportrait --device cpu (seconds per frame)" in picked.why


@pytest.mark.skipif(devices.likely(), reason="this machine has the driver of an accelerator")
@pytest.mark.parametrize("have", ["nothing", "files"])
def test_picking_the_built_in_engine_imports_no_torch(
    tmp_path: Path, files: Path, have: str
) -> None:
    folder = files if have == "files" else tmp_path / "none"
    code = (
        "import sys; from pathlib import Path; "
        "from streamer.engines.choice import Options, choose_engine; "
        f"choose_engine(Options(weights=Path({str(folder)!r}))); "
        "print([m for m in ('torch', 'onnxruntime', 'huggingface_hub') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_asked_for_without_torch_or_files_it_is_an_error_with_what_to_type(
    tmp_path: Path, no_torch: None
) -> None:
    with pytest.raises(EngineError, match="PyTorch is not installed") as refused:
        choose_engine(Options("liveportrait", weights=tmp_path))

    assert PIP in str(refused.value)
    assert FETCH in str(refused.value)


def test_asked_for_without_files_it_names_them_and_the_command(files: Path, here: None) -> None:
    (files / "liveportrait/base_models/warping_module.pth").unlink()

    with pytest.raises(WeightsError, match=r"warping_module\.pth missing in .*weights fetch"):
        choose_engine(Options("liveportrait", weights=files))


def test_files_count_in_every_place_that_the_engine_reads(files: Path) -> None:
    manifest = read_manifest(weights_list())
    official = files / "liveportrait/base_models/motion_extractor.pth"

    assert missing(files, manifest) == []
    official.rename(files / "motion_extractor.safetensors")
    assert missing(files, manifest) == []
    (files / "motion_extractor.safetensors").unlink()
    assert missing(files, manifest) == ["liveportrait/base_models/motion_extractor.pth"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            Options("magic"),
            "Unknown engine 'magic'. Choose one of: auto, liveportrait, baked, warp",
        ),
        (Options("warp", device="gpu"), "Unknown device 'gpu'"),
    ],
)
def test_an_unknown_word_is_refused(options: Options, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        choose_engine(options)


@pytest.mark.neural
def test_damaged_files_leave_the_built_in_engine_and_a_notice_or_an_error_if_asked_for(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="pip install -e '.[liveportrait]'")
    found = Need("accelerator", True, "one")
    monkeypatch.setattr(choice, "accelerator_need", lambda device: found)

    picked = choose_engine(Options(weights=files))

    assert picked.engine.name == "warp"
    assert "is cut short" in picked.problem
    assert FETCH in picked.problem
    with pytest.raises(WeightsError, match="is cut short"):
        choose_engine(Options("liveportrait", weights=files))


def test_doctors_lines_each_tell_what_to_type(
    files: Path, tmp_path: Path, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {need.subject: need for need in examine(tmp_path / "none", "auto")}

    assert set(lines) == {"torch", "weights", "accelerator"}
    assert not lines["torch"].ok
    assert PIP in lines["torch"].fix
    assert FETCH in lines["weights"].fix
    assert examine(files, "auto")[1].ok


def test_start_py_completes_the_environment_that_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(needs.__file__).parents[2]

    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    own = needs.install_command()
    monkeypatch.setattr(sys, "prefix", "/another")
    another = needs.install_command()

    assert own.endswith(f'"{root / "start.py"}" --neural')
    assert f'-m pip install -e "{root}[liveportrait]"' in another


def test_an_installed_package_is_completed_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "site-packages" / "streamer" / "engines" / "needs.py"
    monkeypatch.setattr(needs, "__file__", str(elsewhere))

    assert needs.install_command().endswith('-m pip install "living-portrait[liveportrait]"')


# ---------------------------------------------------------------- with all files


@pytest.mark.neural
def test_the_whole_way_from_files_to_a_staged_portrait(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamer import Config
    from streamer.stream import Stream

    config = Config(
        engine="liveportrait", device="cpu", weights=weights_dir, size="320x180", camera="none"
    )
    stream = Stream(config)
    try:
        scene = stream.stage_once()

        assert stream.engine_choice == "Engine: liveportrait on cpu float32, as asked."
        assert scene.still.mean() > 20
        assert scene.rest["eye_ratio"] > 0.1
        state = json.loads(json.dumps(stream.state()))
        assert state["engine"]["parts"]["networks"] == "cpu float32"
        scene.close()
    finally:
        stream.stop()


def test_the_face_that_was_asked_for_reaches_the_engine(tmp_path: Path) -> None:
    from streamer.errors import PhotoError
    from streamer.photo import read_photo

    picture = tmp_path / "alone.jpg"
    picture.write_bytes((ROOT / "photo" / "mona-lisa.jpg").read_bytes())  # without its sidecar
    photo = read_photo(picture)

    first = choose_engine(Options("warp")).engine
    second = choose_engine(replace(Options("warp"), face=2)).engine

    assert first.open(photo).photo is photo
    with pytest.raises(PhotoError, match=r"there is no face 2\. Choose --face 1"):
        second.open(photo)
