"""The per-frame networks in other runtimes beside torch on this processor: how near, how fast.

    python -m benchmarks.portable [--threads 1 2] [--rounds 3] [--json]

Inputs and weights are those of the golden archive; torch in float32, in the readable form, is the
truth. Pictures are compared as float32 (the largest difference, PSNR) and by the rule that decides
what goes on air. The contestants take turns within every round; medians. Core seconds are disturbed
less by other programs than wall seconds.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from streamer.engines.liveportrait.fast.proof import prove
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from streamer.engines.liveportrait.paste_back import pixels
from streamer.engines.liveportrait.portable.export import build, write
from streamer.engines.liveportrait.portable.onnx_runtime import OnnxRuntime
from streamer.engines.liveportrait.portable.open_vino import OpenVino, openvino
from streamer.engines.liveportrait.weights import Networks, empty, fill
from streamer.errors import EngineError
from tests.golden import weights_recipe as recipe
from tests.golden.checkpoints import tensors

SALT = "public-1"
FOR_NEARNESS = ("onnxruntime CPU, float16 file",)  # processors compute it in float32
FACES = 3  # the archive's keypoints, and two more that move farther

Picture = NDArray[np.float32]
Draw = Callable[[NDArray[np.float32]], Picture]


class Inputs:
    """A photo's features and keypoints, and some faces to draw."""

    def __init__(self) -> None:
        def array(name: str, shape: tuple[int, ...], **scale: float) -> NDArray[np.float32]:
            return recipe.synth_array(SALT, name, shape, **scale).astype(np.float32)

        self.feature_3d = array("module/feature_3d", (1, 32, 16, 64, 64))
        self.kp_source = array("module/kp_source", (1, 21, 3), std=0.35)
        shift = array("module/kp_shift", (1, 21, 3), std=0.06)
        self.faces = [self.kp_source + (i + 1) * shift for i in range(FACES)]


def networks() -> tuple[WarpingNetwork, Generator]:
    """The two networks with the archive's weights."""
    warping = fill(empty(WarpingNetwork), tensors("warping_module", SALT), Path("W"))
    generator = fill(empty(Generator), tensors("spade_generator", SALT), Path("G"))
    return warping, generator


def of_torch(warping: Any, generator: Any, inputs: Inputs) -> Draw:
    """Draw with networks as they are given."""
    feature_3d, kp_source = torch.from_numpy(inputs.feature_3d), torch.from_numpy(inputs.kp_source)

    @torch.inference_mode()
    def draw(kp: NDArray[np.float32]) -> Picture:
        features = warping(feature_3d, torch.from_numpy(kp), kp_source).features
        return np.asarray(generator(features).numpy(), np.float32)

    return draw


def of_backend(backend: Any, inputs: Inputs) -> Draw:
    """Draw with another runtime."""
    return lambda kp: backend.draw(inputs.feature_3d, inputs.kp_source, kp)


def contestants(
    folder: Path, nets: tuple[WarpingNetwork, Generator], inputs: Inputs, threads: int
) -> dict[str, Draw]:
    """Return who draws, with so many threads each; who cannot be opened is told and left out."""
    unused: Any = torch.nn.Identity()
    whole = Networks(unused, unused, *nets, unused, unused, unused)
    model = Model(whole).prepared().networks
    found = {"torch float32": of_torch(model.warping, model.generator, inputs)}
    for name, make in (
        (
            "onnxruntime CPU float32",
            lambda: OnnxRuntime(folder / "float32.onnx", threads=threads),
        ),
        ("openvino CPU float32", lambda: OpenVino(folder / "float32.onnx", threads=threads)),
        (
            "openvino CPU float32 + bfloat16",
            lambda: OpenVino(folder / "float32.onnx", generator="bf16", threads=threads),
        ),
        (
            "onnxruntime CPU, float16 file",
            lambda: OnnxRuntime(folder / "float16.onnx", precision="float16", threads=threads),
        ),
    ):
        try:
            found[name] = of_backend(make(), inputs)
        except EngineError as exc:
            print(f"{name}: {exc}", file=sys.stderr)
    return found


def nearness(name: str, draw: Draw, inputs: Inputs, truth: list[Picture]) -> dict[str, Any]:
    """Say how near the pictures are to torch's."""
    drawn = [draw(kp) for kp in inputs.faces]
    away = np.concatenate([np.abs(a - b).ravel() for a, b in zip(drawn, truth, strict=True)])
    mse = float(np.mean(np.square(away, dtype=np.float64)))
    proof = prove(
        name,
        {f"face {i}": pixels(picture) for i, picture in enumerate(truth)},
        {f"face {i}": pixels(picture) for i, picture in enumerate(drawn)},
    )
    return {
        "max_abs": float(away.max()),
        "psnr_db": 10.0 * float(np.log10(1.0 / mse)) if mse else None,
        "rule": str(proof),
    }


def times(draws: dict[str, Draw], inputs: Inputs, rounds: int) -> dict[str, dict[str, float]]:
    """Let everybody draw a frame in every round; the order turns."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in draws}
    names = list(draws)
    for turn in range(rounds):
        for i in range(len(names)):
            name = names[(turn + i) % len(names)]
            wall, core = time.perf_counter(), time.process_time()
            draws[name](inputs.faces[turn % FACES])
            spent[name].append((time.perf_counter() - wall, time.process_time() - core))
    return {
        name: {
            "seconds": round(statistics.median(wall for wall, _ in each), 2),
            "core_seconds": round(statistics.median(core for _, core in each), 2),
        }
        for name, each in spent.items()
    }


def measure(threads: list[int], rounds: int) -> dict[str, Any]:
    """Return all figures."""
    inputs, nets = Inputs(), networks()
    found: dict[str, Any] = {
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
        "openvino": openvino().__version__,
        "rounds": rounds,
        "nearness": {},
        "times": {},
    }
    torch.set_num_threads(max(threads))
    truth = [of_torch(*nets, inputs)(kp) for kp in inputs.faces]
    with tempfile.TemporaryDirectory() as folder:
        for precision in ("float32", "float16"):
            begun, file = time.perf_counter(), Path(folder) / f"{precision}.onnx"
            write(build(*nets, precision), file)  # type: ignore[arg-type]
            found[f"export_{precision}"] = {
                "seconds": round(time.perf_counter() - begun, 1),
                "mb": round(file.stat().st_size / 1e6),
            }
        for count in threads:
            torch.set_num_threads(count)
            draws = contestants(Path(folder), nets, inputs, count)
            for name, draw in draws.items():  # which is also the warm-up
                if name in found["nearness"]:
                    draw(inputs.faces[0])
                    continue
                found["nearness"][name] = near = nearness(name, draw, inputs, truth)
                print(f"{name}: {near['rule']}", file=sys.stderr, flush=True)
            draws = {name: draw for name, draw in draws.items() if name not in FOR_NEARNESS}
            found["times"][str(count)] = spent = times(draws, inputs, rounds)
            print(f"{count} thread(s): {spent}", file=sys.stderr, flush=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = measure(options.threads, options.rounds)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for precision in ("float32", "float16"):
        print(f"export {precision}: {found[f'export_{precision}']}")
    print(f"{'':32}{'max abs':>10}{'PSNR':>10}  on air")
    for name, near in found["nearness"].items():
        psnr = f"{near['psnr_db']:.1f} dB" if near["psnr_db"] else "equal"
        print(f"{name:32}{near['max_abs']:10.2e}{psnr:>10}  {near['rule']}")
    for count, rows in found["times"].items():
        print(f"{count} thread(s)")
        for name, row in rows.items():
            print(f"  {name:32}{row['seconds']:8.2f} s a frame{row['core_seconds']:8.2f} core s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
