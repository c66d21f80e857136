"""Camera formats made on the device, held against those made on the host."""

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed; pip install -e '.[liveportrait]'"
)

from streamer.engines.liveportrait.fast.colour import FORMATS, convert, length, native
from streamer.engines.liveportrait.fast.compose import Box
from streamer.sinks.pixels import PIXEL_FORMATS, NativeFrames
from tests.streamer.engines.liveportrait.stand_ins import devices

pytestmark = pytest.mark.neural


def frames(height: int, width: int) -> np.ndarray:
    """Noise, and every corner of the colour cube, which is where a limit would be missed."""
    values = np.random.default_rng(7).integers(0, 256, (3, height, width, 3)).astype(np.uint8)
    values[1] = np.where(values[1] > 127, 255, 0)
    values[2] = values[2, :1, :1]
    return values


def test_the_formats_are_those_of_the_cameras_and_plain_rgb() -> None:
    assert {*PIXEL_FORMATS, "RGB"} == set(FORMATS)


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
@pytest.mark.parametrize("size", [(2, 2), (34, 46), (720, 1280)], ids=str)
def test_bytes_are_those_of_the_host(pixel_format: str, size: tuple[int, int], device: str) -> None:
    rgb = frames(*size)
    host = NativeFrames(pixel_format, size[1], size[0])  # type: ignore[arg-type]

    converted = native(torch.from_numpy(rgb).to(device), pixel_format).cpu().numpy()

    assert converted.shape == (3, length(pixel_format, size[1], size[0]))
    for frame, got in zip(rgb, converted, strict=True):
        host.convert(frame)
        host.flip()
        assert (got == host.front).all()


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_a_box_is_converted_in_place_and_no_other_byte_changes(pixel_format: str) -> None:
    before, after = torch.from_numpy(frames(20, 36)), torch.from_numpy(frames(20, 36))
    after[:, 6:16, 10:24] = 255 - after[:, 6:16, 10:24]
    out = native(before, pixel_format)

    convert(after, out, pixel_format, Box(10, 6, 14, 10))

    assert (out == native(after, pixel_format)).all()


def test_rgb_is_flat_rgb() -> None:
    rgb = torch.from_numpy(frames(4, 6))

    assert (native(rgb, "RGB") == rgb.flatten(1)).all()


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(ValueError, match="'YV12' is not one of I420"):
        native(torch.zeros((1, 2, 2, 3), dtype=torch.uint8), "YV12")
