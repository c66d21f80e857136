"""Real networks with few channels whose picture is as large as the released ones'."""

from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.networks.appearance import AppearanceDims, AppearanceExtractor
from streamer.engines.liveportrait.networks.generator import Generator, GeneratorDims
from streamer.engines.liveportrait.networks.motion import MotionDims, MotionExtractor
from streamer.engines.liveportrait.networks.stitching import EYE, LIP, STITCHING, KeypointMlp
from streamer.engines.liveportrait.networks.warping import WarpingDims, WarpingNetwork
from streamer.engines.liveportrait.weights import Networks
from tests.streamer.engines.liveportrait.fast.packing import seeded


def small_networks() -> Networks:
    """All networks, 64x64 features and a picture of 512x512, as many seconds as a test may take."""
    networks = Networks(
        appearance=AppearanceExtractor(AppearanceDims(4, 8, 2, channels=2, depth=2, resblocks=1)),
        motion=MotionExtractor(MotionDims((1, 1, 1, 1), (8, 8, 16, 16))),
        warping=WarpingNetwork(
            WarpingDims(channels=2, depth=2, compress=1, levels=2, width=4, max_width=8, out=8)
        ),
        generator=Generator(GeneratorDims(8, middle=8, blocks=1, up=4, out=2, hidden=4)),
        stitching=KeypointMlp(STITCHING),
        eye=KeypointMlp(EYE),
        lip=KeypointMlp(LIP),
    )
    for seed, network in enumerate(vars(networks).values()):
        seeded(network, seed).eval().requires_grad_(False)
    for net in (networks.stitching, networks.eye, networks.lip):
        for value in net.parameters():
            value.mul_(0.3)
    return networks


def small_model(device: str = "cpu") -> Model:
    """Small networks in their readable form, from which all others are packed."""
    return Model(small_networks(), device)
