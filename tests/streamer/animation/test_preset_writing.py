"""What is written down reads back as the same preset."""

from pathlib import Path

import pytest
import yaml

from streamer.animation.preset_library import PresetLibrary
from streamer.animation.preset_writing import as_text, curves, written
from streamer.animation.presets import load_preset, read_preset
from streamer.parameters import neutral_face
from streamer.resources import shipped

LIBRARY = PresetLibrary([shipped("presets")])
OWN = neutral_face(eye_ratio=0.4, lip_ratio=0.1)


@pytest.mark.parametrize("name", LIBRARY.presets)
def test_every_shipped_preset_survives_being_written_and_read(name: str, tmp_path: Path) -> None:
    preset = LIBRARY.presets[name]
    path = tmp_path / f"{name}.yaml"

    path.write_text(as_text(written(preset)), encoding="utf-8")

    assert load_preset(path) == preset
    assert all(len(line) < 200 for line in path.read_text(encoding="utf-8").splitlines())


def test_text_that_yaml_would_take_for_something_else_stays_text(tmp_path: Path) -> None:
    content = {
        "name": "odd",
        "label": {"en": "yes: no", "ko": "#1 '끝\""},
        "emoji": "?",
        "description": "on",
        "duration_ms": 500,
        "keyframes": [{"time": 0, "params": {}}, {"time": 1, "params": {}}],
    }
    preset = read_preset(content, Path("odd.yaml"))

    text = as_text(written(preset))

    assert yaml.safe_load(text)["label"] == content["label"]
    assert yaml.safe_load(text)["emoji"] == "?"
    assert yaml.safe_load(text)["description"] == "on"


def test_curves_begin_and_end_at_rest_and_reach_the_keyframes() -> None:
    preset = LIBRARY.presets["smile"]

    course = curves(preset, OWN, 301)

    assert course["smile"][0] == pytest.approx(0.0, abs=1e-9)
    assert course["smile"][-1] == 0.0
    assert max(course["smile"]) == pytest.approx(1.0, abs=0.01)
    assert course["eye_ratio"][0] == pytest.approx(0.4)
    assert min(course["eye_ratio"]) == pytest.approx(0.82 * 0.4, abs=0.005)
    assert set(course) == {"smile", "eye_ratio", "head_roll", "head_pitch"}
