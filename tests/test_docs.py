"""What the documents say is what the code does."""

import argparse
import re
from pathlib import Path

import pytest

from benchmarks.references import filled

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "THIRD_PARTY.md"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_the_tables_are_those_of_the_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert filled(text) == text, "Type: python -m benchmarks.references"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_link_to_a_file_resolves(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_flag_is_documented() -> None:
    from control.cli import COMMANDS, build_parser

    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    parsers = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert set(parsers) == set(COMMANDS)  # type: ignore[arg-type]
    for name, parser in parsers.items():  # type: ignore[union-attr]
        assert f"## {name}" in text
        actions = list(parser._actions)
        for action in actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner, sub in action.choices.items():
                    assert f"`{name} {inner}" in text
                    actions += sub._actions
            for flag in action.option_strings:
                if flag.startswith("--"):
                    assert f"`{flag}" in text, f"{flag} of {name} is not in docs/command-line.md"


def test_every_setting_is_documented() -> None:
    from dataclasses import fields

    from streamer import Config

    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for field in fields(Config):
        assert f"`{field.name}`" in text, f"{field.name} is not in docs/command-line.md"
