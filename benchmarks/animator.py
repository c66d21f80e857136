"""How many faces a second the animator makes, on one core.

    python -m benchmarks.animator [--seconds 2] [--json]

Medians of several stretches; `start_ms` is from folders on disk to the first face.
"""

import argparse
import json
import statistics
import time

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Cue, Wishes
from streamer.parameters import neutral_face
from streamer.resources import shipped

FPS = 30
STRETCH = 300  # frames between two looks at the clock


def wishes_of(case: str, names: list[str]) -> Wishes:
    """What the operator wants in each case."""
    if case == "idle":
        return Wishes()
    if case == "sliders":
        return Wishes(held={"head_yaw": 4.0, "smile": 0.3, "eyebrow": 5.0})
    # A press every 0.4 s: four or five performances at any time.
    return Wishes(cues=tuple(Cue(i, names[i % len(names)], at=0.4 * i) for i in range(1, 5000)))


def new_animator(library: PresetLibrary) -> Animator:
    rest = neutral_face(eye_ratio=0.38, lip_ratio=0.05)
    return Animator(seed=1, rest=rest, presets=library.presets, styles=library.idle_styles)


def faces_per_second(case: str, library: PresetLibrary, seconds: float) -> tuple[float, float]:
    """Return the median rate, and the slowest frame in milliseconds."""
    animator = new_animator(library)
    wishes = wishes_of(case, list(library.presets))
    animator.at(0.0, wishes)
    rates, slowest, frame = [], 0.0, 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = last = time.perf_counter()
        for _ in range(STRETCH):
            frame += 1
            animator.at(frame / FPS, wishes)
            now = time.perf_counter()
            slowest = max(slowest, now - last)
            last = now
        rates.append(STRETCH / (last - begun))
    return statistics.median(rates), 1000.0 * slowest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each case")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    begun = time.perf_counter()
    library = PresetLibrary([shipped("presets")])
    new_animator(library).at(0.0, Wishes())
    result: dict[str, float] = {"start_ms": round(1000.0 * (time.perf_counter() - begun), 1)}
    for case in ("idle", "sliders", "presets"):
        rate, slowest = faces_per_second(case, library, options.seconds)
        result[f"{case}_faces_per_s"] = round(rate)
        result[f"{case}_slowest_ms"] = round(slowest, 2)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:24} {value:>10,}")


if __name__ == "__main__":
    main()
