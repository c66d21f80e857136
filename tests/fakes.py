"""Small stand-ins for time, engines and sinks, so that tests hold the clock."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

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
        self._frame = np.zeros((view.height, view.width, 3), np.uint8)

    def render(self, face: Face) -> Frame:
        if self.fail_with is not None:
            raise self.fail_with
        self._frame[:] = round(self.base + 100 * min(1.0, max(0.0, face["smile"])))
        return self._frame

    def close(self) -> None:
        self.closed = True
