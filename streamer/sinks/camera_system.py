"""What the camera sink needs of an operating system's virtual cameras.

`CameraSystem` has two forms: `streamer.sinks.camera_loopback` for Linux and
`streamer.sinks.camera_obs` for Windows and macOS.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from streamer.sinks.pixels import PixelFormat, Pixels

Reason = Literal[
    "",  # all is well
    "no-camera",  # no virtual camera driver or device
    "no-such-camera",  # none of that name or path
    "permission",
    "busy",  # another program sends to it
    "not-virtual",  # a real webcam or another kind of device
    "size-held",  # an attached program holds another size
    "no-exclusive-caps",  # browsers do not list it
    "node-removed",  # the device file is gone, the camera lives
    "vanished",
    "library",  # pyvirtualcam cannot be loaded
    "other",
]


class OpenCamera(Protocol):
    """An open camera, as pyvirtualcam's `Camera` is one."""

    def send(self, frame: Pixels) -> None:
        """Write one frame in the format the camera was opened with."""

    def close(self) -> None:
        """Give the camera back."""


class CameraOpener(Protocol):
    """Opens a camera.  Raises: `RuntimeError` with pyvirtualcam's text; `ImportError`."""

    def __call__(
        self, width: int, height: int, fps: float, pixel_format: PixelFormat, device: str | None
    ) -> OpenCamera:
        """Open ``device`` for frames of this size and format."""


@dataclass(frozen=True)
class Link:
    """One open camera, and how it was really opened. ``note`` tells what is not as asked."""

    camera: OpenCamera
    device: str
    label: str
    pixel_format: PixelFormat
    width: int
    height: int
    reason: Reason = ""
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What a look at an open camera showed; ``lost`` means that it must be opened anew."""

    reason: Reason
    message: str
    lost: bool


class CameraUnavailable(Exception):
    """No camera can be opened now; the text says why and what to type. The sink retries."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class CameraSystem(Protocol):
    """Finds, opens, watches and gives back the virtual cameras of one operating system."""

    @property
    def pixel_format(self) -> PixelFormat:
        """The format that the cameras of this system take without a conversion."""

    def attach(self, wanted: str, width: int, height: int, fps: float) -> Link:
        """Open ``wanted``: ``auto``, a path or a label.  Raises: `CameraUnavailable`."""

    def check(self, link: Link) -> Finding | None:
        """Look whether the frames of an open camera still arrive; None when all is well."""

    def note(self, link: Link) -> Finding | None:
        """Tell, once after the first frame, what else a user should know about this camera."""

    def release(self, link: Link) -> None:
        """Close the camera so that it can be opened again."""


def open_with_pyvirtualcam(
    width: int, height: int, fps: float, pixel_format: PixelFormat, device: str | None
) -> OpenCamera:
    """Open a camera with pyvirtualcam, which is loaded only now.

    Raises: `RuntimeError` with pyvirtualcam's text, `ImportError`.
    """
    import pyvirtualcam

    camera: OpenCamera = pyvirtualcam.Camera(
        width, height, fps, fmt=pyvirtualcam.PixelFormat[pixel_format], device=device
    )
    return camera
