"""Open, watch and give back v4l2loopback cameras on Linux.

The driver's behaviour that this file answers to was measured with v4l2loopback 0.12.7 and 0.15.0
and pyvirtualcam 0.15: writing never reports an error, a second size while a reader is attached is
accepted but not used, and 0.12 lends its OUTPUT capability only once (see `unstick`).
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from streamer.sinks import camera_advice as advice
from streamer.sinks.camera_advice import Machine
from streamer.sinks.camera_linux import (
    LOOPBACK_DRIVER,
    DeviceFormat,
    VideoDevice,
    VideoDevices,
)
from streamer.sinks.camera_system import (
    CameraOpener,
    CameraUnavailable,
    Finding,
    Link,
    OpenCamera,
    open_with_pyvirtualcam,
)
from streamer.sinks.pixels import PixelFormat

# What sysfs calls the formats that we can send.
_FOURCC: Final[dict[PixelFormat, str]] = {"I420": "YU12", "NV12": "NV12", "UYVY": "UYVY"}

# A sender that repeats its picture while it is paused does so several times in this time.
_PROBE_S: Final = 1.2


class LoopbackCameras:
    """The virtual cameras of a Linux machine."""

    pixel_format: PixelFormat = "I420"

    def __init__(
        self,
        devices: VideoDevices | None = None,
        open_camera: CameraOpener = open_with_pyvirtualcam,
        gather: Callable[[], Machine] = advice.gather,
        preview_url: str = advice.PREVIEW_URL,
    ) -> None:
        self._devices = devices or VideoDevices()
        self._open_camera = open_camera
        self._gather = gather
        self._preview_url = preview_url

    def attach(self, wanted: str, width: int, height: int, fps: float) -> Link:
        """Open the camera of this path or label; ``auto``: the first that is free.

        Raises: `CameraUnavailable`.
        """
        first: CameraUnavailable | None = None
        for device in self.candidates(wanted):
            try:
                return self._open(device, width, height, fps)
            except CameraUnavailable as problem:
                first = first or problem
        assert first is not None  # candidates() gives at least one
        raise first

    def all(self) -> list[VideoDevice]:
        """Return the cameras of this machine, whether free or not."""
        return [device for device in self._devices.all() if device.loopback]

    def candidates(self, wanted: str) -> Sequence[VideoDevice]:
        """Return the cameras that ``wanted`` may mean, best first.

        Raises: `CameraUnavailable` when there is none.
        """
        every = self._devices.all()
        cameras = [device for device in every if device.loopback]
        if wanted != "auto":
            return [self._named(wanted, every, cameras)]
        if not cameras:
            raise CameraUnavailable(
                "no-camera", advice.no_camera(self._gather(), self._preview_url)
            )
        return sorted(cameras, key=lambda device: device.label != advice.CARD_LABEL)

    def examine(self, wanted: str) -> VideoDevice:
        """Return the camera that `attach` would open now, without opening it.

        A camera that its last sender left stuck is freed on the way.  Raises: `CameraUnavailable`.
        """
        first: CameraUnavailable | None = None
        for device in self.candidates(wanted):
            try:
                self._make_ready(device)
            except CameraUnavailable as problem:
                first = first or problem
            else:
                return device
        assert first is not None
        raise first

    def check(self, link: Link) -> Finding | None:
        """Look at sysfs, since a failing write is reported by nobody."""
        if not self._devices.listed(link.device):
            return Finding("vanished", advice.vanished(link.device), lost=True)
        shown = self._devices.format(link.device)
        # A reader keeps the format alive when nothing arrives any more.
        if shown is None or not self._devices.open_here(link.device):
            return Finding("vanished", advice.frames_lost(link.device), lost=True)
        sent = DeviceFormat(_FOURCC[link.pixel_format], link.width, link.height)
        if shown != sent:
            return Finding(
                "size-held", self._size_held(link.device, shown, sent, can_send=True), lost=True
            )
        if not self._devices.node_there(link.device):
            return Finding(
                "node-removed", advice.node_removed(self._gather(), link.device), lost=False
            )
        return None

    def note(self, link: Link) -> Finding | None:
        """Tell, after the first frame, what a user should know about this camera."""
        with contextlib.suppress(OSError):
            # An exclusive device that somebody sends to is a capture device and nothing else.
            if self._devices.capabilities(link.device).output:
                return Finding(
                    "no-exclusive-caps", advice.no_exclusive_caps(link.device), lost=False
                )
        return None

    def release(self, link: Link) -> None:
        """Close the camera so that it can be opened again, also on v4l2loopback 0.12."""
        link.camera.close()
        with contextlib.suppress(OSError):  # it is gone
            self._devices.unstick(link.device)

    def _named(
        self, wanted: str, every: Sequence[VideoDevice], cameras: Sequence[VideoDevice]
    ) -> VideoDevice:
        """Find the camera of this path, or of this label without regard to case."""
        if wanted.startswith("/"):
            real = str(Path(wanted).resolve())
            for device in every:
                if device.path in (wanted, real):
                    if not device.loopback:
                        raise CameraUnavailable(
                            "not-virtual", advice.not_virtual(wanted, device.label)
                        )
                    return device
            with contextlib.suppress(OSError):  # longer than a path may be
                if Path(wanted).exists():
                    raise CameraUnavailable("not-virtual", advice.not_virtual(wanted, ""))
        for device in cameras:
            if device.label.casefold() == wanted.strip().casefold():
                return device
        if not cameras:
            raise CameraUnavailable(
                "no-camera", advice.no_camera(self._gather(), self._preview_url)
            )
        found = [f"{device.path} '{device.label}'" for device in cameras]
        raise CameraUnavailable("no-such-camera", advice.no_such_camera(wanted, found))

    def _open(self, device: VideoDevice, width: int, height: int, fps: float) -> Link:
        """Open one device at the size that it really takes."""
        self._make_ready(device)
        camera = self._open_raw(device, width, height, fps, self.pixel_format)
        asked = DeviceFormat(_FOURCC[self.pixel_format], width, height)
        real = self._devices.output_format(device.path)
        if real is None or real == asked:
            return Link(camera, device.path, device.label, self.pixel_format, width, height)
        # Nothing was written yet, so no reader has seen a picture cut to the wrong size.
        camera.close()
        with contextlib.suppress(OSError):
            self._devices.unstick(device.path)
        pixel_format = next((ours for ours, name in _FOURCC.items() if name == real.fourcc), None)
        can_send = pixel_format is not None and real.width % 2 == 0 and real.height % 2 == 0
        message = self._size_held(device.path, real, asked, can_send=can_send)
        if pixel_format is None or not can_send:
            raise CameraUnavailable("size-held", message)
        camera = self._open_raw(device, real.width, real.height, fps, pixel_format)
        return Link(
            camera,
            device.path,
            device.label,
            pixel_format,
            real.width,
            real.height,
            reason="size-held",
            note=message,
        )

    def _make_ready(self, device: VideoDevice) -> None:
        """Tell a device that is free, or was left stuck, from one that is in use.

        Without its OUTPUT capability a device is in use; or its last writer ended without giving
        it back (v4l2loopback 0.12), which is cured here.  Raises: `CameraUnavailable`.
        """
        path = device.path
        try:
            now = self._devices.capabilities(path)
            if now.driver != LOOPBACK_DRIVER:
                raise CameraUnavailable("not-virtual", advice.not_virtual(path, device.label))
            if now.output:
                return
            # CAPTURE alone: somebody sends; or did, and died while a reader stays (0.12).
            if now.capture and (self._written(path) or self._devices.frames_flow(path, _PROBE_S)):
                raise self._busy(device)
            self._devices.unstick(path)
            if not self._devices.capabilities(path).output:
                raise self._busy(device)
        except PermissionError as exc:
            raise CameraUnavailable("permission", advice.permission(self._gather(), path)) from exc
        except FileNotFoundError as exc:
            raise CameraUnavailable(
                "node-removed", advice.node_removed(self._gather(), path)
            ) from exc
        except OSError as exc:
            raise CameraUnavailable("other", advice.other(path, f"{exc.strerror}.")) from exc

    def _open_raw(
        self, device: VideoDevice, width: int, height: int, fps: float, pixel_format: PixelFormat
    ) -> OpenCamera:
        try:
            return self._open_camera(width, height, fps, pixel_format, device.path)
        except ImportError as exc:
            raise CameraUnavailable("library", advice.no_library(str(exc))) from exc
        except RuntimeError as exc:
            # What could be told apart before was; what is left came between the two looks.
            text = str(exc)
            if "permission" in text:
                message = advice.permission(self._gather(), device.path)
                raise CameraUnavailable("permission", message) from exc
            if any(part in text for part in ("output device", "in use", "busy")):
                raise self._busy(device) from exc
            raise CameraUnavailable("other", advice.other(device.path, text)) from exc

    def _written(self, path: str) -> bool:
        return any(holder.writes for holder in self._devices.holders(path))

    def _busy(self, device: VideoDevice) -> CameraUnavailable:
        holders = self._devices.holders(device.path)
        writers = [str(holder) for holder in holders if holder.writes]
        who = writers or [str(holder) for holder in holders]
        return CameraUnavailable("busy", advice.busy(device.path, device.label, who))

    def _size_held(
        self, path: str, held: DeviceFormat, wanted: DeviceFormat, *, can_send: bool
    ) -> str:
        who = [str(holder) for holder in self._devices.holders(path)]
        size = f"{wanted.width}x{wanted.height}"
        return advice.size_held(path, str(held), size, who, can_send=can_send)
