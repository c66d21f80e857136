"""A camera that writes down when it got which frame, and the whole program sending to it.

    python -m tests.recording_camera FILE TOKEN      the sender, with this camera
    python -m tests.recording_camera FILE run ...    the program with that sender

Each line of FILE: the time (`time.perf_counter`), a check sum of the frame, its mean.
"""

from __future__ import annotations  # the program's first process must stay as small as it is

import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamer.sinks.camera_system import Finding, Link
    from streamer.sinks.pixels import PixelFormat, Pixels


class RecordingCamera:
    """What pyvirtualcam's camera is to the sink."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1, encoding="utf-8")

    def send(self, frame: Pixels) -> None:
        sample = frame[::101]
        self._file.write(
            f"{time.perf_counter():.6f} {zlib.crc32(sample.tobytes())} {sample.mean():.2f}\n"
        )

    def close(self) -> None:
        self._file.close()


class RecordingCameras:
    """A system with one camera, always free; each opening is a line ``open``."""

    pixel_format: PixelFormat = "I420"

    def __init__(self, file: Path) -> None:
        self._file = file

    def attach(self, wanted: str, width: int, height: int, fps: float) -> Link:
        from streamer.sinks.camera_system import Link

        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{time.perf_counter():.6f} open {width}x{height}\n")
        return Link(
            RecordingCamera(self._file), "/dev/test", "Test", self.pixel_format, width, height
        )

    def check(self, link: Link) -> Finding | None:
        return None

    def note(self, link: Link) -> Finding | None:
        return None

    def release(self, link: Link) -> None:
        link.camera.close()


@dataclass(frozen=True)
class Sent:
    """One frame that reached the camera."""

    t: float
    hash: int
    mean: float


def recorded(file: Path) -> list[Sent]:
    """Return what the camera got so far."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    parts = [line.split() for line in lines if line.count(" ") == 2]
    return [Sent(float(t), int(h), float(m)) for t, h, m in parts if h != "open"]


def main(arguments: Sequence[str]) -> int:
    file, first, *rest = arguments
    if ":" in first:
        from streamer.sending import sender

        return sender.main([first], system=lambda url: RecordingCameras(Path(file)))
    from control.supervisor import supervise

    return supervise([first, *rest], sender=(sys.executable, "-m", "tests.recording_camera", file))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
