"""The `living-portrait` command: reads the flags, runs one command, turns errors into exit codes.

Exit codes: 0 done, 1 something the user can act on (one line on stderr), 2 wrong flags, 130 Ctrl-C.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from streamer import __version__

if TYPE_CHECKING:
    import argparse

# Each is the module `control.commands.NAME`, with _ for -.
COMMANDS: Final = (
    "run",
    "record",
    "render",
    "presets",
    "landmarks",
    "export",
    "export-onnx",
    "bake",
    "weights",
    "bench",
    "doctor",
    "support",
    "autostart",
)

# What a renderer ends with whose camera another Living Portrait has; a user gets 1.
CAMERA_TAKEN: Final = 3

# Those that show the portrait live run in processes of their own, watched by this one.
LIVE: Final = ("run", "record")
HELP: Final = frozenset(("-h", "--help"))


def build_parser() -> "argparse.ArgumentParser":
    """Return the parser with all commands."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="living-portrait",
        description="A webcam that is a photo that lives. Without a command: run.",
    )
    parser.add_argument("--version", action="version", version=f"living-portrait {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"control.commands.{name.replace('-', '_')}")
        summary = (module.__doc__ or "").strip().splitlines()[0]
        sub = commands.add_parser(name, help=summary, description=summary)
        module.add_flags(sub)
        sub.set_defaults(execute=module.execute)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0] not in COMMANDS and arguments[0] not in (*HELP, "--version")):
        arguments.insert(0, "run")  # the default command
    if arguments[0] in LIVE and not HELP.intersection(arguments):
        # Nothing else is loaded here: this process lives as long as the camera does.
        from control.supervisor import supervise

        code = supervise(arguments)
        return code if code != CAMERA_TAKEN else _take_over(arguments)
    return obey(arguments)


def _take_over(arguments: Sequence[str]) -> int:
    """Another Living Portrait has the camera, as was just said: ask whether to end it."""
    from control.supervisor import supervise
    from control.taking_over import asked

    return supervise([*arguments, "--take-over"]) if asked() else 1


def _told(exc: Exception, more: Mapping[str, Any]) -> str:
    """Say an error in the language of the system.

    A renderer says it in English: its lines go into the log, and are translated on their way to
    the terminal (`control.log_relay`).
    """
    if "link" in more:
        return str(exc)
    from control.translations.console import in_system_language

    return in_system_language(str(exc), sys.stderr)


def obey(arguments: Sequence[str], **more: Any) -> int:
    """Run one command in this process; ``more`` is added to its flags."""
    options = build_parser().parse_args(arguments)
    vars(options).update(more)
    from streamer import PortraitError

    try:
        code: int = options.execute(options)
        return code
    except PortraitError as exc:
        print(f"living-portrait: {_told(exc, more)}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `living-portrait ... | head`
        sys.stderr.close()
        return 1
