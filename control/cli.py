"""The `living-portrait` command: reads the flags, runs one command, turns errors into exit codes.

Exit codes: 0 done, 1 something the user can act on (one line on stderr), 2 wrong flags, 130 Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from control.commands import (
    bench,
    doctor,
    export,
    landmarks,
    presets,
    record,
    render,
    run,
    weights,
)
from streamer import PortraitError, __version__

COMMANDS: Final = {
    "run": run,
    "record": record,
    "render": render,
    "presets": presets,
    "landmarks": landmarks,
    "export": export,
    "weights": weights,
    "bench": bench,
    "doctor": doctor,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="living-portrait",
        description="A webcam that is a photo that lives. Without a command: run.",
    )
    parser.add_argument("--version", action="version", version=f"living-portrait {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").strip().splitlines()[0]
        sub = commands.add_parser(name, help=summary, description=summary)
        module.add_flags(sub)
        sub.set_defaults(execute=module.execute)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (
        arguments[0] not in COMMANDS and arguments[0] not in ("-h", "--help", "--version")
    ):
        arguments.insert(0, "run")  # the default command
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.execute(options)
        return code
    except PortraitError as exc:
        print(f"living-portrait: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `living-portrait ... | head`
        sys.stderr.close()
        return 1
