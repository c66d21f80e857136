"""Record a take while the portrait runs: every cue with its time, in a small text file."""

import argparse
from pathlib import Path

from control.commands import run
from control.translations.console import say


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `record`: those of `run`, and the take's file."""
    run.add_flags(parser)
    parser.add_argument(
        "--out", dest="record", required=True, type=Path, metavar="TAKE.yaml", help="the take"
    )


def execute(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, and keep the take."""
    code = run.execute(options)
    say(f"The take is in {options.record}. A film of it:")
    print(f"  living-portrait render {options.record} --out film.mp4")
    return code
