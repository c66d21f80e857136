"""The square around the face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.engines.liveportrait.crop import (
    crop_map,
    input_of_crop,
    input_of_photo,
    limit,
    limited_size,
    network_input,
    transform,
)
from tests.golden.weights_recipe import synth_image, synth_landmarks


def face(roll_deg: float = 0.0, size: float = 90.0) -> np.ndarray:
    return synth_landmarks("crop", "face", 106, (330, 250), size, roll_deg)


@given(st.floats(-170, 170), st.floats(20, 200), st.floats(1.8, 3.2))
def test_the_crop_is_upright_in_the_faces_direction_whatever_its_roll(
    roll_deg: float, size: float, scale: float
) -> None:
    points = face(roll_deg, size)

    in_crop = crop_map(points, scale=scale).to_crop(points)

    eyes = in_crop[[33, 35, 40, 39]].mean(0) / 2 + in_crop[[87, 89, 94, 93]].mean(0) / 2
    mouth = in_crop[[52, 61]].mean(0)
    assert mouth[1] > eyes[1]
    assert mouth[0] == pytest.approx(eyes[0], abs=0.5)
    extent = in_crop.max(0) - in_crop.min(0)
    assert max(extent) == pytest.approx(512 / scale, rel=0.01)


@given(st.floats(-60, 60), st.booleans())
def test_both_maps_undo_each_other(roll_deg: float, turned: bool) -> None:
    points = face(roll_deg)
    where = crop_map(points, turned=turned)

    assert np.allclose(where.to_photo(where.to_crop(points)), points, atol=1e-2)
    if not turned:
        assert where.crop_from_photo[0, 1] == where.crop_from_photo[1, 0] == 0


def test_the_window_lies_towards_the_forehead() -> None:
    points = face()
    middle = crop_map(points, up=0.0).to_crop(points)
    lifted = crop_map(points, up=-0.125).to_crop(points)

    assert lifted[:, 1].mean() - middle[:, 1].mean() == pytest.approx(64, abs=1)


def test_eyes_and_mouth_in_one_point_still_give_a_crop() -> None:
    points = np.full((5, 2), 100.0, np.float32)
    points[2] = (140, 160)

    assert np.isfinite(crop_map(points).crop_from_photo).all()


def test_an_unknown_landmark_set_is_named() -> None:
    with pytest.raises(ValueError, match="a set of 7 landmarks is not one of 5, 68, 101, 106, 203"):
        crop_map(np.zeros((7, 2), np.float32))


def test_outside_the_photo_the_crop_is_black() -> None:
    photo = np.full((480, 640, 3), 200, np.uint8)

    cut = crop_map(synth_landmarks("crop", "face", 106, (20, 20), 60, 0)).cut(photo)

    assert cut[0, 0].tolist() == [0, 0, 0]
    assert cut[300, 300].tolist() == [200, 200, 200]


@given(st.integers(1, 6000), st.integers(1, 6000))
def test_a_limited_size_is_even_and_small_unless_it_would_vanish(height: int, width: int) -> None:
    limited = limited_size(height, width, 1280, 2)

    assert max(limited) <= 1280
    if min(height, width) * 1280 / max(height, width, 1280) >= 3:
        assert all(side % 2 == 0 and side > 0 for side in limited)


def test_a_large_photo_is_scaled_then_cut_and_a_small_one_is_left() -> None:
    large = synth_image("crop", "large", 1000, 1601)
    small = synth_image("crop", "small", 101, 100)

    assert limit(large).shape == (798, 1280, 3)
    assert np.array_equal(limit(small), small[:100])


def test_the_networks_input_is_planes_in_zero_to_one() -> None:
    crop = synth_image("crop", "crop", 512, 512)

    small = input_of_crop(crop)
    planes = network_input(small)

    assert planes.shape == (1, 3, 256, 256)
    assert planes.dtype == np.float32
    assert planes[0, 2, 7, 9] == np.float32(small[7, 9, 2] / np.float32(255))
    assert input_of_photo(synth_image("crop", "tall", 300, 200)).shape == (256, 256, 3)


def test_transform_maps_points_as_rows() -> None:
    shift = np.array([[1, 0, 5], [0, 1, -3], [0, 0, 1]], np.float32)

    assert transform(np.array([[1, 2]], np.float32), shift).tolist() == [[6, -1]]
