"""What leaves the fast path: finished frames in the host's memory, and tickets for those to come.

Imports no torch: who schedules frames need not know how they are drawn.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from streamer.parameters import Face
from streamer.view import Frame


class Drawn(NamedTuple):
    """One finished frame. Its arrays lie in a ring: what is kept for long must be copied.

    A place in the ring is used again when nobody holds one of its arrays any more; frames that are
    held while many others are drawn make the ring grow.
    Shapes: rgb (H, W, 3); native (n,) in ``pixel_format``, None where none was asked for; crop
    (512, 512, 3). ``device_ms`` is what this frame took on the device.
    """

    rgb: Frame
    native: Frame | None
    pixel_format: str
    crop: Frame
    device_ms: float


class Ticket(Protocol):
    """Frames under way. To drop it is to flush it: what is drawn for it is never looked at."""

    def done(self) -> bool:
        """Say whether the frames are in memory; never waits."""
        ...

    def frames(self) -> Sequence[Drawn]:
        """Wait for the frames, in the order of the faces.

        Raises: `EngineError`, also for a picture that is not fit to be shown.
        """
        ...


class FramePipeline(Protocol):
    """Draws one portrait in one view. Used by one thread at a time."""

    @property
    def batches(self) -> tuple[int, ...]:
        """How many faces one call may draw, ascending; 1 is always among them."""
        ...

    def draw(self, faces: Sequence[Face]) -> Ticket:
        """Begin to draw faces, as many as one of `batches`; returns at once.

        Raises: `EngineError`.
        """
        ...

    def lay(self, crop: Frame) -> Ticket:
        """Begin to lay a crop that was drawn before into the frame; returns at once.

        Shape: (512, 512, 3). Raises: `EngineError`.
        """
        ...

    def want(self, pixel_format: str) -> None:
        """Ask for frames in a camera's own format beside the RGB ones; "" for none.

        The frames drawn from now on may have it.
        """
        ...

    def close(self) -> None:
        """Free what the pipeline holds; calling it twice is harmless."""
        ...
