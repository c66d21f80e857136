"""A slice of what ``python -m tests.fuzz.files`` writes by the thousand, and hypothesis on YAML."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer.photo import Photo, read_photo
from streamer.resources import shipped
from streamer.yaml_text import _LOADER, MAX_DEPTH, YamlError, parse_yaml
from tests.fuzz.documents import TRICKS, as_yaml
from tests.fuzz.files import fuzz
from tests.fuzz.readers import readers
from tests.fuzz.rig import rss_mb

SHIPPED = sorted([*shipped("presets").rglob("*.yaml"), *shipped("photo").glob("*.yaml")])


# What is read in a moment on any machine, and never ends where something is wrong.
HANGS_S = 60.0


@pytest.fixture(scope="module")
def photo() -> Photo:
    return read_photo(shipped("photo") / "mona-lisa.jpg")


@pytest.mark.parametrize("kind", readers(None))  # type: ignore[arg-type]  # only the names
def test_wrong_files_are_refused_by_name_or_read(kind: str, photo: Photo, tmp_path: Path) -> None:
    before = rss_mb()

    outcome = fuzz(readers(photo)[kind], tmp_path, len(TRICKS) + 200, seed=1, slowest_s=HANGS_S)

    assert outcome.wrong == []
    assert outcome.read
    assert rss_mb() - before < 30


@pytest.mark.parametrize("kind", readers(None))  # type: ignore[arg-type]
def test_what_is_no_file_is_not_waited_for(kind: str, photo: Photo, tmp_path: Path) -> None:
    reader = readers(photo)[kind]
    path = tmp_path / reader.file

    def refused() -> None:
        if reader.error is None:
            reader.read(path)  # begins anew
        else:
            with pytest.raises(reader.error):
                reader.read(path)

    path.mkdir()
    if kind == "token":  # a folder in the place of the token is no damaged token
        with pytest.raises(Exception, match="cannot be"):
            reader.read(path)
    elif kind != "settings":  # a folder of that name is none of ours
        refused()
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        if kind == "token":
            with pytest.raises(Exception, match="cannot be"):
                reader.read(path)
        elif kind != "settings":
            refused()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcdef", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(values)
def test_what_is_written_is_read_back(value: object) -> None:
    assert parse_yaml(as_yaml({"a": value})) == {"a": value}


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(st.text() | st.text("-:?&*!|>{}[]%@`'\",#\n \tab01.~<=_"))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        value = parse_yaml(text)
    except YamlError:
        return
    # What it took is what the library itself makes of it.
    assert isinstance(value, dict) or repr(value) == repr(yaml.load(text, Loader=_LOADER))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_need_no_parser_written_in_c(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert yaml.load(text, Loader=yaml.SafeLoader) == parse_yaml(text)


def test_depth_ends_at_the_limit() -> None:
    assert parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(YamlError, match="nested"):
        parse_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
