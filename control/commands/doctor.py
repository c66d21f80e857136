"""Say what this machine has, each line with what to type if something is missing."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from control.commands.flags import typed
from control.settings import load_config
from streamer import Config, PortraitError, parse_address


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what to type."""

    subject: str
    ok: bool
    found: str
    fix: str = ""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `doctor`."""
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON")
    add("--weights", default=argparse.SUPPRESS, type=Path, metavar="DIR", help="model files")


def execute(options: argparse.Namespace) -> int:
    """Print all findings; 0 also when something is missing, since the stream runs all the same."""
    findings = list(examine(load_config(typed(options, "weights"))))
    if options.json:
        print(json.dumps([asdict(f) for f in findings], indent=2, ensure_ascii=False))
        return 0
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'MISS'}  {finding.subject:11}  {finding.found}")
        if finding.fix:
            print(f"{'':19}-> {finding.fix}")
    return 0


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything that a first start needs."""
    yield from (_python(), _libraries(), _camera(config), _gpu())
    yield from _engines(config)
    yield from (_photo(config), _presets(config))
    for door in ("panel", "osc"):
        yield _port(config, door)


def _python() -> Finding:
    import platform

    return Finding("python", True, f"{platform.python_version()} on {platform.platform()}")


def _libraries() -> Finding:
    import cv2
    import numpy

    cascades = hasattr(cv2, "CascadeClassifier")
    return Finding(
        "libraries",
        cascades,
        f"numpy {numpy.__version__}, OpenCV {cv2.__version__}",
        "" if cascades else "pip install 'opencv-python-headless<5' (5 dropped the face cascades)",
    )


def _camera(config: Config) -> Finding:
    from streamer.sinks.camera import examine_camera

    device, advice = examine_camera(config.camera if config.camera != "none" else "auto")
    return Finding("camera", device is not None, device or "no virtual camera", advice)


def _engines(config: Config) -> Iterator[Finding]:
    """The neural engine's needs, then the engine that the settings lead to."""
    from streamer.engines.needs import examine

    try:
        needs = examine(config.weights, config.device)
    except PortraitError as exc:
        yield Finding("neural", False, "unusable", str(exc))
        return
    for need in needs:
        yield Finding(need.subject, need.ok, need.found, need.fix)
    neural = all(need.ok for need in needs)
    yield Finding(
        "engine",
        True,
        f"--engine {config.engine}"
        + (f" is {'liveportrait' if neural else 'warp'} here" if config.engine == "auto" else ""),
    )


def _gpu() -> Finding:
    import shutil

    if shutil.which("nvidia-smi"):
        return Finding("gpu", True, "an NVIDIA driver is installed")
    return Finding("gpu", True, "no NVIDIA driver; the warp engine runs on the CPU")


def _photo(config: Config) -> Finding:
    def look() -> str:
        from streamer.photo import read_photo
        from streamer.stream import Stream

        photo = read_photo(Stream(config).photos.find(config.photo))
        height, width = photo.image.shape[:2]
        return f"{photo.name}, {width}x{height}"

    return _tried("photo", look)


def _presets(config: Config) -> Finding:
    from streamer.stream import Stream

    library = Stream(config).presets
    return Finding(
        "presets",
        not library.problems,
        f"{len(library.presets)} presets, {len(library.idle_styles)} idle styles",
        " ".join(library.problems),
    )


def _port(config: Config, door: str) -> Finding:
    import socket

    text = getattr(config, door)
    if text == "off":
        return Finding(door, True, "off")
    host, port = parse_address(text, door)
    kind = socket.SOCK_STREAM if door == "panel" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            fix = f"close the program that has it, or use --{door} {host}:{port + 1}"
            return Finding(door, False, f"{text}: {exc.strerror}", fix)
    return Finding(door, True, f"{text} is free")


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except PortraitError as exc:
        return Finding(subject, False, "unusable", str(exc))
