"""Small stand-ins with which `benchmarks.gpu` runs whole on a CPU, to see that it works."""

from functools import cache
from typing import Any

from torch import Tensor, nn

from benchmarks.gpu_contestants import Theirs
from benchmarks.gpu_machine import Machine
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.recipes import Recipe
from streamer.engines.liveportrait.model import Model
from streamer.engines.warp.locate import locate


@cache
def model(device: str) -> Model:
    from tests.streamer.engines.liveportrait.fast.tiny import small_model

    small: Model = small_model(device)
    return small


def engine(machine: Machine, **settings: Any) -> LivePortraitEngine:
    """An engine of tiny networks with one faster form."""
    recipes = (Recipe("packed", machine.half),)
    return LivePortraitEngine(model(machine.name), locate=locate, recipes=recipes, **settings)


class _Warping(nn.Module):
    """Tiny networks, called as the reference's are."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, feature_3d: Tensor, kp_driving: Tensor, kp_source: Tensor) -> dict[str, Any]:
        return {"out": self.network(feature_3d, kp_driving, kp_source).features}


class _Generator(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, feature: Tensor) -> Any:
        return self.network(feature)


def theirs() -> Theirs:
    """Return stand-ins for the reference's networks."""
    networks = model("cpu").networks
    return Theirs(
        _Warping(networks.warping),
        _Generator(networks.generator),
        compile=lambda network, **how: network,
    )
