"""Which virtual cameras there are on the machine that we run on."""

import platform

from streamer.sinks import camera_advice as advice
from streamer.sinks.camera_loopback import LoopbackCameras
from streamer.sinks.camera_obs import ObsCameras
from streamer.sinks.camera_system import CameraSystem, CameraUnavailable


def this_system(preview_url: str = advice.PREVIEW_URL) -> CameraSystem:
    """Return the virtual cameras of the machine that we run on."""
    system = platform.system()
    if system in ("Windows", "Darwin"):
        return ObsCameras(system, preview_url=preview_url)
    return LoopbackCameras(preview_url=preview_url)


def examine_camera(wanted: str) -> tuple[str | None, str]:
    """Tell for ``doctor`` which camera could be used, or None and what to type.

    On Linux this only looks. OBS's camera can only be opened to see whether it is there, and is
    closed again.
    """
    system = this_system()
    try:
        if isinstance(system, LoopbackCameras):
            device = system.examine(wanted)
            return f"{device.path} '{device.label}'", ""
        link = system.attach(wanted, 1280, 720, 30)
    except CameraUnavailable as problem:
        return None, str(problem)
    system.release(link)
    return link.device, ""


def list_cameras() -> list[dict[str, str]]:
    """Return the virtual cameras of this machine that could be asked for: ``device``, ``label``.

    On Linux from the system's list, without opening any. OBS has one, and whether it is there
    shows only when it is opened.
    """
    system = this_system()
    if isinstance(system, LoopbackCameras):
        return [{"device": d.path, "label": d.label} for d in system.all()]
    return [{"device": "OBS Virtual Camera", "label": "OBS Virtual Camera"}]
