"""The test card is read back out of every format that a camera may have."""

import numpy as np
import pytest

from streamer.sinks.camera_card import BARS, Card, Seen
from streamer.sinks.camera_linux import DeviceFormat
from streamer.sinks.pixels import NativeFrames, PixelFormat

# What rounding to limited range and back costs; measured: 2 at most.
CONVERSION_ERROR = 3
FORMATS: dict[PixelFormat, str] = {"I420": "YU12", "NV12": "NV12", "UYVY": "UYVY"}


def sent(number: int, pixel_format: PixelFormat, width: int, height: int) -> bytes:
    """The bytes of a card as the sink converts its picture."""
    card = Card(width, height)
    card.show(number)
    frames = NativeFrames(pixel_format, width, height)
    frames.convert(card.frame)
    frames.flip()
    return frames.front.tobytes()


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(64, 64), (640, 360), (1280, 720), (150, 90)])
def test_colours_and_number_come_back_from_every_format_and_size(
    pixel_format: PixelFormat, width: int, height: int
) -> None:
    form = DeviceFormat(FORMATS[pixel_format], width, height)

    for number in (0, 1, 170, 255):
        seen = Seen(sent(number, pixel_format, width, height) + b"padding", form)

        assert seen.number() == number
        assert seen.bars_error() <= CONVERSION_ERROR


def test_the_bytes_kept_ready_are_those_of_the_picture() -> None:
    card = Card(320, 180)
    for number in (3, 200):
        card.show(number)
        ready = card.native("I420")
        assert ready is not None

        seen = Seen(ready.tobytes(), DeviceFormat("YU12", 320, 180))

        assert seen.number() == number
        assert np.array_equal(ready, np.frombuffer(sent(number, "I420", 320, 180), np.uint8))
    assert card.native("NV12") is None


def test_a_mirrored_card_is_told_from_a_straight_one() -> None:
    card = Card(320, 180)
    card.show(77)
    frames = NativeFrames("I420", 320, 180)
    frames.convert(np.ascontiguousarray(card.frame[:, ::-1]))
    frames.flip()
    seen = Seen(frames.front.tobytes(), DeviceFormat("YU12", 320, 180))

    assert seen.bars_error(mirrored=True) <= CONVERSION_ERROR
    assert seen.bars_error() > 60
    assert seen.number(mirrored=True) == 77


def test_no_bar_looks_like_the_one_in_its_mirrored_place() -> None:
    for one, other in zip(BARS, BARS[::-1], strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 60


def test_a_torn_or_foreign_picture_has_no_number() -> None:
    form = DeviceFormat("YU12", 320, 180)

    assert Seen(bytes(320 * 270), form).number() is None
    with pytest.raises(ValueError, match="unknown format MJPG"):
        Seen(b"", DeviceFormat("MJPG", 320, 180))
    with pytest.raises(ValueError, match="reshape"):
        Seen(b"short", form)
