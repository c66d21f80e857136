"""What the documents say is what the code does."""

import argparse
import re
from pathlib import Path

import pytest

from streamer.parameters import PARAMETERS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "THIRD_PARTY.md"])


def parameter_table() -> str:
    """The table as README shows it."""

    def number(value: float) -> str:
        return f"{value:g}".replace("-", "−")

    rows = ["| name | range | at rest | English | 한국어 |", "|---|---|---|---|---|"]
    for p in PARAMETERS.values():
        neutral = "the photo's own" if p.neutral is None else number(p.neutral)
        unit = " deg" if p.unit == "deg" else ""
        texts = (f"{p.label[code]}: {p.meaning[code]}" for code in ("en", "ko"))
        cells = (f"`{p.name}`", f"{number(p.low)} … {number(p.high)}{unit}", neutral, *texts)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def test_readme_shows_the_table_of_parameters_as_it_is() -> None:
    assert parameter_table() in (ROOT / "README.md").read_text(encoding="utf-8")


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
