"""Requests are answered between the frames, few at once: the picture goes before the page."""

import threading
from collections.abc import Iterable
from typing import Any, Final

from flask import Flask

from control.panel.context import panel_of

# The interpreter runs one thread at a time, so more at once would only share it; and all of them
# have to be through before the next frame is begun.
AT_ONCE: Final = 2

# About what an answer takes. One that is begun just before a frame would be in its way.
AHEAD_S: Final = 0.003

# Beyond this, those before are not answers but waits, such as for a portrait to be prepared.
PATIENCE_S: Final = 0.1


class Polite:
    """Wraps the app for the server."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._courtesy = panel_of(app).stream.courtesy
        self._places = threading.Semaphore(AT_ONCE)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        placed = self._places.acquire(timeout=PATIENCE_S)
        try:
            self._courtesy.wait(AHEAD_S)
            return self._app(environ, start_response)
        finally:
            if placed:
                self._places.release()
