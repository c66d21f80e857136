"""W as nodes of a graph: the photo's features moved to where the keypoints are now."""

from typing import Any

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.convolutions import filled
from streamer.engines.liveportrait.fast.glue import padded
from streamer.engines.liveportrait.networks.fold import merged
from streamer.engines.liveportrait.networks.warping import DenseMotionNetwork, WarpingNetwork
from streamer.engines.liveportrait.portable import sampling
from streamer.engines.liveportrait.portable.graph import Graph, Value
from streamer.engines.liveportrait.portable.sampling import Size
from streamer.engines.liveportrait.portable.volumes import depth_conv, hourglass


@torch.no_grad()
def warping(
    g: Graph,
    network: WarpingNetwork,
    feature_3d: Value,
    kp_source: Value,
    kp_driving: Value,
    size: tuple[int, int],
) -> Value:
    """Write the warping network.

    Shapes: feature_3d (1, 32, 16, H, W), kp_source (1, 21, 3), both wide and of one photo;
    kp_driving (B, 21, 3), wide -> (B, 256, H, W), narrow.
    """
    dims, dense = network.dims, network.dense_motion_network
    volume: Size = (dims.depth, *size)
    motions = dims.keypoints + 1
    shift = sampling.shifts(g, kp_source, kp_driving)
    features = _features(g, network, feature_3d, kp_source, kp_driving, shift, volume)
    x = hourglass(g, dense.hourglass, g.narrow(features), dims.depth, size)
    weight = filled(dense.mask.weight, motions, padded(dense.mask.in_channels))
    logits = depth_conv(g, x, weight, dense.mask.bias, dims.depth, size, wide=True)
    mask = g.add("Softmax", logits, axis=1)  # (B * D, K+1, H, W)
    mask = g.reshape(mask, -1, dims.depth, motions, size[0] * size[1])
    along = g.reshape(g.transpose(shift, 0, 2, 1), -1, 1, 3, motions)
    mixed = g.add("MatMul", along, mask)  # (B, D, 3, H * W)
    moved = g.narrow(sampling.gathered(g, feature_3d, mixed, dims.channels, volume))
    weight, bias = merged(network.third.conv, network.third.norm)
    # plane = channel * depth + slice in the readable form; here a voxel's channels are together
    weight = weight.unflatten(1, (dims.channels, dims.depth)).transpose(1, 2).flatten(1, 2)
    slope = float(getattr(network.third.ac, "negative_slope", 0.0))
    y = g.leaky(g.conv(moved, weight, bias), slope)
    y = g.conv(y, network.fourth.weight, network.fourth.bias)
    return g.add("Mul", y, g.narrow(_occlusion(g, dense, x, dims.depth, size)))


def _features(
    g: Graph,
    network: WarpingNetwork,
    feature_3d: Value,
    kp_source: Value,
    kp_driving: Value,
    shift: Value,
    volume: Size,
) -> Value:
    """Write what the hourglass looks at: heat and moved features, motion by motion.

    Shape: (B * D, padded((K+1) * 5), H, W), channel = 5 * motion + (heat, features).
    """
    dims, dense = network.dims, network.dense_motion_network
    depth, height, width = volume
    points, plane = dims.keypoints, height * width
    weight, bias = merged(dense.compress, dense.norm)
    flat = g.reshape(feature_3d, dims.channels, depth * plane)
    compressed = g.add("MatMul", _wide(g, weight.flatten(1)), flat)
    compressed = g.add("Relu", g.add("Add", compressed, _wide(g, bias[:, None])))
    moved = sampling.moved(g, compressed, shift, points + 1, dims.compress, volume)
    now = sampling.heat(g, kp_driving, points, volume)
    before = sampling.heat(g, kp_source, points, volume)
    heat = g.transpose(g.add("Sub", now, before), 0, 2, 1, 3)  # (B, D, K, H * W)
    heat = g.pad(heat, 4, 2, 1, 0)  # none for the motion that stays
    both = g.add("Concat", heat, moved, axis=3)  # (B, D, K+1, 5 * H * W)
    channels = (points + 1) * (dims.compress + 1)
    slices = g.reshape(both, -1, channels, height, width)
    return g.pad(slices, 4, 1, 0, padded(channels) - channels)


def _occlusion(
    g: Graph, dense: DenseMotionNetwork, x: Value, depth: int, size: tuple[int, int]
) -> Value:
    """Write what is hidden. Shapes: (B * D, 142, H, W) -> (B, 1, H, W), wide.

    A convolution with one output leaves most of a processor idle: its taps are outputs of a
    pointwise one, and a kernel of ones and zeros puts them at their places.
    """
    conv: Any = dense.occlusion
    side = conv.kernel_size[0]
    weight: Tensor = conv.weight[0].unflatten(0, (-1, depth)).flatten(2)  # (142, D, k * k)
    taps = weight.new_zeros(padded(side * side), depth, padded(len(weight)))
    taps[: side * side, :, : len(weight)] = weight.permute(2, 1, 0)
    planes = g.reshape(x, -1, taps[0].numel(), *size)
    parts = g.wide(g.conv(planes, taps.flatten(1)[:, :, None, None]))
    places = torch.eye(side * side, len(taps)).T.reshape(1, len(taps), side, side)
    kernel, bias = (_wide(g, value) for value in (places, conv.bias))
    half = side // 2
    summed = g.add("Conv", parts, kernel, bias, kernel_shape=[side, side], pads=[half] * 4)
    return g.add("Sigmoid", summed)


def _wide(g: Graph, value: Tensor) -> Value:
    return g.wide_constant(value.detach().cpu().numpy())
