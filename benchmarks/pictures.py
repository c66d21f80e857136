"""Draw the pictures of the documents with the product itself.

    python -m benchmarks.pictures [--out docs]

The README's film, sheets and films of every preset and idle style, a minute of idle life, and the
table of how presets and idle life mix. All show a painting: the other portrait is of a living
person.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks import blending, gallery, idle_plot
from streamer import Config, Controls, Frame, Wishes
from streamer.animation.animator import Animator
from streamer.engines import Scene
from streamer.sinks.file import write_film
from streamer.stream import Stream

# The README's film: a blink of idle life (this seed has one at 1.0 s), then three presses.
FILM_SEED = 27
FILM_CUES = ((1.7, "smile"), (3.9, "wink"), (5.4, "surprise"))
FILM_S, FILM_FPS = 7.6, 15.0
# Idle life comes from nothing and goes to nothing, so that the film goes round without a jump.
FILM_IDLE_S = (0.1, 6.9)
CAPTION_S = 1.1


def opened(photo: str, size: str, **view: float) -> tuple[Stream, Scene]:
    stream = Stream(Config(photo=photo, size=size, camera="none", **view))  # type: ignore[arg-type]
    return stream, stream.stage_once()


def animator_of(stream: Stream, scene: Scene, seed: int) -> Animator:
    library = stream.presets
    return Animator(seed=seed, rest=scene.rest, presets=library.presets, styles=library.idle_styles)


def film(path: Path) -> None:
    """Rest, a blink, a smile, a wink, a surprise, rest: each press is named while it begins."""
    stream, scene = opened("mona-lisa", "640x400", zoom=1.3)
    animator = animator_of(stream, scene, seed=FILM_SEED)
    total = round(FILM_S * FILM_FPS)

    def frames() -> Iterator[Frame]:
        for index in range(total):
            t = index / FILM_FPS
            frame = scene.render(animator.at(t, film_wishes(t)))
            pressed = [name for at, name in FILM_CUES if at <= t < at + CAPTION_S]
            yield captioned(frame, pressed[0]) if pressed else frame

    write_film(path, frames(), FILM_FPS, total, stream.film_mark)
    scene.close()


def film_wishes(t: float) -> Wishes:
    begin, end = FILM_IDLE_S
    controls = Controls(Wishes(idle_strength=1.0 if begin <= t < end else 0.0))
    for at, name in FILM_CUES:
        controls.trigger(name, at=at)
    return controls.snapshot()


def captioned(frame: Frame, name: str) -> Frame:
    """The key that was pressed, in the corner."""
    picture = Image.fromarray(frame.copy())
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(22)
    left, top, right, bottom = draw.textbbox((0, 0), name, font=font)
    x, y = 18, picture.height - 54
    box = (x, y, x + right - left + 28, y + 36)
    draw.rounded_rectangle(box, 10, fill=(24, 24, 28), outline=(226, 178, 96), width=2)
    draw.text((x + 14 - left, y + 18 - (top + bottom) / 2), name, fill=(240, 236, 228), font=font)
    return np.asarray(picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    out: Path = parser.parse_args().out
    film(out / "mona-lisa.webp")
    drawn = gallery.draw(out)
    (out / "idle-minute.svg").write_text(idle_plot.drawing("calm", 4), encoding="utf-8")
    blending.write(out / "blending.md")
    print(f"written: {out / 'mona-lisa.webp'}, {len(drawn)} of the gallery, idle-minute.svg")


if __name__ == "__main__":
    main()
