"""Parameters driven from outside: taken over, followed and given back without a jump."""

import copy
import math
import random
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

import pytest

from streamer.animation.animator import Animator
from streamer.animation.drive import RENEWED_WITHIN_S, TAKE_OVER_S, Drive
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Controls, Cue, Driven, Wishes
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.resources import shipped

LIBRARY = PresetLibrary([shipped("presets")])
REST = neutral_face(eye_ratio=0.38, lip_ratio=0.05)
STILL = Wishes(idle_strength=0.0)

Source = Callable[[float], Mapping[str, float]]


def animator(seed: int = 1) -> Animator:
    return Animator(seed=seed, rest=REST, presets=LIBRARY.presets, styles=LIBRARY.idle_styles)


def film(
    source: Source,
    seconds: float,
    *,
    fps: int = 30,
    wishes: Wishes = STILL,
    until: float = math.inf,
) -> list[Face]:
    """Faces of a stream that a source drives at every frame, until it falls silent."""
    a, controls = animator(), Controls(wishes)
    faces = []
    for k in range(round(seconds * fps) + 1):
        t = k / fps
        if t < until:
            controls.drive("tracker", source(t))
        faces.append(a.at(t, controls.snapshot()))
    return faces


def test_a_driven_parameter_follows_within_two_frames_once_it_is_taken_over() -> None:
    turn = 10.0  # degrees a second

    faces = film(lambda t: {"head_yaw": turn * (t - 1.0)}, 2.0)

    for k in (35, 45, 59):
        lag_frames = ((k / 30 - 1.0) - faces[k]["head_yaw"] / turn) * 30
        assert 0.5 < lag_frames < 1.5


def test_a_sudden_value_shows_in_the_very_next_frame() -> None:
    faces = film(lambda t: {"smile": 1.0 if t >= 1.0 else 0.0}, 1.5)

    assert faces[29]["smile"] == pytest.approx(0.0, abs=1e-6)
    assert faces[31]["smile"] > 0.5
    assert faces[35]["smile"] == pytest.approx(1.0, abs=0.01)


def test_nothing_jumps_when_a_tracker_comes_and_when_it_falls_silent() -> None:
    wishes = Wishes(cues=(Cue(1, "smile", at=1.0), Cue(2, "smile", at=5.0)))
    faces = film(
        lambda t: {"head_yaw": 20.0, "smile": -0.3, "eye_ratio": 0.1} if t > 1.4 else {},
        7.0,
        fps=120,
        wishes=wishes,
        until=4.0,
    )

    for name in ("head_yaw", "smile", "eye_ratio"):
        span = PARAMETERS[name].high - PARAMETERS[name].low
        steps = [(b[name] - a[name]) / span for a, b in pairwise(faces)]
        # A layer that came at once would be a step of up to half the range and more.
        assert max(abs(step) for step in steps) < 0.05
        assert max(abs(b - a) for a, b in pairwise(steps)) < 0.01


def test_silence_gives_the_channel_back_to_idle_and_presets_after_a_second() -> None:
    faces = film(lambda _: {"smile": 0.8}, 5.0, until=2.0)

    at = {round(k / 30, 3): face["smile"] for k, face in enumerate(faces)}
    assert at[2.9] == pytest.approx(0.8)
    assert at[round(2.0 + RENEWED_WITHIN_S + TAKE_OVER_S + 0.1, 3)] == 0.0


def test_only_the_channels_that_are_given_are_taken() -> None:
    wishes = Wishes(cues=(Cue(1, "surprise", at=1.0),), idle_strength=0.0)

    alone = [animator().at(0.0, wishes)]
    a = animator()
    alone = [a.at(k / 30, wishes) for k in range(61)]
    driven = film(lambda _: {"head_yaw": 10.0}, 2.0, wishes=wishes)

    for without, with_drive in zip(alone, driven, strict=True):
        assert {n: v for n, v in without.items() if n != "head_yaw"} == {
            n: v for n, v in with_drive.items() if n != "head_yaw"
        }


def test_a_driven_parameter_lies_above_presets_sliders_and_blinks() -> None:
    wishes = Wishes(
        held=MappingProxyType({"eye_ratio": 0.6}),
        cues=tuple(Cue(i, "blink", at=1.0 + 0.4 * i) for i in range(1, 20)),
    )

    faces = film(lambda _: {"eye_ratio": 0.3}, 9.0, wishes=wishes)

    assert all(face["eye_ratio"] == pytest.approx(0.3, abs=1e-3) for face in faces[30:])


def test_the_first_of_two_trackers_keeps_a_parameter_until_it_falls_silent() -> None:
    a, controls = animator(), Controls(STILL)
    faces, sources = [], []
    for k in range(150):
        t = k / 30
        if t < 2.0:
            controls.drive("first", {"smile": 1.0})
        if t >= 1.0:
            controls.drive("second", {"smile": 0.2})
        faces.append(a.at(t, controls.snapshot())["smile"])
        sources.append(a.driven.get("smile"))

    assert faces[58] == pytest.approx(1.0, abs=1e-3)
    assert sources[58] == "first"
    assert faces[-1] == pytest.approx(0.2, abs=1e-3)
    assert sources[-1] == "second"
    assert max(abs(y - x) for x, y in pairwise(faces)) < 0.45


def test_undriving_gives_back_at_once_without_a_jump() -> None:
    a, controls = animator(), Controls(STILL)
    controls.drive("vmc", {"head_roll": 12.0})
    for k in range(31):
        a.at(k / 30, controls.snapshot())
    assert a.driven == {"head_roll": "vmc"}

    controls.undrive("vmc")
    rolls = [a.at(k / 30, controls.snapshot())["head_roll"] for k in range(31, 45)]

    assert not a.driven
    assert rolls[0] == pytest.approx(12.0, abs=0.3)
    assert rolls[-1] == 0.0


def test_a_pause_is_no_silence() -> None:
    a, controls = animator(), Controls(STILL)
    for k in range(31):
        controls.drive("vmc", {"smile": 1.0})
        a.at(k / 30, controls.snapshot())

    controls.pause(True)
    for k in range(31, 200):
        a.at(k / 30, controls.snapshot())
    controls.pause(False)

    assert a.at(200 / 30, controls.snapshot())["smile"] == pytest.approx(1.0)


def test_a_copy_of_the_layer_goes_its_own_way_and_the_same_one() -> None:
    rng = random.Random(3)
    drive, controls = Drive(), Controls()
    for k in range(40):
        controls.drive("vmc", {"smile": rng.random(), "head_yaw": rng.uniform(-20, 20)})
        drive.take(controls.snapshot().driven, k / 30, (k + 1) / 30)

    def ahead(layer: Drive) -> list[list[float]]:
        rows = []
        for k in range(40, 120):
            layer.take(controls.snapshot().driven, k / 30, (k + 1) / 30)
            rows.append([0.0] * len(PARAMETERS))
            layer.lay(rows[-1], (k + 1) / 30)
        return rows

    copied = ahead(copy.deepcopy(drive))

    assert ahead(drive) == copied
    assert copied[0] != copied[-1]


@pytest.mark.parametrize(
    "given",
    [{"smile": Driven(math.nan, 1)}, {"no such": Driven(1.0, 1)}, {"wink": Driven(1e9, 1)}],
)
def test_rubbish_in_the_driven_values_never_leaves_the_range(given: dict[str, Driven]) -> None:
    wishes = Wishes(driven={"vmc": given})

    a = animator()
    for k in range(90):
        face = a.at(k / 30, wishes)
        assert all(p.low <= face[n] <= p.high for n, p in PARAMETERS.items())
