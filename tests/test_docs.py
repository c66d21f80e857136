"""What the documents say is what the code does: tables, links, flags, addresses, messages."""

import argparse
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import start
from benchmarks.references import filled
from control.cli import COMMANDS, build_parser
from control.osc.addresses import RECEIVED, SENT
from streamer import PARAMETERS, Config
from streamer.animation.preset_library import PresetLibrary
from streamer.resources import shipped
from tests.documents import ROOT, anchors, documents, flat, links, prose

every_document = pytest.mark.parametrize("path", documents(), ids=lambda p: p.name)

# Places of one machine: what a stranger does not have.
MACHINE_PLACES = re.compile(
    r"(?<![\w.~-])/(?:work|root|tmp|home/(?!USER\b)\w+|Users/\w+|mnt|opt/\w+)(?:/|\b)"
)


@cache
def flags() -> dict[str, set[str]]:
    """Every flag of every command, sub-commands included."""
    parsers: Any = build_parser()._subparsers
    found: dict[str, set[str]] = {}
    for name, parser in parsers._group_actions[0].choices.items():
        actions = list(parser._actions)
        for action in actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    actions += sub._actions
        found[name] = {f for action in actions for f in action.option_strings if f[:2] == "--"}
    return found


@every_document
def test_the_tables_are_those_of_the_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert filled(text) == text, "Type: python -m benchmarks.references"


@every_document
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path: Path) -> None:
    for target in links(path):
        if re.match(r"[a-z]+:", target):
            assert re.fullmatch(r"(https?://[\w.-]+(:\d+)?(/\S*)?|mailto:\S+@\S+)", target), target
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path.name} links to {target}"
        assert file.is_relative_to(ROOT), f"{path.name} links out of the project: {target}"
        if anchor:
            assert anchor in anchors(file), f"{path.name} links to {target}"


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        (path.parent / target).resolve()
        for path in documents()
        for target in links(path)
        if not re.match(r"[a-z]+:", target)
    }
    pictures = [
        file
        for file in (ROOT / "docs").rglob("*")
        if file.suffix in (".png", ".jpg", ".webp", ".gif", ".svg")
    ]

    assert not [file.name for file in pictures if file not in shown]


def test_every_document_is_reached_from_the_readme() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        path = ahead.pop()
        reached.add(path)
        for target in links(path):
            file = (path.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists() and file not in reached:
                ahead.append(file)

    assert not [path.name for path in documents() if path not in reached]


def test_the_list_of_pages_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"

    listed = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    pages = {path for path in documents() if path.parent == index.parent and path != index}
    assert not [page.name for page in pages - listed]


@every_document
def test_no_document_names_a_place_of_one_machine(path: Path) -> None:
    assert not MACHINE_PLACES.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_command_line_page_has_every_flag_of_a_command(command: str) -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")

    assert f"\n## {command}\n" in text
    for flag in flags()[command] - {"--help"}:
        assert re.search(rf"`{flag}[`\s]", text), f"{flag} is not in docs/command-line.md"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_s_section_has_no_flag_that_the_command_does_not_know(command: str) -> None:
    text = prose(ROOT / "docs" / "command-line.md")
    section = re.split(r"^## ", text.partition(f"\n## {command}\n")[2], flags=re.MULTILINE)[0]

    rows = re.findall(r"^\| (`--[^|]+) \|", section, re.MULTILINE)
    named = {flag for row in rows for flag in re.findall(r"`(--[\w-]+)", row)}
    assert named <= flags()[command]


@every_document
def test_every_flag_in_a_sentence_is_one_of_ours(path: Path) -> None:
    if path.name in ("THIRD_PARTY.md", "CHANGELOG.md"):
        pytest.skip("names flags of other programs, or of other times")
    known = set().union(*flags().values()) | {"--version", "--help", "--no-paste-back"}
    known |= OTHER_FLAGS
    text = re.sub(
        r"`[^`\n]*(?:sudo|pip|python3? -m|podman|docker|mokutil)[^`\n]*`", "", prose(path)
    )

    named = set(re.findall(r"`(--[a-z][\w-]*)", text))
    assert named <= known, f"{path.name}: {sorted(named - known)}"


# Flags of start.py, of benchmarks, of tests, and of programs around ours.
OTHER_FLAGS = {
    *start.OWN,
    *start.OWN_WITH_VALUE,
    *("--build-arg", "--gpus", "--network", "--publish"),  # a container's, too
    *("--smoke", "--threads", "--repetitions", "--runs", "--seconds", "--check", "--only"),
    *("--device", "--group-add"),
}


@every_document
def test_every_osc_address_is_one_that_is_served(path: Path) -> None:
    served = {re.sub(r"/[A-Z]+$", "", a.path) for a in RECEIVED}
    sent = {re.sub(r"/[A-Z]+$", "", p) for p, _ in SENT}

    for address in re.findall(r"/portrait/([a-z]+(?:/[a-z]+)?)", path.read_text(encoding="utf-8")):
        assert address in sent or address.split("/")[0] in served | sent, f"/portrait/{address}"


@every_document
def test_every_route_is_one_that_is_served(path: Path) -> None:
    reference = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
    served = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[\w./-]*)`", reference))

    named = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[\w./-]*)", prose(path))
    assert set(named) <= served


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for field in fields(Config):
        assert f"`{field.name}`" in text, f"{field.name} is not in docs/command-line.md"


def test_the_readme_s_film_moves_is_small_and_goes_round_without_a_jump() -> None:
    file = ROOT / "docs" / "mona-lisa.webp"
    with Image.open(file) as film:
        frames = film.n_frames  # type: ignore[attr-defined]
        ends = []
        for index in (0, frames // 3, frames - 1):
            film.seek(index)
            ends.append(np.asarray(film.convert("RGB"), dtype=np.int16))

    first, middle, last = ends
    assert film.info["loop"] == 0
    assert frames > 60
    assert file.stat().st_size < 1_500_000
    assert np.abs(first - last).mean() < 2.0 < np.abs(first - middle).mean()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize(
    ("name", "presets", "parameters"),
    [
        ("README.md", "thirty-six presets", "seventeen values"),
        ("README.ko.md", "서른여섯", "열일곱"),
    ],
)
def test_what_the_readme_counts_is_what_there_is(name: str, presets: str, parameters: str) -> None:
    text = flat((ROOT / name).read_text(encoding="utf-8"))

    assert (len(PresetLibrary([shipped("presets")]).presets), len(PARAMETERS)) == (36, 17)
    assert presets in text
    assert parameters in text


def test_contributing_names_every_kind_of_test() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    for marker in project["tool"]["pytest"]["ini_options"]["markers"]:
        assert marker.partition(":")[0] in text
