"""The fast warping network against the readable one."""

import copy

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.fast.torch_glue import TorchGlue
from streamer.engines.liveportrait.fast.warping import FastWarping
from streamer.engines.liveportrait.networks.fold import fold
from streamer.engines.liveportrait.networks.warping import WarpingDims, WarpingNetwork
from tests.streamer.engines.liveportrait.fast.full_size import work
from tests.streamer.engines.liveportrait.fast.packing import (
    FORBIDDEN,
    VOLUME,
    Operations,
    error,
    keypoints,
    packed,
    random,
    seeded,
    warping,
)

pytestmark = pytest.mark.neural

GLUE = TorchGlue()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_the_fast_form_draws_what_the_readable_one_draws(
    batch: int, dtype: torch.dtype, most: float
) -> None:
    network = warping(dtype)
    feature_3d = random(1, VOLUME.channels, VOLUME.depth, 16, 24, dtype=dtype)
    kp_driving, kp_source = (kp.to(dtype) for kp in keypoints(batch))
    many, kp_many = feature_3d.expand(batch, -1, -1, -1, -1), kp_source.expand(batch, -1, -1)
    expected = network(many, kp_driving, kp_many).features

    fast = FastWarping.of(network, dtype, GLUE)
    answer = fast(fast.prepare(feature_3d, kp_source), kp_driving)

    assert error(answer, expected) < most
    assert packed(answer) and answer.dtype is dtype


def test_packing_a_folded_network_gives_the_same_and_leaves_it_as_it_is() -> None:
    network = warping()
    before = copy.deepcopy(network.state_dict())
    kp_driving, kp_source = keypoints(1)
    feature_3d = random(1, VOLUME.channels, VOLUME.depth, 16, 16)

    def answer(readable: WarpingNetwork) -> torch.Tensor:
        fast = FastWarping.of(readable, torch.float64, GLUE)
        return fast(fast.prepare(feature_3d, kp_source), kp_driving)

    assert torch.equal(answer(network), answer(fold(copy.deepcopy(network))))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_unmoved_keypoints_give_the_photos_own_features() -> None:
    network = warping()
    _, kp_source = keypoints(1)
    feature_3d = random(1, VOLUME.channels, VOLUME.depth, 16, 16)
    fast = FastWarping.of(network, torch.float64, GLUE)

    answer = fast(fast.prepare(feature_3d, kp_source), kp_source)

    assert error(answer, network(feature_3d, kp_source, kp_source).features) < 1e-12


def test_a_frame_needs_no_3d_operation_and_no_value_on_the_host() -> None:
    network = warping()
    fast = FastWarping.of(network, torch.float64, GLUE)
    kp_driving, kp_source = keypoints(1)
    feature_3d = random(1, VOLUME.channels, VOLUME.depth, 16, 16)
    source = fast.prepare(feature_3d, kp_source)

    with Operations() as seen:
        fast(source, kp_driving)
    with Operations() as before:
        network(feature_3d, kp_driving, kp_source)

    assert before.most_axes == 5 and "grid_sampler_3d" in before.names
    assert seen.most_axes == 4
    assert not seen.names & FORBIDDEN


def test_a_frame_at_its_real_size_takes_less_work() -> None:
    counted = work()

    # To the last digit: a layer forgotten, or done twice, would show here.
    assert counted["warping"] == pytest.approx((342.080, 328.236), abs=0.001)
    assert counted["generator"] == pytest.approx((891.575, 742.197), abs=0.001)


def test_the_keypoints_memory_may_be_overwritten_between_frames() -> None:
    """What a captured graph does: same tensors, other values."""
    fast = FastWarping.of(warping(), torch.float64, GLUE)
    kp_driving, kp_source = keypoints(1)
    other, _ = keypoints(1, seed=20)
    source = fast.prepare(random(1, VOLUME.channels, VOLUME.depth, 16, 16), kp_source)
    alone = fast(source, other)

    static = kp_driving.clone()
    fast(source, static)
    static.copy_(other)

    assert torch.equal(fast(source, static), alone)


def test_real_channel_counts_in_half_precision_stay_close() -> None:
    # The released sizes, but four slices of 32x32: a sixteenth of a frame's work.
    network = seeded(WarpingNetwork(WarpingDims(depth=4)))
    feature_3d = random(1, 32, 4, 32, 32, dtype=torch.float32)
    kp_driving, kp_source = (kp.float() for kp in keypoints(1, count=21))
    with torch.inference_mode():
        expected = network(feature_3d, kp_driving, kp_source).features

        fast = FastWarping.of(network, torch.float16, GLUE)
        answer = fast(fast.prepare(feature_3d, kp_source), kp_driving)

    assert answer.dtype is torch.float16 and answer.isfinite().all()
    share = (answer.float() - expected).norm() / expected.norm()
    assert share < 2e-3
