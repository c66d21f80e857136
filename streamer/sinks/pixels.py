"""Turn RGB frames into the bytes that virtual cameras take: I420, NV12 and UYVY.

All three carry BT.601 limited-range colour (black is 16, white 235), which is what camera readers
assume of an untagged stream. Chroma is the mean of two by two pixels: OpenCV's own I420 conversion
takes the chroma of one pixel in four, which makes sharp coloured edges flicker as they move.
"""

from typing import Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.view import Frame

PixelFormat = Literal["I420", "NV12", "UYVY"]
PIXEL_FORMATS: Final[tuple[PixelFormat, ...]] = get_args(PixelFormat)

Pixels = NDArray[np.uint8]
"""One frame in a camera's own format, flat and contiguous."""

# OpenCV's YCrCb spreads chroma over 255 levels, the camera's range over 224, both around 128.
# Source: ITU-R BT.601-7, 2.5.3 (quantised levels).
_CHROMA_SCALE: Final = 224 / 255
_CHROMA_SHIFT: Final = 128 - 128 * _CHROMA_SCALE


class NativeFrames:
    """Converts frames of any size into one native format and size, in two buffers used by turns.

    `convert` fills the spare buffer while another thread may read ``front``; `flip` makes the
    spare one the front. Both start black.

    Raises: `ConfigError` for an odd size, which has no half-size chroma.
    """

    def __init__(self, pixel_format: PixelFormat, width: int, height: int) -> None:
        if width % 2 or height % 2 or min(width, height) < 2:
            raise ConfigError(
                f"A camera frame of {width}x{height} is not possible: both numbers must be even. "
                "Try --size 1280x720."
            )
        self.pixel_format: Final = pixel_format
        self.width: Final = width
        self.height: Final = height
        length = width * height * 2 if pixel_format == "UYVY" else width * height * 3 // 2
        self._front: Pixels = np.empty(length, np.uint8)
        self._spare: Pixels = np.empty(length, np.uint8)

        # Scratch images, made once: fresh memory of this size costs as much as the conversion.
        self._canvas = np.zeros((height, width, 3), np.uint8)
        self._drawn = (0, 0, 0, 0)
        self._half = np.empty((height // 2, width // 2, 3), np.uint8)
        self._half_luma = np.empty((height // 2, width // 2), np.uint8)
        self._i420 = np.empty((height * 3 // 2, width), np.uint8)
        self._uv_rows = np.empty((height, width), np.uint8)

        for _ in range(2):
            self.convert(self._canvas)
            self.flip()

    @property
    def front(self) -> Pixels:
        """The newest finished frame."""
        return self._front

    def flip(self) -> None:
        """Make the frame that was converted last the front one."""
        self._front, self._spare = self._spare, self._front

    def take(self, pixels: Pixels) -> None:
        """Copy a frame that is in this format and size already into the spare buffer.

        Raises: `ValueError` for another length.
        """
        np.copyto(self._spare, pixels.reshape(self._spare.shape))

    def convert(self, frame: Frame) -> None:
        """Draw the frame into the spare buffer; another size is scaled to fit, on black.

        Shapes: frame (h, w, 3), RGB, any strides.
        """
        width, height, size = self.width, self.height, self.width * self.height
        fitted = self._fit(frame)
        if self.pixel_format == "I420":
            self._draw_i420(fitted, self._spare.reshape(height * 3 // 2, width))
            return
        self._draw_i420(fitted, self._i420)
        luma = self._i420[:height]
        u, v = self._i420[height:].reshape(2, height // 2, width // 2)
        if self.pixel_format == "NV12":
            self._spare[:size] = luma.reshape(-1)
            cv2.merge((u, v), self._spare[size:].reshape(height // 2, width // 2, 2))
            return
        # UYVY has chroma in every row; each pair of rows shares one, the mean of both.
        uv = self._half.reshape(-1)[: size // 2].reshape(height // 2, width // 2, 2)
        cv2.merge((u, v), uv)
        self._uv_rows[0::2] = self._uv_rows[1::2] = uv.reshape(height // 2, width)
        cv2.merge((self._uv_rows, luma), self._spare.reshape(height, width, 2))

    def _draw_i420(self, frame: Frame, out: Pixels) -> None:
        """Draw a frame of the right size as luma, U plane, V plane."""
        width, height = self.width, self.height
        cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420, out)
        chroma = out[height:]
        u, v = chroma.reshape(2, height // 2, width // 2)
        cv2.resize(frame, (width // 2, height // 2), self._half, interpolation=cv2.INTER_AREA)
        cv2.cvtColor(self._half, cv2.COLOR_RGB2YCrCb, self._half)
        cv2.split(self._half, (self._half_luma, v, u))
        cv2.convertScaleAbs(chroma, chroma, _CHROMA_SCALE, _CHROMA_SHIFT)

    def _fit(self, frame: Frame) -> Frame:
        """Scale a frame of another size into the middle of the canvas."""
        height, width = frame.shape[:2]
        if (width, height) == (self.width, self.height):
            return frame
        scale = min(self.width / width, self.height / height)
        inner_w = min(self.width, max(1, round(width * scale)))
        inner_h = min(self.height, max(1, round(height * scale)))
        x, y = (self.width - inner_w) // 2, (self.height - inner_h) // 2
        drawn = (x, y, inner_w, inner_h)
        if drawn != self._drawn:  # the borders of the last shape would stay
            self._canvas[:] = 0
            self._drawn = drawn
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        inside = self._canvas[y : y + inner_h, x : x + inner_w]
        inside[:] = cv2.resize(frame, (inner_w, inner_h), interpolation=interpolation)
        return self._canvas


def rectangle(
    pixels: Pixels, pixel_format: str, width: int, height: int, box: tuple[int, int, int, int]
) -> list[Pixels]:
    """Return the parts of a native frame that hold a rectangle of it, to be read or written.

    ``width`` and ``height`` are the frame's; ``box`` is x, y, width, height, all even.
    """
    x, y, w, h = box
    if pixel_format == "UYVY":
        return [pixels.reshape(height, width * 2)[y : y + h, 2 * x : 2 * (x + w)]]
    luma = pixels[: width * height].reshape(height, width)[y : y + h, x : x + w]
    chroma, rows = pixels[width * height :], slice(y // 2, (y + h) // 2)
    if pixel_format == "NV12":
        return [luma, chroma.reshape(height // 2, width)[rows, x : x + w]]
    columns = slice(x // 2, (x + w) // 2)
    return [luma, *chroma.reshape(2, height // 2, width // 2)[:, rows, columns]]
