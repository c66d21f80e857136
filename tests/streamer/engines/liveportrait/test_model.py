"""Networks that are not needed wait in the host's memory and come back with their first use."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.model import Model

pytestmark = pytest.mark.neural


class Moved:
    """A network that only notes where it is."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.moves: list[str] = []

    def to(self, device: object) -> None:
        self.at = str(device)
        self.moves.append(self.at)

    def parameters(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(device=self.at, dtype=torch.float32)]


def model(device: str) -> tuple[Model, SimpleNamespace]:
    networks = SimpleNamespace(warping=Moved(device), generator=Moved(device))
    return Model(networks, device), networks  # type: ignore[arg-type]


def test_on_a_card_networks_rest_on_the_host_until_they_are_used() -> None:
    it, networks = model("cuda")

    it.rest_on_host("warping")
    assert networks.warping.at == "cpu"
    assert it.runs_on == "cuda float32"  # what rests does not run
    assert it.awake("warping") is networks.warping
    assert it.awake("warping") is networks.warping

    assert networks.warping.moves == ["cpu", "cuda"]
    assert networks.generator.moves == []


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_where_host_and_device_share_their_memory_nothing_moves(device: str) -> None:
    it, networks = model(device)

    it.rest_on_host("warping", "generator")
    it.awake("generator")

    assert networks.warping.moves == networks.generator.moves == []
