"""Sinks: where frames go. The camera gets every frame; preview and files may skip.

Nothing is loaded here that the network stream's own process could do without.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streamer.view import Frame


class Sink(Protocol):
    """Takes finished frames from the render thread."""

    def send(self, frame: "Frame", t: float) -> None:
        """Take one frame drawn for stream time ``t`` (s). Must not wait.

        The frame belongs to the engine: a sink that keeps it beyond this call copies it.
        """

    def close(self) -> None:
        """Free everything; calling it twice is harmless."""
