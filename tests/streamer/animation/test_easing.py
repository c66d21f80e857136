"""Curves between keyframes."""

from itertools import pairwise

import pytest

from streamer.animation.easing import EASINGS

REST_TO_REST = ("smoothstep", "min_jerk", "quick", "lazy", "overshoot", "ease_in_out")


@pytest.mark.parametrize("name", EASINGS)
def test_curve_goes_from_0_to_1_without_leaving_far(name: str) -> None:
    values = [EASINGS[name](k / 500) for k in range(501)]

    assert values[0] == 0.0
    assert values[-1] == pytest.approx(1.0, abs=1e-12)
    assert min(values) >= -0.001
    assert max(values) <= (1.1 if name == "overshoot" else 1.0 + 1e-12)
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.01


@pytest.mark.parametrize("name", REST_TO_REST)
def test_curve_starts_and_ends_at_rest(name: str) -> None:
    curve = EASINGS[name]

    assert curve(1e-4) / 1e-4 < 0.01
    assert abs(1.0 - curve(1.0 - 1e-4)) / 1e-4 < 0.01


def test_quick_is_no_mirror_of_lazy_or_of_itself() -> None:
    quick, lazy = EASINGS["quick"], EASINGS["lazy"]

    assert quick(0.25) > 1.0 - quick(0.75) + 0.1  # early on the way out, long on the way in
    assert lazy(0.5) < 0.3 < 0.7 < quick(0.5)
