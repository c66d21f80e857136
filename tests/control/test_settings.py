from pathlib import Path

import pytest

from control.settings import load_config
from streamer import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "living-portrait.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, "fps: 25\nstyle: calm\nzoom: 1.5\nseed: 3\n")
    environment = {"LIVING_PORTRAIT_FPS": "24", "LIVING_PORTRAIT_ZOOM": "2", "HOME": "/"}

    config = load_config({"zoom": 3.0}, environment=environment, file=file)

    assert (config.seed, config.fps, config.zoom, config.size) == (3, 24.0, 3.0, "1280x720")


def test_a_typed_key_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'phto' in .*Did you mean 'photo'"):
        load_config({}, environment={}, file=write(tmp_path, "phto: me.jpg\n"))
    with pytest.raises(ConfigError, match=r"LIVING_PORTRAIT_CAMRA.*'camera'"):
        load_config({}, environment={"LIVING_PORTRAIT_CAMRA": "none"}, file=tmp_path / "no")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fps: fast\n", "'fast' is not what 'fps' takes"),
        ("fps: true\n", "True is not what 'fps' takes"),
        ("fps: .nan\n", "fps is nan"),
        ("fps: 500\n", "1 to 60"),
        ("- a\n- b\n", "not a list"),
        ("fps: [1\n", "cannot be read as YAML"),
        ("size: 1281x720\n", "even number"),
        ("size: big\n", "1280x720"),
        ("osc: nowhere\n", "HOST:PORT"),
        ("panel: 127.0.0.1:99999\n", "HOST:PORT"),
        ("fit: stretch\n", "face, cover, contain"),
        ("fill: '#12345'\n", "#202428"),
        ("zoom: 40\n", "0.25 to 4.0"),
        ("idle: 2\n", "0 to 1"),
        ("seconds: -1\n", "above 0"),
        ("photos: /no/such/folder\n", "does not exist"),
        ("mirror: sideways\n", "'sideways' is not what 'mirror' takes"),
        ("face: 0\n", "counted from 1"),
        ("face: true\n", "True is not what 'face' takes"),
        ("paste_back: maybe\n", "'maybe' is not what 'paste_back' takes"),
        ("photo: !!python/object/apply:os.system [id]\n", "cannot be read as YAML"),
    ],
)
def test_a_wrong_setting_says_what_it_takes(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says.replace("[", r"\[")):
        load_config({}, environment={}, file=write(tmp_path, text))


def test_the_neural_engines_settings_come_from_every_place(tmp_path: Path) -> None:
    file = write(tmp_path, "paste_back: false\nface: 2\ndevice: cpu\n")

    config = load_config({"device": "cuda"}, environment={"LIVING_PORTRAIT_FACE": "3"}, file=file)

    assert (config.paste_back, config.face, config.device) == (False, 3, "cuda")


def test_yaml_off_closes_a_door(tmp_path: Path) -> None:
    config = load_config({}, environment={}, file=write(tmp_path, "osc: off\npanel: off\n"))

    assert (config.osc, config.panel) == ("off", "off")


def test_a_settings_file_that_the_environment_names_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_config({}, environment={"LIVING_PORTRAIT_CONFIG": str(tmp_path / "gone.yaml")})


def test_hotkeys_come_as_a_table_or_as_text(tmp_path: Path) -> None:
    table = "hotkeys:\n  ctrl+alt+1: smile\n  ctrl+alt+b: privacy\n"
    wanted = (("ctrl+alt+1", "smile"), ("ctrl+alt+b", "privacy"))

    config = load_config({}, environment={}, file=write(tmp_path, table))
    assert config.hotkeys == wanted
    text = {"LIVING_PORTRAIT_HOTKEYS": "ctrl+alt+1=smile, ctrl+alt+b=privacy"}
    assert load_config({}, environment=text, file=tmp_path / "no").hotkeys == wanted
    assert load_config({}, environment={}, file=write(tmp_path, "hotkeys: off\n")).hotkeys == ()
    with pytest.raises(ConfigError, match="is not what 'hotkeys' takes"):
        load_config({}, environment={"LIVING_PORTRAIT_HOTKEYS": "smile"}, file=tmp_path / "no")
