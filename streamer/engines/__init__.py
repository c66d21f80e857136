"""Engines turn a portrait, a view and a face into a frame; all behind one protocol."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from streamer.errors import ConfigError
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

    def render(self, face: Face) -> Frame:
        """Draw one frame.

        Returns: (height, width, 3) uint8 RGB, contiguous, read-only for the caller; valid until
        the next call.
        Raises: `EngineError`.
        """

    def close(self) -> None:
        """Free what the scene holds; calling it twice is harmless."""


class Engine(Protocol):
    """A way to animate portraits. Made once; `open` and `stage` may run in any thread."""

    name: str
    device: str
    backend: str

    def open(self, photo: Photo) -> Portrait:
        """Find the face, once per photo (may take seconds). Raises `PhotoError`."""

    def stage(self, portrait: Portrait, view: View) -> Scene:
        """Prepare to draw this portrait through this view."""

    def close(self) -> None:
        """Free everything."""


def _warp() -> Engine:
    from streamer.engines.warp.engine import WarpEngine

    return WarpEngine()


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({"warp": _warp})


def choose_engine(name: str) -> tuple[Engine, str]:
    """Open the engine of this name (``auto`` picks) and say in one line what was picked and why.

    Only the engine chosen is imported. Raises: `ConfigError`, `EngineError`.
    """
    if name == "auto":
        return ENGINES["warp"](), (
            "Engine: warp, built in. It is the only engine of this version; "
            "--engine warp says so explicitly."
        )
    if name not in ENGINES:
        raise ConfigError(f"Unknown engine '{name}'. Choose one of: auto, {', '.join(ENGINES)}.")
    return ENGINES[name](), f"Engine: {name}, as asked."
