"""Draw the pictures of the documents with the product itself.

    python -m benchmarks.pictures [--out docs]

The README's film, a strip of every preset, and a sheet of the parameters; the NASA portrait, a
living person, is left out wherever a mouth speaks.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streamer import Config, Controls, Frame, Wishes
from streamer.animation.animator import Animator
from streamer.animation.presets import Preset
from streamer.engines import Scene
from streamer.sinks.file import write_film
from streamer.stream import Stream

FILM_CUES = ((1.0, "smile"), (3.2, "wink"), (5.0, "surprise"))
FILM_S, FILM_FPS = 7.5, 15.0
TILE_W, TILE_H, TILES = 150, 168, 8


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


def strip(scene: Scene, animator: Animator, preset: Preset) -> Image.Image:
    """One row: the preset at equal steps from its start to its end, face close up."""
    controls = Controls(Wishes(idle_strength=0.0))
    controls.trigger(preset.name, at=0.0)
    wishes = controls.snapshot()
    row = Image.new("RGB", (TILE_W * TILES, TILE_H))
    for index in range(TILES):
        t = preset.duration_s * index / (TILES - 1)
        picture = Image.fromarray(np.array(scene.render(animator.at(t, wishes))))
        row.paste(picture.resize((TILE_W, TILE_H), Image.Resampling.LANCZOS), (index * TILE_W, 0))
    label = f"{preset.name}  {preset.duration_s * 1000:.0f} ms"
    ImageDraw.Draw(row).text((6, 4), label, fill="white", stroke_width=2, stroke_fill="black")
    return row


def presets(path: Path) -> None:
    stream, scene = opened("mona-lisa", "450x504", zoom=1.25)
    rows = [
        strip(scene, animator_of(stream, scene, seed=0), preset)
        for preset in stream.presets.presets.values()
    ]
    sheet = Image.new("RGB", (rows[0].width, TILE_H * len(rows)))
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * TILE_H))
    sheet.save(path, quality=82)
    scene.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    out: Path = parser.parse_args().out
    film(out / "mona-lisa.webp")
    presets(out / "presets.jpg")
    print(f"written: {out / 'mona-lisa.webp'}, {out / 'presets.jpg'}")


if __name__ == "__main__":
    main()
