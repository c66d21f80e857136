"""What the doors see of the stream: the one object that OSC and the page talk to."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from streamer import Controls, Frame
from streamer.animation.presets import Preset
from streamer.engines.needs import Need
from streamer.landmark_editing import LandmarkEditing
from streamer.preset_files import PresetFiles
from streamer.speech.speaker import Speaker


class PresetLike(Protocol):
    """A performance that can be triggered by its name."""

    @property
    def name(self) -> str:
        """The name in addresses and routes."""

    @property
    def label(self) -> Mapping[str, str]:
        """What people read, by language (``en``, ``ko``)."""

    @property
    def emoji(self) -> str:
        """One sign for its button."""

    @property
    def duration_s(self) -> float:
        """How long it plays."""

    @property
    def mode(self) -> str:
        """``once``, ``hold``, ``toggle`` or ``loop``."""

    @property
    def blocks(self) -> Iterable[str]:
        """Idle channels that rest meanwhile."""

    @property
    def speaks(self) -> bool:
        """Whether the face seems to say something."""


class Presets(Protocol):
    """The presets and idle styles that are loaded now."""

    @property
    def presets(self) -> Mapping[str, PresetLike]:
        """Presets by name."""

    @property
    def idle_styles(self) -> Mapping[str, Any]:
        """Idle styles by name."""

    @property
    def problems(self) -> Iterable[str]:
        """One sentence for each file that could not be loaded."""


class PhotoEntry(Protocol):
    """One picture that can be put on stage."""

    @property
    def name(self) -> str:
        """The name in addresses and routes."""

    @property
    def label(self) -> Mapping[str, str]:
        """What people read, by language."""

    @property
    def path(self) -> Any:
        """Where the file lies."""

    @property
    def credit(self) -> str:
        """Who made it, and on what terms."""

    @property
    def consent(self) -> str:
        """Who agreed to its use, in the user's words."""

    @property
    def demo(self) -> bool:
        """Whether it must be labelled as a technical demonstration."""

    @property
    def may_speak(self) -> bool:
        """Whether it may be made to speak."""

    @property
    def own(self) -> bool:
        """Whether the user added it here and may remove it."""


class Photos(Protocol):
    """The pictures to choose from."""

    @property
    def revision(self) -> int:
        """Grows when one was added, described or removed."""

    def entries(self) -> Iterable[PhotoEntry]:
        """Return all of them."""


class Watching(Protocol):
    """One consumer of the preview."""

    def next(self, timeout_s: float) -> bytes | None:
        """Return a JPEG newer than the last one given, or `None` after ``timeout_s``."""


class Preview(Protocol):
    """The newest frame as JPEG."""

    def viewer(self) -> AbstractContextManager[Watching]:
        """Watch for the time of a ``with`` block."""


class GeneratedLike(Protocol):
    """One frame of a generated expression; valid until the next is taken."""

    @property
    def index(self) -> int:
        """Counts from 0."""

    @property
    def time_s(self) -> float:
        """Seconds since the first."""

    @property
    def frame(self) -> Frame:
        """The picture."""


class FramesLike(Protocol):
    """A row of frames still to be drawn."""

    total: int
    fps: float
    width: int
    height: int

    def __iter__(self) -> Iterator[GeneratedLike]:
        """Draw one after the other."""

    def close(self) -> None:
        """Stop drawing and free the renderer."""


class Courteous(Protocol):
    """Keeps the doors out of the way of the frames."""

    def wait(self, ahead_s: float = 0.0) -> None:
        """Return when no frame is drawn, nor begun within ``ahead_s``; after 20 ms anyway."""


class Live(Protocol):
    """The running stream, as its doors use it. Every method may be called from any thread."""

    @property
    def controls(self) -> Controls:
        """Where wishes go."""

    @property
    def presets(self) -> Presets:
        """Performances and idle styles."""

    @property
    def preset_files(self) -> PresetFiles:
        """The files behind them."""

    @property
    def speaker(self) -> Speaker:
        """What lets the portrait say a text."""

    @property
    def photos(self) -> Photos:
        """The pictures to choose from."""

    @property
    def landmarks(self) -> LandmarkEditing:
        """The points of the photos' faces."""

    @property
    def courtesy(self) -> "Courteous":
        """When a frame is drawn, and others wait."""

    @property
    def preview(self) -> Preview:
        """The newest frame as JPEG."""

    def state(self) -> dict[str, Any]:
        """Return what is live, JSON-able."""

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether frames flow, and the short state."""

    def change_photo(self, name: str, marked: Mapping[str, Any] | None = None) -> None:
        """Put another portrait on stage; waits until it is prepared. Raises `PhotoError`.

        ``marked`` are points of its face to try.
        """

    def add_photo(self, file_name: str, data: bytes, *, find_face: bool = True) -> PhotoEntry:
        """Keep a picture among the user's own photos. Raises `NoFaceError`, `PhotoError`."""

    def remove_photo(self, name: str) -> None:
        """Delete one of the user's own photos. Raises `PhotoError`."""

    def change_about(self, name: str, changes: Mapping[str, Any]) -> PhotoEntry:
        """Change label, credit, consent or may_speak of one of the user's own photos.

        Raises `PhotoError`.
        """

    def refusal(self, preset: str) -> str:
        """Say why a preset is not played with the photo on stage; empty if it is."""

    def change_view(self, **fields: Any) -> None:
        """Change the geometry photo -> frame. Raises `ConfigError`."""

    def change_engine(self, engine: str, device: str = "auto", speed: str | None = None) -> str:
        """Let another engine draw; waits until it is prepared. Returns why it was picked.

        Raises: `ConfigError`, `EngineError`, `WeightsError`.
        """

    def change_output(
        self, *, camera: str | None = None, size: str | None = None, fps: float | None = None
    ) -> None:
        """Change camera, frame size or rate. Raises `ConfigError`, `EngineError`."""

    def cameras(self) -> list[dict[str, str]]:
        """Return the virtual cameras of this machine: ``device`` and ``label`` of each."""

    @property
    def privacy(self) -> bool:
        """Whether the "be right back" picture stands in for the face."""

    def set_privacy(self, on: bool) -> None:
        """Show that picture, or the face again."""

    @property
    def badge(self) -> str:
        """What every frame carries in its corner: ``off`` or ``ai``."""

    def set_badge(self, badge: str) -> None:
        """Let every frame carry it from now on. Raises `ConfigError`."""

    def try_preset(self, preset: Preset | None, *, strength: float = 1.0) -> None:
        """Play a preset that is not in the library; None forgets it."""

    def reload_presets(self) -> None:
        """Look at the preset folders now."""

    def bake_need(self) -> Need:
        """Look whether frames of the photo on stage were baked."""

    def choices(self) -> dict[str, object]:
        """Return what was chosen and is live, under the names of the settings."""

    def source_image(self) -> bytes:
        """Return the photo as loaded, as PNG."""

    def generate(
        self, expression: str, *, fps: float = 30.0, strength: float = 1.0, width: int | None = None
    ) -> FramesLike:
        """Render one expression beside the live camera. Raises `KeyError`, `ValueError`."""
