"""Measure what a frame costs here, per section and engine."""

import argparse
import json

import cv2

from control.commands.flags import PICTURE, add_picture_flags, typed
from control.settings import load_config
from streamer.budget import Budget, measure
from streamer.engines.choice import choose_engine
from streamer.photo import read_photo
from streamer.stream import Stream
from streamer.view import View, parse_size

SIZES = ("640x360", "1280x720", "1920x1080")
COLUMNS = (
    ("engine", "engine"),
    ("size", "size"),
    ("stage_s", "stage s"),
    ("animate_ms", "animate ms"),
    ("render_ms", "render ms"),
    ("render_p95_ms", "p95"),
    ("render_max_ms", "max"),
    ("convert_ms", "to I420 ms"),
    ("total_ms", "total ms"),
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `bench`."""
    add_picture_flags(parser)
    parser.add_argument("--frames", type=int, default=600, help="frames per row (600)")
    parser.add_argument("--threads", type=int, default=1, help="OpenCV threads (1)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def execute(options: argparse.Namespace) -> int:
    """Measure each engine at each size; medians over the frames."""
    cv2.setNumThreads(options.threads)
    stream = Stream(load_config(typed(options, *PICTURE)))
    photo = read_photo(stream.photos.find(stream.config.photo))
    sizes = [options.size] if hasattr(options, "size") else list(SIZES)
    choice = choose_engine(stream.engine_options)
    engines = [choice.engine]
    if stream.config.engine == "auto":
        engines += [understudy.open() for understudy in choice.understudies]
    rows: list[Budget] = []
    for engine in engines:
        portrait = engine.open(photo)
        for size in sizes:
            width, height = parse_size(size)
            view = View(width=width, height=height)
            rows.append(measure(engine, portrait, stream.presets, view, max(1, options.frames)))
        engine.close()
    if options.json:
        print(json.dumps([row.as_dict() for row in rows], indent=2))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: list[Budget]) -> None:
    cells = [[title for _, title in COLUMNS]]
    cells += [[str(row.as_dict()[key]) for key, _ in COLUMNS] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    for row in cells:
        print("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)))
