"""Lid and lip ratios."""

import numpy as np
import pytest

from streamer.engines.liveportrait.ratios import eye_ratios, lip_ratio


def landmarks(left: float, right: float, mouth: float) -> np.ndarray:
    points = np.zeros((203, 2), np.float32)
    points[[0, 12]] = (0, 0), (10, 0)
    points[[6, 18]] = (5, 0), (5, 10 * left)
    points[[24, 36]] = (20, 0), (30, 0)
    points[[30, 42]] = (25, 0), (25, 10 * right)
    points[[48, 66]] = (5, 20), (25, 20)
    points[[90, 102]] = (15, 20), (15, 20 + 20 * mouth)
    return points


def test_ratios_are_openings_over_widths_of_each_eye_and_the_lips() -> None:
    points = landmarks(0.3, 0.4, 0.05)

    assert eye_ratios(points).tolist() == pytest.approx([0.3, 0.4], abs=1e-6)
    assert lip_ratio(points) == pytest.approx(0.05, abs=1e-6)


def test_ratios_do_not_depend_on_place_size_or_roll() -> None:
    points = landmarks(0.3, 0.4, 0.05)
    turned = 3 * points @ np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32) + 7

    assert np.allclose(eye_ratios(turned), eye_ratios(points), atol=1e-5)
    assert lip_ratio(turned) == pytest.approx(float(lip_ratio(points)), abs=1e-5)


def test_eyes_without_width_do_not_divide_by_zero() -> None:
    assert np.isfinite(eye_ratios(np.zeros((203, 2), np.float32))).all()
