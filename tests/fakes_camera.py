"""A v4l2loopback camera that behaves as the real driver was measured to, without one.

The truth is in ``tests/vm``, where the same rules are tested with the real driver. This stands in
for it where no kernel module can be loaded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamer.sinks.camera_linux import (
    LOOPBACK_DRIVER,
    Capabilities,
    DeviceFormat,
    Holder,
    VideoDevice,
    VideoDevices,
)
from streamer.sinks.pixels import PixelFormat

_FOURCC = {"I420": "YU12", "NV12": "NV12", "UYVY": "UYVY"}


@dataclass
class FakeDevice:
    """One camera, loaded with exclusive_caps=1. ``sticky``: as v4l2loopback 0.12 is."""

    path: str
    label: str = "Living Portrait"
    sticky: bool = True
    exclusive: bool = True
    driver: str = LOOPBACK_DRIVER
    writer: "FakeCamera | str | None" = None  # a name: another program
    stuck: bool = False
    stolen: bool = False  # open to a second writer while the first sends
    held: DeviceFormat | None = None  # by a reader that is attached
    format: DeviceFormat | None = None
    forbidden: bool = False
    node: bool = True
    on_write: Callable[[], None] = lambda: None
    written: list[NDArray[np.uint8]] = field(default_factory=list)


class FakeDriver(VideoDevices):
    """The driver, and the device files; what `VideoDevices` reads from Linux."""

    def __init__(self, *devices: FakeDevice) -> None:
        super().__init__(Path("/nowhere"))
        self.devices = list(devices)
        self.opened: list[tuple[str, int, int, PixelFormat]] = []

    def at(self, path: str) -> FakeDevice:
        found = [device for device in self.devices if device.path == path]
        if not found or not found[0].node:
            raise FileNotFoundError(2, "No such file or directory", path)
        return found[0]

    def all(self) -> list[VideoDevice]:
        return [
            VideoDevice(i, device.path, device.label, device.driver == LOOPBACK_DRIVER)
            for i, device in enumerate(self.devices)
        ]

    def listed(self, path: str) -> bool:
        return any(device.path == path for device in self.devices)

    def node_there(self, path: str) -> bool:
        return any(device.path == path and device.node for device in self.devices)

    def open_here(self, path: str) -> bool:
        return any(device.path == path and device.writer for device in self.devices)

    def format(self, path: str) -> DeviceFormat | None:
        for device in self.devices:
            if device.path == path:
                return device.format if device.writer else device.held
        return None

    def output_format(self, path: str) -> DeviceFormat | None:
        return self.at(path).format

    def capabilities(self, path: str) -> Capabilities:
        device = self.at(path)
        if device.forbidden:
            raise PermissionError(13, "Permission denied", path)
        sending = isinstance(device.writer, str) or (
            device.writer is not None and bool(device.written)
        )
        if not device.exclusive:
            capture, output = True, True
        elif sending:
            capture, output = True, device.stolen
        elif device.stuck:
            capture, output = device.held is not None, False
        else:
            capture, output = False, True
        return Capabilities(device.driver, device.label, capture, output)

    def unstick(self, path: str) -> None:
        device = self.at(path)
        device.stuck = False
        # 0.12 does not ask whether the capability is in use.
        device.stolen = device.sticky and device.writer is not None

    def frames_flow(self, path: str, wait_s: float, now: object = None) -> bool:
        return isinstance(self.at(path).writer, str)

    def holders(self, path: str) -> list[Holder]:
        device = self.at(path)
        found = []
        if isinstance(device.writer, str):
            found.append(Holder(100, device.writer, True))
        if device.held:
            found.append(Holder(200, "zoom", False))
        return found

    def open_camera(
        self, width: int, height: int, fps: float, pixel_format: PixelFormat, device: str | None
    ) -> "FakeCamera":
        """Open as pyvirtualcam does, with its texts."""
        assert device is not None, "with several cameras, any could be meant"
        camera = self.at(device)
        if not self.capabilities(device).output:
            raise RuntimeError(
                f"'v4l2loopback' backend: Device {device} is not a video output device."
            )
        self.opened.append((device, width, height, pixel_format))
        # A size that a reader holds stays, and nobody says so.
        camera.format = camera.held or DeviceFormat(_FOURCC[pixel_format], width, height)
        camera.written = []
        camera.writer = FakeCamera(camera)
        return camera.writer


class FakeCamera:
    """What is written to an open camera."""

    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self.closed = False
        self.error: Exception | None = None

    def send(self, frame: NDArray[np.uint8]) -> None:
        if self.error is not None:
            raise self.error
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous
        if not self.closed:  # a failing write says nothing
            self._device.written.append(frame.copy())
            self._device.on_write()

    def close(self) -> None:
        self.closed = True
        self._device.writer = None
        self._device.stuck = self._device.sticky and bool(self._device.written)
