import random
from dataclasses import replace

import numpy as np
import pytest

from streamer.engines.warp.engine import WarpPortrait
from streamer.engines.warp.face_frame import Box, FaceFrame
from streamer.engines.warp.field import Field
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.locate import locate
from streamer.engines.warp.pose import Pose, Rest, pose_of
from streamer.parameters import PARAMETERS, Face
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import View
from tests.streamer.engines.warp.drawn_face import drawn_face

INSIDE = Box(40, 40, 960, 960)


def placed(portrait: WarpPortrait, view: View) -> Landmarks:
    height, width = portrait.photo.image.shape[:2]
    frame_from_photo = view.frame_from_photo(width, height, portrait.landmarks.framing())
    return portrait.landmarks.transformed(frame_from_photo)


def field_of(portrait: WarpPortrait, view: View | None = None) -> Field:
    view = view or View(width=1280, height=720)
    marks = placed(portrait, view)
    return Field(FaceFrame.of(marks), marks, Box(0, 0, view.width, view.height))


def shipped_portrait(name: str) -> WarpPortrait:
    photo = read_photo(shipped("photo") / name)
    return WarpPortrait(photo, locate(photo))


def random_face(chance: random.Random, rest: Face) -> Face:
    """A face with a few parameters anywhere in their ranges."""
    face = dict(rest)
    for name in chance.sample(sorted(PARAMETERS), chance.randint(1, 6)):
        face[name] = chance.uniform(PARAMETERS[name].low, PARAMETERS[name].high)
    return face


def least_jacobian(sources: np.ndarray, cell: int) -> float:
    """Return the least area factor of a sampling map; below 0 the picture folds."""
    x, y = sources[..., 0] / cell, sources[..., 1] / cell
    dx_dj, dx_di = np.gradient(x, axis=1), np.gradient(x, axis=0)
    dy_dj, dy_di = np.gradient(y, axis=1), np.gradient(y, axis=0)
    return float((dx_dj * dy_di - dx_di * dy_dj).min())


@pytest.mark.parametrize("name", ["drawn", "sample-image.png", "mona-lisa.jpg"])
def test_no_pose_folds_the_picture(name: str) -> None:
    portrait = drawn_face() if name == "drawn" else shipped_portrait(name)
    field, rest = field_of(portrait), Rest.of(portrait.landmarks)
    chance = random.Random(7)

    for _ in range(300):
        face = random_face(chance, rest.face)
        least = least_jacobian(field.sources(pose_of(face, rest)), field.cell)

        assert least > 0.05, f"folds ({least:.2f}) at {face}"


def test_the_neutral_pose_moves_nothing() -> None:
    field = field_of(drawn_face())
    box = field.box
    y, x = np.mgrid[box.y : box.y + box.height, box.x : box.x + box.width]

    assert not field.moves(Pose())
    assert np.allclose(field.map(Pose()), np.stack([x, y], axis=2), atol=1e-2)


@pytest.mark.parametrize(
    "pose",
    [Pose(yaw=0.2), Pose(roll=0.2), Pose(shift_x=0.2, shift_y=-0.2), Pose(zoom=1.15)],
    ids=["yaw", "roll", "shift", "zoom"],
)
def test_nothing_moves_at_the_rim_of_the_moving_box(pose: Pose) -> None:
    field = field_of(drawn_face(), View(width=1280, height=1280, zoom=0.5))
    still, moved = field.map(Pose()), field.map(pose)

    away = np.abs(moved - still)
    assert away.max() > 3
    for rim in (away[0], away[-1], away[:, 0], away[:, -1]):
        assert rim.max() < 0.05


def test_expressions_undo_their_own_forward_move() -> None:
    field = field_of(drawn_face())
    smiling = Pose(smile=1.0)
    nodes = field.sources(Pose())
    back = (field.sources(smiling) - nodes) / field.cell

    # Where the picture comes from, the forward field leads here again.
    forward = field.forward(smiling)
    i, j = np.unravel_index(np.argmax(np.abs(forward).sum(axis=2)), forward.shape[:2])
    landing = np.array([j, i]) + forward[i, j]
    at = np.rint(landing).astype(int)
    assert np.allclose(back[at[1], at[0]], -forward[i, j], atol=0.25)


def test_the_grid_is_no_finer_for_a_larger_face() -> None:
    small = field_of(drawn_face(), View(width=640, height=360))
    large = field_of(drawn_face(), View(width=2560, height=1440))

    assert small.sources(Pose()).size == pytest.approx(large.sources(Pose()).size, rel=0.25)


def test_the_nose_moves_more_than_the_cheeks_when_the_head_turns() -> None:
    portrait = drawn_face()
    view = View(width=1280, height=720)
    field, marks = field_of(portrait, view), placed(portrait, view)

    def moved(point: np.ndarray) -> float:
        x, y = (np.rint(point).astype(int) - (field.box.x, field.box.y)).tolist()
        return float((field.map(Pose(yaw=0.2)) - field.map(Pose()))[y, x, 0])

    nose, cheek = moved(marks.nose.tip), moved(marks.face.cheek_l)
    assert nose < 0  # it shows what lies to the left: the nose came to the right
    assert abs(nose) > 2 * abs(cheek)


def test_brows_rise_and_the_lashes_below_them_stay() -> None:
    portrait = drawn_face()
    view = View(width=1280, height=720)
    field, marks = field_of(portrait, view), placed(portrait, view)
    still, raised = field.map(Pose()), field.map(Pose(brow=1.0))

    def lift(point: np.ndarray) -> float:
        x, y = (np.rint(point).astype(int) - (field.box.x, field.box.y)).tolist()
        return float((raised - still)[y, x, 1]) / FaceFrame.of(marks).unit

    for brow, eye in ((marks.brow_l, marks.eye_l), (marks.brow_r, marks.eye_r)):
        assert lift(brow[1]) > 0.04
        assert all(abs(lift(point)) < 0.005 for point in eye.upper)


def test_a_face_outside_the_frame_leaves_an_identity() -> None:
    marks = drawn_face().landmarks
    far = replace(marks).transformed(np.array([[1.0, 0, 5000], [0, 1.0, 0], [0, 0, 1.0]]))

    field = Field(FaceFrame.of(far), far, INSIDE)

    assert field.box.width >= 8
    assert np.isfinite(field.map(Pose(yaw=0.3, smile=1.0, brow=1.0))).all()
