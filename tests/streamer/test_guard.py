"""What a guard lets through, on scenes that fail in the ways engines do."""

from collections.abc import Callable

import numpy as np
import pytest

from streamer.guard import Guard, brightness, tried
from streamer.parameters import Face
from streamer.view import Frame, View
from tests.fakes import FlatScene, black, device_lost, no_picture, out_of_memory

VIEW = View(width=128, height=64)


class Spoilt(FlatScene):
    """A flat scene whose next frames are spoilt while ``spoil`` is set."""

    spoil: Callable[[Frame], Frame] | None = None

    def render(self, face: Face) -> Frame:
        frame = super().render(face)
        return self.spoil(frame) if self.spoil else frame


def smaller(frame: Frame) -> Frame:
    return frame[:32]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (black, "dark frame"),
        (device_lost, "CUDA error"),
        (out_of_memory, "2 GiB"),
        (no_picture, "NoneType"),
        (smaller, "shape"),
    ],
)
def test_a_bad_frame_is_replaced_by_the_last_good_one_and_told(
    spoil: Callable[[Frame], Frame], told: str
) -> None:
    scene = Spoilt(VIEW)
    guard = Guard(scene)
    smile = scene.rest | {"smile": 0.5}

    scene.spoil = spoil
    first = guard.render(smile).copy()
    told_first = guard.fault
    scene.spoil = None
    good = guard.render(smile).copy()
    told_of_good = guard.fault
    scene.spoil = spoil
    later = guard.render(scene.rest | {"smile": 0.9})

    assert (first == 100).all()  # the still photo
    assert told in told_first
    assert (good == 150).all()
    assert told_of_good == ""
    assert (later == 150).all()
    assert told in guard.fault


def test_a_dark_photo_is_not_taken_for_a_fault_and_a_fade_to_dark_is() -> None:
    night = Guard(FlatScene(VIEW, base=2))
    dim = Spoilt(VIEW, base=100)
    dim.spoil = lambda frame: np.full_like(frame, 24)
    guard = Guard(dim)

    assert (night.render(night.scene.rest) == 2).all()
    assert night.fault == ""
    guard.render(dim.rest)
    assert "24.0 of 255, the photo's is 100.0" in guard.fault


def test_brightness_is_that_of_the_whole_picture_to_a_percent() -> None:
    rows = np.linspace(0, 255, 720).astype(np.uint8)[:, None, None]
    picture = np.ascontiguousarray(np.broadcast_to(rows, (720, 1280, 3)))

    assert brightness(picture) == pytest.approx(float(picture.mean()), rel=0.01)


def test_a_trial_frame_tells_what_is_wrong_with_a_scene() -> None:
    scene = Spoilt(VIEW)
    assert tried(scene) == ""

    scene.spoil = device_lost

    assert "CUDA error" in tried(scene)
