import pytest

from streamer.parameters import PARAMETERS, neutral_face

# The table of the reference, README and OSC; ranges are what users' controllers are set to.
EXPECTED = {
    "eye_ratio": (0.0, 0.8),
    "wink": (0.0, 39.0),
    "eyebrow": (-30.0, 30.0),
    "eyeball_x": (-30.0, 30.0),
    "eyeball_y": (-63.0, 63.0),
    "smile": (-0.3, 1.3),
    "lip_ratio": (0.0, 0.8),
    "lip_open": (-90.0, 120.0),
    "pout": (-0.09, 0.09),
    "purse": (-20.0, 15.0),
    "grin": (0.0, 15.0),
    "head_pitch": (-15.0, 15.0),
    "head_yaw": (-25.0, 25.0),
    "head_roll": (-15.0, 15.0),
    "shift_x": (-0.19, 0.19),
    "shift_y": (-0.19, 0.19),
    "scale": (0.9, 1.2),
}


def test_all_seventeen_parameters_have_the_ranges_of_the_contract() -> None:
    assert {name: (p.low, p.high) for name, p in PARAMETERS.items()} == EXPECTED


def test_neutral_is_the_photos_own_ratio_and_one_for_scale() -> None:
    face = neutral_face(eye_ratio=0.38, lip_ratio=0.05)

    assert face["eye_ratio"] == 0.38
    assert face["lip_ratio"] == 0.05
    assert face["scale"] == 1.0
    assert set(face) == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_a_label_and_a_meaning_in_both_languages(name: str) -> None:
    parameter = PARAMETERS[name]

    for texts in (parameter.label, parameter.meaning):
        assert texts["en"].strip()
        assert any("가" <= c <= "힣" for c in texts["ko"])
