"""Every rewriting of a convolution, alone, against the convolution, borders and ends included."""

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from torch.nn import functional

from streamer.engines.liveportrait.fast.convolutions import (
    Conv,
    DepthConv,
    DepthUpConv,
    RepeatedConv,
    SliceTaps,
    filled,
)
from streamer.engines.liveportrait.fast.glue import padded
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue
from tests.streamer.engines.liveportrait.fast.packing import error, packed, random, slices

pytestmark = pytest.mark.neural

GLUE = TorchGlue()
F64 = torch.float64


def test_weights_lie_channels_last_and_are_rounded_once() -> None:
    weight = random(6, 5, 3, 3)

    conv = Conv(weight, torch.float16)

    assert packed(conv.weight) and conv.weight.dtype is torch.float16
    assert torch.equal(conv.weight, weight.half())
    assert not conv.weight.requires_grad


@pytest.mark.parametrize("depth", [1, 2, 6])
@pytest.mark.parametrize("pool", [False, True])
def test_depth_folded_convolution_is_the_3d_one(depth: int, pool: bool) -> None:
    volume, weight, bias = random(2, 4, depth, 6, 4), random(5, 4, 3, 3, 3), random(5)
    expected = functional.relu(functional.conv3d(volume, weight, bias, padding=1))
    if pool:
        expected = functional.avg_pool3d(expected, (1, 2, 2))

    answer = DepthConv(weight, bias, F64, GLUE, pool=pool)(slices(volume), depth)

    assert error(answer, slices(expected)) < 1e-12


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5)])
@pytest.mark.parametrize("phases", [False, True])
def test_phases_of_a_repeated_map_are_the_convolution_behind_it(
    size: tuple[int, int], phases: bool
) -> None:
    volume, weight, bias = random(2, 4, 5, *size), random(6, 4, 3, 3, 3), random(6)
    large = functional.interpolate(volume, scale_factor=(1.0, 2.0, 2.0))
    expected = slices(functional.relu(functional.conv3d(large, weight, bias, padding=1)))
    joint = torch.zeros(10, 9, 2 * size[0], 2 * size[1], dtype=F64)

    DepthUpConv(weight, bias, F64, GLUE, phases=phases)(slices(volume), 5, out=joint[:, 1:7])

    assert error(joint[:, 1:7], expected) < 1e-12
    assert joint[:, 0].abs().max() == joint[:, 7:].abs().max() == 0


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 5)])
def test_different_values_of_a_repeated_map_are_the_convolution_behind_it(
    scale: int, size: tuple[int, int]
) -> None:
    x, weight, bias = random(2, 5, *size), random(12, 5, 3, 3), random(12)
    large = functional.interpolate(x, scale_factor=float(scale))
    expected = functional.relu(functional.conv2d(large, weight, bias, padding=1))

    values = RepeatedConv(weight, scale, F64)(x)
    groups = GLUE.shared(values, bias, groups=3, scale=scale)

    assert error(torch.cat(tuple(groups), dim=1), expected) < 1e-12
    assert all(packed(group) for group in groups)
    assert (values.rows is None) == (scale == 2)


def test_one_output_over_all_slices_has_its_taps_as_outputs() -> None:
    volume, weight, bias = random(2, 10, 4, 6, 9), random(1, 40, 7, 7), random(1)
    flat = volume.flatten(1, 2)  # plane = channel * depth + slice
    expected = torch.sigmoid(functional.conv2d(flat, weight, bias, padding=3))
    stored = functional.pad(slices(volume), (0, 0, 0, 0, 0, 6), value=5.0)  # 10 channels kept as 16
    stored = stored.contiguous(memory_format=torch.channels_last)

    parts = SliceTaps(weight, 4, F64)(stored)

    assert parts.shape == (8, padded(49), 6, 9) and packed(parts)
    assert error(GLUE.occlusion(parts, bias, depth=4, side=7), expected) < 1e-12


def test_filling_up_adds_zeros_behind() -> None:
    weight = random(3, 2, 1, 1)

    out = filled(weight, 8, 4)

    assert torch.equal(out[:3, :2], weight)
    assert out.count_nonzero() == weight.count_nonzero()
