"""Flags that several commands share; only what was typed reaches the settings."""

import argparse
from pathlib import Path
from typing import Any


def add_picture_flags(parser: argparse.ArgumentParser) -> None:
    """Flags that say which picture is shown, and how."""
    add = parser.add_argument
    suppress = argparse.SUPPRESS
    add("--photo", default=suppress, metavar="NAME|FILE", help="portrait: a name or a picture file")
    engines = "auto|liveportrait|baked|warp"
    add("--engine", default=suppress, metavar=engines, help="how it is animated")
    add("--device", default=suppress, metavar="auto|cpu|cuda|mps", help="for liveportrait (auto)")
    add("--face", default=suppress, type=int, metavar="N", help="which face of the photo (1)")
    add(
        "--paste-back",
        default=suppress,
        action=argparse.BooleanOptionalAction,
        help="liveportrait: the face in its photo, or the bare crop (in its photo)",
    )
    add("--speed", default=suppress, metavar="auto|safe|fast", help="of liveportrait (auto)")
    add(
        "--gpu-share",
        default=suppress,
        type=float,
        metavar="0..1",
        help="most of the GPU's time to take; 0 as needed (0)",
    )
    add("--cache-mb", default=suppress, type=int, metavar="MB", help="frames kept (512)")
    add(
        "--backend",
        default=suppress,
        metavar="auto|torch|onnxruntime|openvino|tensorrt",
        help="who computes liveportrait's networks (auto)",
    )
    add("--size", default=suppress, metavar="WxH", help="frame size, even numbers (1280x720)")
    add("--fps", default=suppress, type=float, help="frames a second (30)")
    add("--fit", default=suppress, metavar="face|cover|contain", help="photo to frame (face)")
    add("--zoom", default=suppress, type=float, help="a factor on top of the fit (1)")
    add("--offset-x", default=suppress, type=float, help="right, in frame heights (0)")
    add("--offset-y", default=suppress, type=float, help="down, in frame heights (0)")
    add("--mirror", default=suppress, action="store_true", help="flip the frame left to right")
    add("--fill", default=suppress, metavar="blur|#rrggbb", help="where the photo ends (blur)")
    add("--badge", default=suppress, metavar="off|ai", help="a sign in a corner (off)")
    add("--photos", default=suppress, type=Path, metavar="DIR", help="your own photos")
    add("--presets", default=suppress, type=Path, metavar="DIR", help="your own presets")
    add("--weights", default=suppress, type=Path, metavar="DIR", help="where model files lie")
    add("--bakes", default=suppress, type=Path, metavar="DIR", help="where baked frames lie")
    add("--seed", default=suppress, type=int, help="the same seed gives the same film")


def typed(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the flags of these names that were typed."""
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


PICTURE = (
    "photo",
    "engine",
    "device",
    "face",
    "paste_back",
    "speed",
    "gpu_share",
    "cache_mb",
    "backend",
    "size",
    "fps",
    "fit",
    "zoom",
    "offset_x",
    "offset_y",
    "mirror",
    "fill",
    "badge",
    "photos",
    "presets",
    "weights",
    "bakes",
    "seed",
)
