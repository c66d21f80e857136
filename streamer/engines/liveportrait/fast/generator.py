"""G in its fast form: warped features become a picture.

Every norm's gain and offset depend on the features alone, so the convolutions that all of them
begin with are one. A bias in front of an instance norm changes nothing, since the norm takes the
mean away: those biases are left out.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from streamer.engines.liveportrait.fast.convolutions import Conv, RepeatedConv, filled
from streamer.engines.liveportrait.fast.glue import Glue, Normed, padded, wide
from streamer.engines.liveportrait.fast.torch_glue import repeated
from streamer.engines.liveportrait.networks.generator import (
    SLOPE,
    Generator,
    SpadeBlock,
    SpadeNorm,
)


class FastNorm(nn.Module):
    """The part of a `SpadeNorm` behind its shared convolution: gain and offset in one convolution.

    Of a norm without an activation behind it, whose offset goes straight through a pointwise
    convolution, the offset is taken through that beforehand (``through``).
    Shapes: shared (B, 128, H, W) -> gain (B, C, H, W) and offset (B, C or out, H, W), slices.
    """

    gain_bias: Tensor
    offset_bias: Tensor

    def __init__(
        self, norm: SpadeNorm, dtype: torch.dtype, through: nn.Conv2d | None = None
    ) -> None:
        super().__init__()
        gain, offset = norm.mlp_gamma, norm.mlp_beta
        weight, bias = offset.weight, _bias(offset)
        if through is not None:
            matrix = through.weight.flatten(1)
            weight, bias = torch.einsum("oc,cikl->oikl", matrix, weight), matrix @ bias
        self._channels = gain.out_channels
        self.conv = Conv(torch.cat((gain.weight, weight)), dtype)
        self.register_buffer("gain_bias", (1.0 + _bias(gain)).detach().to(wide(dtype)))
        self.register_buffer("offset_bias", bias.detach().to(wide(dtype)))

    def forward(self, shared: Tensor) -> tuple[Tensor, Tensor]:
        """Paint gain and offset."""
        both = self.conv(shared)
        return both[:, : self._channels], both[:, self._channels :]


class FastBlock(nn.Module):
    """A `SpadeBlock` whose input is a map and its statistics, and whose answer is a sum to take.

    ``enlarge``: how much larger the block's map is than its input, which is repeated on the fly.
    Shapes: normed (B, in, h, w), shared (2 or 3, B, 128, H, W) -> terms (B, out, H, W), slices.
    """

    def __init__(self, block: SpadeBlock, dtype: torch.dtype, glue: Glue, enlarge: int = 1) -> None:
        super().__init__()
        self._glue, self._enlarge = glue, enlarge
        self._eps = block.norm_1.param_free_norm.eps
        self.norm_0, self.norm_1 = FastNorm(block.norm_0, dtype), FastNorm(block.norm_1, dtype)
        self.conv_0, self.conv_1 = (Conv(c.weight, dtype) for c in (block.conv_0, block.conv_1))
        self._shortcut = block.learned_shortcut
        if self._shortcut:
            self.norm_s = FastNorm(block.norm_s, dtype, through=block.conv_s)
            self.conv_s = Conv(block.conv_s.weight, dtype)

    def forward(self, normed: Normed, shared: Tensor) -> tuple[Tensor, ...]:
        """Return what is to be added up."""
        modulate, scale = self._glue.modulate, self._enlarge
        norm, (gain, offset) = self.norm_0, self.norm_0(shared[0])
        y = modulate(
            normed, gain, norm.gain_bias, offset, norm.offset_bias, slope=SLOPE, scale=scale
        )
        inner = self._glue.statistics((self.conv_0(y),), self._eps)
        norm, (gain, offset) = self.norm_1, self.norm_1(shared[1])
        y = self.conv_1(
            modulate(inner, gain, norm.gain_bias, offset, norm.offset_bias, slope=SLOPE)
        )
        if not self._shortcut:
            return repeated(normed.x, scale), y
        gain, offset = self.norm_s(shared[2])
        x = modulate(normed, gain, self.norm_s.gain_bias, None, None, slope=None, scale=scale)
        return self.conv_s(x), y, offset


class FastGenerator(nn.Module):
    """The generator, packed from the readable one.

    Shapes: features (B, 256, 64, 64), of ``dtype``, channels-last -> (B, 12, 256, 256), the values
    before the sigmoid; `Glue.picture` makes bytes of them.
    """

    first_bias: Tensor
    shared_0_bias: Tensor
    shared_1_bias: Tensor
    end_bias: Tensor
    image_bias: Tensor

    def __init__(self, network: Generator, dtype: torch.dtype, glue: Glue) -> None:
        super().__init__()
        if not network.up_1.learned_shortcut:
            raise TypeError("the last block's shortcut has no norm: the biases before it count")
        self._glue = glue
        blocks: list[Any] = [network.get_submodule(name) for name in network.middle_names]
        self._middle, self._eps = network.fc.out_channels, network.up_0.norm_0.param_free_norm.eps
        norms = [norm for block in blocks for norm in _norms(block)]
        self._count = len(norms)
        self.first = Conv(torch.cat([network.fc.weight, *_weights(norms)]), dtype)
        self.blocks = nn.ModuleList(FastBlock(block, dtype, glue) for block in blocks)
        self.up_0 = FastBlock(network.up_0, dtype, glue, enlarge=2)
        self.up_1 = FastBlock(network.up_1, dtype, glue, enlarge=2)
        ups = (network.up_0, network.up_1)
        self._scales, self._groups = [_scale(b) for b in ups], [len(_norms(b)) for b in ups]
        self.shared_0, self.shared_1 = (
            RepeatedConv(torch.cat(_weights(_norms(block))), scale, dtype)
            for block, scale in zip(ups, self._scales, strict=True)
        )
        for name, group in (
            ("first_bias", norms),
            ("shared_0_bias", _norms(network.up_0)),
            ("shared_1_bias", _norms(network.up_1)),
        ):
            biases = [_bias(_begin(norm)) for norm in group]
            self.register_buffer(name, torch.cat(biases).detach().to(wide(dtype)))
        # Here no norm follows, so the last block's biases count.
        end = _bias(network.up_1.conv_1).to(wide(dtype)) + self.up_1.norm_s.offset_bias
        self.register_buffer("end_bias", end.detach())
        image: Any = network.conv_img[0]
        self._image_channels = image.out_channels
        outputs = padded(image.out_channels)
        self.image = Conv(filled(image.weight, outputs, image.in_channels), dtype)
        self.register_buffer("image_bias", _bias(image).detach().to(dtype)[:, None, None])

    @classmethod
    def of(cls, network: Generator, dtype: torch.dtype, glue: Glue) -> "FastGenerator":
        """Pack a network on its device. The network itself stays as it is."""
        with torch.no_grad():
            return cls(network, dtype, glue).eval()

    def forward(self, features: Tensor) -> Tensor:
        """Draw."""
        glue = self._glue
        first = self.first(features)
        shared = glue.shared(first[:, self._middle :], self.first_bias, groups=self._count)
        normed = glue.statistics((first[:, : self._middle],), self._eps)
        for block, pair in zip(self.blocks, shared.split(2), strict=True):
            normed = glue.statistics(block(normed, pair), self._eps)
        shared = glue.shared(
            self.shared_0(features),
            self.shared_0_bias,
            groups=self._groups[0],
            scale=self._scales[0],
        )
        normed = glue.statistics(self.up_0(normed, shared), self._eps)
        shared = glue.shared(
            self.shared_1(features),
            self.shared_1_bias,
            groups=self._groups[1],
            scale=self._scales[1],
        )
        x = glue.activate(self.up_1(normed, shared), self.end_bias, SLOPE)
        return self.image(x)[:, : self._image_channels] + self.image_bias


def _norms(block: SpadeBlock) -> list[SpadeNorm]:
    norms = [block.norm_0, block.norm_1]
    return [*norms, block.norm_s] if block.learned_shortcut else norms


def _begin(norm: SpadeNorm) -> Any:
    """Return the convolution that gain and offset share."""
    return norm.mlp_shared[0]


def _weights(norms: Sequence[SpadeNorm]) -> list[Tensor]:
    return [_begin(norm).weight for norm in norms]


def _scale(block: SpadeBlock) -> int:
    """Return how often the block repeats a pixel of the features along each axis."""
    return int(getattr(block.norm_0.repeat, "scale_factor", 1))


def _bias(conv: nn.Conv2d) -> Tensor:
    if conv.bias is None:
        raise TypeError(f"the generator's convolution has no bias: {conv}")
    return conv.bias
