"""Draw the course of a soak as an SVG: memory, threads, descriptors, frames, one lane each."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final

from benchmarks.soak_samples import Row

LEFT, WIDTH, LANE, GAP, TOP = 150.0, 900.0, 74.0, 18.0, 40.0

# Title, whether the column counts up (then its growth is drawn), and columns with their colours.
LANES: Final = (
    ("memory, MB (PSS)", False, (("pss_mb", "#333"), ("pss_mb_renderer", "#2a78b8"))),
    (
        "small ones, MB",
        False,
        (("pss_mb_living-portrait", "#2f8a4c"), ("pss_mb_sender", "#b8532a")),
    ),
    ("threads", False, (("threads", "#2a78b8"),)),
    ("descriptors", False, (("fds", "#2a78b8"),)),
    ("viewers", False, (("viewers", "#2f8a4c"),)),
    ("frames drawn /s", False, (("fps", "#2a78b8"),)),
    ("late, dropped /5 s", True, (("late", "#e0a800"), ("dropped", "#b8532a"))),
    (
        "camera, /5 s",
        True,
        (("sender_late", "#e0a800"), ("sender_held", "#999"), ("sender_standby", "#b8532a")),
    ),
)


def drawing(
    rows: Sequence[Row], hits: Sequence[tuple[float, str]], rests: Sequence[Row], title: str
) -> str:
    """Return the SVG. ``hits`` are the times (s) and names of faults; ``rests`` become dots."""
    end = max(1.0, rows[-1]["t_s"] or 0.0)
    bottom = TOP + len(LANES) * (LANE + GAP)
    width, height = LEFT + WIDTH + 60, bottom + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">',
        "<style>text{font:12px sans-serif;fill:#333}.s{font-size:9px;fill:#777}</style>",
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
        f'<text x="8" y="16">{escape(title)}</text>',
    ]
    for k in range(len(LANES)):
        parts += _lane(rows, rests, k, end)
    for at, name in hits:
        x = LEFT + WIDTH * at / end
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom - GAP}" stroke="#b8532a" '
            f'stroke-dasharray="2 3" stroke-width="0.6"/>'
            f'<text x="{x:.1f}" y="{TOP - 5}" text-anchor="middle" class="s">{escape(name)}</text>'
        )
    step = next(s for s in (0.5, 1, 2, 5, 10, 15, 30, 60, 1e9) if end / 60 / s <= 12)
    minute = 0.0
    while minute * 60 <= end:
        x = LEFT + WIDTH * minute * 60 / end
        parts.append(
            f'<text x="{x:.1f}" y="{bottom}" text-anchor="middle" class="s">{minute:g} min</text>'
        )
        minute += step
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lane(rows: Sequence[Row], rests: Sequence[Row], k: int, end: float) -> list[str]:
    title, counts, columns = LANES[k]
    top = TOP + k * (LANE + GAP)
    drawn = {name: _points(rows, name, counts=counts) for name, _ in columns}
    values = [value for points in drawn.values() for _, value in points]
    if not values:
        values = [0.0, 1.0]
    low = 0.0 if counts or (min(values) >= 0 and max(values) < 60) else 0.95 * min(values)
    high = max(max(values) * 1.03, low + 1.0)
    parts = [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{LANE}" fill="#f6f6f4"/>',
        f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(title)}</text>',
        f'<text x="{LEFT + WIDTH + 5}" y="{top + 9}" class="s">{high:.4g}</text>',
        f'<text x="{LEFT + WIDTH + 5}" y="{top + LANE}" class="s">{low:.4g}</text>',
    ]
    for place, (name, colour) in enumerate(columns):
        line = " ".join(
            f"{LEFT + WIDTH * t / end:.1f},{top + LANE * (high - value) / (high - low):.1f}"
            for t, value in drawn[name]
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        parts += [
            f'<circle cx="{LEFT + WIDTH * t / end:.1f}" r="2.5" fill="{colour}" '
            f'cy="{top + LANE * (high - value) / (high - low):.1f}"/>'
            for t, value in _points(rests, name, counts=False)
        ]
        if len(columns) > 1:
            parts.append(
                f'<text x="{LEFT - 8}" y="{top + 28 + 12 * place}" text-anchor="end" class="s" '
                f'style="fill:{colour}">{escape(_short(name))}</text>'
            )
    return parts


def _points(rows: Sequence[Row], name: str, *, counts: bool) -> list[tuple[float, float]]:
    points = [
        (t, value)
        for row in rows
        if (t := row["t_s"]) is not None and (value := row.get(name)) is not None
    ]
    if not counts:
        return points
    return [(b[0], max(0.0, b[1] - a[1])) for a, b in pairwise(points)]


def _short(name: str) -> str:
    return {"pss_mb": "all"}.get(name, name.removeprefix("pss_mb_").removeprefix("sender_"))
