"""A real browser for tests of the page: which one, how it is started, how long it may take."""

import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 60_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing (apt install chromium)"),
]


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait for a condition that the browser brings about."""
    end = time.monotonic() + PATIENCE_MS / 1000
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        pause.wait(0.01)
