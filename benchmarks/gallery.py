"""Draw every preset and idle style: a sheet of each kind, a film of each, and their page.

python -m benchmarks.gallery [--out docs]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from benchmarks.pictured import Sitter, save_film
from streamer import Controls, Wishes
from streamer.animation.idle_style import IdleStyle
from streamer.animation.presets import Preset

TILE: Final = (112, 126)
TILES: Final = 6  # pictures of a preset
STYLE_TILES: Final = 12
STYLE_EVERY_S: Final = 1.3
FILM: Final = (160, 180)
PRESET_FPS, STYLE_FPS = 12.5, 8.0
STYLE_S: Final = 8.0
BEFORE_S, AFTER_S = 0.3, 0.4
# As long as this is shown of a preset that lasts until it is pressed again.
HELD_S: Final = 4.0


def wishes_for(preset: Preset, at: float, idle: float) -> tuple[Wishes, float]:
    """Return the wishes that play a preset once, and when it is over."""
    controls = Controls(Wishes(idle_strength=idle))
    seconds = preset.duration_s
    if preset.mode == "once":
        controls.trigger(preset.name, at=at)
    else:
        seconds = min(seconds, HELD_S)
        controls.trigger(preset.name, at=at)
        controls.trigger(preset.name, at=at + seconds - 0.6)
    return controls.snapshot(), at + seconds


def strip(sitter: Sitter, preset: Preset) -> Image.Image:
    """One preset at equal steps, without idle life."""
    wishes, end = wishes_for(preset, 0.0, idle=0.0)
    animator = sitter.animator(seed=0)
    tiles = []
    for k in range(TILES):
        # The last part is the way back to rest: nothing to see.
        t = 0.92 * end * (k + 0.6) / TILES
        tiles.append(sitter.picture(animator.at(t, wishes), *TILE))
    return labelled(tiles, f"{preset.name}  {preset.duration_s * 1000:.0f} ms")


def style_strip(sitter: Sitter, style: IdleStyle) -> Image.Image:
    """Moments of one idle style."""
    animator = sitter.animator(seed=4)
    wishes = Wishes(idle_style=style.name)
    faces = [animator.at(STYLE_EVERY_S * k, wishes) for k in range(STYLE_TILES)]
    return labelled([sitter.picture(face, *TILE) for face in faces], style.name)


def labelled(tiles: Sequence[Image.Image], label: str) -> Image.Image:
    """Put pictures in a row, with a label on the first."""
    row = Image.new("RGB", (TILE[0] * len(tiles), TILE[1]))
    for k, tile in enumerate(tiles):
        row.paste(tile, (k * TILE[0], 0))
    ImageDraw.Draw(row).text((5, 3), label, fill="white", stroke_width=2, stroke_fill="black")
    return row


def sheet(rows: Sequence[Image.Image], columns: int) -> Image.Image:
    """Put rows below each other, in columns."""
    lines = -(-len(rows) // columns)
    gap = 6 if columns > 1 else 0
    width, height = rows[0].size
    whole = Image.new("RGB", (columns * width + (columns - 1) * gap, lines * height), "white")
    for k, row in enumerate(rows):
        whole.paste(row, ((k // lines) * (width + gap), (k % lines) * height))
    return whole


def page(presets: Sequence[Preset], styles: Sequence[IdleStyle]) -> str:
    """Return the page that shows the films."""
    lines = [
        "# What is shipped, as films",
        "",
        "Drawn by the built-in engine, with `python -m benchmarks.pictures`. All moments side by",
        "side: [presets.jpg](presets.jpg), [idle.jpg](idle.jpg). How they meet:",
        "[blending.md](blending.md).",
        "",
        "## Presets",
        "",
        *film_table(
            [
                (p.name, f"{p.emoji} {p.label['en']} · {p.label['ko']}", p.description)
                for p in presets
            ],
            "films",
        ),
        "",
        "## Idle styles",
        "",
        *film_table(
            [(s.name, f"{s.label['en']} · {s.label['ko']}", s.description) for s in styles],
            "films/idle",
        ),
        "",
        "A minute of `calm` with four presses; above, what the eyes do, below, the head:",
        "",
        "![A minute of idle life](idle-minute.svg)",
    ]
    return "\n".join(lines) + "\n"


def film_table(entries: Sequence[tuple[str, str, str]], folder: str) -> list[str]:
    """Return rows of films with their names: (name, label, description)."""
    lines = ["| | | |", "|---|---|---|"]
    for name, label, description in entries:
        lines.append(f"| ![{name}]({folder}/{name}.webp) | `{name}`<br>{label} | {description} |")
    return lines


def draw(out: Path) -> list[Path]:
    """Draw everything; returns what was written."""
    sitter = Sitter()
    presets = list(sitter.library.presets.values())
    styles = list(sitter.library.idle_styles.values())
    sheet([strip(sitter, p) for p in presets], 2).save(out / "presets.jpg", quality=80)
    sheet([style_strip(sitter, s) for s in styles], 1).save(out / "idle.jpg", quality=82)
    written = [out / "presets.jpg", out / "idle.jpg", out / "gallery.md"]
    for preset in presets:
        wishes, end = wishes_for(preset, BEFORE_S, idle=1.0)
        path = out / "films" / f"{preset.name}.webp"
        save_film(path, sitter.film(wishes, end + AFTER_S, PRESET_FPS, FILM), PRESET_FPS)
        written.append(path)
    for style in styles:
        path = out / "films" / "idle" / f"{style.name}.webp"
        film = sitter.film(Wishes(idle_style=style.name), STYLE_S, STYLE_FPS, FILM, seed=9)
        save_film(path, film, STYLE_FPS)
        written.append(path)
    sitter.close()
    (out / "gallery.md").write_text(page(presets, styles), encoding="utf-8")
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    written = draw(parser.parse_args().out)
    total = sum(path.stat().st_size for path in written)
    print(f"written: {len(written)} files, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
