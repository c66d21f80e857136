"""Small networks as one graph, and what the readable ones answer."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from tests.streamer.engines.liveportrait.fast.packing import VOLUME, keypoints, random

SIZE = (16, 16)  # of the features
Inputs = dict[str, NDArray[Any]]


def inputs(batch: int, dtype: torch.dtype = torch.float32) -> Inputs:
    """A photo's volume and keypoints, and faces whose motions leave the volume."""
    feature_3d = random(1, VOLUME.channels, VOLUME.depth, *SIZE, seed=3)
    driving, source = keypoints(batch)
    found = {"feature_3d": feature_3d, "kp_source": source, "kp_driving": driving}
    return {name: value.to(dtype).numpy() for name, value in found.items()}


@torch.inference_mode()
def answers(warping: WarpingNetwork, generator: Generator, given: Inputs) -> NDArray[Any]:
    """What the readable networks draw, face by face."""
    values: dict[str, Tensor] = {name: torch.from_numpy(value) for name, value in given.items()}
    pictures = [
        generator(warping(values["feature_3d"], kp[None], values["kp_source"]).features)
        for kp in values["kp_driving"]
    ]
    return np.asarray(torch.cat(pictures).numpy())
