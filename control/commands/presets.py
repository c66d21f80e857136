"""Check preset files: every fault with its file, keyframe and field."""

import argparse
from pathlib import Path

from control.translations.console import in_system_language
from streamer import PresetError
from streamer.animation.idle_style import load_idle_style
from streamer.animation.presets import load_preset
from streamer.resources import shipped


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare `presets check [FILE...]`."""
    parser.add_argument("action", choices=["check"])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all shipped")


def execute(options: argparse.Namespace) -> int:
    """Load each file with the stream's own loader; 1 if any is wrong."""
    folder = shipped("presets")
    files = options.files or [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("idle/*.yaml"))]
    wrong = 0
    for file in files:
        try:
            if file.resolve().parent.name == "idle":
                load_idle_style(file)
            else:
                load_preset(file)
        except PresetError as exc:
            wrong += 1
            print(f"WRONG  {in_system_language(str(exc))}")
        else:
            print(f"ok     {file}")
    return 1 if wrong else 0
