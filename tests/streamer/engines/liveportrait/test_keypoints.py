"""The pose equations, looked at in the picture."""

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.keypoints import (
    Motion,
    degrees_from_bins,
    place_driving,
    place_source,
    rotation,
)

pytestmark = pytest.mark.neural


def motion(shift_z: float = 0.0) -> Motion:
    source = torch.Generator().manual_seed(5)
    return Motion(
        *(torch.tensor([[v]]) for v in (4.0, -9.0, 2.0)),
        shift=torch.tensor([[0.1, -0.2, shift_z]]),
        exp=torch.randn(1, 21, 3, generator=source) * 0.02,
        scale=torch.tensor([[1.5]]),
        kp=torch.randn(1, 21, 3, generator=source) * 0.3,
    )


def turn(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> torch.Tensor:
    return rotation(*(torch.tensor([[v]]) for v in (pitch, yaw, roll)))[0]


def test_a_sure_bin_is_its_angle_and_no_idea_is_straight_ahead() -> None:
    logits = torch.full((3, 66), -100.0)
    logits[0, 0] = logits[1, 65] = 100.0
    logits[2] = 0.0

    assert degrees_from_bins(logits).tolist() == pytest.approx([-97.5, 97.5, 0.0], abs=1e-4)


def test_positive_angles_look_down_turn_left_and_tilt_right_in_the_picture() -> None:
    nose = torch.tensor([0.0, 0.0, -1.0])  # towards the viewer
    crown = torch.tensor([0.0, -1.0, 0.0])

    assert (nose @ turn(pitch=10))[1] > 0.1  # y points down
    assert (nose @ turn(yaw=10))[0] < -0.1
    assert (crown @ turn(roll=10))[0] > 0.1


def test_a_rotation_keeps_lengths() -> None:
    r = turn(12, -25, 7)

    assert torch.allclose(r @ r.T, torch.eye(3), atol=1e-6)


def test_the_photos_own_pose_is_met_but_for_the_shift_in_depth() -> None:
    flat, deep = motion(), motion(shift_z=0.25)
    own = rotation(flat.pitch_deg, flat.yaw_deg, flat.roll_deg)

    assert torch.allclose(place_driving(flat, own, flat.exp, 1.0), place_source(flat), atol=1e-6)
    away = place_driving(deep, own, deep.exp, 1.0) - place_source(deep)
    assert torch.allclose(away, torch.tensor([0.0, 0.0, 0.25]).expand(1, 21, 3), atol=1e-6)


def test_scale_enlarges_about_the_shift() -> None:
    m = motion()
    own = rotation(m.pitch_deg, m.yaw_deg, m.roll_deg)

    small, large = (place_driving(m, own, m.exp, s) - m.shift[:, None] for s in (1.0, 1.2))

    assert torch.allclose(large, 1.2 * small, atol=1e-6)
