"""The fast networks at their real size against the readable ones.

``python -m tests.streamer.engines.liveportrait.fast.full_size`` prints work, errors and times, with
the synthetic weights and inputs of the golden archive. Ends with code 1 where the fast form is not
good enough. Takes some minutes on a CPU, where float16 is computed for its rounding, not for speed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from streamer.engines.liveportrait.fast.generator import FastGenerator
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from streamer.engines.liveportrait.weights import empty, fill
from tests.golden import weights_recipe as recipe
from tests.golden.checkpoints import tensors
from tests.streamer.engines.liveportrait.fast.packing import psnr

SALT = "public-1"
LEAST_PSNR_DB = 45.0
MOST_SHARE = 1e-4  # in float32, of the answer's norm
GIGA = 1e9


def work() -> dict[str, tuple[float, float]]:
    """Return the multiplications and additions of a frame in 1e9: readable, fast."""
    with torch.device("meta"), torch.inference_mode():
        warping, generator = WarpingNetwork().eval(), Generator().eval()
        feature_3d, kp = torch.empty(1, 32, 16, 64, 64), torch.empty(1, 21, 3)
        features = torch.empty(1, 256, 64, 64)
        fast_warping = FastWarping.of(warping, torch.float32, TorchGlue())
        fast_generator = FastGenerator.of(generator, torch.float32, TorchGlue())
        source = fast_warping.prepare(feature_3d, kp)
        return {
            "warping": (
                _flops(lambda: warping(feature_3d, kp, kp)),
                _flops(lambda: fast_warping(source, kp)),
            ),
            "generator": (
                _flops(lambda: generator(features)),
                _flops(lambda: fast_generator(features)),
            ),
        }


def _flops(frame: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        frame()
    return counter.get_total_flops() / GIGA


@dataclass(frozen=True)
class Case:
    """A photo's features and keypoints, and what the readable networks make of them."""

    warping: WarpingNetwork
    generator: Generator
    feature_3d: Tensor
    kp_source: Tensor
    kp_driving: Tensor
    features: Tensor
    image: Tensor

    @classmethod
    def of(cls, device: str) -> "Case":
        def array(name: str, shape: tuple[int, ...], **scale: float) -> Tensor:
            return torch.from_numpy(recipe.synth_array(SALT, name, shape, **scale)).to(device)

        warping = _network(WarpingNetwork, "warping_module", device)
        generator = _network(Generator, "spade_generator", device)
        feature_3d = array("module/feature_3d", (1, 32, 16, 64, 64))
        kp_source = array("module/kp_source", (1, 21, 3), std=0.35)
        kp_driving = kp_source + array("module/kp_shift", (1, 21, 3), std=0.06)
        features = _timed(
            "readable warping", lambda: warping(feature_3d, kp_driving, kp_source).features
        )
        image = _timed("readable generator", lambda: generator(features))
        return cls(warping, generator, feature_3d, kp_source, kp_driving, features, image)

    def holds(self, dtype: torch.dtype) -> bool:
        """Print how far the fast form is from the readable one; return whether it is near."""
        name = str(dtype).removeprefix("torch.")
        features = self._warped(dtype, f"{name} warping")
        fast = FastGenerator.of(self.generator, dtype, TorchGlue())
        logits = _timed(f"{name} generator", lambda: fast(features))
        image = torch.sigmoid(functional.pixel_shuffle(logits.float(), 2))
        share = float((features.float() - self.features).norm() / self.features.norm())
        off = (image - self.image).abs() * 255
        most = float(off.flatten().kthvalue(round(0.99 * off.numel())).values)
        decibel = psnr(image, self.image)
        print(f"{name}: features differ by {share:.2e} of their norm; picture {decibel:.1f} dB,")
        print(f"  99 of 100 within {most:.4f} grey levels, all within {float(off.max()):.4f}")
        exact = dtype is torch.float16 or share <= MOST_SHARE
        return exact and bool(image.isfinite().all()) and decibel >= LEAST_PSNR_DB

    def _warped(self, dtype: torch.dtype, name: str) -> Tensor:
        fast = FastWarping.of(self.warping, dtype, TorchGlue())
        source = fast.prepare(self.feature_3d, self.kp_source)
        return _timed(name, lambda: fast(source, self.kp_driving))


@torch.inference_mode()
def main(arguments: list[str] | None = None) -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args(arguments).device
    for name, (readable, fast) in work().items():
        print(f"work of the {name}: {readable:.1f} -> {fast:.1f} GFLOP")
    case = Case.of(device)
    print(f"picture: mean {case.image.mean():.3f}, deviation {case.image.std():.3f}")
    good = [case.holds(dtype) for dtype in (torch.float32, torch.float16)]
    print("good" if all(good) else "NOT GOOD")
    return int(not all(good))


def _network(build: Callable[[], nn.Module], module: str, device: str) -> Any:
    return fill(empty(build), tensors(module, SALT), Path(module)).to(device)


def _timed(name: str, run: Callable[[], Tensor]) -> Tensor:
    started = time.perf_counter()
    answer = run()
    print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    return answer


if __name__ == "__main__":
    sys.exit(main())
