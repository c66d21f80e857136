"""Sampling a volume in plain operators: hats for shifts, eight gathered rows for any motion.

Everything here is wide: coordinates that were rounded would shake the picture. A place in a volume
of n voxels is ((coordinate + 1) * n - 1) / 2, as the networks were trained
(`streamer.engines.liveportrait.networks.warping.sample`); outside the volume there are zeros.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from streamer.engines.liveportrait.networks.warping import HEAT_VARIANCE
from streamer.engines.liveportrait.portable.graph import Graph, Value

Size = tuple[int, int, int]
"""Depth, height, width of a volume."""


class _Near(NamedTuple):
    """One of the two voxels beside a place along an axis: where, and its share."""

    at: Value
    share: Value


def axis(count: int) -> NDArray[np.float64]:
    """Return the coordinates of the voxels along an axis, -1 to 1."""
    return 2.0 * np.arange(count) / (count - 1) - 1.0


def shifts(g: Graph, kp_source: Value, kp_driving: Value) -> Value:
    """Return how far each motion looks; the first stays. Shape: (B, K+1, 3)."""
    return g.pad(g.add("Sub", kp_source, kp_driving), 3, 1, 1, 0)


def moved(
    g: Graph, compressed: Value, shift: Value, motions: int, channels: int, size: Size
) -> Value:
    """Sample a small volume under every motion, a pure shift: a hat along each axis.

    Shapes: compressed (C, D * H * W), shift (B, K+1, 3) -> (B, D, K+1, C * H * W).
    """
    depth, height, width = size
    x, y, z = g.split(shift, [1, 1, 1], axis=2)
    volume = g.reshape(compressed, channels, depth, height * width)
    volume = g.reshape(g.transpose(volume, 1, 0, 2), depth, channels * height * width)
    along_z = g.reshape(_hat(g, z, depth, motions), -1, motions, depth, depth)
    part = g.add("MatMul", along_z, volume)  # (B, K+1, D, C * H * W)
    part = g.reshape(part, -1, depth * channels, height, width)
    along_y = g.reshape(_hat(g, y, height, motions), -1, 1, height, height)
    part = g.add("MatMul", along_y, part)  # (B * (K+1), D * C, H, W)
    part = g.reshape(part, -1, depth * channels * height, width)
    along_x = g.transpose(_hat(g, x, width, motions), 0, 2, 1)
    part = g.add("MatMul", part, along_x)
    part = g.reshape(part, -1, motions, depth, channels * height * width)
    return g.transpose(part, 0, 2, 1, 3)


def heat(g: Graph, keypoints: Value, count: int, size: Size) -> Value:
    """Return a blob of heat around each keypoint. Shapes: (B, K, 3) -> (B, K, D, H * W)."""
    depth, height, width = size
    x, y, z = g.split(keypoints, [1, 1, 1], axis=2)
    along_y = g.reshape(_heat_line(g, y, height), -1, count, height, 1)
    along_x = g.reshape(_heat_line(g, x, width), -1, count, 1, width)
    flat = g.reshape(g.add("Mul", along_y, along_x), -1, count, 1, height * width)
    along_z = g.reshape(_heat_line(g, z, depth), -1, count, depth, 1)
    return g.add("Mul", flat, along_z)


def gathered(g: Graph, feature_3d: Value, mixed: Value, channels: int, size: Size) -> Value:
    """Sample the photo's features where the mixed motion leads.

    Shapes: feature_3d (1, C, D, H, W), mixed (B, D, 3, H * W), how far each voxel looks ->
    (B, D * C, H, W), channel = slice * C + feature.
    """
    depth, height, width = size
    plane, voxels = height * width, depth * height * width
    table = g.transpose(g.reshape(feature_3d, channels, voxels), 1, 0)  # (D * H * W, C)
    z, y, x = np.meshgrid(axis(depth), axis(height), axis(width), indexing="ij")
    away_x, away_y, away_z = g.split(mixed, [1, 1, 1], axis=2)

    def near(away: Value, line: NDArray[np.float64], count: int) -> tuple[_Near, _Near]:
        away = g.reshape(away, -1, depth, plane)
        here = ((line.reshape(1, depth, plane) + 1.0) * count - 1.0) / 2.0
        half = g.add("Mul", away, g.wide_constant(count / 2.0))
        return _neighbours(g, g.add("Add", half, g.wide_constant(here)), count)

    steps = [g.constant(np.array(n, np.int32)) for n in (height, width)]
    total = None
    near_x, near_y, near_z = near(away_x, x, width), near(away_y, y, height), near(away_z, z, depth)
    for deep in near_z:
        for low in near_y:
            row = g.add("Add", g.add("Mul", deep.at, steps[0]), low.at)
            row, share = g.add("Mul", row, steps[1]), g.add("Mul", deep.share, low.share)
            for side in near_x:
                index = g.reshape(g.add("Add", row, side.at), -1, voxels)
                weight = g.reshape(g.add("Mul", share, side.share), -1, voxels, 1)
                part = g.add("Mul", g.add("Gather", table, index, axis=0), weight)
                total = part if total is None else g.add("Add", total, part)
    assert total is not None
    total = g.transpose(g.reshape(total, -1, depth, plane, channels), 0, 1, 3, 2)
    return g.reshape(total, -1, depth * channels, height, width)


def _neighbours(g: Graph, place: Value, count: int) -> tuple[_Near, _Near]:
    """Return the voxels before and behind a place. One outside is the border, with no share."""
    low = g.add("Floor", place)
    one = g.wide_constant(1.0)
    share = g.add("Sub", place, low)
    ends = g.wide_constant(0.0), g.wide_constant(count - 1.0)

    def voxel(at: Value, share: Value) -> _Near:
        inside = g.add("Clip", at, *ends)
        # 1 where the clip changed nothing, else 0: both are whole numbers.
        off = g.add("Abs", g.add("Sub", at, inside))
        there = g.add("Relu", g.add("Sub", one, off))
        return _Near(g.add("Cast", inside, to=TensorProto.INT32), g.add("Mul", share, there))

    return voxel(low, g.add("Sub", one, share)), voxel(g.add("Add", low, one), share)


def _hat(g: Graph, shift: Value, count: int, motions: int) -> Value:
    """Return linear sampling along an axis as a matrix.

    Shapes: shift (B, K+1, 1) -> (B * (K+1), n to, n from).
    """
    here = ((axis(count) + 1.0) * count - 1.0) / 2.0
    half = g.add("Mul", shift, g.wide_constant(count / 2.0))
    place = g.add("Add", half, g.wide_constant(here[None, None]))  # (B, K+1, n)
    place = g.reshape(place, -1, count, 1)
    away = g.add("Abs", g.add("Sub", place, g.wide_constant(np.arange(count)[None, None])))
    return g.add("Relu", g.add("Sub", g.wide_constant(1.0), away))


def _heat_line(g: Graph, keypoints: Value, count: int) -> Value:
    """Return the heat of keypoints along an axis. Shapes: (B, K, 1) -> (B, K, n)."""
    away = g.add("Sub", g.wide_constant(axis(count)[None, None]), keypoints)
    squared = g.add("Mul", away, away)
    return g.add("Exp", g.add("Mul", squared, g.wide_constant(-0.5 / HEAT_VARIANCE)))
