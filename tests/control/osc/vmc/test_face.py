"""What a tracker sends becomes parameters, in the picture's signs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.osc.vmc.bones import STILL, Turn, angles, then, turn
from control.osc.vmc.face import MAX_NAMES, TrackedFace
from control.osc.vmc.table import ARKIT_NAMES, VRM_NAMES
from streamer import PARAMETERS
from streamer.parameters import neutral_face

REST = neutral_face(eye_ratio=0.4, lip_ratio=0.06)


def face(**blends: float) -> dict[str, float]:
    tracked = TrackedFace()
    for name, value in blends.items():
        tracked.blend(name, value)
    tracked.apply()
    return tracked.parameters(REST)


def about(axis: str, degrees: float) -> Turn:
    half = math.radians(degrees) / 2
    x, y, z = (math.sin(half) if a == axis else 0.0 for a in "xyz")
    return Turn(x, y, z, math.cos(half))


def test_blend_shapes_count_only_from_apply_on() -> None:
    tracked = TrackedFace()
    tracked.blend("jawOpen", 1.0)
    assert tracked.parameters(REST) == {}

    assert tracked.apply()
    assert tracked.parameters(REST)["lip_ratio"] == pytest.approx(0.56)
    assert not tracked.apply()


def test_a_face_at_rest_is_the_photos_own() -> None:
    still = face(**dict.fromkeys(ARKIT_NAMES, 0.0), **dict.fromkeys(VRM_NAMES, 0.0))

    assert still == {n: pytest.approx(REST[n]) for n in still}
    assert set(still) >= {"eye_ratio", "wink", "lip_ratio", "smile", "eyebrow", "eyeball_x"}


def test_both_lids_are_the_lids_and_one_is_a_wink() -> None:
    assert face(eyeBlinkLeft=1.0, eyeBlinkRight=1.0) == {"eye_ratio": 0.0, "wink": 0.0}
    # The person's right is the picture's left, whose eye can wink.
    right = face(eyeBlinkLeft=0.0, eyeBlinkRight=1.0)
    assert right == {"eye_ratio": 0.4, "wink": 39.0}
    left = face(eyeBlinkLeft=1.0, eyeBlinkRight=0.0)
    assert left == {"eye_ratio": 0.4, "wink": 0.0}
    half = face(eyeBlinkLeft=0.4 / 1.15, eyeBlinkRight=1.0)
    assert half["eye_ratio"] == pytest.approx(0.24)
    assert half["wink"] == pytest.approx(39 * 0.6)


def test_a_blink_of_both_leaves_winks_to_the_presets() -> None:
    assert face(Blink=0.5) == {"eye_ratio": pytest.approx(0.2)}


def test_wide_eyes_open_further_and_a_squint_narrows() -> None:
    assert face(eyeWideLeft=1.0, eyeWideRight=1.0)["eye_ratio"] == pytest.approx(0.8)
    assert face(eyeSquintLeft=1.0, eyeSquintRight=1.0)["eye_ratio"] == pytest.approx(0.26)


@pytest.mark.parametrize(
    ("blends", "name", "sign"),
    [
        ({"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}, "smile", 1),
        ({"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}, "smile", -1),
        ({"mouthPucker": 1.0}, "pout", 1),
        ({"mouthPressLeft": 1.0, "mouthPressRight": 1.0}, "purse", 1),
        ({"mouthStretchLeft": 1.0}, "grin", 1),
        ({"browInnerUp": 1.0}, "eyebrow", 1),
        ({"browDownLeft": 1.0, "browDownRight": 1.0}, "eyebrow", -1),
        ({"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, "eyeball_x", 1),
        ({"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0}, "eyeball_x", -1),
        ({"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0}, "eyeball_y", 1),
        ({"lookDown": 1.0}, "eyeball_y", -1),
        ({"Joy": 1.0}, "smile", 1),
        ({"Angry": 1.0}, "eyebrow", -1),
        ({"Sorrow": 1.0}, "smile", -1),
        ({"U": 1.0}, "pout", 1),
    ],
)
def test_shapes_move_their_parameter_the_right_way(
    blends: dict[str, float], name: str, sign: int
) -> None:
    value = face(**blends)[name]
    parameter = PARAMETERS[name]

    assert math.copysign(1, value) == sign
    # Something that people see: a third of the way at least.
    assert abs(value) >= abs(parameter.high if sign > 0 else parameter.low) / 3


def test_lips_closed_over_an_open_jaw_stay_closed() -> None:
    assert face(jawOpen=0.7, mouthClose=0.7)["lip_ratio"] == pytest.approx(REST["lip_ratio"])


def test_a_program_that_sends_both_families_opens_the_mouth_once() -> None:
    assert face(jawOpen=0.8, A=1.0) == face(jawOpen=0.8)
    assert face(jawOpen=0.0, A=1.0) == face(A=1.0)


def test_only_what_was_sent_is_given() -> None:
    assert set(face(jawOpen=0.5)) == {"lip_ratio"}
    assert face(cheekPuff=1.0) == {}


@pytest.mark.parametrize(
    ("axis", "name"), [("x", "head_pitch"), ("y", "head_yaw"), ("z", "head_roll")]
)
@pytest.mark.parametrize("degrees", [-6.0, 4.0])
def test_the_head_turns_as_it_is_seen_in_the_picture(axis: str, name: str, degrees: float) -> None:
    tracked = TrackedFace()

    assert tracked.bone("Head", about(axis, degrees))

    given = tracked.parameters(REST)
    assert set(given) == {"head_pitch", "head_yaw", "head_roll"}
    assert given.pop(name) == pytest.approx(degrees, rel=0.12)
    assert all(value == pytest.approx(0.0, abs=1e-9) for value in given.values())


def test_the_neck_carries_the_head_and_far_turns_end_softly() -> None:
    tracked = TrackedFace()
    tracked.bone("Neck", about("y", 5.0))
    tracked.bone("Head", about("y", 5.0))
    assert tracked.parameters(REST)["head_yaw"] == pytest.approx(10.0, rel=0.06)

    tracked.bone("Head", about("y", 80.0))
    assert 24.0 < tracked.parameters(REST)["head_yaw"] < 25.0


def test_angles_come_back_out_of_a_rotation_in_three_axes() -> None:
    both = then(then(about("y", 12.0), about("x", -7.0)), about("z", 5.0))

    assert angles(both) == pytest.approx((-7.0, 12.0, 5.0))
    assert angles(STILL) == (0.0, 0.0, 0.0)


def test_eyes_look_where_their_bones_point() -> None:
    tracked = TrackedFace()
    tracked.bone("LeftEye", about("y", 10.0))  # to the avatar's right: the picture's left
    tracked.bone("RightEye", about("y", 10.0))
    assert tracked.parameters(REST)["eyeball_x"] == pytest.approx(-13.0)

    tracked.bone("LeftEye", about("x", 10.0))  # down
    tracked.bone("RightEye", about("x", 10.0))
    assert tracked.parameters(REST)["eyeball_y"] == pytest.approx(-21.0)


def test_eyes_look_at_the_point_that_was_set() -> None:
    tracked = TrackedFace()

    tracked.look(0.1, 0.0, 1.0)  # to the avatar's right
    assert tracked.parameters(REST)["eyeball_x"] < 0
    tracked.look(0.0, 0.1, -1.0)  # behind the head: nobody looks there
    assert tracked.parameters(REST)["eyeball_x"] < 0


@pytest.mark.parametrize("four", [(0, 0, 0, 0), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1)])
def test_four_numbers_that_are_no_rotation_are_told(four: tuple[float, ...]) -> None:
    assert turn(*four) is None


def test_bones_without_use_are_told() -> None:
    assert not TrackedFace().bone("LeftHand", STILL)


def test_made_up_names_cost_no_memory() -> None:
    tracked = TrackedFace()
    for i in range(5 * MAX_NAMES):
        tracked.blend(f"shape {i}", 1.0)
        tracked.apply()
    assert len(tracked._blends) <= MAX_NAMES


@given(
    blends=st.dictionaries(
        st.sampled_from([*ARKIT_NAMES, *VRM_NAMES]), st.floats(-1e6, 1e6), max_size=70
    ),
    head=st.tuples(*[st.floats(-1, 1)] * 4),
)
def test_whatever_comes_every_parameter_is_finite_and_in_range(
    blends: dict[str, float], head: tuple[float, ...]
) -> None:
    tracked = TrackedFace()
    for name, value in blends.items():
        tracked.blend(name, value)
    tracked.apply()
    turned = turn(*head)
    if turned is not None:
        tracked.bone("Head", turned)

    for name, value in tracked.parameters(REST).items():
        assert PARAMETERS[name].low <= value <= PARAMETERS[name].high
