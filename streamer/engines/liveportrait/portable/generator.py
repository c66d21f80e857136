"""G as nodes of a graph: warped features become a picture.

The convolutions that all norms of one size begin with are one, gain and offset of a norm are one,
and a norm's statistics are taken before its map is enlarged: the values are the same.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from streamer.engines.liveportrait.networks.generator import (
    SLOPE,
    Generator,
    SpadeBlock,
    SpadeNorm,
)
from streamer.engines.liveportrait.portable.graph import Graph, Value


@torch.no_grad()
def generator(g: Graph, network: Generator, features: Value) -> Value:
    """Write the generator. Shapes: (B, 256, h, w), narrow -> (B, 3, 8 h, 8 w), wide, 0..1."""
    blocks: list[Any] = [network.get_submodule(name) for name in network.middle_names]
    norms = [norm for block in blocks for norm in _norms(block)]
    x, *shared = _begin(g, features, norms, 1, network.fc)
    for block in blocks:
        pair, shared = shared[:2], shared[2:]
        x = _block(g, block, x, pair, enlarge=1)
    for last in (network.up_0, network.up_1):
        norms = _norms(last)
        shared = _begin(g, features, norms, int(getattr(norms[0].repeat, "scale_factor", 1)))
        x = _block(g, last, x, shared, enlarge=2)
    image: Any = network.conv_img[0]
    x = g.conv(g.leaky(x, SLOPE), image.weight, image.bias)
    picture = g.add("Sigmoid", g.wide(x))
    if network.dims.upscale == 1:
        return picture
    return g.add("DepthToSpace", picture, blocksize=network.dims.upscale, mode="CRD")


def _norms(block: SpadeBlock) -> list[SpadeNorm]:
    norms = [block.norm_0, block.norm_1]
    return [*norms, block.norm_s] if block.learned_shortcut else norms


def _begin(
    g: Graph, features: Value, norms: Sequence[SpadeNorm], scale: int, first: Any = None
) -> list[Value]:
    """Write the convolutions of the features, all at once; those of the norms end with ReLU.

    ``first`` is a convolution without one, whose map comes first.
    """
    convs: list[Any] = [norm.mlp_shared[0] for norm in norms]
    group = [first, *convs] if first is not None else convs
    weight = torch.cat([conv.weight for conv in group])
    bias = torch.cat([conv.bias for conv in group])
    both = g.conv_repeated(features, weight, bias, scale)
    hidden = sum(len(conv.weight) for conv in convs)
    alone: list[Value] = []
    if first is not None:
        map_, both = g.split(both, [len(first.weight), hidden], axis=1)
        alone = [map_]
    parts = g.split(g.add("Relu", both), [len(conv.weight) for conv in convs], axis=1)
    return [*alone, *parts]


def _block(g: Graph, block: SpadeBlock, x: Value, shared: Sequence[Value], enlarge: int) -> Value:
    """Write a block; its input is repeated ``enlarge`` times first."""
    width = block.conv_0.in_channels
    normed = g.repeated(_normed(g, x, width, block.norm_0), enlarge)
    gain, offset = _painted(g, block.norm_0, shared[0])
    y = g.leaky(g.add("Add", g.add("Mul", normed, gain), offset), SLOPE)
    y = g.conv(y, block.conv_0.weight, block.conv_0.bias)
    gain, offset = _painted(g, block.norm_1, shared[1])
    y = _normed(g, y, block.conv_0.out_channels, block.norm_1)
    y = g.leaky(g.add("Add", g.add("Mul", y, gain), offset), SLOPE)
    y = g.conv(y, block.conv_1.weight, block.conv_1.bias)
    if not block.learned_shortcut:
        return g.add("Add", g.repeated(x, enlarge), y)
    # No activation stands between this norm and the pointwise convolution behind it, so the offset
    # is taken through that beforehand.
    gain, offset = _painted(g, block.norm_s, shared[2], through=block.conv_s.weight)
    side = g.conv(g.add("Mul", normed, gain), block.conv_s.weight)
    return g.add("Add", g.add("Add", side, offset), y)


def _normed(g: Graph, x: Value, channels: int, norm: SpadeNorm) -> Value:
    """Write an instance norm; its statistics are wide."""
    one = g.wide_constant(np.ones(channels))
    none = g.wide_constant(np.zeros(channels))
    eps = float(norm.param_free_norm.eps)
    return g.narrow(g.add("InstanceNormalization", g.wide(x), one, none, epsilon=eps))


def _painted(
    g: Graph, norm: SpadeNorm, shared: Value, through: Tensor | None = None
) -> tuple[Value, Value]:
    """Write a norm's gain, one plus gamma, and offset, in one convolution."""
    gamma, beta = norm.mlp_gamma, norm.mlp_beta
    if gamma.bias is None or beta.bias is None:
        raise TypeError("the generator's norms have biases")
    weight, bias = beta.weight, beta.bias
    if through is not None:
        matrix = through.flatten(1)
        weight, bias = torch.einsum("oc,cikl->oikl", matrix, weight), matrix @ bias
    both = g.conv(shared, torch.cat((gamma.weight, weight)), torch.cat((gamma.bias + 1.0, bias)))
    gain, offset = g.split(both, [len(gamma.weight), len(weight)], axis=1)
    return gain, offset
