"""Open OBS's virtual camera on Windows and macOS.

Not tried: written from pyvirtualcam's documentation and sources. Neither system tells whether the
frames of an open camera arrive, so there is no health check.
"""

from collections.abc import Callable
from typing import Final

from streamer.sinks import camera_advice as advice
from streamer.sinks.camera_advice import Machine
from streamer.sinks.camera_system import (
    CameraOpener,
    CameraUnavailable,
    Finding,
    Link,
    open_with_pyvirtualcam,
)
from streamer.sinks.pixels import PixelFormat

OBS_CAMERA: Final = "OBS Virtual Camera"

# Source: pyvirtualcam's backends. Windows' OBS camera holds NV12, macOS' UYVY.
_NATIVE: Final[dict[str, PixelFormat]] = {"Windows": "NV12", "Darwin": "UYVY"}


class ObsCameras:
    """OBS's one virtual camera; another name goes to pyvirtualcam as it is."""

    def __init__(
        self,
        system: str,
        open_camera: CameraOpener = open_with_pyvirtualcam,
        gather: Callable[[], Machine] = advice.gather,
        preview_url: str = advice.PREVIEW_URL,
    ) -> None:
        self.pixel_format: PixelFormat = _NATIVE.get(system, "I420")
        self._open_camera = open_camera
        self._gather = gather
        self._preview_url = preview_url

    def attach(self, wanted: str, width: int, height: int, fps: float) -> Link:
        """Open OBS's camera, or the one of this name.  Raises: `CameraUnavailable`."""
        name = OBS_CAMERA if wanted == "auto" else wanted
        try:
            camera = self._open_camera(width, height, fps, self.pixel_format, name)
        except ImportError as exc:
            raise CameraUnavailable("library", advice.no_library(str(exc))) from exc
        except RuntimeError as exc:
            text = str(exc).lower()
            if "could not be started" in text or "in use" in text:
                raise CameraUnavailable("busy", advice.busy_obs(name)) from exc
            if any(word in text for word in ("not found", "install", "approve", "no camera")):
                message = advice.no_camera(self._gather(), self._preview_url)
                raise CameraUnavailable("no-camera", message) from exc
            raise CameraUnavailable("other", advice.other(name, str(exc))) from exc
        return Link(camera, name, name, self.pixel_format, width, height)

    def check(self, link: Link) -> Finding | None:
        """Nothing on these systems tells."""
        return None

    def note(self, link: Link) -> Finding | None:
        """Nothing is known that a user should be told."""
        return None

    def release(self, link: Link) -> None:
        """Close the camera."""
        link.camera.close()
