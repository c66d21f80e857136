from itertools import pairwise

import numpy as np
import pytest

from streamer.engines.warp.eyes import EyePainter, EyeState
from streamer.engines.warp.face_frame import FaceFrame
from streamer.engines.warp.pose import Lids
from streamer.view import Frame
from tests.streamer.engines.warp.drawn_face import (
    IRIS,
    WHITE,
    drawn_face,
    middle_of,
    share_of,
)

PORTRAIT = drawn_face()


def painter(
    side: str = "l", *, glasses: bool = False, picture: Frame = PORTRAIT.photo.image
) -> EyePainter:
    marks = PORTRAIT.landmarks
    frame = FaceFrame.of(marks)
    face = marks.transformed(frame.face_from_picture)
    eye, brow = (face.eye_l, face.brow_l) if side == "l" else (face.eye_r, face.brow_r)
    return EyePainter(picture, frame, eye, brow, glasses=glasses)


def base(eye: EyePainter) -> Frame:
    return PORTRAIT.photo.image[eye.box.slices]


@pytest.mark.parametrize("side", ["l", "r"])
def test_the_neutral_state_paints_the_photo(side: str) -> None:
    eye = painter(side)

    assert np.array_equal(eye.paint(eye.neutral), base(eye))


@pytest.mark.parametrize("side", ["l", "r"])
@pytest.mark.parametrize("gaze", [(0.0, 0.0), (0.06, 0.0), (0.0, 0.05), (-0.05, -0.04)])
def test_a_shut_eye_shows_nothing_of_the_eyeball(side: str, gaze: tuple[float, float]) -> None:
    patch = painter(side).paint(EyeState(Lids(closure=1.0), *gaze))

    assert share_of(patch, IRIS) == 0
    assert share_of(patch, WHITE, 30) == 0


def test_a_shut_eye_draws_one_dark_line() -> None:
    eye = painter()
    column = eye.paint(EyeState(Lids(closure=1.0)))[:, eye.box.width // 2].astype(int).sum(axis=1)

    dark = column < 0.75 * np.median(column)
    edges = np.abs(np.diff(dark.astype(int))).sum()
    # The brow may touch the patch's top.
    below_brow = dark[len(dark) // 3 :]
    assert edges <= 4
    assert 1 <= below_brow.sum() <= 8
    assert np.abs(np.diff(below_brow.astype(int))).sum() == 2


def test_a_closing_lid_hides_the_eyeball_and_does_not_squeeze_it() -> None:
    eye = painter()
    open_x, open_y = middle_of(base(eye), IRIS)
    lowest = np.nonzero((np.abs(base(eye).astype(int) - IRIS).max(axis=2) < 70).any(axis=1))[0][-1]

    half = eye.paint(EyeState(Lids(closure=0.5)))

    x, y = middle_of(half, IRIS)
    rows = np.nonzero((np.abs(half.astype(int) - IRIS).max(axis=2) < 70).any(axis=1))[0]
    assert abs(x - open_x) < 0.5
    assert y > open_y + 1  # what is left of it is its lower part,
    assert abs(int(rows[-1]) - int(lowest)) <= 2  # which stays where it was


def test_wide_eyes_lift_the_lid_off_the_iris() -> None:
    eye = painter()
    wide = eye.paint(EyeState(Lids(closure=-0.2)))

    def top_of_iris(patch: Frame) -> int:
        near = np.abs(patch.astype(int) - IRIS).max(axis=2) < 80
        return int(np.nonzero(near.any(axis=1))[0][0])

    assert top_of_iris(wide) < top_of_iris(base(eye))


def test_a_raised_lower_lid_covers_the_eyeball_from_below() -> None:
    eye = painter()

    squint = eye.paint(EyeState(Lids(raised=0.4)))

    assert middle_of(squint, IRIS)[1] < middle_of(base(eye), IRIS)[1] - 0.5


def test_a_moved_iris_is_whole_and_leaves_no_trace() -> None:
    eye = painter()
    aside = eye.paint(EyeState(gaze_x=0.06))
    x = middle_of(base(eye), IRIS)[0]

    assert middle_of(aside, IRIS)[0] == pytest.approx(x + 0.06 * eye.frame.unit, abs=1.5)
    assert share_of(aside, IRIS) == pytest.approx(share_of(base(eye), IRIS), rel=0.2)
    left = aside[:, : int(x - 0.5 * 0.09 * eye.frame.unit)]
    assert share_of(left, IRIS) == 0


def test_the_lid_follows_the_gaze_down() -> None:
    eye = painter()

    def opening(patch: Frame) -> float:
        return share_of(patch, IRIS) + share_of(patch, WHITE, 60)

    down = eye.paint(EyeState(gaze_y=0.05))
    assert opening(down) < opening(base(eye))


def test_the_rim_of_the_patch_never_changes() -> None:
    eye = painter()
    for state in (
        EyeState(Lids(closure=1.0, raised=0.5)),
        EyeState(Lids(closure=-0.2), 0.07, -0.04),
        EyeState(Lids(closure=0.4), -0.07, 0.05),
    ):
        away = np.abs(eye.paint(state).astype(int) - base(eye)).max(axis=2)
        for rim in (away[0], away[-1], away[:, 0], away[:, -1]):
            assert rim.max() <= 2


def test_closing_opening_and_looking_about_have_no_pops() -> None:
    eye = painter()
    sweeps = {
        "lids": [EyeState(Lids(closure=c)) for c in np.linspace(-0.2, 1.0, 60)],
        "gaze": [EyeState(gaze_x=g, gaze_y=0.5 * g) for g in np.linspace(-0.07, 0.07, 60)],
        "squint": [EyeState(Lids(raised=k)) for k in np.linspace(0.0, 0.8, 60)],
    }
    for name, states in sweeps.items():
        frames = [eye.paint(state).astype(np.int16) for state in states]
        steps = np.array([np.abs(b - a).mean() for a, b in pairwise(frames)])
        around = [np.median(steps[max(0, i - 4) : i + 5]) for i in range(len(steps))]
        assert (steps < 3.0 * np.array(around) + 0.2).all(), f"{name}: {steps.round(2)}"


def test_glasses_keep_their_rim_while_the_eye_shuts() -> None:
    grain = np.random.default_rng(3).integers(-20, 20, PORTRAIT.photo.image.shape)
    picture = np.clip(PORTRAIT.photo.image + grain, 0, 255).astype(np.uint8)

    def highest_change(eye: EyePainter) -> int:
        shut = eye.paint(EyeState(Lids(closure=1.0))).astype(int)
        away = np.abs(shut - picture[eye.box.slices]).max(axis=2)
        return eye.box.y + int(np.nonzero(away.max(axis=1) > 8)[0][0])

    rim = highest_change(painter(picture=picture, glasses=True))
    assert rim > highest_change(painter(picture=picture)) + 4


def test_states_closer_than_a_quarter_pixel_are_one_patch() -> None:
    pixel = 1.0 / 80.0
    state = EyeState(Lids(closure=0.5), 0.03, 0.01)
    near = EyeState(Lids(closure=0.5 + 0.002), 0.03 + 0.0005, 0.01)

    assert state.rounded(pixel) == near.rounded(pixel)
    assert EyeState(Lids(closure=1.0)).rounded(pixel).lids.closure == 1.0
    assert EyeState().rounded(pixel) == EyeState()
