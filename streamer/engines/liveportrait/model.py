"""The networks in their order: a crop encoded once, then a picture per set of keypoints."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.engines.liveportrait.crop import network_input
from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.keypoints import Motion, decode
from streamer.engines.liveportrait.networks.fold import fold
from streamer.engines.liveportrait.networks.warping import Warped
from streamer.engines.liveportrait.retargeting import Ratios
from streamer.engines.liveportrait.weights import Networks
from streamer.view import Frame


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
    """All networks on one device, in the form that the golden archive is held against."""

    def __init__(self, networks: Networks, device: str = "cpu") -> None:
        self.networks = networks
        self.device = torch.device(device)

    def prepared(self) -> "Model":
        """Return the form that runs: batch norms folded. The networks themselves stay."""
        nets = self.networks
        folded = replace(
            nets, appearance=fold(deepcopy(nets.appearance)), warping=fold(deepcopy(nets.warping))
        )
        return Model(folded, str(self.device))

    @torch.inference_mode()
    def encode(self, image: Frame) -> Encoded:
        """Encode a picture at the input size, (256, 256, 3). Once per photo."""
        tensor = torch.from_numpy(network_input(image)).to(self.device)
        return Encoded(self.networks.appearance(tensor), decode(self.networks.motion(tensor)))

    def driver(self, encoded: Encoded, ratios: Ratios) -> Driver:
        """Return what turns faces into keypoints for this crop."""
        nets = self.networks
        return Driver.of(encoded.motion, ratios, nets.stitching, nets.eye, nets.lip)

    @torch.inference_mode()
    def draw(self, encoded: Encoded, x_d: Tensor, x_s: Tensor) -> Drawn:
        """Draw the crop with its keypoints ``x_s`` moved to ``x_d``, (1, 21, 3) each."""
        warped: Warped = self.networks.warping(encoded.feature_3d, x_d, x_s)
        return Drawn(self.networks.generator(warped.features), warped)


def to_host(image: Tensor) -> NDArray[np.float32]:
    """Return a picture's values on the host."""
    return np.asarray(image.float().cpu().numpy(), np.float32)
