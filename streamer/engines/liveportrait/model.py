"""The networks in their order: a crop encoded once, then a picture per set of keypoints."""

import threading
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from streamer.engines.liveportrait.crop import network_input
from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.keypoints import Motion, decode
from streamer.engines.liveportrait.networks.fold import fold
from streamer.engines.liveportrait.networks.lighter import lighten
from streamer.engines.liveportrait.networks.warping import Warped
from streamer.engines.liveportrait.retargeting import Ratios
from streamer.engines.liveportrait.weights import Networks
from streamer.view import Frame

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class Encoded:
    """A crop as the networks see it. Shape: feature_3d (1, 32, 16, 64, 64)."""

    feature_3d: Tensor
    motion: Motion


class Drawn(NamedTuple):
    """A picture (1, 3, 512, 512), RGB in 0..1, and the warped features that it was made of."""

    image: Tensor
    warped: Warped


class Model:
    """All networks on one device, in the form that the golden archive is held against.

    The live picture and a film may be drawn in two threads: who calls the networks holds ``turn``
    until the picture is on the host. Two at once would be no faster, take the memory twice, and
    MPS does not allow it.
    """

    def __init__(self, networks: Networks, device: str = "cpu") -> None:
        self.networks = networks
        self.device = torch.device(device)
        self.turn = threading.Lock()
        self._resting: set[str] = set()

    def prepared(self) -> "Model":
        """Return the form that runs: batch norms folded, on a CPU also less work done.

        The networks themselves stay; what is not rewritten is shared with them.
        """
        nets = self.networks
        appearance, warping = fold(_copy(nets.appearance)), fold(_copy(nets.warping))
        generator = _copy(nets.generator)
        # The rewritten convolutions were timed on CPUs alone; other devices keep the plain ones.
        if self.device.type == "cpu":
            warping, generator = lighten(warping), lighten(generator)
        networks = replace(nets, appearance=appearance, warping=warping, generator=generator)
        return Model(networks, str(self.device))

    def rest_on_host(self, *names: str) -> None:
        """Give the device's memory of networks back that are not needed now.

        Their weights wait in the host's memory and return with the first use. On a CPU nothing
        happens; where host and device share their memory nothing would be won.
        """
        if self.device.type != "cuda":
            return
        for name in names:
            with self.turn:
                getattr(self.networks, name).to("cpu")
                self._resting.add(name)

    def awake(self, name: str) -> Any:
        """Return a network on its device. Who calls holds ``turn``, or is alone."""
        network = getattr(self.networks, name)
        if name in self._resting:
            network.to(self.device)
            self._resting.discard(name)
        return network

    @property
    def runs_on(self) -> str:
        """Where the weights really are, and their precision; several where they differ.

        What rests on the host is not counted.
        """
        found = {
            f"{value.device} {str(value.dtype).removeprefix('torch.')}"
            for name, network in vars(self.networks).items()
            if name not in self._resting
            for value in network.parameters()
        }
        return ", ".join(sorted(found))

    @torch.inference_mode()
    def encode(self, image: Frame) -> Encoded:
        """Encode a picture at the input size, (256, 256, 3). Once per photo."""
        tensor = torch.from_numpy(network_input(image)).to(self.device)
        appearance, motion = self.awake("appearance"), self.awake("motion")
        return Encoded(appearance(tensor), decode(motion(tensor)))

    def driver(self, encoded: Encoded, ratios: Ratios) -> Driver:
        """Return what turns faces into keypoints for this crop."""
        nets = self.networks
        return Driver.of(encoded.motion, ratios, nets.stitching, nets.eye, nets.lip)

    @torch.inference_mode()
    def draw(self, encoded: Encoded, x_d: Tensor, x_s: Tensor) -> Drawn:
        """Draw the crop with its keypoints ``x_s`` moved to ``x_d``, (1, 21, 3) each."""
        warping, generator = self.awake("warping"), self.awake("generator")
        warped: Warped = warping(encoded.feature_3d, x_d, x_s)
        return Drawn(generator(warped.features), warped)


def _copy(network: _Network) -> _Network:
    """Copy the modules but not their tensors: `fold` and `lighten` replace those, never write."""
    tensors = [*network.parameters(), *network.buffers()]
    return deepcopy(network, {id(tensor): tensor for tensor in tensors})


def to_host(image: Tensor) -> NDArray[np.float32]:
    """Return a picture's values on the host."""
    return np.asarray(image.float().cpu().numpy(), np.float32)
