from itertools import pairwise

import numpy as np
import pytest

from streamer.engines.warp.engine import WarpPortrait
from streamer.engines.warp.face_frame import FaceFrame
from streamer.engines.warp.mouth import MouthPainter
from streamer.engines.warp.pose import Rest
from streamer.view import Frame
from tests.streamer.engines.warp.drawn_face import LIPS, SKIN, TEETH, drawn_face, share_of

CLOSED, TOOTHY, SLIT = drawn_face(), drawn_face(teeth=True), drawn_face(slit=0.035)


def painter(portrait: WarpPortrait) -> MouthPainter:
    marks = portrait.landmarks
    frame = FaceFrame.of(marks)
    face = marks.transformed(frame.face_from_picture)
    return MouthPainter(portrait.photo.image, frame, face, Rest.of(marks).lips)


def base(mouth: MouthPainter, portrait: WarpPortrait) -> Frame:
    return portrait.photo.image[mouth.box.slices]


def dark(patch: Frame) -> float:
    return float((patch.max(axis=2) < 60).sum())


@pytest.mark.parametrize("portrait", [CLOSED, TOOTHY, SLIT], ids=["closed", "toothy", "slit"])
def test_the_photos_own_opening_paints_the_photo(portrait: WarpPortrait) -> None:
    mouth = painter(portrait)

    away = np.abs(mouth.paint(mouth.neutral).astype(int) - base(mouth, portrait))

    assert away.max() <= 1


def test_lips_meet_over_the_teeth() -> None:
    mouth = painter(TOOTHY)

    assert share_of(base(mouth, TOOTHY), TEETH) > 300
    assert share_of(mouth.paint((0.0, 0.0)), TEETH) <= 2
    assert dark(mouth.paint((0.0, 0.0))) == 0  # nor do they leave a black gap


def test_the_upper_teeth_stay_while_the_jaw_drops() -> None:
    mouth = painter(TOOTHY)
    neutral, opened = mouth.paint(mouth.neutral), mouth.paint((0.40, 0.0))

    def rows(patch: Frame) -> np.ndarray:
        near = np.abs(patch.astype(int) - TEETH).max(axis=2) < 90
        return np.nonzero(near.sum(axis=1) > 5)[0]

    assert abs(int(rows(opened)[-1]) - int(rows(neutral)[-1])) <= 4
    assert dark(opened) > 150


def test_a_closed_photo_opens_to_a_dark_mouth_and_the_lower_lip_goes_down() -> None:
    mouth = painter(CLOSED)
    opened = mouth.paint((0.35, 0.0))

    def lowest_lip(patch: Frame) -> int:
        near = np.abs(patch.astype(int) - LIPS).max(axis=2) < 25
        return int(np.nonzero(near.any(axis=1))[0][-1])

    moved = lowest_lip(opened) - lowest_lip(base(mouth, CLOSED))
    assert dark(opened) > 200
    assert moved == pytest.approx(0.82 * 0.35 * mouth.frame.unit, abs=4)


def test_the_chin_follows_the_jaw() -> None:
    mouth = painter(CLOSED)
    column = mouth.box.width // 2 - int(0.75 * mouth.frame.unit)

    def edge(patch: Frame) -> int:
        near = np.abs(patch[:, column].astype(int) - SKIN).max(axis=1) < 20
        return int(np.nonzero(near)[0][-1])

    assert edge(mouth.paint((0.4, 0.0))) > edge(base(mouth, CLOSED)) + 5


def test_rounded_lips_hide_the_teeth() -> None:
    mouth = painter(TOOTHY)

    assert share_of(mouth.paint((0.2, 1.0)), TEETH) == 0
    assert share_of(mouth.paint((0.2, 0.0)), TEETH) > 300


def test_no_bright_fringe_lies_between_lip_and_dark() -> None:
    mouth = painter(CLOSED)
    column = mouth.paint((0.35, 0.0))[:, mouth.box.width // 2].astype(int).sum(axis=1)

    inside = np.nonzero(column < 150)[0]
    below = column[inside[-1] : inside[-1] + 5]
    assert (np.diff(below) >= -2).all()  # from dark to lip it only gets lighter


@pytest.mark.parametrize("portrait", [CLOSED, TOOTHY, SLIT], ids=["closed", "toothy", "slit"])
def test_opening_has_no_pops_also_where_it_passes_the_photos_own(portrait: WarpPortrait) -> None:
    mouth = painter(portrait)
    frames = [mouth.paint((gap, 0.0)).astype(np.int16) for gap in np.linspace(0.0, 0.55, 80)]

    steps = np.array([np.abs(b - a).mean() for a, b in pairwise(frames)])
    around = [np.median(steps[max(0, i - 4) : i + 5]) for i in range(len(steps))]

    assert (steps < 2.5 * np.array(around) + 0.1).all(), steps.round(2)


def test_the_sides_and_top_of_the_patch_never_change() -> None:
    mouth = painter(CLOSED)
    away = np.abs(mouth.paint((0.5, 0.0)).astype(int) - base(mouth, CLOSED)).max(axis=2)

    for rim in (away[0], away[-1], away[:, 0], away[:, -1]):
        assert rim.max() <= 2
