import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.engines.warp.engine import WarpEngine, WarpPortrait, WarpScene
from streamer.errors import EngineError
from streamer.geometry import similarity
from streamer.parameters import PARAMETERS, Face
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import Frame, View
from tests.streamer.engines.warp.drawn_face import (
    CROWN,
    IRIS,
    NOSE,
    TEETH,
    drawn_face,
    middle_of,
    share_of,
)

VIEW = View(width=640, height=480, fit="cover")
PORTRAIT = drawn_face()

faces = st.fixed_dictionaries({name: st.floats(p.low, p.high) for name, p in PARAMETERS.items()})


def staged(view: View = VIEW, portrait: WarpPortrait = PORTRAIT) -> WarpScene:
    return WarpEngine().stage(portrait, view)


def shown(scene: WarpScene, **values: float) -> Frame:
    return scene.render({**scene.rest, **values}).copy()


def still(view: View, portrait: WarpPortrait = PORTRAIT) -> Frame:
    image = portrait.photo.image
    framing = portrait.landmarks.framing()
    return view.draw(image, view.frame_from_photo(image.shape[1], image.shape[0], framing))


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(width=640, height=360, fit="cover"),
        View(width=480, height=640, fit="contain"),
        View(width=320, height=240, zoom=2.0, offset_x=0.2),
        View(width=640, height=360, fit="contain", fill="#204060"),
    ],
    ids=lambda view: f"{view.width}x{view.height}-{view.fit}",
)
def test_a_face_at_rest_is_the_still_photo_bit_for_bit(view: View) -> None:
    scene = staged(view)

    assert np.array_equal(scene.render(scene.rest), still(view))


def test_after_any_expression_rest_is_the_still_photo_again() -> None:
    scene = staged()

    shown(scene, eye_ratio=0.0, lip_ratio=0.4, smile=1.0, head_yaw=12.0, eyeball_x=20.0)
    shown(scene, wink=39.0, lip_open=60.0, purse=10.0, head_roll=-9.0)

    assert np.array_equal(scene.render(scene.rest), still(VIEW))


def test_a_frame_has_the_views_size_and_lies_contiguous_in_memory() -> None:
    frame = staged(View(width=322, height=246)).render(staged().rest)

    assert frame.shape == (246, 322, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous


def test_an_unchanged_face_gives_the_same_frame_again() -> None:
    scene = staged()
    face = {**scene.rest, "head_yaw": 5.0}

    first = scene.render(face)

    assert scene.render(dict(face)) is first


def test_the_callers_face_may_change_after_the_call() -> None:
    scene = staged()
    face = dict(scene.rest)
    before = scene.render(face).copy()

    face["head_yaw"] = 10.0

    assert not np.array_equal(scene.render(face), before)


@settings(max_examples=12, deadline=None)
@given(faces)
def test_any_face_in_range_is_drawn_and_does_not_depend_on_the_one_before(face: Face) -> None:
    fresh, used = staged(), staged()
    shown(used, lip_ratio=0.7, eye_ratio=0.1, head_pitch=-14.0)

    frame = fresh.render(face)

    assert frame.shape == (480, 640, 3)
    assert np.array_equal(frame, used.render(face))


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_slider_changes_the_picture_up_to_both_of_its_ends(name: str) -> None:
    scene, p = staged(), PARAMETERS[name]
    rest = scene.rest[name]
    for end in (p.low, p.high):
        if end == rest:
            continue
        at_end = shown(scene, **{name: end}).astype(int)
        near_end = shown(scene, **{name: rest + 0.9 * (end - rest)}).astype(int)

        assert np.abs(at_end - still(VIEW)).max() > 20, f"{name} {end} shows nothing"
        assert np.abs(at_end - near_end).max() > 2, f"{name} is dead near {end}"


def test_signs_are_those_of_the_parameter_table() -> None:
    scene = staged()
    nose, crown = middle_of(still(VIEW), NOSE), middle_of(still(VIEW), CROWN)

    assert middle_of(shown(scene, head_yaw=10), NOSE)[0] < nose[0] - 3
    assert middle_of(shown(scene, head_yaw=-10), NOSE)[0] > nose[0] + 3
    assert middle_of(shown(scene, head_pitch=8), NOSE)[1] > nose[1] + 2
    assert middle_of(shown(scene, head_pitch=-8), NOSE)[1] < nose[1] - 2
    assert middle_of(shown(scene, head_roll=8), CROWN)[0] > crown[0] + 8
    assert middle_of(shown(scene, shift_x=0.1), NOSE)[0] > nose[0] + 5
    assert middle_of(shown(scene, shift_y=0.1), NOSE)[1] > nose[1] + 5


def test_scale_makes_the_head_larger() -> None:
    scene = staged()

    def height(frame: Frame) -> float:
        return middle_of(frame, NOSE)[1] - middle_of(frame, CROWN)[1]

    rest = height(still(VIEW))
    assert height(shown(scene, scale=1.2)) > 1.08 * rest
    assert height(shown(scene, scale=0.9)) < 0.96 * rest


def test_the_gaze_goes_where_the_parameters_say() -> None:
    scene = staged()
    x, y = middle_of(still(VIEW), IRIS)

    assert middle_of(shown(scene, eyeball_x=25), IRIS)[0] > x + 3
    assert middle_of(shown(scene, eyeball_x=-25), IRIS)[0] < x - 3
    assert middle_of(shown(scene, eyeball_y=50), IRIS)[1] < y - 1
    assert middle_of(shown(scene, eyeball_y=-50), IRIS)[1] > y + 1


def test_both_irises_look_the_same_way_and_stay_equal() -> None:
    scene = staged()
    half = VIEW.width // 2
    for gaze in ({"eyeball_x": 28.0}, {"eyeball_x": -28.0}, {"eyeball_y": 60.0}):
        frame = shown(scene, **gaze)
        left, right = frame[:, :half], frame[:, half:]

        assert share_of(left, IRIS) == pytest.approx(share_of(right, IRIS), rel=0.15)
        moved = [
            np.subtract(middle_of(after, IRIS), middle_of(before, IRIS))
            for before, after in (
                (still(VIEW)[:, :half], left),
                (still(VIEW)[:, half:], right),
            )
        ]
        assert np.allclose(moved[0], moved[1], atol=1.0)


def test_a_wink_closes_the_eye_on_the_left_of_the_picture_only() -> None:
    scene = staged()
    half = VIEW.width // 2

    frame = shown(scene, wink=39.0)

    assert share_of(frame[:, :half], IRIS) == 0
    assert share_of(frame[:, half:], IRIS) == share_of(still(VIEW)[:, half:], IRIS)


def test_a_toothy_smile_rests_with_closed_lips_and_comes_back_when_asked() -> None:
    portrait = drawn_face(teeth=True, smile=0.6)
    scene = staged(portrait=portrait)

    assert scene.rest["lip_ratio"] == 0.0
    assert share_of(shown(scene), TEETH) == 0
    shown_teeth = share_of(shown(scene, smile=1.0), TEETH)
    assert shown_teeth > 0.5 * share_of(still(VIEW, portrait), TEETH)


def test_parted_lips_without_a_smile_rest_as_they_are_and_close_at_zero() -> None:
    portrait = drawn_face(teeth=True)
    scene = staged(portrait=portrait)

    assert np.array_equal(shown(scene), still(VIEW, portrait))
    assert 0.1 < scene.rest["lip_ratio"] < 0.3
    assert share_of(shown(scene, lip_ratio=0.0), TEETH) <= 2  # the tips at the corners


def test_the_lid_ratio_at_rest_is_the_photos_own() -> None:
    assert staged().rest["eye_ratio"] == pytest.approx(0.15 / 0.44, rel=0.03)
    assert staged().rest["lip_ratio"] == 0.0


@pytest.mark.parametrize("fit", ["face", "cover"])
def test_the_mirror_flips_the_finished_frame_and_no_parameter(fit: str) -> None:
    view = replace(VIEW, fit=fit)
    plain, mirrored = staged(view), staged(replace(view, mirror=True))
    for values in ({}, {"head_yaw": 12.0, "wink": 30.0}, {"lip_ratio": 0.3, "shift_x": 0.1}):
        assert np.array_equal(shown(mirrored, **values), shown(plain, **values)[:, ::-1])


def test_the_picture_far_from_the_head_stands_still() -> None:
    view = View(width=1280, height=720, zoom=0.6)
    scene = staged(view)

    frame = shown(scene, head_yaw=25, head_pitch=10, head_roll=15, shift_x=0.1, lip_ratio=0.5)

    assert np.array_equal(frame[:, :200], still(view)[:, :200])
    assert np.array_equal(frame[:, -200:], still(view)[:, -200:])


def test_the_outline_of_the_head_hardly_moves_when_it_turns() -> None:
    scene = staged()
    row = int(middle_of(still(VIEW), IRIS)[1])
    hair = still(VIEW)[row].max(axis=1) < 100
    turned = shown(scene, head_yaw=15)[row].max(axis=1) < 100

    assert abs(int(np.argmax(hair)) - int(np.argmax(turned))) <= 6
    assert abs(int(np.argmax(hair[::-1])) - int(np.argmax(turned[::-1]))) <= 6


@pytest.mark.parametrize(
    "view",
    [
        View(width=64, height=64, fit="contain"),
        View(width=1280, height=720, fit="contain", zoom=0.25),
        View(width=640, height=360, zoom=4.0),
        View(width=640, height=360, zoom=2.0, offset_x=0.9, offset_y=-0.9),
        View(width=320, height=180, fit="cover", offset_x=-1.0, offset_y=1.0),
        View(width=360, height=640),
    ],
    ids=lambda view: f"{view.width}x{view.height}-{view.fit}-x{view.zoom}-{view.offset_x}",
)
def test_tiny_huge_and_cut_off_faces_are_drawn(view: View) -> None:
    scene = staged(view)
    for values in (
        {"eye_ratio": 0.0, "lip_ratio": 0.6, "eyebrow": 30.0},
        {"eyeball_x": 30.0, "eye_ratio": 0.8, "smile": 1.3, "head_yaw": -25.0},
        {"head_roll": 15.0, "shift_y": -0.19, "scale": 1.2, "purse": 15.0},
    ):
        assert shown(scene, **values).shape == (view.height, view.width, 3)
    assert np.array_equal(shown(scene), still(view))


def test_a_tilted_face_blinks_and_opens_its_mouth_along_its_own_axes() -> None:
    from_drawn = similarity(1.0, 100.0, -60.0, degrees=25.0)
    image = np.asarray(
        cv2.warpAffine(
            PORTRAIT.photo.image, from_drawn[:2], (480, 480), borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
    photo = replace(PORTRAIT.photo, image=image)
    tilted = WarpPortrait(photo, PORTRAIT.landmarks.transformed(from_drawn))
    scene = staged(View(width=480, height=480, fit="cover"), tilted)

    assert share_of(shown(scene), IRIS) > 50
    assert share_of(shown(scene, eye_ratio=0.0), IRIS) == 0


def test_sweeps_of_every_slider_have_no_pops() -> None:
    small = replace(VIEW, width=320, height=240)
    scene = staged(small, drawn_face(teeth=True, smile=0.6))
    for name, p in PARAMETERS.items():
        frames = [
            shown(scene, **{name: value}).astype(np.int16)
            for value in np.linspace(p.low, p.high, 60)
        ]
        steps = np.array([np.abs(b - a).mean() for a, b in pairwise(frames)])
        around = np.array([np.median(steps[max(0, i - 4) : i + 5]) for i in range(len(steps))])
        assert (steps < 3.0 * around + 0.05).all(), f"{name} pops: {steps.round(3)}"


@pytest.mark.parametrize("seed", range(6))
def test_landmarks_that_are_a_little_off_draw_without_harm(seed: int) -> None:
    chance = np.random.default_rng(seed)
    marks = drawn_face(teeth=seed % 2 == 0).landmarks
    for group in vars(marks).values():
        for points in vars(group).values() if hasattr(group, "__dict__") else [group]:
            if isinstance(points, np.ndarray):
                points += chance.normal(0.0, 4.0, points.shape)  # 0.05 of the eyes' distance
    scene = staged(portrait=WarpPortrait(PORTRAIT.photo, marks))

    assert shown(scene, eye_ratio=0.0, lip_ratio=0.5, smile=1.0, eyebrow=30).std() > 10
    assert shown(scene, eye_ratio=0.8, eyeball_x=30, eyeball_y=-63, grin=15).std() > 10


def test_a_small_face_and_found_landmarks_are_told_to_the_operator(tmp_path: Path) -> None:
    image = cv2.imread(str(shipped("photo") / "sample-image.png"))
    cv2.imwrite(str(tmp_path / "me.png"), image)

    notes = WarpEngine().open(read_photo(tmp_path / "me.png")).notes

    assert any("landmarks" in note and "me.png" in note for note in notes)
    assert any("small" in note and "43 px" in note for note in notes)


def test_another_engines_portrait_is_refused() -> None:
    class Other:
        photo = PORTRAIT.photo
        notes = ()

    with pytest.raises(TypeError, match="warp"):
        WarpEngine().stage(Other(), VIEW)


def test_a_closed_scene_says_so() -> None:
    scene = staged()
    scene.close()
    scene.close()

    with pytest.raises(EngineError, match="closed"):
        scene.render(scene.rest)


def test_two_scenes_draw_at_once_in_two_threads() -> None:
    wanted = [shown(staged(), head_yaw=float(k), lip_ratio=0.05 * k) for k in range(8)]
    got: list[list[Frame]] = [[], []]

    def draw(into: list[Frame]) -> None:
        scene = staged()
        into.extend(shown(scene, head_yaw=float(k), lip_ratio=0.05 * k) for k in range(8))

    threads = [threading.Thread(target=draw, args=(into,), name="draw") for into in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    for frames in got:
        assert all(np.array_equal(a, b) for a, b in zip(frames, wanted, strict=True))


def test_a_grey_photo_gets_a_grey_mouth() -> None:
    grey = np.repeat(PORTRAIT.photo.image.mean(axis=2, keepdims=True), 3, axis=2)
    photo = replace(PORTRAIT.photo, image=np.asarray(grey, np.uint8))

    frame = shown(staged(portrait=WarpPortrait(photo, PORTRAIT.landmarks)), lip_ratio=0.4)

    assert np.ptp(frame.astype(int), axis=2).max() <= 6


@pytest.mark.parametrize("name", ["sample-image.png", "mona-lisa.jpg"])
def test_the_shipped_portraits_open_and_move(name: str) -> None:
    engine = WarpEngine()
    portrait = engine.open(read_photo(shipped("photo") / name))
    scene = engine.stage(portrait, View(width=320, height=180))

    blinking = shown(scene, eye_ratio=0.0)

    assert portrait.notes
    assert scene.rest["lip_ratio"] == 0.0
    assert 0.25 <= scene.rest["eye_ratio"] <= 0.5
    assert not np.array_equal(blinking, shown(scene))


def test_the_engine_names_itself_and_what_it_runs_on() -> None:
    engine = WarpEngine()
    engine.close()

    assert (engine.name, engine.device) == ("warp", "cpu")
    assert engine.backend == f"opencv {cv2.__version__}"


@pytest.mark.parametrize("mirror", [False, True])
def test_a_twin_draws_what_a_new_scene_would_and_neither_sees_the_other(mirror: bool) -> None:
    view = replace(VIEW, mirror=mirror)
    scene, fresh = staged(view), staged(view)
    lived = shown(scene, smile=0.8, eye_ratio=0.0, head_yaw=12.0, lip_open=50.0)
    scene.render(scene.rest)[:] = 7  # as the badge, drawn into memory that is only lent
    twin = scene.twin()
    for values in ({}, {"eye_ratio": 0.1, "eyeball_x": 9.0}, {"lip_open": 40.0, "head_roll": 5.0}):
        assert np.array_equal(shown(twin, **values), shown(fresh, **values))

    shown(twin, eye_ratio=0.0)
    scene.close()
    assert np.array_equal(shown(twin, smile=0.3), shown(fresh, smile=0.3))
    again = staged(view)
    twin = again.twin()
    shown(twin, smile=1.0, lip_open=90.0)
    same = shown(again, smile=0.8, eye_ratio=0.0, head_yaw=12.0, lip_open=50.0)
    assert np.array_equal(same, lived)
