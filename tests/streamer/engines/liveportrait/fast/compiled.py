"""Compile every kernel that the released networks need, for cards that are not here.

Run as a program (`test_triton` does) with a compute capability and batch sizes, such as 90 1 8.
Triton brings the assembler along, and asks a driver for no more than the name of the card: the one
here knows nothing else. Networks and pictures are meta tensors, which have sizes and no values.
Prints a JSON line: how many variants of each kernel, and how many were assembled.
"""

import json
import sys
from typing import Any

import torch
from triton.backends.compiler import GPUTarget
from triton.runtime.driver import driver

from streamer.engines.liveportrait.fast.colour import native
from streamer.engines.liveportrait.fast.compose import Box, Compose, Lines, Shrink, frames_of
from streamer.engines.liveportrait.fast.generator import FastGenerator
from streamer.engines.liveportrait.fast.launch import compile_only
from streamer.engines.liveportrait.fast.triton_glue import TritonGlue
from streamer.engines.liveportrait.fast.triton_picture import TritonFinish
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork


class Card:
    """Says which card it is, as triton's driver would."""

    def __init__(self, capability: int) -> None:
        self._target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self._target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return device


class Counting:
    """Compiles and keeps what came of it, per kernel."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    @property
    def kernels(self) -> dict[str, int]:
        """How many variants there are of each kernel."""
        return {name: len(each) for name, each in self.made.items()}

    def __call__(self, kernel: Any, grid: tuple[int, ...], *args: object, **more: object) -> None:
        compiled = compile_only(kernel, grid, *args, **more)
        self.made.setdefault(kernel.__name__, {})[compiled.hash] = compiled


def draw(batch: int, launch: Counting, dtype: torch.dtype = torch.float16) -> None:
    """Go the whole way of a batch, from keypoints to camera bytes."""
    glue, finish = TritonGlue(launch), TritonFinish(launch)
    with torch.device("meta"):
        warping = FastWarping.of(WarpingNetwork().eval(), dtype, glue)
        generator = FastGenerator.of(Generator().eval(), dtype, glue)
        source = warping.prepare(torch.zeros(1, 32, 16, 64, 64), torch.zeros(1, 21, 3))
        crops = glue.picture(generator(warping(source, torch.zeros(batch, 21, 3))))
        for shrink in (None, *(Shrink.of(side, "meta") for side in (300, 150))):
            lines = Lines(*(torch.zeros(n, dtype=torch.int32) for n in (570, 570, 572, 572)))
            background = torch.zeros(720, 1280, 3, dtype=torch.uint8)
            cover, rest = torch.zeros(570, 572), torch.zeros(570, 572, 3)
            layer = Compose(Box(300, 100, 572, 570), background, cover, rest, lines, shrink)
            frames = frames_of(layer, batch)
            for pixel_format in ("", "I420", "NV12", "UYVY"):
                camera = native(frames, pixel_format) if pixel_format else None
                finish(layer, crops, frames, camera, pixel_format)
                if camera is not None:
                    finish.convert(frames, camera, pixel_format, layer.box)


if __name__ == "__main__":
    capability, *batches = map(int, sys.argv[1:])
    driver.set_active(Card(capability))
    launch = Counting()
    draw((batches or [1])[0], launch)
    first = launch.kernels
    for batch in batches[1:]:
        draw(batch, launch)
    whole = [one for each in launch.made.values() for one in each.values()]
    answer = {
        "kernels": launch.kernels,
        "kernels_of_first_batch": first,
        "assembled": sum("cubin" in one.asm for one in whole),
    }
    print(json.dumps(answer))
