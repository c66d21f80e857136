"""The texts that `support` packs, each without what tells who somebody is."""

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from control.findings import as_text
from control.instances import Instances
from control.remembered import recall, remembered_file
from control.scrubbing import PHOTO, SECRET, Scrubber, of_this_machine, secrets
from control.settings import load_config
from streamer import Config, PortraitError, __version__
from streamer.resources import HOME_VARIABLE, shipped, user_folder

# Of each log file the end, where the fault is.
LOG_BYTES: Final = 2_000_000
LOG_FILES: Final = 10

PACKAGES: Final = (
    *("numpy", "opencv-python-headless", "opencv-python", "opencv-contrib-python", "pyvirtualcam"),
    *("flask", "waitress", "python-osc", "PyYAML", "pillow", "psutil", "filelock", "platformdirs"),
    *("zeroconf", "segno", "torch", "torchvision", "triton", "onnxruntime", "onnxruntime-gpu"),
    *("huggingface_hub", "av", "imageio-ffmpeg", "sounddevice", "pynput"),
)

# Settings whose value is told. Of any other, also one to come, only whether there is one.
TOLD: Final = frozenset(
    (
        *(
            "engine",
            "backend",
            "device",
            "face",
            "paste_back",
            "speed",
            "gpu_share",
            "cache_mb",
            "camera",
        ),
        *("size", "fps", "fit", "zoom", "offset_x", "offset_y", "mirror", "fill", "seed", "style"),
        *("idle", "delay", "panel", "osc", "osc_allow", "osc_feedback", "oscquery", "vmc"),
        *("hotkeys", "stream_encoder", "badge", "seconds"),
    )
)

ABOUT: Final = """\
Packed by `living-portrait support`, for a report of a fault. Nothing was sent.

doctor.txt, doctor.json   what this machine has, and what comes out of its camera
versions.txt              of the product, Python, the system, packages, the camera's driver
settings.txt              what was chosen; of tokens, addresses of streams and files only that
presets.txt               what the check of the presets found
logs/                     the end of each log file

Left out: photos and their names (own photos: {photos}), tokens, the home folder (~), the names of
user and machine.
"""


def gather(*, readback: bool) -> dict[str, str]:
    """Return all texts by their names. ``readback``: with the camera's test card."""
    config, problem = _config()
    own = own_photos(config)
    scrub = scrubber(config, own)
    texts: dict[str, Callable[[], str]] = {
        "versions.txt": versions,
        "settings.txt": lambda: settings(config, problem),
        "presets.txt": lambda: presets(config),
    }
    files = {"README.txt": ABOUT.format(photos=len(own))}
    files |= {name: scrub(_tried(text)) for name, text in texts.items()}
    from control.commands import doctor

    try:
        findings = list(doctor.examine(config, readback=readback))
        files["doctor.txt"] = scrub(as_text(findings) + "\n")
        told = [asdict(finding) for finding in findings]
        files["doctor.json"] = scrub(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    except Exception as exc:  # the report of a fault must not fail of one
        files["doctor.txt"] = scrub(f"doctor failed: {type(exc).__name__}: {exc}\n")
    files |= {f"logs/{name}": scrub(text) for name, text in logs().items()}
    return files


def scrubber(config: Config, own: Mapping[str, str]) -> Scrubber:
    """Return what takes out of a text all that is known of user, machine, photos and tokens."""
    from streamer.sinks import camera_advice

    words = of_this_machine()
    home = os.environ.get(HOME_VARIABLE)
    if home:
        words[str(Path(home).expanduser().absolute())] = "<portrait's folder>"
    words.update(own)
    words.update(secrets([config.panel_token, config.stream, *_kept_tokens()]))
    kept = [path.stem for path in shipped("photo").iterdir()]
    words.pop(camera_advice.CARD_LABEL, None)
    return Scrubber({word: to for word, to in words.items() if word not in kept}, kept)


def own_photos(config: Config) -> dict[str, str]:
    """Return everything that names a photo of the user's, with its stand-in."""
    names: list[str] = []
    folders = [user_folder("photos"), *([config.photos] if config.photos else [])]
    for folder in folders:
        if folder.is_dir():
            for path in folder.iterdir():
                names += [path.name, path.name.partition(".")[0]]
    try:
        from streamer.stream import Stream

        for entry in Stream(config).photos.entries():
            if entry.path.parent != shipped("photo"):
                names += [entry.name, *entry.label.values(), entry.credit, entry.terms]
    except (PortraitError, OSError):
        pass  # the folders have told their names
    chosen = recall(remembered_file()).choices.get("photo")
    files = (config.privacy_picture, config.record, config.take)
    for given in (config.photo, chosen, config.mic, *map(_shown, files)):
        if given:
            names += [str(given), Path(str(given)).stem]
    shipped_ones = {path.stem for path in shipped("photo").iterdir()} | {"default"}
    return {name: PHOTO for name in names if name.strip() and name not in shipped_ones}


def versions() -> str:
    """Product, Python, system, packages, camera driver."""
    lines = [f"living-portrait {__version__}", f"Python {sys.version}", platform.platform()]
    lines += [f"machine {platform.machine()}, {os.cpu_count()} processors", ""]
    for package in PACKAGES:
        try:
            lines.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    lines += ["", *_camera_driver()]
    lines += ["", *(f"running: {other}" for other in Instances().others())]
    return "\n".join(lines) + "\n"


def _camera_driver() -> list[str]:
    module = Path("/sys/module/v4l2loopback")
    if not module.is_dir():
        return ["v4l2loopback is not loaded"] if sys.platform == "linux" else []
    lines = []
    for file in (module / "version", *sorted((module / "parameters").glob("*"))):
        try:
            lines.append(f"v4l2loopback {file.name}: {file.read_text(errors='replace').strip()}")
        except OSError:
            continue
    return lines


def settings(config: Config, problem: str) -> str:
    """Every setting; of those that hold a secret, a file or a name only whether there is one."""
    lines = [f"not used, since: {problem}\n"] if problem else []
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name == "photo":
            known = {path.stem for path in shipped("photo").iterdir()}
            value = value if value in known else PHOTO
        elif field.name not in TOLD and value is not None:
            value = SECRET
        lines.append(f"{field.name}: {value}")
    return "\n".join(lines) + "\n"


def presets(config: Config) -> str:
    """What the check of all presets found."""
    from streamer.stream import Stream

    library = Stream(config).presets
    found = f"{len(library.presets)} presets, {len(library.idle_styles)} idle styles\n"
    return found + "".join(f"WRONG  {problem}\n" for problem in library.problems)


def logs() -> dict[str, str]:
    """The end of each log file, by its name."""
    folder = user_folder("state") / "logs"
    found = {}
    for file in sorted(folder.glob("*.log*"))[:LOG_FILES]:
        if file.is_symlink() or not file.is_file():
            continue  # whoever put it there, it is no log of ours
        try:
            with file.open("rb") as opened:
                opened.seek(max(0, file.stat().st_size - LOG_BYTES))
                found[file.name] = opened.read(LOG_BYTES).decode("utf-8", "replace")
        except OSError as exc:
            found[file.name] = f"cannot be read: {exc.strerror}\n"
    return found


def _config() -> tuple[Config, str]:
    """The settings; the product's own where they are wrong, and why."""
    try:
        return load_config({}, remembered=recall(remembered_file()).choices), ""
    except PortraitError as exc:
        return Config(), str(exc)


def _kept_tokens() -> list[str]:
    """Every text in the token's file, and the token of the environment."""
    from control.panel.token import FILE_NAME

    found = [os.environ.get("LIVING_PORTRAIT_PANEL_TOKEN", "")]
    found += [os.environ.get("LIVING_PORTRAIT_STREAM", "")]
    try:
        content: Any = json.loads((user_folder("state") / FILE_NAME).read_text(encoding="utf-8"))
        found += [str(value) for value in content.values()]
    except (OSError, ValueError, AttributeError):
        pass  # no token was ever made, or a damaged one is made anew
    return found


def _shown(path: Path | None) -> str:
    return "" if path is None else path.name


def _tried(text: Callable[[], str]) -> str:
    try:
        return text()
    except (PortraitError, OSError) as exc:
        return f"failed: {type(exc).__name__}: {exc}\n"
