"""A sink that only counts: for benchmarks and for machines without a camera."""

from streamer.view import Frame


class NullSink:
    """Takes frames and keeps nothing but their number and the last time."""

    def __init__(self) -> None:
        self.frames = 0
        self.last_t: float | None = None

    def send(self, frame: Frame, t: float) -> None:
        """Count the frame."""
        self.frames += 1
        self.last_t = t

    def close(self) -> None:
        """Nothing to free."""
