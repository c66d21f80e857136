"""Every name that trackers send has its row, and every row leads somewhere."""

from typing import get_args

import pytest

from control.osc.vmc.table import ARKIT_NAMES, FAMILIES, VRM_NAMES, Channel, key, row_of

# Source: VRM 0.x specification, BlendShapePreset; VRM 1.0, expressions.
VRM0 = "Neutral A I U E O Blink Joy Angry Sorrow Fun LookUp LookDown LookLeft LookRight Blink_L"
VRM1 = (
    "happy angry sad relaxed surprised aa ih ou ee oh blink blinkLeft blinkRight "
    "lookUp lookDown lookLeft lookRight neutral"
)


def test_all_52_shapes_of_arkit_are_known() -> None:
    assert len(ARKIT_NAMES) == 52
    assert len({key(name) for name in ARKIT_NAMES}) == 52


@pytest.mark.parametrize("name", [*VRM0.split(), "Blink_R", *VRM1.split()])
def test_all_expressions_of_vrm_0_and_1_are_known(name: str) -> None:
    assert row_of(name) is not None


@pytest.mark.parametrize("name", ["eyeBlinkLeft", "EyeBlinkLeft", "eyeBlink_L", "EYEBLINK_L"])
def test_programs_spell_names_in_their_own_ways(name: str) -> None:
    assert row_of(name) == row_of("eyeBlinkLeft") != row_of("eyeBlinkRight")


def test_what_nobody_has_heard_of_has_no_row() -> None:
    assert row_of("Sparkles") is None
    assert row_of("") is None


def test_every_channel_is_reached() -> None:
    reached = {c for family in FAMILIES for row in family.values() for c, _ in row}

    assert reached == set(get_args(Channel))


@pytest.mark.parametrize("name", [n for n in ARKIT_NAMES if n.endswith("Left")])
def test_a_shape_has_both_sides(name: str) -> None:
    if name in ("jawLeft", "mouthLeft"):
        return  # these go to one side
    assert row_of(name.removesuffix("Left") + "Right") is not None


def test_vrm_and_arkit_agree_on_the_sides() -> None:
    assert row_of("Blink_L")[0][0] == row_of("eyeBlinkLeft")[0][0]  # type: ignore[index]
    # The person's left is the right of the picture.
    assert row_of("lookLeft")[0][1] > 0 < row_of("eyeLookOutLeft")[0][1]  # type: ignore[index]


def test_names_of_both_families_do_not_meet() -> None:
    assert not {key(n) for n in ARKIT_NAMES} & {key(n) for n in VRM_NAMES}
