"""Other runtimes with networks of the real size, from the file on the disk to the frame.

``python -m tests.streamer.engines.liveportrait.portable.full_size [BACKEND ...]`` writes synthetic
weights, exports them in both precisions as `export-onnx` does, and lets the engine climb to each
backend with the shipped portrait. Ends with code 1 where one does not come on air. Takes some
minutes, 3 GB of memory and 2 GB of disk.
"""

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch

from control.commands.export_onnx import export
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.proof import prove
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.locate import locate
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import View
from tests.golden import checkpoints

SALT = "public-1"
VIEW = View(640, 360)
MOST_S = 1800.0


def main(arguments: list[str] | None = None) -> int:
    """Print what happens; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", default=["onnxruntime", "openvino"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    good = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # nothing is left behind
        checkpoints.write(folder / "weights", SALT)
        for half in (False, True):
            begun = time.perf_counter()
            export(folder / "weights", folder / "x.onnx", batch=None, half=half, listed=False)
            print(f"  in {time.perf_counter() - begun:.0f} s")
        (folder / "x.onnx").unlink()
        for backend in options.backends:
            good.append(climbs(folder / "weights", backend))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{'good' if all(good) else 'NOT GOOD'}; at most {most:.0f} MB of memory")
    return int(not all(good))


def climbs(weights: Path, backend: str) -> bool:
    """Let the shipped portrait climb; say whether the top was reached and draws as torch does."""
    engine = LivePortraitEngine.load(weights, device="cpu", locate=locate, backend=backend)
    try:
        portrait = engine.open(read_photo(shipped("photo") / "mona-lisa.jpg"))
        scene = engine.stage(portrait, VIEW)
        done = threading.Event()
        engine._behind.later(done.set)
        done.wait(MOST_S)
        figures = engine.figures()
        print(f"{backend}: {engine.backend}; proven {figures['proven']}")
        if figures["refused"]:
            print(f"  refused {figures['refused']}")
        face = scene.rest | {"smile": 0.8, "head_yaw": 6.0}
        begun = time.perf_counter()
        frame = scene.render(face).copy()
        spent = time.perf_counter() - begun
        plain = NeuralScene(engine._model, portrait, VIEW).render(face)
        proof = prove("a frame on air", {"it": plain}, {"it": frame})
        print(f"  {proof} ({spent:.1f} s)", flush=True)
        return proof.passed and scene.form != "fp32" and not figures["refused"]
    finally:
        engine.close()


if __name__ == "__main__":
    sys.exit(main())
