"""Small stand-ins for time, engines and sinks, so that tests hold the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from streamer.engines import Engine, Portrait, Scene
from streamer.parameters import Face, neutral_face
from streamer.photo import Photo
from streamer.view import Frame, View


class FakeClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, at: float = 100.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += max(0.0, seconds)


@dataclass
class RecordingSink:
    """Keeps a copy of every frame."""

    frames: list[tuple[float, Frame]] = field(default_factory=list)
    closed: bool = False

    def send(self, frame: Frame, t: float) -> None:
        self.frames.append((t, frame.copy()))

    def close(self) -> None:
        self.closed = True


def flat_photo(name: str = "flat", value: int = 128) -> Photo:
    """A grey picture without a face."""
    image = np.full((64, 64, 3), value, np.uint8)
    return Photo(name, Path(f"{name}.png"), image, f"key-{name}", (64, 64))


class FlatScene:
    """Draws one grey level: 100 at rest, up to 200 for a full smile."""

    def __init__(self, view: View, base: int = 100) -> None:
        self.rest: Face = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
        self.base = base
        self.closed = False
        self.fail_with: Exception | None = None
        self._frame = np.full((view.height, view.width, 3), base, np.uint8)

    @property
    def still(self) -> Frame:
        return self._frame

    def render(self, face: Face) -> Frame:
        if self.fail_with is not None:
            raise self.fail_with
        self._frame[:] = round(self.base + 100 * min(1.0, max(0.0, face["smile"])))
        return self._frame

    def close(self) -> None:
        self.closed = True


class FailingEngine:
    """Another engine until its scenes have drawn ``good`` frames; then each frame is ``spoilt``."""

    device = "cpu"
    backend = "stand-in"
    parts: Mapping[str, str] = {"all": "cpu"}

    def __init__(
        self,
        engine: Engine,
        spoilt: Callable[[Frame], Frame],
        *,
        good: int = 5,
        name: str = "failing",
    ) -> None:
        self.name = name
        self.drawn = 0
        self.closed = False
        self.good = good
        self.engine = engine
        self.spoilt = spoilt

    def open(self, photo: Photo) -> Portrait:
        return self.engine.open(photo)

    def stage(self, portrait: Portrait, view: View) -> Scene:
        return FailingScene(self, self.engine.stage(portrait, view))

    def figures(self) -> Mapping[str, object]:
        return {}

    def close(self) -> None:
        self.closed = True


class FailingScene:
    """A scene of `FailingEngine`."""

    def __init__(self, engine: FailingEngine, scene: Scene) -> None:
        self.engine = engine
        self.scene = scene
        self.rest = scene.rest
        self.closed = False

    @property
    def still(self) -> Frame:
        return self.scene.still

    def render(self, face: Face) -> Frame:
        frame = self.scene.render(face)
        self.engine.drawn += 1
        return frame if self.engine.drawn <= self.engine.good else self.engine.spoilt(frame)

    def close(self) -> None:
        self.closed = True
        self.scene.close()


def black(frame: Frame) -> Frame:
    """Spoil a frame where it lies, as an engine does that draws into the same memory."""
    frame[:] = 0
    return frame


def device_lost(frame: Frame) -> Frame:
    """Fail as torch does when the card is gone."""
    raise RuntimeError("CUDA error: device-side assert triggered\nCompile with ...")


def out_of_memory(frame: Frame) -> Frame:
    """Fail as numpy and torch do."""
    raise MemoryError("Unable to allocate 2 GiB")


def no_picture(frame: Frame) -> Frame:
    """Return nothing, against the protocol."""
    return None  # type: ignore[return-value]
