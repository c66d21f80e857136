"""What playing a bake costs: bake a photo with the built-in engine, play it, print a table.

    python -m benchmarks.baked [--photo NAME] [--seconds 60] [--size 1280x720] [--json]

Times are of this process's processor time, on one thread, so other programs count little.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.baking.bake import Recipe, bake_here, prepare
from streamer.baking.source import Asked, opened
from streamer.controls import Controls, Wishes
from streamer.engines.baked.engine import BakedEngine
from streamer.engines.baked.scene import BakedScene
from streamer.photo import Photo, read_photo
from streamer.photo_library import PhotoLibrary
from streamer.resources import shipped
from streamer.view import View, parse_size

FPS = 30
# A press every so often, of each of these in turn.
EVERY_S = 4.0
PLAYED = ("smile", "wink", "nod", "surprise")


def bake(photo: Photo, folder: Path, library: PresetLibrary) -> dict[str, float]:
    asked = Asked(photo, "warp")
    with opened(asked) as source:
        recipe = Recipe({"eco": library.idle_styles["eco"]}, library.presets)
        planned = prepare(asked, recipe, folder, source)
        began = time.perf_counter()
        bake_here(planned, source, asked, 1, tell=lambda progress: None)
        return {
            "bake_s": time.perf_counter() - began,
            "frames": planned.bake.frames,
            "disk_mb": planned.bake.size_bytes / 1e6,
        }


def play(
    photo: Photo, folder: Path, library: PresetLibrary, view: View, seconds: float
) -> dict[str, object]:
    began = time.perf_counter()
    engine = BakedEngine(folder, weights=Path(), fps=FPS)
    scene = engine.stage(engine.open(photo), view)
    staged_s = time.perf_counter() - began
    assert isinstance(scene, BakedScene)
    animator = Animator(
        seed=1, rest=scene.rest, presets=library.presets, styles=library.idle_styles
    )
    controls = Controls(Wishes(idle_style="eco"))
    times = []
    for k in range(round(seconds * FPS)):
        if k % round(EVERY_S * FPS) == 0:
            controls.trigger(PLAYED[k // round(EVERY_S * FPS) % len(PLAYED)], 1.0, at=k / FPS)
        face = animator.at(k / FPS, controls.snapshot())
        before = time.process_time()
        scene.render(face)
        times.append(1000.0 * (time.process_time() - before))
    counts = dict(scene.counts)
    scene.close()
    return {
        "open_and_stage_s": staged_s,
        "ms_mean": float(np.mean(times)),
        "ms_p50": float(np.median(times)),
        "ms_p99": float(np.percentile(times, 99)),
        "percent_of_a_core": float(np.mean(times)) * FPS / 10.0,
        "rss_mb": psutil.Process().memory_info().rss / 1e6,
        "asked": len(times),
        **counts,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", default="mona-lisa")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    library = PresetLibrary([shipped("presets")])
    photo = read_photo(PhotoLibrary([shipped("photo")]).find(options.photo))
    view = View(*parse_size(options.size))
    with tempfile.TemporaryDirectory() as folder:
        found = bake(photo, Path(folder), library) | play(
            photo, Path(folder), library, view, options.seconds
        )
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:20} {value:10.2f}" if isinstance(value, float) else f"{name:20} {value:>10}")


if __name__ == "__main__":
    main()
