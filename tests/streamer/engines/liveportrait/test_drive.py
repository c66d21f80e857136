"""From a face to keypoints: no jump on the way, and the reference's values where poses are held."""

from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.keypoints import Motion
from streamer.engines.liveportrait.networks.stitching import EYE, LIP, STITCHING, KeypointMlp
from streamer.engines.liveportrait.retargeting import BLEND_RATIO, at_rest, blend
from streamer.parameters import PARAMETERS, Face, neutral_face

pytestmark = pytest.mark.neural


def driver(eye: float = 0.37, lip: float = 0.03) -> Driver:
    source = torch.Generator().manual_seed(11)

    def net(dims: Any) -> KeypointMlp:
        network = KeypointMlp(dims)
        with torch.no_grad():
            for value in network.parameters():
                value.normal_(0.0, 0.2, generator=source)
        return network.requires_grad_(False)

    motion = Motion(
        *(torch.tensor([[v]]) for v in (4.0, -9.0, 2.0)),
        shift=torch.tensor([[0.1, -0.2, 0.03]]),
        exp=torch.randn(1, 21, 3, generator=source) * 0.02,
        scale=torch.tensor([[1.5]]),
        kp=torch.randn(1, 21, 3, generator=source) * 0.3,
    )
    ratios = at_rest((eye + 0.004, eye - 0.002), lip + 0.001, 0.0, 0.8)
    return Driver.of(motion, ratios, net(STITCHING), net(EYE), net(LIP))


def rest(d: Driver) -> Face:
    return neutral_face(eye_ratio=d.ratios.eye, lip_ratio=d.ratios.lip)


def largest_step(
    d: Driver, name: str, count: int, within: tuple[float, float] | None = None
) -> float:
    """The largest move of any keypoint while one parameter walks its range in ``count`` steps."""
    low, high = within or (PARAMETERS[name].low, PARAMETERS[name].high)
    face = rest(d)
    path = torch.cat([d.x_d(face | {name: low + (high - low) * i / count}) for i in range(count)])
    return float((path[1:] - path[:-1]).abs().max())


@pytest.mark.parametrize("name", list(PARAMETERS))
def test_no_parameter_makes_the_keypoints_jump(name: str) -> None:
    d = driver()

    coarse, fine = largest_step(d, name, 300), largest_step(d, name, 1200)

    # A quarter of the step moves a quarter as far; a jump would stay as large as it is.
    assert fine < 0.3 * coarse


@pytest.mark.parametrize("name", ["eye_ratio", "lip_ratio"])
def test_the_references_switch_does_jump_which_is_why_it_is_blended(name: str) -> None:
    d = driver().switched()

    assert largest_step(d, name, 1200) > 0.9 * largest_step(d, name, 300)


@pytest.mark.parametrize("name", ["eye_ratio", "lip_ratio"])
def test_no_jump_either_where_the_photos_own_ratio_is_at_the_ranges_end(name: str) -> None:
    for own in (0.0, 0.01, 0.79, 0.8):
        d = driver(own, own)
        near = max(own - 0.06, 0.0), min(own + 0.06, 0.8)
        assert largest_step(d, name, 800, near) < 0.3 * largest_step(d, name, 200, near)


@given(
    st.sampled_from(["eye_ratio", "lip_ratio"]),
    st.floats(0.0, 0.8),
    st.floats(0.0, 0.8),
)
@settings(max_examples=40, deadline=None)
def test_the_references_value_is_met_at_rest_at_the_ends_and_beyond_the_ramp(
    name: str, own: float, target: float
) -> None:
    d = driver(own, own)
    at = d.ratios.eye if name == "eye_ratio" else d.ratios.lip
    for value in (0.0, 0.8, at, target):
        if value in (0.0, 0.8, at) or abs(value - at) >= BLEND_RATIO:
            face = rest(d) | {name: value}
            assert torch.equal(d.x_d(face), d.switched().x_d(face))


@given(st.floats(0, 0.8), st.floats(0, 0.8), st.floats(0, 0.1))
def test_blend_is_a_share_and_symmetric_about_the_photos_own(
    target: float, own: float, width: float
) -> None:
    share = blend(target, own, 0.0, 0.8, width)

    assert 0.0 <= share <= 1.0
    assert (share == 0.0) <= (abs(target - own) < 0.001 or width == 0.0 or target == own)


def test_corrections_come_in_the_references_order() -> None:
    d = driver()
    steps = d.steps(rest(d) | {"eye_ratio": 0.1, "lip_ratio": 0.4, "head_yaw": 10.0})
    without = d.steps(rest(d) | {"head_yaw": 10.0})

    assert without.eyes is None
    assert without.lips is None
    moved = steps.before_stitching - without.before_stitching
    assert torch.allclose(moved, steps.eyes + steps.lips, atol=1e-6)
    assert torch.equal(d.unstitched().steps(rest(d)).x_d, d.steps(rest(d)).before_stitching)


def test_ratios_at_rest_are_rounded_as_sliders_and_kept_in_range() -> None:
    ratios = at_rest((0.412, 0.423), 0.9, 0.0, 0.8)

    assert ratios.eye == 0.42
    assert ratios.lip == 0.8
    assert ratios.mouth == 0.9
