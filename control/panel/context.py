"""What all routes share: the stream, the OSC door, and the long answers under way."""

import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from flask import Flask, request

from control.live import Live
from control.panel.changing import Changing
from control.panel.download import Download
from control.panel.events import StateFeed
from control.panel.names import Names
from control.panel.slots import EVENTS, GENERATES, PREVIEWS, Slots
from control.panel.token import Gate
from control.remembered import Memory

EXTENSION: Final = "living_portrait"


class OscLike(Protocol):
    """The OSC door as the page shows it."""

    def state(self) -> dict[str, Any]:
        """Return whether it listens, where, and how much came in."""

    def monitor(self) -> list[dict[str, Any]]:
        """Return the last messages, newest first."""


class Panel:
    """Shared by the routes; `close` ends the long answers, so that the server can stop."""

    def __init__(
        self,
        stream: Live,
        osc: OscLike | None,
        gate: Gate | None = None,
        memory: Memory | None = None,
        download: Download | None = None,
    ) -> None:
        self.stream = stream
        self.osc = osc
        self.memory = memory
        self.download = download
        self.changing = Changing()
        self.gate = gate  # asks other machines for the token; without one they are not served
        self.names = Names()
        self.closing = threading.Event()
        self.feed = StateFeed(self.state, self.closing)
        self.previews = Slots("previews", PREVIEWS)
        self.events = Slots("event streams", EVENTS)
        self.generates = Slots("expressions", GENERATES)

    def state(self) -> dict[str, Any]:
        """Return what is live, with the doors."""
        presets = self.stream.presets.presets.values()
        return {
            **self.stream.state(),
            "osc": self.osc_state(),
            "changing": self.changing.now,
            "weights": None if self.download is None else self.download.progress,
            "photos_id": self.stream.photos.revision,
            # Pages draw their buttons anew when this changes.
            "presets_id": hash(tuple((p.name, p.emoji, *p.label.values()) for p in presets))
            % 2**32,
        }

    def osc_state(self) -> dict[str, Any]:
        """Return the OSC door's state; closed without one."""
        if self.osc is None:
            return {"listening": False, "address": "", "message": "", "counters": {}}
        return self.osc.state()

    def close(self) -> None:
        """End all long answers."""
        self.closing.set()
        self.feed.wake()
        self.feed.join(2.0)


def panel_of(app: Flask) -> Panel:
    """Return what the app's routes share."""
    panel = app.extensions[EXTENSION]
    assert isinstance(panel, Panel)
    return panel


def left() -> Callable[[], bool]:
    """Return what tells, while an answer goes on, whether the client of the request has left."""
    told: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    return told
