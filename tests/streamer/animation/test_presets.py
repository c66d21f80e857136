"""Preset files: what is read, and what an error says."""

import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer.animation.presets import CHANNELS, load_preset
from streamer.animation.yaml_file import MAX_BYTES
from streamer.errors import PresetError
from streamer.parameters import PARAMETERS
from streamer.resources import shipped

SHIPPED = sorted(shipped("presets").glob("*.yaml"))
LENGTHS = {"smile": 1.5, "blink": 0.5, "talk": 2.0, "surprise": 1.2, "wink": 0.8}

GOOD = """\
name: hello
label: {en: Hello, ko: 안녕}
emoji: 👋
duration_ms: 900
easing: min_jerk
keyframes:
  - {time: 0.0, params: {}}
  - {time: 0.4, params: {smile: 0.5, eye_ratio: 80%}, easing: quick}
  - {time: 1.0, params: {}}
mode: hold
blocks: [blink, gaze]
"""


def written(folder: Path, content: str | bytes, name: str = "hello") -> Path:
    path = folder / f"{name}.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def error(folder: Path, content: str | bytes) -> str:
    with pytest.raises(PresetError) as caught:
        load_preset(written(folder, content))
    return str(caught.value)


def test_every_field_is_read(tmp_path: Path) -> None:
    preset = load_preset(written(tmp_path, GOOD))

    assert (preset.name, preset.label["ko"], preset.emoji) == ("hello", "안녕", "👋")
    assert (preset.duration_s, preset.easing, preset.mode) == (0.9, "min_jerk", "hold")
    assert preset.blocks == ("blink", "gaze")
    middle = preset.keyframes[1]
    assert (middle.time, middle.easing) == (0.4, "quick")
    assert middle.params["smile"].resolve(own=9.0) == 0.5
    assert middle.params["eye_ratio"].resolve(own=0.4) == pytest.approx(0.32)
    assert preset.keyframes[2].easing == "min_jerk"


def test_ten_lines_are_enough(tmp_path: Path) -> None:
    text = "name: hello\nduration_ms: 900\nkeyframes: [{time: 0}, {time: 1}]\n"

    preset = load_preset(written(tmp_path, text))

    assert preset.label == {"en": "Hello", "ko": "Hello"}
    assert (preset.mode, preset.easing, preset.blocks) == ("once", "smoothstep", ())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_preset_loads_with_labels_in_both_languages(path: Path) -> None:
    preset = load_preset(path)

    assert preset.label["en"] != preset.label["ko"]
    assert preset.description
    assert preset.duration_s == pytest.approx(LENGTHS.get(preset.name, preset.duration_s))
    assert not preset.keyframes[0].params, "a shipped preset starts from what lies beneath"
    assert not preset.keyframes[-1].params, "and returns to it"


def test_the_presets_that_everything_counts_on_are_there() -> None:
    names = {path.stem for path in SHIPPED}

    assert names >= {*LENGTHS, "nod", "shake", "laugh", "sad", "angry", "think"}


WRONG = {
    "typo in a parameter": (
        GOOD.replace("smile: 0.5", "smlie: 0.5"),
        ["keyframe 2 (time 0.4)", "'smlie'", "Did you mean 'smile'?"],
    ),
    "out of range": (
        GOOD.replace("smile: 0.5", "smile: 5"),
        ["keyframe 2 (time 0.4)", "params.smile", "5", "-0.3 to 1.3"],
    ),
    "nan": (GOOD.replace("smile: 0.5", "smile: .nan"), ["params.smile", "nan", "-0.3 to 1.3"]),
    "infinity": (GOOD.replace("smile: 0.5", "smile: -.inf"), ["params.smile", "-inf"]),
    "bool": (GOOD.replace("smile: 0.5", "smile: yes"), ["params.smile", "'true' (yes/no)"]),
    "text": (GOOD.replace("smile: 0.5", "smile: lots"), ["params.smile", "'lots'"]),
    "percentage of nothing": (
        GOOD.replace("smile: 0.5", "smile: 50%"),
        ["params.smile", "'50%'", "eye_ratio and lip_ratio"],
    ),
    "large percentage": (GOOD.replace("80%", "900%"), ["params.eye_ratio", "0% to 400%"]),
    "negative percentage": (GOOD.replace("80%", "-80%"), ["params.eye_ratio", "'-80%'"]),
    "unknown field": (GOOD + "blcoks: []\n", ["'blcoks'", "Did you mean 'blocks'?"]),
    "unknown field of a keyframe": (
        GOOD.replace("easing: quick", "esing: quick"),
        ["keyframe 2", "'esing'", "Did you mean 'easing'?"],
    ),
    "unknown easing": (
        GOOD.replace("min_jerk", "min_jrek"),
        ["easing", "'min_jrek'", "Did you mean 'min_jerk'?"],
    ),
    "unknown mode": (GOOD.replace("mode: hold", "mode: twice"), ["mode", "'twice'", "once"]),
    "unknown channel": (GOOD.replace("gaze]", "gase]"), ["blocks", "'gase'", "'gaze'"]),
    "times go back": (
        GOOD.replace("time: 0.4", "time: 0.0"),
        ["keyframe 2 (time 0), time", "more than the keyframe before"],
    ),
    "does not begin at 0": (GOOD.replace("time: 0.0", "time: 0.1"), ["keyframe 1, time", "0.0"]),
    "does not end at 1": (GOOD.replace("time: 1.0", "time: 0.9"), ["keyframe 3, time", "1.0"]),
    "one keyframe": (
        "name: hello\nduration_ms: 900\nkeyframes: [{time: 0}]\n",
        ["keyframes", "1 keyframes", "2 to 200"],
    ),
    "no keyframes": ("name: hello\nduration_ms: 900\n", ["'keyframes' is missing"]),
    "other name than the file": (
        GOOD.replace("name: hello", "name: hallo"),
        ["name", "'hallo'", "'hello'"],
    ),
    "too long": (GOOD.replace("900", "900000"), ["duration_ms", "60000 ms"]),
    "huge integer": (GOOD.replace("900", "9" * 400), ["duration_ms", "a very large number"]),
    "unreadable integer": (GOOD.replace("900", "9" * 9000), ["cannot be read"]),
    "label that YAML takes for a bool": (GOOD.replace("en: Hello", "en: No"), ["label.en"]),
    "control characters": (GOOD.replace("en: Hello", 'en: "a\\nb"'), ["label.en", "printable"]),
    "key twice": (GOOD + "mode: once\n", ["'mode' appears twice", "line 12"]),
    "alias": (
        "name: &n hello\nlabel: {en: *n}\n",
        ["line 1", "anchor or alias"],
    ),
    "tag": ("name: !!python/object/apply:os.system [ls]\n", ["line 1", "tag"]),
    "merge": (GOOD + "<<: {mode: once}\n", ["plain text"]),
    "deep nesting": ("name: " + "[" * 5000, ["nested more than"]),
    "no mapping": ("- 1\n- 2\n", ["no mapping"]),
    "empty": ("", ["no mapping"]),
    "broken YAML": ("name: [hello\nduration_ms: 3", ["line", "not valid YAML"]),
    "two documents": (GOOD + "---\n" + GOOD, ["not valid YAML"]),
    "not UTF-8": (GOOD.encode("utf-16"), ["UTF-8"]),
    "NUL": (GOOD + "\0", ["not valid YAML"]),
    "too large": (GOOD + "#" * MAX_BYTES, ["64 kB"]),
    "sustain where no keyframe is": (GOOD + "sustain: 0.5\n", ["sustain", "0.5", "0, 0.4, 1"]),
    "a passage that does not return": (GOOD + "sustain: [0, 0.4]\n", ["sustain", "end as it beg"]),
    "a loop that does not return": (
        GOOD.replace("mode: hold", "mode: loop").replace(
            "time: 1.0, params: {}", "time: 1.0, params: {smile: 1}"
        ),
        ["loop", "end as it began"],
    ),
    "delay of what is not used": (GOOD + "delay_ms: {grin: 5}\n", ["delay_ms", "'grin'"]),
    "long delay": (GOOD + "delay_ms: {smile: 500}\n", ["delay_ms.smile", "360 ms"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_error_names_the_file_the_place_and_what_was_expected(case: str, tmp_path: Path) -> None:
    content, parts = WRONG[case]

    message = error(tmp_path, content)

    assert str(tmp_path / "hello.yaml") in message
    for part in parts:
        assert part in message, message
    assert "\n" not in message
    assert len(message) < 700


def test_folder_and_missing_file_are_errors_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()

    for name in ("folder", "missing"):
        with pytest.raises(PresetError, match=f"{name}.yaml"):
            load_preset(tmp_path / f"{name}.yaml")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["80%", "smile", "once", "min_jerk", "blink", "hello", *CHANNELS]),
)
KEYS = st.sampled_from(
    [
        *("name", "label", "emoji", "duration_ms", "easing", "keyframes", "mode", "blocks"),
        *("sustain", "delay_ms", "description", "time", "params", "en", "ko", "nonsense"),
        *PARAMETERS,
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, SCALARS), inner, max_size=4)
    ),
    max_leaves=12,
)


def loads_or_says_what_is_wrong(path: Path) -> None:
    try:
        preset = load_preset(path)
    except PresetError as exc:
        assert str(path) in str(exc)
        return
    for keyframe in preset.keyframes:
        for name, value in keyframe.params.items():
            resolved = PARAMETERS[name].clamp(value.resolve(own=0.3))
            assert PARAMETERS[name].low <= resolved <= PARAMETERS[name].high


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_content_raises_anything_but_a_preset_error(
    tmp_path: Path, content: str | bytes
) -> None:
    loads_or_says_what_is_wrong(
        written(
            tmp_path, content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        )
    )


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_no_change_of_a_good_file_raises_anything_but_a_preset_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    tree = yaml.safe_load(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = tree, data.draw(st.sampled_from(list(tree)))
        while isinstance(place.get(key) if isinstance(place, dict) else place[key], (dict, list)):
            inner = place[key]
            if not inner or data.draw(st.booleans()):
                break
            place = inner
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            key = data.draw(st.sampled_from(keys))
        place[key] = data.draw(TREES)
    text = yaml.safe_dump(tree, allow_unicode=True)

    loads_or_says_what_is_wrong(written(tmp_path, text.encode("utf-8", "replace")))


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 20), put=st.text(max_size=6))
def test_no_edit_of_a_good_file_raises_anything_but_a_preset_error(
    tmp_path: Path, at: int, cut: int, put: str
) -> None:
    text = GOOD[:at] + put + GOOD[at + cut :]

    loads_or_says_what_is_wrong(written(tmp_path, text.encode("utf-8", "replace")))


def test_documentation_example_is_a_preset(tmp_path: Path) -> None:
    text = textwrap.dedent(
        """\
        name: smile                    # file presets/smile.yaml
        label: {en: Smile, ko: 웃어봐}
        emoji: 😊
        duration_ms: 1500
        easing: smoothstep
        keyframes:
          - {time: 0.0, params: {}}
          - {time: 0.4, params: {smile: 1.0, eye_ratio: 80%}}
          - {time: 1.0, params: {}}
        mode: once
        blocks: [blink]
        """
    )

    assert load_preset(written(tmp_path, text, "smile")).name == "smile"
