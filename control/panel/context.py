"""What all routes share: the stream, the OSC door, and the long answers under way."""

import threading
from typing import Any, Protocol

from control.live import Live
from control.panel.events import StateFeed
from control.panel.slots import EVENTS, GENERATES, PREVIEWS, Slots


class OscLike(Protocol):
    """The OSC door as the page shows it."""

    def state(self) -> dict[str, Any]:
        """Return whether it listens, where, and how much came in."""

    def monitor(self) -> list[dict[str, Any]]:
        """Return the last messages, newest first."""


class Panel:
    """Shared by the routes; `close` ends the long answers, so that the server can stop."""

    def __init__(self, stream: Live, osc: OscLike | None) -> None:
        self.stream = stream
        self.osc = osc
        self.names: set[str] = set()  # host names to answer to, beside this machine's own
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
