"""Plot a minute of idle life with a few presses, parameter by parameter, as an SVG drawing.

python -m benchmarks.idle_plot [--style calm] [--seed 4] [--out docs/idle-minute.svg]
"""

import argparse
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from streamer import Controls, Wishes
from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.resources import shipped

SECONDS: Final = 60.0
FPS: Final = 30
CUES: Final = ((14.0, "smile"), (25.0, "look_left"), (37.0, "nod"), (48.0, "talk"))

# Parameter, colour, and the range that is drawn.
LANES: Final = (
    ("eye_ratio", "#2a78b8", 0.0, 0.45),
    ("eyeball_x", "#2a78b8", -22.0, 22.0),
    ("eyeball_y", "#2a78b8", -22.0, 22.0),
    ("smile", "#b8532a", -0.1, 1.1),
    ("lip_ratio", "#b8532a", 0.0, 0.3),
    ("eyebrow", "#b8532a", -4.0, 6.0),
    ("head_yaw", "#2f8a4c", -5.0, 10.0),
    ("head_pitch", "#2f8a4c", -3.0, 10.0),
    ("head_roll", "#2f8a4c", -3.5, 3.5),
    ("shift_y", "#2f8a4c", -0.016, 0.004),
)
LEFT, WIDTH, LANE, GAP, TOP = 92.0, 960.0, 46.0, 10.0, 34.0
TOLERANCE: Final = 0.35  # of a pixel: what a straight line may leave out


def minute(style: str, seed: int) -> list[Face]:
    """Return every frame of the minute."""
    library = PresetLibrary([shipped("presets")])
    rest = neutral_face(eye_ratio=0.38, lip_ratio=0.0)
    animator = Animator(seed=seed, rest=rest, presets=library.presets, styles=library.idle_styles)
    controls = Controls(Wishes(idle_style=style))
    for at, name in CUES:
        controls.trigger(name, at=at)
    wishes = controls.snapshot()
    return [animator.at(k / FPS, wishes) for k in range(round(SECONDS * FPS) + 1)]


def line(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points that a straight line passes by, one after another."""
    kept = [points[0]]
    low, high = -1e9, 1e9  # slopes under which all points since the last one are met
    for k in range(1, len(points)):
        (x0, y0), (x, y) = kept[-1], points[k]
        low = max(low, (y - TOLERANCE - y0) / (x - x0))
        high = min(high, (y + TOLERANCE - y0) / (x - x0))
        if low > high:
            kept.append(points[k - 1])
            x0, y0 = kept[-1]
            low, high = (y - TOLERANCE - y0) / (x - x0), (y + TOLERANCE - y0) / (x - x0)
    return [*kept, points[-1]]


def lane(faces: Sequence[Face], k: int) -> list[str]:
    """Return the drawing of one parameter."""
    name, colour, low, high = LANES[k]
    top = TOP + k * (LANE + GAP)

    def y_of(value: float) -> float:
        return top + LANE * (high - min(max(value, low), high)) / (high - low)

    points = [
        (LEFT + WIDTH * i / (len(faces) - 1), y_of(face[name])) for i, face in enumerate(faces)
    ]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in line(points))
    neutral = PARAMETERS[name].neutral
    zero = y_of(faces[0][name] if neutral is None else neutral)
    return [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{LANE}" fill="#f6f6f4"/>',
        f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="#ccc"/>',
        f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.1"/>',
        f'<text x="{LEFT - 8}" y="{top + LANE / 2 + 4}" text-anchor="end">{name}</text>',
        f'<text x="{LEFT + WIDTH + 5}" y="{top + 9}" class="s">{high:g}</text>',
        f'<text x="{LEFT + WIDTH + 5}" y="{top + LANE}" class="s">{low:g}</text>',
    ]


def drawing(style: str, seed: int) -> str:
    """Return the SVG."""
    faces = minute(style, seed)
    library = PresetLibrary([shipped("presets")])
    bottom = TOP + len(LANES) * (LANE + GAP)
    width, height = LEFT + WIDTH + 46, bottom + 22
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">',
        "<style>text{font:12px sans-serif;fill:#333}.s{font-size:9px;fill:#888}</style>",
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
    ]
    for k in range(len(LANES)):
        parts += lane(faces, k)
    for at, name in CUES:
        x = LEFT + WIDTH * at / SECONDS
        span = WIDTH * library.presets[name].duration_s / SECONDS
        parts.append(
            f'<rect x="{x:.1f}" y="{TOP - 4}" width="{span:.1f}" height="{bottom - TOP}" '
            f'fill="#e0a800" opacity="0.18"/><text x="{x:.1f}" y="{TOP - 10}">{name}</text>'
        )
    for second in range(0, 61, 5):
        x = LEFT + WIDTH * second / SECONDS
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 8}" text-anchor="middle" class="s">{second} s</text>'
        )
    title = f"{style}, seed {seed}"
    parts.append(f'<text x="8" y="{TOP - 10}">{escape(title)}</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--style", default="calm")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("docs/idle-minute.svg"))
    options = parser.parse_args()
    options.out.write_text(drawing(options.style, options.seed), encoding="utf-8")
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
