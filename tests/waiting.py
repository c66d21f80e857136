"""Waiting for what other threads and programs bring about: at once when it is there."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

# How long anything may take on a machine that is busy with something else.
PATIENCE_S: Final = 60.0


def wait_until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition that other threads bring about."""
    end = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.005)
