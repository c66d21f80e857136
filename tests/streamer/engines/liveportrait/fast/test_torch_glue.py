"""Every step between the convolutions, alone, against what the readable networks do there."""

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from dataclasses import fields
from typing import Any

import numpy as np
from torch import nn
from torch.nn import functional

from streamer.engines.liveportrait.fast.glue import MASK_TAPS, Normed, padded, wide
from streamer.engines.liveportrait.fast.torch_glue import TorchGlue, sampled
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.networks.warping import coordinate_grid, sample
from streamer.engines.liveportrait.paste_back import pixels
from tests.streamer.engines.liveportrait.fast.packing import (
    VOLUME,
    error,
    keypoints,
    packed,
    random,
    slices,
    warping,
)

pytestmark = pytest.mark.neural

GLUE = TorchGlue()
DEPTH = VOLUME.depth
MOTIONS = VOLUME.keypoints + 1


def prepared(kp_source: Any, size: tuple[int, int] = (16, 24)) -> tuple[Any, Any, Any]:
    """A readable network, a photo's features, and what the photo gives."""
    network = warping()
    feature_3d = random(1, VOLUME.channels, DEPTH, *size, seed=2)
    source = FastWarping.of(network, torch.float64, GLUE).prepare(feature_3d, kp_source)
    return network, feature_3d, source


def taps_of(volume: Any, weight: Any) -> Any:
    """What a 2-D convolution gives whose outputs are the taps along the depth."""
    taps = weight.permute(2, 0, 1, 3, 4).flatten(0, 1)
    return functional.conv2d(slices(volume), taps, padding=weight.shape[-1] // 2)


def test_channels_come_in_eights() -> None:
    assert [padded(n) for n in (1, 8, 49, 110, 142, 154)] == [8, 8, 56, 112, 144, 160]


def test_sums_are_never_taken_in_half_precision() -> None:
    assert wide(torch.float16) is wide(torch.bfloat16) is wide(torch.float32) is torch.float32
    assert wide(torch.float64) is torch.float64


@pytest.mark.parametrize("batch", [1, 3])
def test_motion_features_are_heat_and_every_motions_sampling(batch: int) -> None:
    kp_driving, kp_source = keypoints(batch)
    network, feature_3d, source = prepared(kp_source)
    dense = network.dense_motion_network
    many, kp_many = feature_3d.expand(batch, -1, -1, -1, -1), kp_source.expand(batch, -1, -1)
    grid = coordinate_grid(DEPTH, 16, 24, like=kp_driving)
    moved = dense.deform(many, dense.motions(grid, kp_driving, kp_many))
    expected = torch.cat((dense.heat(grid, kp_driving, kp_many), moved), dim=2).flatten(1, 2)
    also = torch.full((batch * DEPTH, 20, 16, 24), 9.0, dtype=torch.float64)

    features = GLUE.motion_features(source, kp_driving, also=also[:, 4:])

    assert features.shape == (batch * DEPTH, padded(MOTIONS * 3), 16, 24) and packed(features)
    assert error(features[:, : MOTIONS * 3], slices(expected)) < 1e-12
    assert features[:, MOTIONS * 3 :].abs().max() == 0
    assert torch.equal(also[:, 4:], features) and (also[:, :4] == 9.0).all()


def test_a_motion_that_leaves_the_volume_brings_nothing() -> None:
    kp_driving, kp_source = keypoints(1)
    _, _, source = prepared(kp_source)

    features = GLUE.motion_features(source, kp_driving + torch.tensor([9.0, 0.0, 0.0]))

    per_motion = features[:, : MOTIONS * 3].unflatten(1, (MOTIONS, 3))
    assert per_motion[:, 1:, 1:].abs().max() == 0
    assert per_motion[:, 0, 1:].abs().max() > 0  # the background stays


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("taps", [3, 7])
def test_taps_added_along_the_depth_are_a_3d_convolution(depth: int, taps: int) -> None:
    volume, weight = random(2, 4, depth, 6, 8), random(5, 4, taps, 3, 3, seed=2)
    bias = random(5, seed=3)
    half = (taps // 2, 1, 1)
    expected = slices(functional.relu(functional.conv3d(volume, weight, bias, padding=half)))
    parts = taps_of(volume, weight)

    plain = GLUE.shift_add(parts, bias, depth=depth, taps=taps)
    pooled = GLUE.shift_add(parts, bias, depth=depth, taps=taps, pool=True)

    assert error(plain, expected) < 1e-12 and packed(plain)
    assert error(pooled, functional.avg_pool2d(expected, 2)) < 1e-12 and packed(pooled)


def test_answers_are_written_beside_other_channels() -> None:
    volume, weight, bias = random(2, 4, 5, 6, 8), random(3, 4, 3, 3, 3), random(3)
    parts = taps_of(volume, weight)
    expected = GLUE.shift_add(parts, bias, depth=5, taps=3)
    joint, beside = torch.zeros(10, 9, 6, 8).double(), torch.zeros(10, 9, 6, 8).double()

    GLUE.shift_add(parts, bias, depth=5, taps=3, out=joint[:, :3], also=beside[:, 6:])

    assert torch.equal(joint[:, :3], expected) and joint[:, 3:].abs().max() == 0
    assert torch.equal(beside[:, 6:], expected) and beside[:, :6].abs().max() == 0


@pytest.mark.parametrize("batch", [1, 3])
def test_mixing_is_softmax_deformation_and_sampling(batch: int) -> None:
    kp_driving, kp_source = keypoints(batch)
    network, feature_3d, source = prepared(kp_source)
    dense = network.dense_motion_network
    x = random(batch, dense.mask.in_channels, DEPTH, 16, 24, seed=9)
    mask = functional.softmax(dense.mask(x), dim=1)
    shift = kp_source - kp_driving
    grid = coordinate_grid(DEPTH, 16, 24, like=x)
    at = grid + torch.einsum("bkdhw,bkc->bdhwc", mask[:, 1:], shift)
    expected = sample(feature_3d.expand(batch, -1, -1, -1, -1), at)  # (B, C, D, H, W)
    parts = functional.pad(taps_of(x, dense.mask.weight), (0, 0, 0, 0, 0, 5))

    mixed = GLUE.mix(parts, dense.mask.bias, source, kp_driving)

    assert dense.mask.kernel_size[0] == MASK_TAPS
    assert error(mixed, expected.transpose(1, 2).flatten(1, 2)) < 1e-12 and packed(mixed)


def test_sampling_at_the_borders_and_outside_is_the_readable_ones() -> None:
    _, kp_source = keypoints(1)
    _, feature_3d, source = prepared(kp_source)
    at = coordinate_grid(DEPTH, 16, 24, like=kp_source)[None] * 1.4  # edges, half and all outside

    answer = sampled(source, at)

    assert error(answer.permute(0, 4, 1, 2, 3), sample(feature_3d, at)) < 1e-12


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_coordinates_that_are_not_finite_read_nothing_outside(bad: float) -> None:
    kp_driving, kp_source = keypoints(1)
    _, _, source = prepared(kp_source)
    parts = random(DEPTH, MASK_TAPS * MOTIONS, 16, 24)
    kp_driving[0, 0, 0] = bad

    mixed = GLUE.mix(parts, torch.zeros(MOTIONS).double(), source, kp_driving)

    assert mixed.isfinite().all() == (bad == 1e30)


@pytest.mark.parametrize("side", [3, 7])
def test_occlusion_taps_are_one_convolution_over_all_slices(side: int) -> None:
    x, weight, bias = random(2, 3 * DEPTH, 9, 5), random(1, 3 * DEPTH, side, side), random(1)
    expected = torch.sigmoid(functional.conv2d(x, weight, bias, padding=side // 2))
    per_slice = weight[0].unflatten(0, (3, DEPTH)).flatten(2)  # (C, D, taps)
    planes = x.unflatten(1, (3, DEPTH))
    parts = torch.einsum("bcdhw,cdt->bdthw", planes, per_slice).flatten(0, 1)
    parts = functional.pad(parts, (0, 0, 0, 0, 0, 7))

    occlusion = GLUE.occlusion(parts, bias, depth=DEPTH, side=side)

    assert error(occlusion, expected) < 1e-12


def test_activation_and_gate_take_slices() -> None:
    x, bias, gate = random(2, 12, 4, 5), random(4), torch.rand(2, 1, 4, 5).double()
    terms = (x[:, :4], x[:, 4:8], x[:, 8:])

    active = GLUE.activate(terms, bias, 0.2)
    gated = GLUE.gate(x[:, 4:8], bias, gate)

    column = bias[:, None, None]
    summed = sum(terms) + column
    assert error(active, functional.leaky_relu(summed, 0.2)) < 1e-12 and packed(active)
    assert error(gated, (x[:, 4:8] + column) * gate) < 1e-12 and packed(gated)


def test_shared_parts_lie_ready_for_their_convolutions() -> None:
    x, bias = random(2, 15, 4, 6), random(12)

    groups = GLUE.shared(x[:, 3:], bias, groups=3)

    expected = functional.relu(x[:, 3:] + bias[:, None, None])
    assert groups.shape == (3, 2, 4, 4, 6)
    assert all(packed(group) for group in groups)
    assert torch.equal(torch.cat(tuple(groups), dim=1), expected)


@pytest.mark.parametrize("scale", [1, 2])
def test_norm_gain_and_offset_of_a_repeated_map_are_those_of_the_map(scale: int) -> None:
    small, painted = random(2, 6, 5, 4, seed=4), random(2, 12, 5 * scale, 4 * scale, seed=5)
    gain, offset, gain_bias, offset_bias = painted[:, :6], painted[:, 6:], random(6), random(6)
    large = functional.interpolate(small, scale_factor=float(scale))
    plain = nn.InstanceNorm2d(6)(large) * (gain + gain_bias[:, None, None])
    full = functional.leaky_relu(plain + offset + offset_bias[:, None, None], 0.2)

    normed = GLUE.statistics((small,), 1e-5)
    bare = GLUE.modulate(normed, gain, gain_bias, None, None, slope=None, scale=scale)
    done = GLUE.modulate(normed, gain, gain_bias, offset, offset_bias, slope=0.2, scale=scale)

    assert error(bare, plain) < 1e-12 and packed(bare)
    assert error(done, full) < 1e-12 and packed(done)


def test_statistics_are_of_the_sum_and_ignore_a_bias() -> None:
    x, bias = random(2, 9, 5, 4), 10 * random(3)[:, None, None]
    terms = (x[:, :3], x[:, 3:6], x[:, 6:])

    normed = GLUE.statistics(terms, 1e-5)
    biased = GLUE.statistics((*terms, bias.expand(2, 3, 5, 4)), 1e-5)

    def norm(n: Normed) -> Any:
        return (n.x - n.mean[..., None, None]) * n.rstd[..., None, None]

    assert error(normed.x, sum(terms)) < 1e-12
    assert error(norm(normed), nn.InstanceNorm2d(3)(sum(terms))) < 1e-12
    assert error(norm(biased), norm(normed)) < 1e-12
    assert normed.mean.shape == normed.rstd.shape == (2, 3)


def test_half_precision_is_normed_by_float32_statistics() -> None:
    x = (100.0 + random(1, 2, 64, 64)).half()

    normed = GLUE.statistics((x,), 1e-5)

    assert normed.mean.dtype is normed.rstd.dtype is torch.float32
    assert error(normed.mean, x.double().mean((2, 3))) < 1e-6


@pytest.mark.parametrize("upscale", [2, 4])
def test_bytes_are_those_of_the_readable_picture(upscale: int) -> None:
    logits = 3 * random(2, 3 * upscale**2, 6, 5, dtype=torch.float32)
    image = torch.sigmoid(functional.pixel_shuffle(logits, upscale)).numpy()

    frames = GLUE.picture(torch.cat((logits, logits), dim=1)[:, : logits.shape[1]])

    assert frames.dtype is torch.uint8 and frames.is_contiguous()
    for frame, plain in zip(frames.numpy(), image, strict=True):
        assert np.array_equal(frame, pixels(plain[None]))


def test_another_photo_is_taken_into_the_same_memory() -> None:
    kp_driving, kp_source = keypoints(1)
    _, _, source = prepared(kp_source)
    _, _, other = prepared(kp_driving)
    places = [getattr(source, field.name).data_ptr() for field in fields(source)]

    source.take(other)

    assert [getattr(source, field.name).data_ptr() for field in fields(source)] == places
    for field in fields(source):
        assert torch.equal(getattr(source, field.name), getattr(other, field.name))
