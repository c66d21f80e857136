import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.sinks.camera import CameraSink
from streamer.sinks.camera_advice import Machine
from streamer.sinks.camera_obs import ObsCameras
from streamer.sinks.pixels import PixelFormat
from tests.fakes import FakeClock


class ObsDouble:
    """OBS's camera as pyvirtualcam opens it, or the text with which it refuses."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.opened: list[tuple[int, int, PixelFormat, str | None]] = []
        self.sizes: list[int] = []

    def __call__(
        self, width: int, height: int, fps: float, pixel_format: PixelFormat, device: str | None
    ) -> "ObsDouble":
        if self.refusal:
            raise RuntimeError(f"'obs' backend: {self.refusal}")
        self.opened.append((width, height, pixel_format, device))
        return self

    def send(self, frame: NDArray[np.uint8]) -> None:
        self.sizes.append(frame.size)

    def close(self) -> None:
        self.opened.clear()


def sink_on(system: str, double: ObsDouble, device: str = "auto") -> CameraSink:
    cameras = ObsCameras(system, double, lambda: Machine(system))
    return CameraSink(device, 64, 36, 30, system=cameras, now=FakeClock(), keeper=False)


@pytest.mark.parametrize(
    ("system", "pixel_format", "size"),
    [("Windows", "NV12", 64 * 36 * 3 // 2), ("Darwin", "UYVY", 64 * 36 * 2)],
)
def test_obs_gets_its_own_pixel_format(system: str, pixel_format: str, size: int) -> None:
    double = ObsDouble()
    sink = sink_on(system, double)

    sink.send(np.zeros((36, 64, 3), np.uint8), 0.0)

    assert double.opened == [(64, 36, pixel_format, "OBS Virtual Camera")]
    assert set(double.sizes) == {size}
    assert sink.state.native_format == pixel_format
    sink.close()
    assert double.opened == []


def test_another_name_is_handed_on() -> None:
    double = ObsDouble()

    sink = sink_on("Windows", double, "Unity Video Capture")

    assert double.opened[0][3] == "Unity Video Capture"
    sink.close()


@pytest.mark.parametrize(
    ("system", "refusal", "reason", "advice"),
    [
        (
            "Windows",
            "OBS Virtual Camera device not found! Did you install OBS?",
            "no-camera",
            "OBS",
        ),
        ("Windows", "virtual camera output could not be started", "busy", "Stop Virtual Camera"),
        ("Darwin", "OBS Virtual Camera is not installed in your system.", "no-camera", "extension"),
        ("Darwin", "Something new.", "other", "Something new."),
    ],
)
def test_refusals_become_advice_and_are_tried_again(
    system: str, refusal: str, reason: str, advice: str
) -> None:
    sink = sink_on(system, ObsDouble(refusal))

    assert sink.state.status == "waiting"
    assert sink.state.reason == reason
    assert advice in sink.state.message
    sink.close()
