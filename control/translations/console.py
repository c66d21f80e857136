"""What a terminal is told: in the language of the system."""

import re
import sys
from collections.abc import Callable
from functools import cache
from typing import IO, Final

from control.setup.words import system_language

# The beginning of a line of the log, and of an error that ends a command.
_LINE: Final = re.compile(r"(\d\d:\d\d:\d\d [A-Z]+ +|living-portrait: )(.+)")


def in_system_language(text: str, terminal: IO[str] | None = None) -> str:
    """Return a text as the terminal is told it; without one, standard output."""
    return _translator(getattr(terminal or sys.stdout, "encoding", None) or "utf-8")(text)


def say(text: str, *, file: IO[str] | None = None, flush: bool = False) -> None:
    """Print a text in the language of the system."""
    print(in_system_language(text, file), file=file, flush=flush)


def line_in_system_language(line: str, terminal: IO[str]) -> str:
    """Return a line of the log as the terminal is told it; other lines stay as they are."""
    found = _LINE.fullmatch(line)
    return found[1] + in_system_language(found[2], terminal) if found else line


@cache
def _translator(encoding: str) -> Callable[[str], str]:
    if system_language(encoding=encoding) == "en":
        return str
    from control.translations.catalogue import korean  # English terminals need not read it

    return korean()
