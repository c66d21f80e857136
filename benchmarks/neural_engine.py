"""What the neural engine costs: load, photo, frame.

    python -m benchmarks.neural_engine [--weights FOLDER] [--device cpu] [--threads N]
        [--frames 3] [--photo FILE] [--json]

Medians. Without ``--weights`` synthetic ones are written and read: they cost the same. The columns
are wall seconds and, on a CPU, core seconds, which other programs disturb less. The networks are
timed in the form that the goldens prove (`reference`) and in the one that runs (`folded`).
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from streamer.engines.liveportrait.engine import LivePortraitEngine, pick_device
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.weights import load_networks
from streamer.engines.warp.locate import locate
from streamer.parameters import Face
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import View
from tests.golden import checkpoints

SALT = "benchmark"
_Answer = TypeVar("_Answer")


class Stopwatch:
    """Medians of wall and core seconds by name."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._times: dict[str, list[tuple[float, float]]] = {}

    def time(self, name: str, work: Callable[[], _Answer]) -> _Answer:
        """Run ``work`` to its end on the device and note how long it took."""
        wall, core = time.perf_counter(), _core_seconds()
        answer = work()
        if self._device == "cuda":
            torch.cuda.synchronize()
        spent = time.perf_counter() - wall, _core_seconds() - core
        self._times.setdefault(name, []).append(spent)
        return answer

    def medians(self) -> dict[str, dict[str, float]]:
        return {
            name: {
                "seconds": round(statistics.median(wall for wall, _ in spent), 4),
                "core_seconds": round(statistics.median(core for _, core in spent), 4),
            }
            for name, spent in self._times.items()
        }


def faces(rest: Face, count: int) -> list[Face]:
    """Faces of which no two are the same."""
    return [
        rest | {"smile": 0.1 + 0.01 * i, "eye_ratio": 0.2, "head_yaw": 4.0} for i in range(count)
    ]


def measure(
    weights: Path, device: str, frames: int, photo_file: Path
) -> tuple[dict[str, dict[str, float]], int]:
    """Return the medians and the process's largest memory in MB."""
    watch = Stopwatch(device)
    networks = None
    for _ in range(3):
        networks = None  # the last ones go before the next come
        networks = watch.time("load all weights", lambda: load_networks(weights, device=device))
    assert networks is not None
    photo = read_photo(photo_file)
    reference = Model(networks, device)
    for name, model in {"reference": reference, "folded": reference.prepared()}.items():
        engine = LivePortraitEngine(model, locate=locate)
        portrait = engine.open(photo)  # the first call is slower: memory, kernels
        for _ in range(frames):
            portrait = watch.time(f"{name}: photo", lambda e=engine: e.open(photo))
        driver, encoded = portrait.driver, portrait.encoded
        scene = engine.stage(portrait, View())
        scene.render(scene.rest)
        with torch.inference_mode():
            for face in faces(scene.rest, frames):
                x_d = watch.time(f"{name}: keypoints", lambda f=face, d=driver: d.x_d(f))
                warped = watch.time(
                    f"{name}: warping",
                    lambda m=model, e=encoded, x=x_d, d=driver: m.networks.warping(
                        e.feature_3d, x, d.x_s
                    ),
                )
                watch.time(
                    f"{name}: generator",
                    lambda m=model, w=warped: m.networks.generator(w.features),
                )
        for face in faces(scene.rest, frames):
            watch.time(f"{name}: whole frame 1280x720", lambda s=scene, f=face: s.render(f))
    return watch.medians(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--photo", type=Path, default=shipped("photo") / "mona-lisa.jpg")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = pick_device(options.device)
    with tempfile.TemporaryDirectory() as folder:
        weights = options.weights
        if weights is None:
            weights = Path(folder)
            checkpoints.write(weights, SALT)
        medians, memory_mb = measure(weights, device, options.frames, options.photo)
    about = {
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "peak_memory_mb": memory_mb,
    }
    if options.json:
        print(json.dumps(about | {"medians": medians}, indent=1))
        return
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print(f"{'':34}{'seconds':>10}{'core s':>10}")
    for name, spent in medians.items():
        print(f"{name:34}{spent['seconds']:10.3f}{spent['core_seconds']:10.3f}")


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
