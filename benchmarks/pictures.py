"""Draw the pictures of the documents with the product itself.

    python -m benchmarks.pictures [--out docs]

The README's film, sheets and films of every preset and idle style, a minute of idle life, and the
table of how presets and idle life mix. All show a painting: the other portrait is of a living
person.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import blending, gallery, idle_plot
from streamer import Config, Controls, Frame, Wishes
from streamer.animation.animator import Animator
from streamer.engines import Scene
from streamer.sinks.file import write_film
from streamer.stream import Stream

FILM_CUES = ((1.0, "smile"), (3.2, "wink"), (5.0, "surprise"))
FILM_S, FILM_FPS = 7.5, 15.0


def opened(photo: str, size: str, **view: float) -> tuple[Stream, Scene]:
    stream = Stream(Config(photo=photo, size=size, camera="none", **view))  # type: ignore[arg-type]
    return stream, stream.stage_once()


def animator_of(stream: Stream, scene: Scene, seed: int) -> Animator:
    library = stream.presets
    return Animator(seed=seed, rest=scene.rest, presets=library.presets, styles=library.idle_styles)


def film(path: Path) -> None:
    stream, scene = opened("mona-lisa", "640x360")
    animator = animator_of(stream, scene, seed=4)
    controls = Controls(Wishes(idle_style="calm"))
    for at, name in FILM_CUES:
        controls.trigger(name, at=at)
    wishes = controls.snapshot()
    total = round(FILM_S * FILM_FPS)

    def frames() -> Iterator[Frame]:
        for index in range(total):
            yield scene.render(animator.at(index / FILM_FPS, wishes))

    write_film(path, frames(), FILM_FPS, total)
    scene.close()


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
