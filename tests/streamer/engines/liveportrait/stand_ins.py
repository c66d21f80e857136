"""Models that cost little: the real networks with few channels, and one that echoes the crop."""

from types import SimpleNamespace
from typing import Any

import torch

from streamer.engines.liveportrait.keypoints import Motion
from streamer.engines.liveportrait.model import Drawn, Encoded, Model
from streamer.engines.liveportrait.networks.appearance import AppearanceDims, AppearanceExtractor
from streamer.engines.liveportrait.networks.generator import Generator, GeneratorDims
from streamer.engines.liveportrait.networks.motion import MotionDims, MotionExtractor
from streamer.engines.liveportrait.networks.stitching import EYE, LIP, STITCHING, KeypointMlp
from streamer.engines.liveportrait.networks.warping import WarpingDims, WarpingNetwork
from streamer.engines.liveportrait.weights import Networks
from streamer.view import Frame


def devices() -> list[str]:
    """Every device of this machine."""
    there = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return ["cpu", *(device for device, present in there if present)]


def tiny_networks(device: str = "cpu") -> Networks:
    """All networks in their real form, few channels on 16x16 maps, random weights."""
    source = torch.Generator().manual_seed(11)
    networks = Networks(
        appearance=AppearanceExtractor(AppearanceDims(8, 16, 4, channels=2, depth=8, resblocks=1)),
        motion=MotionExtractor(MotionDims((1, 1, 1, 1), (8, 8, 16, 16))),
        warping=WarpingNetwork(
            WarpingDims(channels=2, depth=8, compress=1, levels=2, width=4, max_width=8, out=16)
        ),
        generator=Generator(
            GeneratorDims(16, middle=16, blocks=1, up=16, out=8, hidden=8, upscale=8)
        ),
        stitching=KeypointMlp(STITCHING),
        eye=KeypointMlp(EYE),
        lip=KeypointMlp(LIP),
    )
    for network in vars(networks).values():
        network.eval().requires_grad_(False)
        for value in network.parameters():
            value.normal_(0.0, 0.05, generator=source)
        network.to(device)
    return networks


class TinyModel(Model):
    """The real way of a frame through tiny networks; counts its frames and can be poisoned."""

    __test__ = False

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(tiny_networks(device), device)
        self.drawn = 0
        self.encoded = 0
        self.drawing = 0
        self.most_at_once = 0
        self.value: float | None = None
        self.error: Exception | None = None

    def encode(self, image: Frame) -> Encoded:
        self.encoded += 1
        return super().encode(image)

    def draw(self, encoded: Encoded, x_d: Any, x_s: Any) -> Drawn:
        self.drawn += 1
        self.drawing += 1
        self.most_at_once = max(self.most_at_once, self.drawing)
        try:
            if self.error is not None:
                raise self.error
            drawn = super().draw(encoded, x_d, x_s)
            if self.value is not None:
                return Drawn(torch.full_like(drawn.image, self.value), drawn.warped)
            return drawn
        finally:
            self.drawing -= 1


class Echo(Model):
    """Draws the crop it was given: what is left to be seen is the way there and back.

    The large networks are not asked; the small ones have random weights.
    """

    def __init__(self, device: str = "cpu") -> None:
        source = torch.Generator().manual_seed(4)
        nets = {
            name: KeypointMlp(dims)
            for name, dims in {"stitching": STITCHING, "eye": EYE, "lip": LIP}.items()
        }
        for net in nets.values():
            for value in net.requires_grad_(False).parameters():
                value.normal_(0.0, 0.01, generator=source)
            net.to(device)
        super().__init__(SimpleNamespace(**nets), device)  # type: ignore[arg-type]
        self.inputs: list[Frame] = []
        self.value: float | None = None

    def encode(self, image: Frame) -> Encoded:
        self.inputs.append(image)
        one, points = torch.zeros(1, 1), torch.zeros(1, 21, 3)
        parts = (one, one, one, torch.zeros(1, 3), points, one + 1.5, points)
        motion = Motion(*(part.to(self.device) for part in parts))
        return Encoded(torch.zeros(1), motion)

    def picture(self) -> torch.Tensor:
        planes = torch.from_numpy(self.inputs[-1].copy()).permute(2, 0, 1)[None] / 255
        large = torch.nn.functional.interpolate(planes, size=(512, 512), mode="bilinear")
        return large.to(self.device)

    def draw(self, encoded: Encoded, x_d: Any, x_s: Any) -> Drawn:
        picture = self.picture()
        if self.value is not None:
            picture[:] = self.value
        return Drawn(picture, None)  # type: ignore[arg-type]
