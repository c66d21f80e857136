import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.sinks.pixels import PIXEL_FORMATS, NativeFrames, PixelFormat

Plane = NDArray[np.float64]


def exact_yuv(rgb: NDArray[np.uint8]) -> tuple[Plane, Plane, Plane]:
    """BT.601 limited range in floating point, chroma as the mean of two by two pixels."""
    r, g, b = np.moveaxis(rgb.astype(float) / 255, 2, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    u, v = (b - y) / 1.772, (r - y) / 1.402
    height, width = y.shape

    def mean(plane: Plane) -> Plane:
        return plane.reshape(height // 2, 2, width // 2, 2).mean((1, 3))

    return 16 + 219 * y, 128 + 224 * mean(u), 128 + 224 * mean(v)


def planes(native: NativeFrames) -> tuple[Plane, Plane, Plane]:
    """Y, U, V of the front frame, whatever its format."""
    width, height, data = native.width, native.height, native.front.astype(float)
    size = width * height
    if native.pixel_format == "UYVY":
        quads = data.reshape(height, width // 2, 4)
        assert (quads[0::2, :, (0, 2)] == quads[1::2, :, (0, 2)]).all()
        return quads[:, :, (1, 3)].reshape(height, width), quads[::2, :, 0], quads[::2, :, 2]
    half = (height // 2, width // 2)
    if native.pixel_format == "NV12":
        pairs = data[size:].reshape(*half, 2)
        return data[:size].reshape(height, width), pairs[..., 0], pairs[..., 1]
    u, v = data[size:].reshape(2, *half)
    return data[:size].reshape(height, width), u, v


def converted(pixel_format: PixelFormat, frame: NDArray[np.uint8], w: int, h: int) -> NativeFrames:
    native = NativeFrames(pixel_format, w, h)
    native.convert(frame)
    native.flip()
    return native


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_noise_becomes_limited_range_bt601_with_averaged_chroma(pixel_format: PixelFormat) -> None:
    frame = np.random.default_rng(1).integers(0, 256, (62, 94, 3), np.uint8)

    native = converted(pixel_format, frame, 94, 62)

    for got, want in zip(planes(native), exact_yuv(frame), strict=True):
        assert np.abs(got - want).max() <= 2.0
        assert abs((got - want).mean()) < 0.1


@pytest.mark.parametrize(
    ("pixel_format", "back"),
    [
        ("I420", cv2.COLOR_YUV2RGB_I420),
        ("NV12", cv2.COLOR_YUV2RGB_NV12),
        ("UYVY", cv2.COLOR_YUV2RGB_UYVY),
    ],
)
def test_colour_bars_survive_the_way_back(pixel_format: PixelFormat, back: int) -> None:
    bars = [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 0), (0, 0, 0)]
    frame = np.repeat(np.repeat(np.array([bars], np.uint8), 48, 0), 16, 1)
    native = converted(pixel_format, frame, 96, 48)

    shape = (48, 96, 2) if pixel_format == "UYVY" else (72, 96)
    returned = cv2.cvtColor(native.front.reshape(shape), back).astype(int)

    assert np.abs(returned - frame).max() <= 3


def test_a_view_with_strides_gives_the_same_bytes_as_its_copy() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (64, 96, 3), np.uint8)
    mirrored = frame[:, ::-1]

    from_view = converted("I420", mirrored, 96, 64)
    from_copy = converted("I420", np.ascontiguousarray(mirrored), 96, 64)

    assert (from_view.front == from_copy.front).all()


def test_another_aspect_is_scaled_whole_onto_black_borders() -> None:
    square = np.full((50, 50, 3), 255, np.uint8)

    luma, u, v = planes(converted("I420", square, 160, 90))

    assert (luma[:, 36:124] == 235).all()
    assert (luma[:, :35] == 16).all()
    assert (luma[:, 125:] == 16).all()
    assert (u == 128).all()
    assert (v == 128).all()


def test_borders_of_an_earlier_shape_do_not_stay() -> None:
    native = NativeFrames("I420", 160, 90)
    native.convert(np.full((90, 320, 3), 255, np.uint8))
    native.convert(np.full((90, 90, 3), 255, np.uint8))
    native.flip()

    luma = planes(native)[0]

    assert (luma[:, 35:125] == 235).all()
    assert (luma[:, :35] == 16).all()


def test_the_front_frame_stays_while_the_next_one_is_drawn() -> None:
    native = converted("I420", np.full((4, 4, 3), 255, np.uint8), 4, 4)
    front = native.front

    native.convert(np.zeros((4, 4, 3), np.uint8))

    assert native.front is front
    assert (front[:16] == 235).all()


def test_before_the_first_frame_there_is_black_and_not_green() -> None:
    luma, u, v = planes(NativeFrames("NV12", 8, 8))

    assert (luma == 16).all()
    assert (u == 128).all()
    assert (v == 128).all()


def test_an_odd_size_is_refused_with_its_value() -> None:
    with pytest.raises(ConfigError, match="641x360"):
        NativeFrames("I420", 641, 360)
