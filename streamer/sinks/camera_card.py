"""A test card for cameras: colour bars that are not the same mirrored, and a number that counts.

`Card` draws it, `Seen` reads it out of a camera's own bytes. The number stands in a strip of black
and white blocks at the bottom, each bit with its opposite, so that a torn picture reads as none.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.sinks.camera_linux import DeviceFormat
from streamer.sinks.pixels import NativeFrames, Pixels
from streamer.view import Frame

# Inside the range that every conversion keeps; no two neighbours alike, and no bar in its mirror.
BARS: Final = (
    *((225, 225, 225), (220, 210, 30), (30, 200, 210), (40, 190, 50)),
    *((200, 50, 190), (210, 40, 40), (40, 50, 210), (30, 30, 30)),
)
BITS: Final = 8
_STRIP: Final = 0.75  # where the strip begins, in heights

# Luma of black and white. Source: ITU-R BT.601-7, 2.5.3 (quantised levels).
_DARK: Final = 16
_LIGHT: Final = 235

_TO_RGB: Final = {
    "YU12": cv2.COLOR_YUV2RGB_I420,
    "NV12": cv2.COLOR_YUV2RGB_NV12,
    "UYVY": cv2.COLOR_YUV2RGB_UYVY,
}


class Card:
    """The card at one size, prepared once; only its number changes."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._strip = width, round(height * _STRIP)
        row = np.asarray(BARS, np.uint8)[None]
        self.frame: Frame = np.empty((height, width, 3), np.uint8)
        cv2.resize(row, (width, height), self.frame, interpolation=cv2.INTER_NEAREST)
        self.frame[self._strip :] = 0
        frames = NativeFrames("I420", width, height)
        frames.convert(self.frame)
        frames.flip()
        self._i420: Pixels = frames.front.copy()
        self._luma = self._i420[: width * height].reshape(height, width)

    def show(self, number: int) -> None:
        """Write the number (its last `BITS` bits) into the strip."""
        for left, right, light in _blocks(number, self._width):
            self.frame[self._strip :, left:right] = 255 if light else 0
            self._luma[self._strip :, left:right] = _LIGHT if light else _DARK

    def native(self, pixel_format: str) -> Pixels | None:
        """Return the card in a camera's format where it is at hand so, else None."""
        return self._i420 if pixel_format == "I420" else None


class Seen:
    """One picture as a reader of the camera got it; the driver may have padded its ``data``.

    Raises: `ValueError` for a format that is not known here, or too few bytes.
    """

    def __init__(self, data: bytes, form: DeviceFormat) -> None:
        if form.fourcc not in _TO_RGB:
            raise ValueError(f"unknown format {form.fourcc}")
        width, height = form.width, form.height
        flat = np.frombuffer(data, np.uint8)[: frame_bytes(form)]
        if form.fourcc == "UYVY":
            self._raw: NDArray[np.uint8] = flat.reshape(height, width, 2)
            self._luma: NDArray[np.uint8] = self._raw[:, :, 1]
        else:
            self._raw = flat.reshape(height * 3 // 2, width)
            self._luma = self._raw[:height]
        self._form = form

    def number(self, *, mirrored: bool = False) -> int | None:
        """Return the number in the strip; None where there is none."""
        height, width = self._luma.shape
        row = self._luma[round(height * (1 + _STRIP) / 2)]
        if mirrored:
            row = row[::-1]
        bits = [int(row[(left + right) // 2]) for left, right, _ in _blocks(0, width)]
        light = [bit > (_DARK + _LIGHT) // 2 for bit in bits]
        if any(one == opposite for one, opposite in zip(light[::2], light[1::2], strict=True)):
            return None
        return sum(1 << k for k, one in enumerate(light[::2]) if one)

    def bars_error(self, *, mirrored: bool = False) -> int:
        """Return the worst difference of a bar's colour from the one sent, of 255."""
        rgb = cv2.cvtColor(self._raw, _TO_RGB[self._form.fourcc])
        height, width = rgb.shape[:2]
        wanted = BARS[::-1] if mirrored else BARS
        worst = 0
        for k, colour in enumerate(wanted):
            middle = round(width * (k + 0.5) / len(BARS))
            for y in (height // 8, height // 3, height // 2):
                difference = np.abs(rgb[y, middle].astype(int) - colour)
                worst = max(worst, int(difference.max()))
        return worst


def frame_bytes(form: DeviceFormat) -> int:
    """Return how many bytes a frame of one of our formats has."""
    pixels = form.width * form.height
    return pixels * 2 if form.fourcc == "UYVY" else pixels * 3 // 2


def _blocks(number: int, width: int) -> list[tuple[int, int, bool]]:
    """Return left, right and whether it is white of each block: a bit, then its opposite."""
    blocks = []
    for k in range(2 * BITS):
        bit = bool(number >> (k // 2) & 1)
        left, right = width * k // (2 * BITS), width * (k + 1) // (2 * BITS)
        blocks.append((left, right, bit if k % 2 == 0 else not bit))
    return blocks
