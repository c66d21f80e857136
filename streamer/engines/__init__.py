"""Engines turn a portrait, a view and a face into a frame; all behind one protocol."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from streamer.parameters import Face
from streamer.photo import Photo
from streamer.view import Frame, View


class Portrait(Protocol):
    """A photo with its face found, as one engine understands it."""

    @property
    def photo(self) -> Photo:
        """The picture that was read."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the operator should know: how the face was found, what to check."""


class Scene(Protocol):
    """One portrait seen through one view: draws a frame for a face.

    A scene is used by one thread at a time. Several scenes of one engine may draw at once.
    """

    @property
    def rest(self) -> Face:
        """The neutral face of this portrait: the photo's own lid and lip ratios filled in."""

    @property
    def still(self) -> Frame:
        """The photo in this view, nothing moved: what is shown until there is a good frame.

        Shape: (height, width, 3) uint8 RGB; valid until the first frame is drawn. A frame's
        brightness is held against it.
        """

    def render(self, face: Face) -> Frame:
        """Draw one frame.

        Returns: (height, width, 3) uint8 RGB, contiguous, read-only for the caller; valid until
        the next call.
        Raises: `EngineError`, also for a picture that is not fit to be shown.
        """

    def close(self) -> None:
        """Free what the scene holds; calling it twice is harmless."""


@runtime_checkable
class DeviceScene(Scene, Protocol):
    """A scene whose frames are made on a device of its own, which may work ahead.

    Motion is known in advance: what is drawn early costs no frame its deadline.
    """

    @property
    def ahead(self) -> int:
        """How many frames of forecast it wants; 0 none."""

    @property
    def strained(self) -> bool:
        """Whether the device cannot keep up: the portrait should idle in the style ``eco``."""

    def expect(self, faces: Sequence[Face]) -> None:
        """Take the faces that come next, in their order; returns at once."""

    def native(self, pixel_format: str) -> Frame | None:
        """Return the frame rendered last in a camera's own format, flat, or None: convert it.

        The first call for a format asks for it: the frames after it have it.
        """


@runtime_checkable
class Twinned(Protocol):
    """A scene that can have another one beside it for little: what was prepared is shared."""

    def twin(self) -> Scene:
        """Return one that draws the same, for another thread. It outlives the closing of this."""


class Engine(Protocol):
    """A way to animate portraits. Made once; `open` and `stage` may run in any thread.

    ``parts`` says of each part what it really runs on.
    """

    name: str
    device: str
    backend: str
    parts: Mapping[str, str]

    def open(self, photo: Photo) -> Portrait:
        """Find the face, once per photo (may take seconds). Raises `PhotoError`."""

    def stage(self, portrait: Portrait, view: View) -> Scene:
        """Prepare to draw this portrait through this view."""

    def figures(self) -> Mapping[str, object]:
        """Return how it runs right now, JSON-able: shown in ``/health`` and ``/state``."""

    def close(self) -> None:
        """Free everything."""


@runtime_checkable
class PacedEngine(Engine, Protocol):
    """An engine whose scenes are told the frame rate when they are staged."""

    fps: float
