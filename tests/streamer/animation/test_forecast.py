"""The forecast: what the animator will answer, to the last bit, and without a trace."""

import random
from dataclasses import replace
from types import MappingProxyType

import pytest

from streamer.animation.animator import Animator
from streamer.controls import Cue, Driven, Wishes
from streamer.parameters import PARAMETERS, Face
from tests.streamer.animation.films import LIBRARY, OTHER_REST, REST, Operator

AHEAD = 8


def animator(seed: int) -> Animator:
    return Animator(seed=seed, rest=REST, presets=LIBRARY.presets, styles=LIBRARY.idle_styles)


class Everybody:
    """An operator, a tracker that comes and goes, and somebody who edits files."""

    def __init__(self, seed: int) -> None:
        self.operator = Operator(seed, sliders=True, lengths=[None, 0.1, 0.7, 5.0])
        self.rng = random.Random(seed)
        self.wishes = Wishes()
        self.serial = 0

    def act(self, t: float, animators: list[Animator]) -> bool:
        """Do something, perhaps; returns whether anything may be different from now on."""
        rng, before = self.rng, self.wishes
        self.wishes = replace(self.operator.act(t), driven=self.wishes.driven)
        if rng.random() < 0.05:
            self.serial += 1
            p = rng.choice(list(PARAMETERS.values()))
            given = {p.name: Driven(rng.uniform(p.low, p.high), self.serial)}
            driven = {**self.wishes.driven, "tracker": MappingProxyType(given)}
            self.wishes = replace(self.wishes, driven=MappingProxyType(driven))
        if self.wishes == before:
            self.wishes = before
        edited = rng.random() < 0.02
        kept = {n: p for n, p in LIBRARY.presets.items() if rng.random() < 0.8}
        style = replace(LIBRARY.idle_styles["calm"], description=str(t))
        rest = rng.choice([REST, OTHER_REST])
        if edited:
            for a in animators:
                a.set_presets(kept)
                a.set_styles({**LIBRARY.idle_styles, "calm": style})
                a.set_rest(rest)
        return edited or self.wishes is not before


@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize("seed", range(5))
def test_forecast_is_what_comes_whatever_anybody_has_done_before(seed: int, fps: int) -> None:
    a, everybody = animator(seed), Everybody(seed)
    expected: list[Face] = []
    compared = 0
    for k in range(fps * 15):
        if everybody.act(k / fps, [a]):
            expected = []
        face = a.at(k / fps, everybody.wishes)
        if expected:
            assert face == expected[0]
            compared += 1
        times = [(k + 1 + i) / fps for i in range(AHEAD)]
        forecast = a.forecast(times, everybody.wishes)
        assert not expected or forecast[: len(expected) - 1] == expected[1:]
        expected = forecast

    assert compared > fps * 8


@pytest.mark.parametrize("seed", range(4))
def test_film_is_the_same_whether_or_not_anybody_asked_what_comes(seed: int) -> None:
    asked, left_alone, everybody = animator(seed), animator(seed), Everybody(seed)
    rng = random.Random(seed)
    for k in range(30 * 20):
        everybody.act(k / 30, [asked, left_alone])
        assert asked.at(k / 30, everybody.wishes) == left_alone.at(k / 30, everybody.wishes)
        assert asked.playing == left_alone.playing
        assert asked.driven == left_alone.driven
        if rng.random() < 0.5:
            # Also far ahead, and for wishes that nobody has: a press, another style, a pause.
            cue = Cue(10**9, rng.choice(list(LIBRARY.presets)))
            other = replace(
                everybody.wishes, cues=(cue,), idle_style="sleepy", held={"smile": rng.random()}
            )
            asked.forecast([(k + 1) / 30, k / 30 + 3.0], rng.choice([everybody.wishes, other]))


def test_forecast_before_the_first_frame_is_the_first_frame() -> None:
    a = animator(3)

    forecast = a.forecast([0.0, 1 / 30], Wishes())

    assert forecast == [a.at(0.0, Wishes()), a.at(1 / 30, Wishes())]


def test_forecast_knows_of_a_press_that_is_due_later() -> None:
    a = animator(3)
    wishes = Wishes(cues=(Cue(1, "surprise", at=0.1),))
    a.at(0.0, wishes)

    forecast = a.forecast([k / 30 for k in range(1, 31)], wishes)

    assert a.playing == ()
    assert forecast == [a.at(k / 30, wishes) for k in range(1, 31)]
    assert max(face["eyebrow"] for face in forecast) > 10.0
