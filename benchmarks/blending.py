"""Write the table of docs/blending.md: what each shipped preset does with idle life.

python -m benchmarks.blending [--out docs/blending.md]
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from streamer.animation.performance import prepare
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import CHANNELS, Preset
from streamer.resources import shipped

# What each channel of idle life moves, as far as a preset can cover it. Gaze also carries the head
# along a little; blinks are laid over presets and cannot be covered.
MOVES: Final = MappingProxyType(
    {
        "gaze": ("eyeball_x", "eyeball_y"),
        "breath": ("shift_y", "head_pitch"),
        "sway": ("head_yaw", "head_pitch", "head_roll", "shift_x"),
        "mood": ("smile", "eyebrow", "eye_ratio", "wink"),
    }
)
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def moved(preset: Preset) -> list[str]:
    """Return the parameters that a preset names, in the order of their first keyframes."""
    return list(dict.fromkeys(name for k in preset.keyframes for name in k.params))


def treatment(preset: Preset, channel: str) -> str:
    """Return what becomes of a channel of idle life while a preset plays."""
    if channel in preset.blocks:
        return "rests"
    if channel == "blink":
        return "goes on, one with each turn" if prepare(preset).blinks else "goes on"
    names = MOVES[channel]
    covered = [name for name in names if name in moved(preset)]
    if not covered:
        return "goes on"
    return "covered" if len(covered) == len(names) else "partly covered"


def table(presets: Iterable[Preset]) -> str:
    """Return the table in Markdown."""
    rows = [
        f"| preset | mode | {' | '.join(CHANNELS)} | moves |",
        "|---" * (len(CHANNELS) + 3) + "|",
    ]
    for preset in presets:
        cells = [f"`{preset.name}`", preset.mode]
        cells += [treatment(preset, channel) for channel in CHANNELS]
        cells.append(" ".join(f"`{name}`" for name in moved(preset)))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def write(path: Path) -> None:
    """Put the table between its two marks."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    shown = table(PresetLibrary([shipped("presets")]).presets.values())
    path.write_text(f"{before}{BEGIN}\n{shown}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/blending.md"))
    out: Path = parser.parse_args().out
    write(out)
    print(f"written: {out}")


if __name__ == "__main__":
    main()
