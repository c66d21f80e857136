"""How a process learns that it is to end: its standard input closes, also when the parent dies."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Final

# An end that takes longer than this is made short: nothing may stay behind.
PATIENCE_S: Final = 12.0


def watch_lifeline(end: Callable[[], None]) -> None:
    """Call ``end`` once standard input closes; the process is ended if it then stays.

    Standard input is ours from then on: nobody else may read it.
    """
    source = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(source, 4096):
                pass
        end()
        threading.Event().wait(PATIENCE_S)
        os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
