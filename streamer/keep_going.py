"""A turn of a thread's work that may fail without ending the thread."""

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Literal

log = logging.getLogger(__name__)


class KeepGoing:
    """``with going:`` around each turn lets nothing out but what ends a program.

    A door or a helper whose thread ended would be gone until the next start, for an error that is
    over in a moment, such as memory that ran short. ``what`` names the thread's work; what went
    wrong is logged with its traceback once, not with every turn, and ``say`` is told of it in one
    sentence, and an empty text when a turn went well again.
    """

    def __init__(self, what: str, say: Callable[[str], None] = lambda text: None) -> None:
        self._what = what
        self._say = say
        self._told = ""

    def __enter__(self) -> "KeepGoing":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[True] | None:
        """Take in how the turn ended."""
        if exc is None:
            if self._told:
                self._told = ""
                self._say("")
            return None
        if not isinstance(exc, Exception):
            return None
        told = f"{self._what} met an error ({type(exc).__name__}: {exc}) and goes on."
        if told != self._told:
            self._told = told
            log.error("%s", told, exc_info=exc)
            self._say(told)
        return True
