import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.errors import ConfigError
from streamer.geometry import apply, scale_of
from streamer.view import (
    MAX_FACE_ENLARGEMENT,
    NEARLY_COVERED,
    Framing,
    View,
    fill_color,
    parse_size,
    photo_point,
)

sizes = st.integers(32, 600).map(lambda n: 2 * n)
photo_sizes = st.tuples(st.integers(16, 3000), st.integers(16, 3000))


def edges(view: View, size: tuple[int, int], framing: Framing | None = None) -> tuple[float, ...]:
    """Return the picture's left, top, right and bottom edge in the frame."""
    m = view.frame_from_photo(*size, framing)
    corners = np.array([[-0.5, -0.5], [size[0] - 0.5, size[1] - 0.5]])
    (x0, y0), (x1, y1) = apply(m, corners)
    return float(x0), float(y0), float(x1), float(y1)


def framing_in(size: tuple[int, int]) -> Framing:
    """A head in the middle of the picture, half as high as it."""
    width, height = size
    return Framing(0.5 * width, 0.45 * height, 0.25 * height, 0.75 * height)


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(sizes, sizes, photo_sizes)
def test_cover_leaves_no_gap_and_wastes_no_picture(
    width: int, height: int, photo: tuple[int, int]
) -> None:
    x0, y0, x1, y1 = edges(View(width=width, height=height, fit="cover"), photo)

    assert x0 <= -0.499
    assert y0 <= -0.499
    assert x1 >= width - 0.501
    assert y1 >= height - 0.501
    # The picture's middle is the frame's, and one pair of edges coincides.
    assert x0 + x1 == pytest.approx(width - 1, abs=1e-6)
    assert y0 + y1 == pytest.approx(height - 1, abs=1e-6)
    assert min(x1 - x0 - width, y1 - y0 - height) == pytest.approx(0, abs=1e-6)


@given(sizes, sizes, photo_sizes)
def test_contain_shows_the_whole_picture_as_large_as_it_fits(
    width: int, height: int, photo: tuple[int, int]
) -> None:
    x0, y0, x1, y1 = edges(View(width=width, height=height, fit="contain"), photo)

    assert min(x0, y0) >= -0.501
    assert x1 <= width - 0.499
    assert y1 <= height - 0.499
    assert max(x1 - x0 - width, y1 - y0 - height) == pytest.approx(0, abs=1e-6)


@given(sizes, sizes, photo_sizes)
def test_the_face_fit_covers_the_frame_along_every_side_that_the_picture_can(
    width: int, height: int, photo: tuple[int, int]
) -> None:
    view = View(width=width, height=height)
    x0, y0, x1, y1 = edges(view, photo, framing_in(photo))

    if x1 - x0 >= width:
        assert x0 <= -0.499
        assert x1 >= width - 0.501
    if y1 - y0 >= height:
        assert y0 <= -0.499
        assert y1 >= height - 0.501


def test_the_face_fit_brings_head_and_eyes_where_they_belong() -> None:
    view = View(width=1280, height=720)
    framing = Framing(center_x=1000, eye_y=900, crown_y=700, chin_y=1100)

    m = view.frame_from_photo(2000, 2000, framing)

    crown, eye, chin = apply(m, np.array([[1000, 700], [1000, 900], [1000, 1100]]))
    assert chin[1] - crown[1] == pytest.approx(0.60 * 720)
    assert eye[1] == pytest.approx(0.44 * 720, abs=1)
    assert eye[0] == pytest.approx(639.5, abs=1)


def test_a_picture_that_nearly_covers_the_height_is_enlarged_a_little() -> None:
    view = View(width=1280, height=720)
    framing = Framing(300, 250, 70, 430)  # 0.6 of 720 would leave 20 px of fill

    _x0, y0, _x1, y1 = edges(view, (600, 583), framing)

    assert y0 == pytest.approx(-0.5)
    assert y1 == pytest.approx(719.5)
    assert NEARLY_COVERED * 0.6 * 720 / 360 > 720 / 583


def test_a_tiny_face_is_not_blown_up_to_mush() -> None:
    framing = Framing(500, 500, 495, 505)

    m = View().frame_from_photo(1000, 1000, framing)

    assert scale_of(m) == pytest.approx(MAX_FACE_ENLARGEMENT)


def test_without_a_face_the_face_fit_covers() -> None:
    face, cover = View(fit="face"), View(fit="cover")

    assert np.allclose(
        face.frame_from_photo(600, 900, None), cover.frame_from_photo(600, 900, None)
    )


@pytest.mark.parametrize("fit", ["cover", "contain", "face"])
def test_zoom_scales_and_offset_moves_by_frame_heights(fit: str) -> None:
    plain = View(fit=fit).frame_from_photo(800, 600, None)
    zoomed = View(fit=fit, zoom=2.0).frame_from_photo(800, 600, None)
    moved = View(fit=fit, offset_x=0.25, offset_y=-0.5).frame_from_photo(800, 600, None)

    assert scale_of(zoomed) == pytest.approx(2 * scale_of(plain))
    assert np.allclose(moved[:2, 2] - plain[:2, 2], [180, -360])
    # The zoom keeps what is in the frame's middle there.
    middle = (639.5, 359.5)
    assert photo_point(zoomed, *middle) == pytest.approx(photo_point(plain, *middle))


def test_the_mirror_is_left_to_the_finished_frame() -> None:
    photo = noise(100, 80)
    plain, mirrored = View(width=200, height=100), View(width=200, height=100, mirror=True)
    m = plain.frame_from_photo(100, 80, None)

    assert np.array_equal(m, mirrored.frame_from_photo(100, 80, None))
    assert np.array_equal(plain.draw(photo, m), mirrored.draw(photo, m))


def test_a_photo_of_the_frames_size_is_drawn_bit_for_bit() -> None:
    photo = noise(200, 100)
    view = View(width=200, height=100, fit="cover")

    assert np.array_equal(view.draw(photo, view.frame_from_photo(200, 100, None)), photo)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(32, 150).map(lambda n: 2 * n),
    st.integers(32, 150).map(lambda n: 2 * n),
    st.tuples(st.integers(16, 300), st.integers(16, 300)),
    st.sampled_from(["face", "cover", "contain"]),
    st.floats(0.25, 4.0),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 1.0),
    st.sampled_from(["blur", "#102030"]),
)
def test_any_view_of_any_photo_is_drawn_and_its_margin_changes_nothing_inside(
    width: int,
    height: int,
    photo: tuple[int, int],
    fit: str,
    zoom: float,
    x: float,
    y: float,
    fill: str,
) -> None:
    view = View(width, height, fit=fit, zoom=zoom, offset_x=x, offset_y=y, fill=fill)
    image = noise(*photo)
    m = view.frame_from_photo(*photo, framing_in(photo))

    frame = view.draw(image, m)
    pad = view.max_margin
    wide = view.draw(image, m, pad)

    assert frame.shape == (height, width, 3)
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    assert wide.shape == (height + 2 * pad, width + 2 * pad, 3)
    assert np.array_equal(wide[pad : pad + height, pad : pad + width], frame)


def test_a_margin_beyond_the_widest_is_refused() -> None:
    view = View(width=200, height=100)

    with pytest.raises(ValueError, match="margin"):
        view.draw(noise(20, 20), view.frame_from_photo(20, 20, None), view.max_margin + 1)


def test_a_colour_fills_what_the_picture_leaves_free() -> None:
    view = View(width=400, height=200, fit="contain", fill="#102030")
    frame = view.draw(np.full((100, 100, 3), 200, np.uint8), view.frame_from_photo(100, 100, None))

    assert (frame[:, :95] == [16, 32, 48]).all()
    assert (frame[:, -95:] == [16, 32, 48]).all()
    assert (frame[:, 120:280] == 200).all()


def test_the_blurred_fill_goes_on_where_the_picture_ends_and_darkens_outwards() -> None:
    rows = np.linspace(60, 200, 100)[:, None, None]
    photo = np.broadcast_to(rows, (100, 100, 3)).astype(np.uint8)
    view = View(width=800, height=200, fit="contain")

    frame = view.draw(photo, view.frame_from_photo(100, 100, None)).astype(float)

    left = frame[:, :400].mean(axis=2)
    assert np.abs(np.diff(left, axis=1)).max() < 6  # no line where the picture ends
    assert left[:, 10].mean() < 0.7 * left[:, 390].mean()
    assert left[150, 290] > left[50, 290] + 30  # it continues the picture


def test_a_picture_that_covers_the_frame_has_no_fade_at_its_edges() -> None:
    photo = np.full((90, 160, 3), 180, np.uint8)
    view = View(width=320, height=180)

    frame = view.draw(photo, view.frame_from_photo(160, 90, None), view.max_margin)

    assert (frame == 180).all()


def test_a_large_photo_is_averaged_when_it_is_drawn_small() -> None:
    board = (np.indices((1600, 1600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    view = View(width=64, height=64, fit="cover")

    frame = view.draw(np.dstack([board] * 3), view.frame_from_photo(1600, 1600, None))

    assert np.abs(frame.astype(int) - 127).max() <= 3  # no moire


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"width": 641}, "641"),
        ({"height": 0}, "0"),
        ({"width": 62}, "62"),
        ({"height": 5000}, "5000"),
        ({"fit": "stretch"}, "stretch"),
        ({"zoom": 0.1}, "0.1"),
        ({"zoom": float("nan")}, "nan"),
        ({"offset_x": 1.5}, "1.5"),
        ({"offset_y": float("inf")}, "inf"),
        ({"fill": "grey"}, "grey"),
        ({"fill": "#12345g"}, "#12345g"),
    ],
)
def test_a_wrong_choice_is_refused_with_its_value(values: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        View(**values)  # type: ignore[arg-type]


def test_sizes_and_colours_are_read() -> None:
    assert parse_size("1280x720") == (1280, 720)
    assert parse_size("640×360") == (640, 360)
    assert fill_color("#0a10ff") == (10, 16, 255)
    for wrong in ("1280", "axb", "1x2x3", ""):
        with pytest.raises(ConfigError, match="1280x720"):
            parse_size(wrong)
