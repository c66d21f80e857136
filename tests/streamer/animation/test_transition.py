"""Glides and followers: from the value and velocity of an instant."""

import random
from itertools import pairwise

import pytest

from streamer.animation.transition import Follower, Glide


def test_new_goal_in_the_middle_keeps_value_and_velocity() -> None:
    glide = Glide(0.0, 1.0)
    glide.to(1.0, 0.0)
    h = 1e-6
    value, velocity = glide.at(0.5), (glide.at(0.5) - glide.at(0.5 - h)) / h

    glide.to(-1.0, 0.5)

    assert glide.at(0.5) == pytest.approx(value, abs=1e-12)
    assert (glide.at(0.5 + h) - glide.at(0.5)) / h == pytest.approx(velocity, abs=1e-3)
    assert glide.at(1.5) == -1.0
    assert glide.done(1.5)


def test_glide_from_rest_stays_between_start_and_goal() -> None:
    glide = Glide(2.0, 0.3)
    glide.to(5.0, 10.0)

    values = [glide.at(10.0 + 0.3 * k / 200) for k in range(201)]

    assert values == sorted(values)
    assert (values[0], values[-1]) == (2.0, 5.0)


def test_follower_does_not_depend_on_the_size_of_its_steps() -> None:
    rng = random.Random(4)
    coarse, fine = Follower(0.0, 1.0), Follower(0.0, 1.0)
    for _ in range(200):
        target = rng.uniform(0.0, 1.0)
        coarse.step(target, 1 / 30)
        for _ in range(4):
            fine.step(target, 1 / 120)
        assert fine.value == pytest.approx(coarse.value, abs=1e-12)


def test_drag_over_the_range_in_half_a_second_lags_less_than_two_frames() -> None:
    follower = Follower(0.0, 1.0)
    speed = 2.0
    lag = 0.0
    for k in range(1, 15):
        follower.step(speed * k / 30, 1 / 30)
        lag = (speed * k / 30 - follower.value) / speed
        assert lag < 2 / 30
    assert lag > 0.0


def test_jump_of_the_slider_becomes_a_glide_of_about_a_quarter_of_a_second() -> None:
    follower = Follower(0.0, 1.0)

    values = [follower.step(1.0, 1 / 120) for _ in range(60)]

    assert values == sorted(values)
    assert max(b - a for a, b in pairwise(values)) < 0.06
    reached = next(k for k, value in enumerate(values, start=1) if value > 0.99) / 120
    assert 0.15 < reached < 0.35
    assert values[-1] == pytest.approx(1.0, abs=1e-4)
