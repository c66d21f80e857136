"""The product with a camera that shows its frames to nobody, for machines without a real one.

    python -m benchmarks.soak_camera run FLAGS ...     as `python -m control run FLAGS ...`
    python -m benchmarks.soak_camera TOKEN             its sender

Everything but the driver is the product's own: processes, shared memory, clock, sink.
"""

import sys
from collections.abc import Sequence

import numpy as np

from streamer.sinks.camera_system import Finding, Link
from streamer.sinks.pixels import PixelFormat, Pixels


class StandIn:
    """What pyvirtualcam's camera is to the sink; a frame is copied, as the driver does."""

    def __init__(self) -> None:
        self._shown: Pixels = np.empty(0, np.uint8)

    def send(self, frame: Pixels) -> None:
        """Take a frame."""
        if self._shown.shape != frame.shape:
            self._shown = np.empty_like(frame)
        np.copyto(self._shown, frame)

    def close(self) -> None:
        """Nothing is held."""


class StandIns:
    """A system with one camera, always free."""

    pixel_format: PixelFormat = "I420"

    def attach(self, wanted: str, width: int, height: int, fps: float) -> Link:
        """Open it."""
        return Link(StandIn(), "stand-in", "Stand-in", self.pixel_format, width, height)

    def check(self, link: Link) -> Finding | None:
        """All is well."""
        return None

    def note(self, link: Link) -> Finding | None:
        """Nothing is to be said."""
        return None

    def release(self, link: Link) -> None:
        """Give it back."""
        link.camera.close()


def main(arguments: Sequence[str]) -> int:
    """Run the program, or its sender."""
    if ":" in arguments[0]:
        from streamer.sending import sender

        return sender.main(arguments, system=lambda url: StandIns())
    from control.supervisor import supervise

    return supervise(arguments, sender=(sys.executable, "-m", "benchmarks.soak_camera"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
