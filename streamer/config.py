"""Start-up choices, frozen and checked when built."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from streamer.errors import ConfigError
from streamer.stream_url import ENCODERS, check_url
from streamer.view import View, parse_size

FPS_RANGE: Final = (1.0, 60.0)
SPEEDS: Final = ("auto", "safe", "fast")
BACKENDS: Final = ("auto", "torch", "onnxruntime", "openvino", "tensorrt")
GPU_SHARE_RANGE: Final = (0.05, 1.0)  # or 0: as much as the frame rate needs
DELAY_RANGE_MS: Final = (0.0, 2000.0)
CACHE_MB_RANGE: Final = (0, 65536)
BADGES: Final = ("off", "ai")


@dataclass(frozen=True)
class Config:
    """Everything that is chosen before the stream starts.

    Names are those of the flags and of the keys in ``living-portrait.yaml``. ``seed`` ``None``
    draws one at the start. ``presets`` and ``photos`` are the user's own folders, beside the
    shipped ones; ``weights`` is where the model files lie, ``bakes`` where baked
    frames do, ``None`` the usual place. ``face``
    counts the faces of a photo from 1; ``device``, ``paste_back``, ``speed``, ``gpu_share``,
    ``cache_mb`` and ``backend`` are the neural engine's.
    ``privacy_picture`` stands in for the face while privacy is asked for, ``None`` the shipped
    one. ``record`` is where a take is written, ``take`` one that is played. ``hotkeys`` are pairs
    of keys and what they do. ``mic`` is a microphone that moves the mouth (``default``, a number,
    a part of its name) or a wave file; ``delay`` holds the picture back, ms. ``stream`` is the
    address of a receiver in the network, which may hold a password, ``stream_encoder`` what
    encodes for it. ``badge`` is drawn into a corner: ``ai``.
    Raises: `ConfigError`.
    """

    photo: str = "mona-lisa"
    engine: str = "auto"
    device: str = "auto"
    face: int = 1
    paste_back: bool = True
    speed: str = "auto"
    gpu_share: float = 0.0
    cache_mb: int = 512
    backend: str = "auto"
    camera: str = "auto"
    size: str = "1280x720"
    fps: float = 30.0
    fit: str = "face"
    zoom: float = 1.0
    offset_x: float = 0.0
    offset_y: float = 0.0
    mirror: bool = False
    fill: str = "blur"
    seed: int | None = None
    style: str = "calm"
    idle: float = 1.0
    presets: Path | None = None
    photos: Path | None = None
    weights: Path | None = None
    bakes: Path | None = None
    privacy_picture: Path | None = None
    record: Path | None = None
    mic: str | None = None
    delay: float = 0.0
    take: Path | None = None
    panel: str = "127.0.0.1:8000"
    panel_token: str | None = field(default=None, repr=False)
    osc: str = "127.0.0.1:7001"
    osc_allow: tuple[str, ...] = field(default=())
    osc_feedback: tuple[str, ...] = field(default=())
    oscquery: str = "auto"
    vmc: str = "off"
    hotkeys: tuple[tuple[str, str], ...] = field(default=())
    stream: str | None = field(default=None, repr=False)
    stream_encoder: str = "auto"
    badge: str = "off"
    seconds: float | None = None
    report: Path | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fps) and FPS_RANGE[0] <= self.fps <= FPS_RANGE[1]):
            raise ConfigError(
                f"fps is {self.fps}; it must be {FPS_RANGE[0]:g} to {FPS_RANGE[1]:g}. Try --fps 30."
            )
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ConfigError(f"seconds is {self.seconds}; it must be a number above 0.")
        if not (math.isfinite(self.idle) and 0.0 <= self.idle <= 1.0):
            raise ConfigError(f"idle is {self.idle}; it must be 0 to 1.")
        if self.face < 1:
            raise ConfigError(f"face is {self.face}; faces are counted from 1. Try --face 1.")
        if self.speed not in SPEEDS:
            raise ConfigError(f"Unknown speed '{self.speed}'. Choose one of: {', '.join(SPEEDS)}.")
        if self.backend.partition(":")[0] not in BACKENDS:
            raise ConfigError(
                f"Unknown backend '{self.backend}'. Choose one of: {', '.join(BACKENDS)}."
            )
        low, high = GPU_SHARE_RANGE
        if self.gpu_share != 0.0 and not low <= self.gpu_share <= high:
            raise ConfigError(
                f"gpu_share is {self.gpu_share}; it must be {low:g} to {high:g}, or 0 for as much "
                "as the frame rate needs."
            )
        if not CACHE_MB_RANGE[0] <= self.cache_mb <= CACHE_MB_RANGE[1]:
            raise ConfigError(
                f"cache_mb is {self.cache_mb}; it must be {CACHE_MB_RANGE[0]} to "
                f"{CACHE_MB_RANGE[1]}."
            )
        if not DELAY_RANGE_MS[0] <= self.delay <= DELAY_RANGE_MS[1]:
            raise ConfigError(
                f"delay is {self.delay}; it must be {DELAY_RANGE_MS[0]:g} to "
                f"{DELAY_RANGE_MS[1]:g} ms. Try --delay 200."
            )
        for name in ("presets", "photos"):
            folder = getattr(self, name)
            if folder is not None and not _is_folder(folder):
                raise ConfigError(
                    f"The folder for {name}, {str(folder)[:200]}, does not exist. Create it first."
                )
        if self.weights is not None and not _is_folder(self.weights, or_nothing=True):
            raise ConfigError(f"The folder for model files, {str(self.weights)[:200]}, is a file.")
        self.view  # noqa: B018 - builds the view once, so that a bad size is an error at start
        if self.panel != "off":
            parse_address(self.panel, "panel")
        if self.osc != "off":
            parse_address(self.osc, "osc")
        for receiver in self.osc_feedback:
            parse_address(receiver, "osc-feedback")
        if self.oscquery not in ("auto", "off"):
            parse_address(self.oscquery, "oscquery")
        if self.stream is not None:
            check_url(self.stream)
        for name, known in (("stream_encoder", ENCODERS), ("badge", BADGES)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"Unknown {name} '{getattr(self, name)}'. Choose one of: {', '.join(known)}."
                )
        if self.vmc != "off":
            if self.vmc.isdigit():  # a port alone is one of this machine
                object.__setattr__(self, "vmc", f"127.0.0.1:{self.vmc}")
            parse_address(self.vmc, "vmc")

    def changed(self, **changes: Any) -> "Config":
        """Return a copy with changes, for what runs already: its folders may have gone since.

        Raises: `ConfigError` for a change that is none.
        """
        folders = {name: getattr(self, name) for name in ("presets", "photos", "weights")}
        copy = replace(self, **{**dict.fromkeys(folders), **changes})
        for name, folder in folders.items():
            object.__setattr__(copy, name, changes.get(name, folder))
        return copy

    @property
    def view(self) -> View:
        """The geometry photo -> frame."""
        width, height = parse_size(self.size)
        return View(
            width=width,
            height=height,
            fit=self.fit,  # type: ignore[arg-type]  # View checks the text
            zoom=self.zoom,
            offset_x=self.offset_x,
            offset_y=self.offset_y,
            mirror=self.mirror,
            fill=self.fill,
        )


def _is_folder(path: Path, *, or_nothing: bool = False) -> bool:
    try:
        return path.is_dir() or (or_nothing and not path.exists())
    except (OSError, ValueError):  # a name too long, a NUL character
        return False


def parse_address(text: str, door: str) -> tuple[str, int]:
    """Read ``HOST:PORT`` (``[::1]:8000`` for IPv6). Raises `ConfigError`."""
    host, _, port_text = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        port = int(port_text)
    except ValueError:
        port = -1
    if not host or not 0 <= port <= 65535:
        raise ConfigError(
            f"--{door} takes HOST:PORT such as 127.0.0.1:8000, or 'off', not '{text}'."
        )
    return host, port
