"""The sign in the corner: what it covers, what it leaves alone, and that everything carries it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.badge import Badge, corner, stamped
from streamer.loop import FADE_S, Act
from streamer.sinks.pixels import PIXEL_FORMATS, NativeFrames
from streamer.view import Frame, View
from tests.fakes import FlatScene

VIEW = View(width=320, height=180)
SIZES = [(1920, 1080), (1280, 720), (640, 480), (640, 360), (320, 180), (360, 640)]
even = st.integers(32, 300).map(lambda n: 2 * n)


def noise(width: int, height: int) -> Frame:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


@given(width=even, height=even)
def test_only_the_corner_is_touched_and_it_comes_back(width: int, height: int) -> None:
    frame, badge = noise(width, height), Badge()
    before = frame.copy()
    x, y, _, keep = corner(width, height)

    badge.stamp(frame)

    inside = (slice(y, y + keep.shape[0]), slice(x, x + keep.shape[1]))
    changed = (frame != before).any(axis=2)
    assert changed[inside].mean() > 0.9
    changed[inside] = False
    assert not changed.any()
    badge.lift()
    assert (frame == before).all()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_a_and_an_i_stand_out_from_any_background(width: int, height: int, level: int) -> None:
    x, y, _, keep = corner(width, height)
    frame = stamped(np.full((height, width, 3), level, np.uint8))
    sign = frame[y : y + keep.shape[0], x : x + keep.shape[1], 1].astype(int)

    rows, columns = sign.shape
    plate = sign[rows // 2, 2]
    letters = sign > plate + 60
    assert rows >= 18
    # The I is a bar at the right; the A is pointed above, wide below, and left of it.
    middle, low = letters[int(rows * 0.32)], letters[int(rows * 0.72)]
    right = int(columns * 0.68)
    assert letters[int(rows * 0.3) : int(rows * 0.7), right].all()
    assert np.flatnonzero(middle)[0] > np.flatnonzero(low)[0]
    assert not letters[int(rows * 0.5), int(columns * 0.58)]


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_a_frame_in_a_cameras_own_format_carries_the_same_sign(pixel_format: str) -> None:
    frame, badge = noise(320, 180), Badge()
    native = NativeFrames(pixel_format, 320, 180)  # type: ignore[arg-type]
    native.convert(frame)
    native.flip()
    pixels = native.front.copy()

    badge.stamp(frame)
    assert badge.native(pixels, pixel_format) is pixels
    assert badge.native(pixels, pixel_format) is pixels  # a second sink asks for it, too

    whole = NativeFrames(pixel_format, 320, 180)  # type: ignore[arg-type]
    whole.convert(frame)
    whole.flip()
    assert (pixels == whole.front).all()
    badge.lift()
    assert (pixels == native.front).all()


def test_memory_that_must_not_be_written_to_is_copied() -> None:
    frame, badge = noise(320, 180), Badge()
    pixels = np.zeros(320 * 270, np.uint8)
    frame.flags.writeable = pixels.flags.writeable = False

    shown = badge.stamp(frame)
    native = badge.native(pixels, "I420")

    assert shown is not frame
    assert (shown != frame).any()
    assert native.any()


def test_every_frame_carries_it_from_the_next_one_on_and_no_more_when_switched_off() -> None:
    scene = FlatScene(VIEW)
    act = Act(scene)
    plain = act.draw(scene.rest, 0.0).copy()

    act.badged = True
    badged = act.draw(scene.rest, 0.1).copy()
    again = act.draw(scene.rest, 0.2).copy()
    act.badged = False
    after = act.draw(scene.rest, 0.3).copy()

    assert (badged == stamped(plain)).all()
    assert (again == badged).all()  # not drawn over itself
    assert (after == plain).all()


def test_the_covering_picture_and_the_fade_from_it_carry_it_once() -> None:
    scene = FlatScene(VIEW)
    act = Act(scene)
    act.badged = True
    card = np.full((180, 320, 3), 250, np.uint8)
    act.draw(scene.rest, 0.0)

    act.cover(card)
    covered = act.draw(scene.rest, 0.1).copy()
    act.cover(None)
    fading = act.draw(scene.rest, 0.2).copy()
    faded = act.draw(scene.rest, 0.2 + 2 * FADE_S).copy()

    assert (covered == stamped(np.full_like(card, 250))).all()
    assert (card == 250).all()  # the picture itself is as it was
    assert (fading == stamped(np.full_like(card, 250))).all()  # the fade begins with what was shown
    assert (faded == stamped(scene.render(scene.rest))).all()
