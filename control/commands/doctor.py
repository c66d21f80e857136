"""Say what this machine has and what comes out of its camera, each line with what to type."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

from control.commands.flags import typed
from control.findings import Finding, as_text
from control.instances import Instances
from control.settings import load_config
from control.translations.console import in_system_language
from streamer import Config, PortraitError, parse_address

LOG_FILE: Final = Path("logs") / "living-portrait.log"  # in the user's state folder


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `doctor`."""
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON")
    add("--weights", default=argparse.SUPPRESS, type=Path, metavar="DIR", help="model files")
    add("--camera", default=argparse.SUPPRESS, metavar="auto|DEVICE", help="path or label (auto)")
    add(
        "--no-readback",
        action="store_true",
        help="send no test card through the camera (3 seconds)",
    )


def execute(options: argparse.Namespace) -> int:
    """Print all findings; 0 also when something is missing, since the stream runs all the same."""
    config = load_config(typed(options, "weights", "camera"))
    findings = list(examine(config, readback=not options.no_readback))
    if options.json:
        print(json.dumps([asdict(f) for f in findings], indent=2, ensure_ascii=False))
    else:
        print(as_text(findings, in_system_language))
    return 0


def examine(config: Config, *, readback: bool = True) -> Iterator[Finding]:
    """Look at everything that a first start needs. ``readback`` sends a test card to the camera."""
    from control import camera_findings

    yield from (_python(), _libraries())
    yield from camera_findings.examine(config, readback=readback)
    yield _gpu()
    yield from _engines(config)
    yield from (_photo(config), _presets(config))
    yield from _instances()
    for door in ("panel", "osc"):
        yield _port(config, door)
    yield _log()


def _python() -> Finding:
    import platform

    found = f"{platform.python_version()} on {platform.platform()}"
    return Finding("python", True, found, use="living-portrait --version")


def _libraries() -> Finding:
    import cv2
    import numpy

    cascades = hasattr(cv2, "CascadeClassifier")
    return Finding(
        "libraries",
        cascades,
        f"numpy {numpy.__version__}, OpenCV {cv2.__version__}",
        "" if cascades else "pip install 'opencv-python-headless<5' (5 dropped the face cascades)",
        use="python -m pip check" if cascades else "",
    )


def _engines(config: Config) -> Iterator[Finding]:
    """The neural engine's needs, then the engine that the settings lead to."""
    from streamer.engines.needs import examine

    try:
        needs = examine(config.weights, config.device)
    except PortraitError as exc:
        yield Finding("neural", False, "unusable", str(exc))
        return
    uses = {"weights": "living-portrait weights verify"}
    for need in needs:
        use = uses.get(need.subject, "living-portrait bench --engine liveportrait --frames 3")
        yield Finding(need.subject, need.ok, need.found, need.fix, use if need.ok else "")
    neural = all(need.ok for need in needs)
    found = f"--engine {config.engine}"
    if config.engine == "auto":
        picked = "liveportrait" if neural else _without_networks(config)
        found = f"--engine auto is {picked} here"
    yield Finding("engine", True, found, use=f"living-portrait bench --engine {config.engine}")


def _without_networks(config: Config) -> str:
    """Return which engine draws where the neural one cannot: frames baked with it may be here."""
    from dataclasses import replace

    from streamer.engines.choice import choose_engine
    from streamer.stream import Stream

    stream = Stream(config)
    try:
        photo = stream.photos.find(config.photo)
        engine = choose_engine(replace(stream.engine_options, photo=photo)).engine
    except PortraitError:
        return "warp"
    engine.close()
    return engine.name


def _gpu() -> Finding:
    import shutil

    if shutil.which("nvidia-smi"):
        return Finding("gpu", True, "an NVIDIA driver is installed", use="nvidia-smi")
    found = "no NVIDIA driver; the warp engine runs on the CPU"
    return Finding("gpu", True, found, use="living-portrait bench")


def _photo(config: Config) -> Finding:
    def look() -> str:
        from streamer.photo import read_photo
        from streamer.stream import Stream

        photo = read_photo(Stream(config).photos.find(config.photo))
        height, width = photo.image.shape[:2]
        return f"{photo.name}, {width}x{height}"

    return _tried("photo", look, use="living-portrait run --photo FILE")


def _presets(config: Config) -> Finding:
    from streamer.stream import Stream

    library = Stream(config).presets
    return Finding(
        "presets",
        not library.problems,
        f"{len(library.presets)} presets, {len(library.idle_styles)} idle styles",
        " ".join(library.problems),
        use="living-portrait presets check",
    )


def _instances() -> Iterator[Finding]:
    for other in Instances().others():
        found = f"a Living Portrait: {other}, camera {other.camera or 'none'}"
        yield Finding("running", True, found, use="living-portrait run --take-over ends it")


def _port(config: Config, door: str) -> Finding:
    import socket

    text = getattr(config, door)
    if text == "off":
        return Finding(door, True, "off", use=f"living-portrait run --{door} {_usual(door)}")
    host, port = parse_address(text, door)
    kind = socket.SOCK_STREAM if door == "panel" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            return _taken(door, text, f"{host}:{port + 1}", port, exc)
    return Finding(door, True, f"{text} is free", use=f"living-portrait run --{door} {text}")


def _taken(door: str, text: str, next_one: str, port: int, exc: OSError) -> Finding:
    from control.ports import holder

    protocol: Literal["tcp", "udp"] = "tcp" if door == "panel" else "udp"
    who = holder(port, protocol)
    if "Living Portrait" in who:
        use = f"open http://{text}" if door == "panel" else f"living-portrait run --{door} off"
        return Finding(door, True, f"{text} is open in {who}", use=use)
    by = f" by {who}" if who else ""
    fix = f"close {who or 'the program that has it'}, or: living-portrait run --{door} {next_one}"
    return Finding(door, False, f"{text} is taken{by} ({exc.strerror})", fix)


def _usual(door: str) -> str:
    return str(getattr(Config, door))


def _log() -> Finding:
    from streamer.resources import user_folder

    file = user_folder("state") / LOG_FILE
    size = f"{file.stat().st_size / 1000:.0f} kB" if file.is_file() else "nothing so far"
    return Finding("log", True, f"{file}, {size}", use="living-portrait support")


def _tried(subject: str, look: Callable[[], str], use: str) -> Finding:
    try:
        return Finding(subject, True, look(), use=use)
    except PortraitError as exc:
        return Finding(subject, False, "unusable", str(exc))
