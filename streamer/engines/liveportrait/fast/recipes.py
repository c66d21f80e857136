"""How each form of the networks is made, for each kind of device."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from streamer.engines.liveportrait.fast.finish import Finish, plain_finish
from streamer.engines.liveportrait.fast.glue import Glue
from streamer.engines.liveportrait.fast.graphs import CudaDevice, Device, EagerDevice
from streamer.engines.liveportrait.fast.kernels import available
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue


@dataclass(frozen=True)
class Recipe:
    """How a form is made.

    ``recorded``: as one piece for the device; ``tuned``: with every convolution's algorithms timed
    before. ``painter`` makes a painter that is not packed from the networks, such as one of
    another runtime.
    """

    name: str
    dtype: torch.dtype = torch.float16
    glue: Callable[[], Glue] = TorchGlue
    finish: Callable[[], Finish] = lambda: plain_finish
    recorded: bool = False
    tuned: bool = False
    painter: Callable[[str, Standing, Device], Painter] | None = None


def recipes_for(device: str) -> tuple[Recipe, ...]:
    """Return the forms above the plain one that a device may try, the plainest first.

    CPUs have none: half floats are no faster there.
    """
    kind = device.partition(":")[0]
    if kind == "mps":
        return (Recipe("fp16"),)
    if kind != "cuda":
        return ()
    plain = (Recipe("fp16"), Recipe("fp16 graph", recorded=True))
    if available() is not None:
        return (*plain, Recipe("fp16 graph tuned", recorded=True, tuned=True))
    name, half = "fp16 graph triton", torch.float16
    return (*plain, Recipe(name, half, _triton_glue, _triton_finish, recorded=True, tuned=True))


def device_for(name: str) -> Device:
    """Return the seam to a device by torch's name of it."""
    return CudaDevice(name) if name.startswith("cuda") else EagerDevice(name)


def _triton_glue() -> Glue:
    from streamer.engines.liveportrait.fast.triton_glue import TritonGlue

    return TritonGlue()


def _triton_finish() -> Finish:
    from streamer.engines.liveportrait.fast.triton_picture import TritonFinish

    return TritonFinish()
