"""The table of expression offsets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.engines.liveportrait.expression import ELSEWHERE, OFFSETS, offsets
from streamer.parameters import PARAMETERS, neutral_face

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.02)


def test_every_parameter_is_used_here_or_elsewhere_and_none_twice() -> None:
    assert sorted([*OFFSETS, *ELSEWHERE]) == sorted(PARAMETERS)


def test_a_face_at_rest_adds_nothing() -> None:
    assert not offsets(REST).any()


@given(st.sampled_from(sorted(OFFSETS)), st.floats(0, 1), st.sampled_from(sorted(OFFSETS)))
def test_parameters_add_up(name: str, share: float, other: str) -> None:
    def at(parameter: str) -> float:
        p = PARAMETERS[parameter]
        return p.low + share * (p.high - p.low)

    one, two = {name: at(name)}, {other: at(other)}
    both = offsets(REST | one | two)

    if name != other:
        assert np.allclose(both, offsets(REST | one) + offsets(REST | two), atol=1e-7)


def test_wink_moves_one_eye_only() -> None:
    moved = {int(k) for k in np.flatnonzero(offsets(REST | {"wink": 39.0}).any(axis=1))}

    assert moved & {11, 13, 15, 16} == {11, 13}


def test_shift_x_carries_the_callers_sign() -> None:
    assert offsets(REST | {"shift_x": 0.1})[5].tolist() == pytest.approx([-0.1, 0, 0])


def test_looking_down_lowers_half_a_lid() -> None:
    down = offsets(REST | {"eyeball_y": -40.0})[:, 1]

    assert down[[11, 15]].tolist() == pytest.approx([0.02, 0.02])
    assert down[[13, 16]].tolist() == pytest.approx([0.006, 0.006])
