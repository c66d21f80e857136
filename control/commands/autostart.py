"""Start the portrait at log-in, or from the program menu."""

import argparse
import sys
from pathlib import Path

from control.autostart.entries import (
    SYSTEMS,
    Entry,
    Start,
    System,
    When,
    install,
    remove,
    this_start,
)
from control.translations.console import say
from streamer.errors import ConfigError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `autostart`."""
    add = parser.add_argument
    add("action", choices=["show", "install", "remove"])
    add("--menu", action="store_true", help="an entry in the program menu, not at log-in")
    add("--system", choices=list(SYSTEMS.values()), help="with show: another system's")
    add("--quiet", action="store_true", help="with remove: only what was removed")
    add("flags", nargs="*", metavar="-- FLAGS", help="of `run`, after two dashes")


def execute(options: argparse.Namespace) -> int:
    """Show, write or remove the entry."""
    if options.system and options.action != "show":
        raise ConfigError("--system goes with `autostart show`; the others are for this machine.")
    system = options.system or SYSTEMS.get(sys.platform)
    if system is None:
        raise ConfigError(
            f"There is nothing to write for {sys.platform}. Start it by its own means."
        )
    start = this_start(options.flags, Path.cwd())
    when: When = "menu" if options.menu else "login"
    if options.action == "remove":
        return _remove(system, start, options.quiet)
    _check(options.flags)
    entry = entry_for(system, start, when)
    if options.action == "show":
        print(f"# {entry.path}\n{entry.content.decode()}", end="")
        return 0
    install(entry)
    print(f"written: {entry.path}")
    say(entry.hint or "It is in the program menu from now on.")
    return 0


def entry_for(system: System, start: Start, when: When) -> Entry:
    """Return what starts the product on a system. Raises: `ConfigError`."""
    if system == "linux":
        from control.autostart.linux import linux_entry

        return linux_entry(start, when)
    if system == "macos":
        from control.autostart.macos import macos_entry

        return macos_entry(start, when)
    from control.autostart.windows import windows_entry

    return windows_entry(start, when)


def _remove(system: System, start: Start, quiet: bool) -> int:
    moments: list[When] = ["login"] if system == "macos" else ["login", "menu"]
    there = [path for when in moments for path in remove(entry_for(system, start, when))]
    for path in there:
        print(path if quiet else f"removed: {path}")
    if not there and not quiet:
        say("There was nothing to remove.")
    return 0


def _check(flags: list[str]) -> None:
    """Refuse wrong flags here, where somebody reads it; exits like any wrong flag."""
    from control.commands import run

    parser = argparse.ArgumentParser(prog="living-portrait run", add_help=False)
    run.add_flags(parser)
    parser.parse_args(flags)
