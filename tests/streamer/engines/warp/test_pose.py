from dataclasses import fields

import numpy as np
import pytest

from streamer.engines.warp.pose import Pose, Rest, pose_of
from streamer.parameters import PARAMETERS
from tests.streamer.engines.warp.drawn_face import drawn_face

REST = Rest.of(drawn_face().landmarks)
TOOTHY = Rest.of(drawn_face(teeth=True).landmarks)


def posed(rest: Rest = REST, **values: float) -> Pose:
    return pose_of({**rest.face, **values}, rest)


@pytest.mark.parametrize("rest", [REST, TOOTHY], ids=["closed", "toothy"])
def test_the_neutral_face_is_the_photo_itself(rest: Rest) -> None:
    pose = pose_of(rest.face, rest)

    assert pose.lips == pytest.approx(rest.lips)
    for name in (f.name for f in fields(Pose) if f.name not in ("lips", "lids_l", "lids_r")):
        assert getattr(pose, name) == pytest.approx(getattr(Pose(), name)), name
    assert pose.lids_l.closure == pytest.approx(0.0)
    assert pose.lids_l == pose.lids_r


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("head_yaw", "yaw"),
        ("head_pitch", "pitch"),
        ("head_roll", "roll"),
        ("eyeball_x", "gaze_x"),
        ("eyeball_y", "gaze_y"),
        ("lip_ratio", "lips"),
        ("eyebrow", "brow"),
        ("scale", "zoom"),
    ],
)
def test_a_slider_is_monotone_and_alive_over_its_whole_range(name: str, field: str) -> None:
    p = PARAMETERS[name]
    values = [getattr(posed(**{name: v}), field) for v in np.linspace(p.low, p.high, 41)]
    steps = np.diff(values)

    assert (steps > 0).all() or (steps < 0).all()
    assert np.abs(steps).min() > 0.15 * np.abs(steps).max()


def test_small_head_angles_are_taken_at_their_word() -> None:
    assert np.degrees(posed(head_yaw=-5.0).yaw) == pytest.approx(5.0, abs=0.1)
    assert np.degrees(posed(head_pitch=4.0).pitch) == pytest.approx(4.0, abs=0.1)
    assert np.degrees(posed(head_roll=4.0).roll) == pytest.approx(4.0, abs=0.1)


def test_eyes_shut_at_zero_and_open_wide_at_the_end() -> None:
    assert posed(eye_ratio=0.0).lids_l.closure == 1.0
    assert posed(eye_ratio=0.8).lids_r.closure == pytest.approx(-0.2)
    assert posed(wink=39.0).lids_l.closure == 1.0
    assert posed(wink=39.0).lids_r.closure == 0.0


def test_a_blink_inside_a_wink_closes_no_more_than_shut() -> None:
    assert posed(wink=30.0, eye_ratio=0.0).lids_l.closure == 1.0


def test_the_jaw_closes_lips_that_are_open_and_presses_closed_ones() -> None:
    assert posed(lip_ratio=0.3, lip_open=-40.0).lips < posed(lip_ratio=0.3).lips
    assert posed(lip_open=-90.0).lips == 0.0
    assert posed(lip_open=-90.0).press > 0.5


def test_lips_stay_within_what_a_face_can_do() -> None:
    assert posed(lip_ratio=0.8, lip_open=120.0).lips < 0.62


def test_a_head_that_is_turned_already_turns_less_that_way() -> None:
    marks = drawn_face().landmarks
    marks.nose.tip[0] -= 16.0  # the nose points to the picture's left
    turned = Rest.of(marks)

    left = abs(posed(turned, head_yaw=25.0).yaw)
    right = abs(posed(turned, head_yaw=-25.0).yaw)
    assert left < right
