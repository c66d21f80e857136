"""Time the built-in engine alone: idle-like motion with blinks and talking, on one thread.

    python -m benchmarks.warp_engine [--photo photo/mona-lisa.jpg] [--frames 900] [--json]

Prints milliseconds a frame (CPU and wall clock), the time to stage, and the process's memory.
"""

import argparse
import json
import math
import random
import statistics
import time
from pathlib import Path

import cv2
import psutil

from streamer.engines.warp.engine import WarpEngine, WarpPortrait, WarpScene
from streamer.parameters import Face
from streamer.photo import read_photo
from streamer.view import View, parse_size

SIZES = ("640x360", "1280x720", "1920x1080")


def motion(scene: WarpScene, frames: int, fps: float = 30.0, seed: int = 1) -> list[Face]:
    """A face per frame: sway, breath, fixations, a blink every few seconds, talking in the middle.

    Made beforehand, so that only drawing is timed.
    """
    chance = random.Random(seed)
    faces, blink_at, look_at, gaze = [], 1.5, 0.0, (0.0, 0.0)
    for k in range(frames):
        t = k / fps
        face = dict(scene.rest)
        face["head_yaw"] = 2.0 * math.sin(0.53 * t) + 1.2 * math.sin(1.31 * t + 1.0)
        face["head_pitch"] = 1.2 * math.sin(0.71 * t + 2.0)
        face["head_roll"] = 1.0 * math.sin(0.37 * t + 0.5)
        face["shift_y"] = 0.004 * math.sin(1.57 * t)
        face["smile"] = 0.15 + 0.15 * math.sin(0.2 * t)
        if t >= look_at:
            gaze = (chance.gauss(0.0, 7.0), chance.gauss(0.0, 9.0))
            look_at = t + chance.uniform(0.6, 2.2)
        face["eyeball_x"], face["eyeball_y"] = gaze
        since = t - blink_at
        if since > 0.28:
            blink_at = t + chance.uniform(2.5, 5.5)
        elif since >= 0.0:
            face["eye_ratio"] *= abs(2.0 * since / 0.28 - 1.0)
        if frames / 3 < k < 2 * frames / 3:
            face["lip_ratio"] += 0.13 * (1.0 - math.cos(16.0 * t)) * (0.6 + 0.4 * math.sin(5.1 * t))
        faces.append(face)
    return faces


def figures(milliseconds: list[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {
        "mean": statistics.fmean(ordered),
        "median": statistics.median(ordered),
        "p95": ordered[int(0.95 * len(ordered))],
        "p99": ordered[int(0.99 * len(ordered))],
        "max": ordered[-1],
    }


def measure(portrait: WarpPortrait, size: str, frames: int) -> dict[str, object]:
    engine = WarpEngine()
    width, height = parse_size(size)
    start = time.perf_counter()
    scene = engine.stage(portrait, View(width=width, height=height))
    stage_s = time.perf_counter() - start
    cpu, wall = [], []
    for face in motion(scene, frames):
        wall_start, cpu_start = time.perf_counter(), time.thread_time()
        scene.render(face)
        cpu.append(1000.0 * (time.thread_time() - cpu_start))
        wall.append(1000.0 * (time.perf_counter() - wall_start))
    late = sum(ms > 20.0 for ms in wall[30:])
    scene.close()
    return {
        "size": size,
        "stage_s": stage_s,
        "cpu_ms": figures(cpu),
        "wall_ms": figures(wall),
        "over_20_ms_after_1_s": late,
        "rss_mb": psutil.Process().memory_info().rss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", default="photo/sample-image.png")
    parser.add_argument("--frames", type=int, default=900)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    portrait = WarpEngine().open(read_photo(Path(options.photo)))
    results = [measure(portrait, size, options.frames) for size in options.sizes]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(
        "size        stage s   CPU ms: mean median  p95  p99   max   wall p99   max  >20 ms  RSS MB"
    )
    for r in results:
        c, w = r["cpu_ms"], r["wall_ms"]
        assert isinstance(c, dict)
        assert isinstance(w, dict)
        print(
            f"{r['size']:10} {r['stage_s']:8.2f} {c['mean']:14.1f} {c['median']:6.1f}"
            f" {c['p95']:5.1f} {c['p99']:5.1f} {c['max']:5.1f}"
            f" {w['p99']:9.1f} {w['max']:6.1f} {r['over_20_ms_after_1_s']:6} {r['rss_mb']:7.0f}"
        )


if __name__ == "__main__":
    main()
