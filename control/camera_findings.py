"""What `doctor` says of the camera: whether there is one, and what comes out of it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from control.findings import Finding
from control.instances import Instance, Instances, candidates
from streamer import Config
from streamer.view import parse_size

if TYPE_CHECKING:
    from streamer.sinks.camera_readback import Readback

AGAIN: Final = "living-portrait doctor"
SHOW: Final = "living-portrait run"

# Conversion to the camera's colours and back costs 2 of 255, and readers have tables of their own.
COLOUR_TOLERANCE: Final = 6

# A camera that shows fewer than nine of ten frames stutters visibly.
RATE_TOLERANCE: Final = 0.9

# From the sink to a reader is well below a frame's time; beyond this something buffers.
LATENCY_MS: Final = 100.0

RELOAD: Final = (
    "close all programs that show the camera; sudo modprobe -r v4l2loopback && sudo modprobe "
    'v4l2loopback exclusive_caps=1 card_label="Living Portrait" video_nr=10'
)


def examine(config: Config, *, readback: bool) -> Iterator[Finding]:
    """Find the camera, then send a test card through it; or read what a running portrait sends.

    Nothing is sent to a camera that another program uses.
    """
    from streamer.sinks.camera_choice import examine_camera

    wanted = config.camera if config.camera != "none" else "auto"
    device, advice = examine_camera(wanted)
    if device is not None:
        path = device.split()[0] if device.startswith("/") else device
        yield Finding("camera", True, device, use=f"{SHOW} --camera {_quoted(path)}")
        if readback:
            yield from _sent_and_read(path, config)
        return
    holder = _portrait_with(candidates(wanted))
    if holder is None:
        yield Finding("camera", False, "no virtual camera", advice)
        return
    found = f"{holder.camera}, in use by a Living Portrait ({holder})"
    yield Finding("camera", True, found, use=f"{SHOW} --take-over ends it and starts anew")
    if readback:
        yield from _only_read(holder.camera, config)


def _portrait_with(cameras: list[str]) -> Instance | None:
    """Return the running Living Portrait that has one of these cameras."""
    return next((other for other in Instances().others() if other.camera in cameras), None)


def _sent_and_read(path: str, config: Config) -> Iterator[Finding]:
    if sys.platform != "linux":
        yield _elsewhere()
        return
    from streamer.sinks import camera_readback
    from streamer.sinks.camera_system import CameraUnavailable

    users = camera_readback.readers(path)
    if users:
        yield Finding(
            "readback",
            True,
            f"not tried: {path} is open in {', '.join(users)}, which would show the test card",
            use=f"close it, then: {AGAIN}",
        )
        return
    width, height = parse_size(config.size)
    try:
        read = camera_readback.read_back(path, width, height, config.fps)
    except CameraUnavailable as exc:
        yield Finding("readback", False, f"{path}: {exc}", f"{RELOAD}; {AGAIN}")
        return
    yield _size(read, config)
    yield _rate(read, config)
    yield from _picture(read)


def _only_read(path: str, config: Config) -> Iterator[Finding]:
    if sys.platform != "linux":
        yield _elsewhere()
        return
    from streamer.sinks import camera_readback
    from streamer.sinks.camera_system import CameraUnavailable

    try:
        read = camera_readback.watch(path)
    except CameraUnavailable as exc:
        yield Finding("readback", False, f"{path}: {exc}", f"close other programs; {AGAIN}")
        return
    yield Finding("size", True, f"{read.form} comes out", use=f"{SHOW} --size 1920x1080")
    yield _rate(read, config)
    yield Finding(
        "readback",
        True,
        "colour, mirror and latency need a camera that is free",
        use=f"end the running portrait, then: {AGAIN}",
    )


def _size(read: "Readback", config: Config) -> Finding:
    width, height = parse_size(config.size)
    found = f"{read.form} comes out"
    if (read.form.width, read.form.height) == (width, height):
        return Finding("size", True, found, use=f"{SHOW} --size 1920x1080")
    from streamer.sinks.camera_readback import readers

    who = ", ".join(readers(read.device)) or "the programs that show the camera"
    fix = f"close {who}, or: {SHOW} --size {read.form.width}x{read.form.height}"
    return Finding("size", False, f"{found}, {config.size} was sent", fix)


def _rate(read: "Readback", config: Config) -> Finding:
    found = f"{read.fps:.1f} frames a second come out"
    if read.fps >= RATE_TOLERANCE * config.fps:
        return Finding("rate", True, found, use=f"{SHOW} --fps {config.fps:g}")
    slower = max(1.0, round(config.fps / 2))
    return Finding(
        "rate",
        False,
        f"{found}, {config.fps:g} should",
        f"close programs that keep the machine busy, or: {SHOW} --fps {slower:g} --size 640x360",
    )


def _picture(read: "Readback") -> Iterator[Finding]:
    """Colour, mirror and latency, which only the test card tells."""
    if read.colour_error is None:
        yield Finding("colour", False, f"{read.form.fourcc} cannot be told here", RELOAD)
        return
    error = f"bars come back within {read.colour_error} of 255"
    wrong = read.colour_error > COLOUR_TOLERANCE
    yield Finding(
        "colour",
        not wrong,
        f"the test card's {error}",
        f"{RELOAD}; {AGAIN}" if wrong else "",
        use=f"{SHOW} --fill '#204060'" if not wrong else "",
    )
    if wrong:
        return  # nothing else can be told from a picture that is not the card
    yield Finding(
        "mirror",
        not read.mirrored,
        "left comes out on the right" if read.mirrored else "left is left",
        f"{SHOW} --mirror" if read.mirrored else "",
        use="" if read.mirrored else f"{SHOW} --mirror turns it",
    )
    if read.latency_ms is None or read.latency_worst_ms is None:
        yield Finding("latency", False, "the test card's number did not come back", AGAIN)
        return
    slow = read.latency_ms > LATENCY_MS
    yield Finding(
        "latency",
        not slow,
        f"{read.latency_ms:.0f} ms from here to a program, {read.latency_worst_ms:.0f} at most",
        f"{SHOW} --size 640x360, or close programs that keep the machine busy" if slow else "",
        use="living-portrait bench" if not slow else "",
    )


def _elsewhere() -> Finding:
    return Finding(
        "readback",
        True,
        "this system lets no program read the camera that it sends to",
        use="open the camera in your meeting program's settings",
    )


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
