"""Volumes without 3-D operators: slices in the batch, and taps along the depth as outputs.

A volume is its slices, (B * D, C, H, W). A 3-D convolution is a 2-D one whose taps along the depth
are outputs, which are added at their places afterwards. Channels are filled up to eights with
zeros: onnxruntime's fastest convolutions on CPUs, and tensor cores, take no odd counts.
"""

from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from streamer.engines.liveportrait.fast.convolutions import depth_taps, filled
from streamer.engines.liveportrait.fast.glue import padded
from streamer.engines.liveportrait.networks.fold import merged
from streamer.engines.liveportrait.networks.warping import Hourglass
from streamer.engines.liveportrait.portable.graph import Graph, Value

# Kernels of more inputs work on maps so small that a larger kernel costs what it saves, as in
# `networks.lighter`.
_MOST_INPUTS: Final = 512


def depth_conv(
    g: Graph,
    x: Value,
    weight: Tensor,
    bias: Tensor | None,
    depth: int,
    size: tuple[int, int],
    *,
    scale: int = 1,
    wide: bool = False,
) -> Value:
    """Convolve a volume; with ``scale`` its pixels are repeated in height and width first.

    Shapes: x (B * D, in, h, w), weight (out, in, k, k, k) -> (B * D, out, H, W); ``size`` is
    (H, W). ``wide`` adds the taps up wide.
    """
    height, width = size
    reach, outputs = weight.shape[2] // 2, len(weight)
    # Taps that reach outside from everywhere are left out.
    away = [a for a in range(-reach, reach + 1) if abs(a) < depth]
    taps = depth_taps(weight)[[a + reach for a in away]]  # (taps, out, in, k, k)
    flat = taps.flatten(0, 1)
    flat = filled(flat, padded(len(flat)), flat.shape[1])
    biases = flat.new_zeros(len(flat))
    if bias is not None:  # goes with the tap that no slice lacks
        first = away.index(0) * outputs
        biases[first : first + outputs] = bias.detach()
    if scale > 1 and flat.shape[1] > _MOST_INPUTS:
        x, scale = g.repeated(x, scale), 1
    parts = g.conv_repeated(x, flat, biases, scale)
    if wide:
        parts = g.wide(parts)
    sizes = [outputs] * len(away)
    if len(flat) > sum(sizes):
        parts = g.slice(parts, 1, 0, sum(sizes))
    total = None
    for a, part in zip(away, g.split(parts, sizes, axis=1), strict=True):
        planes = g.reshape(part, -1, depth * outputs, height, width)
        if a:  # slice d takes what belongs to slice d + a
            first, last = max(0, a), depth + min(0, a)
            kept = g.slice(planes, 1, first * outputs, last * outputs)
            planes = g.pad(kept, 4, 1, max(0, -a) * outputs, max(0, a) * outputs)
        total = planes if total is None else g.add("Add", total, planes)
    assert total is not None  # the tap in the middle is always there
    return g.reshape(total, -1, outputs, height, width)


def hourglass(g: Graph, network: Hourglass, x: Value, depth: int, size: tuple[int, int]) -> Value:
    """Look at a volume at several sizes.

    Shapes: (B * D, padded(110), H, W) -> (B * D, padded(142), H, W).
    """
    levels = [(x, size)]
    downs = _merged(network.encoder.down_blocks)
    weight, bias = downs[0]
    channels = weight.shape[1]
    downs[0] = filled(weight, len(weight), padded(channels)), bias
    for weight, bias in downs:
        value, (height, width) = levels[-1]
        y = g.add("Relu", depth_conv(g, value, weight, bias, depth, (height, width)))
        y = g.add("AveragePool", y, kernel_shape=[2, 2], strides=[2, 2])
        levels.append((y, (height // 2, width // 2)))
    y, _ = levels.pop()
    for weight, bias in _merged(network.decoder.up_blocks):
        skip, there = levels.pop()
        y = g.add("Relu", depth_conv(g, y, weight, bias, depth, there, scale=2))
        y = g.add("Concat", y, skip, axis=1)
    weight, bias = merged(network.decoder.conv, network.decoder.norm)
    outputs, inputs = padded(len(weight)), weight.shape[1] - channels + padded(channels)
    weight = filled(weight, outputs, inputs)
    bias = functional.pad(bias, (0, outputs - len(bias)))
    return g.add("Relu", depth_conv(g, y, weight, bias, depth, size))


def _merged(blocks: Iterable[Any]) -> list[tuple[Tensor, Tensor]]:
    with torch.no_grad():
        return [merged(block.conv, block.norm) for block in blocks]
