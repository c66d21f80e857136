"""Show or set the points of a face that the warp engine works from."""

import argparse
from pathlib import Path

from control.translations.console import say
from streamer import ConfigError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    add = parser.add_argument
    add("photo", type=Path, help="a picture file")
    add("--face", type=int, default=1, metavar="N", help="which face, 1 is the clearest")
    add("--eyes", nargs=2, metavar="X,Y", help="both pupils, picture's left first, in pixels")
    add("--mouth", nargs=2, metavar="X,Y", help="both mouth corners, with --eyes")
    add("--show", type=Path, metavar="FILE.png", help="draw the points on enlargements")
    add("--save", action="store_true", help="write the sidecar file for correction by hand")


def execute(options: argparse.Namespace) -> int:
    """Find the points, then show or save them."""
    from streamer.engines.warp.locate import from_pupils, locate
    from streamer.photo import read_photo

    photo = read_photo(options.photo)
    if options.eyes:
        left, right = (_point(text) for text in options.eyes)
        corners = tuple(_point(text) for text in options.mouth) if options.mouth else None
        found = from_pupils(photo, left, right, corners)  # type: ignore[arg-type]
    else:
        found = locate(photo, face=options.face - 1)
    say(f"{options.photo}: face {found.unit:.0f} px between the pupils, found by {found.found_by}")
    if options.show is not None:
        from PIL import Image

        from streamer.engines.warp.show_landmarks import show_landmarks

        Image.fromarray(show_landmarks(photo, found)).save(options.show)
        print(f"drawn: {options.show}")
    if options.save:
        from streamer.engines.warp.sidecar import sidecar_path
        from streamer.engines.warp.sidecar_writer import save_sidecar

        path = sidecar_path(options.photo)
        save_sidecar(path, found, photo)
        print(f"written: {path}")
    return 0


def _point(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"A point is written X,Y such as 203,100, not '{text}'.") from None
    return x, y
