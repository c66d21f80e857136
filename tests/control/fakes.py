"""A stream without a face: real controls and preview, everything else as small as it goes."""

import io
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from control.panel.routes_presets import EXAMPLE
from streamer import (
    Config,
    ConfigError,
    ConsentError,
    Controls,
    EngineError,
    Frame,
    PhotoError,
    View,
)
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Preset
from streamer.consent import Saying, refusal
from streamer.courtesy import Courtesy
from streamer.engines.needs import Need
from streamer.engines.warp.locate import locate
from streamer.landmark_editing import LandmarkEditing
from streamer.parameters import neutral_face
from streamer.photo_library import PhotoEntry, PhotoLibrary
from streamer.preset_files import PresetFiles
from streamer.resources import shipped, user_folder
from streamer.sinks.preview import PreviewSink
from streamer.speech.speaker import Speaker


@dataclass(frozen=True)
class FakePreset:
    name: str
    label: dict[str, str]
    emoji: str = "🙂"
    duration_s: float = 1.0
    mode: str = "once"
    blocks: tuple[str, ...] = ()
    speaks: bool = False


@dataclass
class FakePresets:
    presets: dict[str, FakePreset] = field(
        default_factory=lambda: {
            p.name: p
            for p in (
                FakePreset("smile", {"en": "Smile", "ko": "웃어봐"}, "😊", 1.5),
                FakePreset("wink", {"en": "Wink", "ko": "윙크"}, "😉", 0.8),
                FakePreset(
                    "talk", {"en": "Talk", "ko": "말하기"}, "💬", 2.0, "hold", ("blink",), True
                ),
            )
        }
    )
    idle_styles: dict[str, object] = field(default_factory=lambda: {"calm": None, "lively": None})
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeEntry:
    name: str
    label: dict[str, str]
    path: Path
    credit: str = "Somebody, public domain"
    demo: bool = False
    may_speak: bool = True
    own: bool = False
    consent: str = ""


class FakePhotos:
    """Some photos that are only named, and the user's own folder."""

    def __init__(self, *entries: FakeEntry) -> None:
        self._entries = list(entries)
        self.own = PhotoLibrary([], user_folder("photos"))

    @property
    def revision(self) -> int:
        return self.own.revision

    def find_name(self, name: str) -> Path:
        found = [entry.path for entry in self._entries if entry.name == name]
        return found[0] if found else self.own.find_name(name)

    def entries(self) -> list[FakeEntry | PhotoEntry]:
        return [*self._entries, *self.own.entries()]

    def remove(self, name: str) -> None:
        before = len(self._entries)
        self._entries = [entry for entry in self._entries if entry.name != name]
        if len(self._entries) == before:
            self.own.remove(name)

    def change_about(self, name: str, changes: Mapping[str, Any]) -> FakeEntry | PhotoEntry:
        for i, entry in enumerate(self._entries):
            if entry.name == name:
                self._entries[i] = replace(entry, **changes)
                return self._entries[i]
        return self.own.change_about(name, changes)


@dataclass(frozen=True)
class FakeGenerated:
    index: int
    time_s: float
    frame: Frame


class FakeFrames:
    """A generated expression: a grey ramp; counts how often it was closed."""

    def __init__(self, total: int, fps: float, width: int, height: int) -> None:
        self.total, self.fps, self.width, self.height = total, fps, width, height
        self.drawn = 0
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[FakeGenerated]:
        for index in range(self.total):
            self.drawn += 1
            frame = np.full((self.height, self.width, 3), index % 256, np.uint8)
            yield FakeGenerated(index, index / self.fps, frame)

    def close(self) -> None:
        self.closed.set()


FRAMING = ("fit", "zoom", "offset_x", "offset_y", "mirror", "fill")


class FakeStream:
    """What the doors see of a stream, for tests of the doors."""

    def __init__(self, folder: Path | None = None) -> None:
        self.controls = Controls()
        self.speaker = Speaker(self.controls, self._may_speak)
        self.presets = FakePresets()
        self.folder = Path("/nowhere") if folder is None else folder
        path = Path("none.png") if folder is None else folder / "mona.png"
        if folder is not None:
            Image.new("RGB", (300, 400), (180, 140, 90)).save(path)
        self.photos = FakePhotos(
            FakeEntry("mona-lisa", {"en": "Mona Lisa", "ko": "모나리자"}, path),
            FakeEntry(
                "sample-image", {"en": "Astronaut", "ko": "우주인"}, path, "NASA", True, False
            ),
            FakeEntry("broken", {"en": "Broken", "ko": "고장"}, Path("/nowhere/broken.png")),
            FakeEntry("grandma", {"en": "Grandma", "ko": "할머니"}, path, own=True),
        )
        library = PresetLibrary([shipped("presets"), self.folder / "presets"])
        self.preset_files = PresetFiles(library, shipped("presets"), self.folder / "presets")
        if folder is not None:
            self.preset_files.save({**EXAMPLE, "name": "mine"})
            library.reload()
        self.tried: list[Preset | None] = []
        self.landmarks = LandmarkEditing(self.photos)  # type: ignore[arg-type]
        self.staged: list[tuple[str, Mapping[str, Any] | None]] = []
        self.preview = PreviewSink()
        self.courtesy = Courtesy()
        self.view = View()
        self.photo = "mona-lisa"
        self.photo_problem = ""
        self.face = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
        self.playing: list[str] = []
        self.flowing = True
        self.before_photo: Callable[[], None] = lambda: None
        self.before_engine: Callable[[], None] = lambda: None
        self.privacy = False
        self.stream: dict[str, Any] | None = None
        self.badge = "off"
        self.troubles: list[str] = []
        self.camera: dict[str, Any] = {"status": "off", "device": None, "message": ""}
        self.engine = {"name": "warp", "device": "cpu", "backend": "numpy"}
        self.chosen: dict[str, Any] = {
            "engine": "auto",
            "device": "auto",
            "speed": "auto",
            "camera": "none",
            "size": "1280x720",
            "fps": 30.0,
        }
        self.generated: list[FakeFrames] = []
        self.frames_total = 5

    def show(self, level: int) -> None:
        """Let the preview see one frame."""
        frame = np.full((self.view.height, self.view.width, 3), level, np.uint8)
        self.preview.send(frame, 0.0)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Frames of rising brightness, two hundred a second, for the time of a ``with`` block."""
        stop = threading.Event()

        def run() -> None:
            level = 0
            while not stop.wait(0.005):
                level += 1
                self.show(level % 200 + 20)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def state(self) -> dict[str, Any]:
        wishes = self.controls.snapshot()
        return {
            "status": "ok" if self.flowing else "stalled",
            "engine": dict(self.engine),
            "camera": dict(self.camera),
            "privacy": self.privacy,
            "stream": self.stream,
            "badge": self.badge,
            "face": {**self.face, **wishes.held},
            "rest": dict(self.face),
            "playing": list(self.playing),
            "held": dict(wishes.held),
            "idle": {"style": wishes.idle_style, "strength": wishes.idle_strength},
            "paused": wishes.paused,
            "photo": self.photo,
            "notes": [],
            "photo_problem": self.photo_problem,
            "view": dict(vars(self.view)),
            "size": self.chosen["size"],
            "fps": 30.0,
            "fps_target": self.chosen["fps"],
            "late": 0,
            "dropped": 0,
            "faults": 0,
            "viewers": self.preview.viewers,
            "seed": 1,
            "device": "cpu",
            "frames": 100,
            "uptime_s": 3.0,
            "processes": {"living-portrait": 1},
            "problems": list(self.troubles),
        }

    def health(self) -> tuple[bool, dict[str, Any]]:
        state = self.state()
        keys = ("status", "engine", "camera", "photo", "privacy", "fps", "uptime_s", "problems")
        return self.flowing, {**{key: state[key] for key in keys}, "device": "cpu"}

    def _may_speak(self) -> None:
        entry = next(e for e in self.photos.entries() if e.name == self.photo)
        if reason := refusal(Saying(), entry):
            raise ConsentError(reason)

    def refusal(self, preset: str) -> str:
        entry = next(e for e in self.photos.entries() if e.name == self.photo)
        return refusal(self.presets.presets[preset], entry)  # type: ignore[arg-type]

    def change_photo(self, name: str, marked: Mapping[str, Any] | None = None) -> None:
        self.before_photo()
        if name == "broken":
            self.photo_problem = "no face was found"
            raise PhotoError("No face was found in broken.png. Try a picture from the front.")
        self.photo = name
        self.staged.append((name, marked))

    def add_photo(self, file_name: str, data: bytes, *, find_face: bool = True) -> PhotoEntry:
        return self.photos.own.add(file_name, data, locate if find_face else None)

    def remove_photo(self, name: str) -> None:
        self.photos.remove(name)

    def change_about(self, name: str, changes: Mapping[str, Any]) -> FakeEntry | PhotoEntry:
        return self.photos.change_about(name, changes)

    def change_view(self, **fields: Any) -> None:
        try:
            self.view = View(**{**vars(self.view), **fields})
        except TypeError as exc:
            raise ConfigError(str(exc)) from None

    def change_engine(self, engine: str, device: str = "auto", speed: str | None = None) -> str:
        self.before_engine()
        if device == "cuda":
            raise EngineError("This machine has no device 'cuda'. Use --device auto.")
        self.chosen |= {"engine": engine, "device": device, "speed": speed or "auto"}
        self.engine["name"] = "liveportrait" if engine == "liveportrait" else "warp"
        return f"Engine: {self.engine['name']}, as asked."

    def change_output(
        self, *, camera: str | None = None, size: str | None = None, fps: float | None = None
    ) -> None:
        given = {"camera": camera, "size": size, "fps": fps}
        wanted = {**self.chosen, **{k: v for k, v in given.items() if v is not None}}
        config = Config(camera=wanted["camera"], size=wanted["size"], fps=wanted["fps"])
        self.chosen = wanted
        self.view = replace(self.view, width=config.view.width, height=config.view.height)

    def cameras(self) -> list[dict[str, str]]:
        return [{"device": "/dev/video10", "label": "Living Portrait"}]

    def set_badge(self, badge: str) -> None:
        self.badge = badge

    def set_privacy(self, on: bool) -> None:
        self.privacy = on

    def bake_need(self) -> Need:
        return Need("bake", False, "'mona' has not been baked", "living-portrait bake --photo mona")

    def choices(self) -> dict[str, object]:
        view, wishes = self.view, self.controls.snapshot()
        framing = {name: value for name, value in vars(view).items() if name in FRAMING}
        idle = {"style": wishes.idle_style, "idle": wishes.idle_strength}
        return {"photo": self.photo, **self.chosen, **framing, "badge": self.badge, **idle}

    def try_preset(self, preset: Preset | None, *, strength: float = 1.0) -> None:
        self.tried.append(preset)

    def reload_presets(self) -> None:
        self.preset_files._library.reload()

    def source_image(self) -> bytes:
        data = io.BytesIO()
        Image.new("RGB", (30, 40), (180, 140, 90)).save(data, "PNG")
        return data.getvalue()

    def generate(
        self, expression: str, *, fps: float = 30.0, strength: float = 1.0, width: int | None = None
    ) -> FakeFrames:
        if reason := self.refusal(expression):
            raise ConsentError(reason)
        if not (math.isfinite(fps) and 1 <= fps <= 60):
            raise ValueError(f"fps must be 1 to 60, got {fps}")
        if not 0 < strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1, got {strength}")
        frames = FakeFrames(self.frames_total, fps, width or 64, 36)
        self.generated.append(frames)
        return frames
