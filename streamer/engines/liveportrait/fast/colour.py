"""RGB frames -> the bytes that virtual cameras take, on the device: I420, NV12 and UYVY.

The twin of `sinks.pixels.NativeFrames` for tensors, of any batch: the same whole-number arithmetic
and so the same bytes. BT.601 limited range; chroma is the mean of two by two pixels.
"""

from typing import Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.fast.compose import Box

FORMATS: Final = ("I420", "NV12", "UYVY", "RGB")

# Red, green and blue in luma, 2**20 times. Source: OpenCV 4's fixed-point BT.601 limited range.
LUMA: Final = (269484, 528482, 102760)
LUMA_BITS: Final = 20
# The same in full range, and how far blue and red are from it in chroma, 2**14 times.
# Source: OpenCV 4's fixed-point RGB2YCrCb.
FULL_LUMA: Final = (4899, 9617, 1868)
BLUE_AWAY: Final = 9241
RED_AWAY: Final = 11682
FULL_BITS: Final = 14
# Chroma's 255 levels on the camera's 224, around 128. Source: ITU-R BT.601-7, 2.5.3.
CHROMA_FROM: Final = 255
CHROMA_TO: Final = 224


def length(pixel_format: str, width: int, height: int) -> int:
    """Return how many bytes one frame takes. Raises `ValueError` for an unknown format."""
    if pixel_format not in FORMATS:
        raise ValueError(f"a frame in {pixel_format!r} is not one of {', '.join(FORMATS)}")
    per_2_px = {"UYVY": 4, "RGB": 6}.get(pixel_format, 3)
    return width * height * per_2_px // 2


def native(rgb: Tensor, pixel_format: str) -> Tensor:
    """Return frames in a camera's own format, flat. Shapes: (B, H, W, 3) -> (B, n), uint8."""
    batch, height, width = rgb.shape[:3]
    out = rgb.new_empty((batch, length(pixel_format, width, height)))
    convert(rgb, out, pixel_format, Box(0, 0, width, height))
    return out


def convert(rgb: Tensor, out: Tensor, pixel_format: str, box: Box) -> None:
    """Convert one box of frames; the other bytes of ``out`` stay.

    Shapes: rgb (B, H, W, 3), out (B, n) as `native` returns it.
    """
    batch, height, width = rgb.shape[:3]
    x, y, w, h = box
    rows, columns = slice(y, y + h), slice(x, x + w)
    half_rows, half_columns = slice(y // 2, (y + h) // 2), slice(x // 2, (x + w) // 2)
    inside = rgb[:, rows, columns]
    if pixel_format == "RGB":
        out.view(batch, height, width, 3)[:, rows, columns] = inside
        return
    wide = inside.int()
    luma, (u, v) = _luma(wide), _chroma(wide)
    if pixel_format == "UYVY":
        # u y v y; chroma is in every row, and each pair of rows shares one.
        pixels = out.view(batch, height // 2, 2, width // 2, 4)[:, half_rows, :, half_columns]
        pixels[..., 0], pixels[..., 2] = u[:, :, None], v[:, :, None]
        pixels[..., 1::2] = luma.view(batch, h // 2, 2, w // 2, 2)
        return
    size = height * width
    out[:, :size].view(batch, height, width)[:, rows, columns] = luma
    if pixel_format == "NV12":
        pairs = out[:, size:].view(batch, height // 2, width // 2, 2)
        pairs[:, half_rows, half_columns] = torch.stack((u, v), dim=-1)
        return
    planes = out[:, size:].view(batch, 2, height // 2, width // 2)
    planes[:, :, half_rows, half_columns] = torch.stack((u, v), dim=1)


def _luma(rgb: Tensor) -> Tensor:
    """Return 16..235. Shapes: (B, h, w, 3) int32 -> (B, h, w) uint8."""
    red, green, blue = (rgb[..., i] * LUMA[i] for i in range(3))
    offset = (16 << LUMA_BITS) + (1 << (LUMA_BITS - 1))
    return ((red + green + blue + offset) >> LUMA_BITS).to(torch.uint8)


def _chroma(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Return U and V, 16..240. Shapes: (B, h, w, 3) int32 -> (B, h / 2, w / 2) uint8, twice."""
    top, bottom = rgb[:, 0::2], rgb[:, 1::2]
    four = top[:, :, 0::2] + top[:, :, 1::2] + bottom[:, :, 0::2] + bottom[:, :, 1::2]
    mean = (four + 2) >> 2
    red, green, blue = (mean[..., i] for i in range(3))
    half = 1 << (FULL_BITS - 1)
    parts = red * FULL_LUMA[0] + green * FULL_LUMA[1] + blue * FULL_LUMA[2]
    full = (parts + half) >> FULL_BITS

    def limited(away: Tensor, gain: int) -> Tensor:
        level = ((away * gain + (128 << FULL_BITS) + half) >> FULL_BITS).clamp_(0, 255)
        # (level - 128) * 224 / 255, rounded; there are no ties. Kept above 0 for the division.
        above = (level * CHROMA_TO + (CHROMA_FROM - CHROMA_TO) * 128) * 2 + CHROMA_FROM
        return torch.div(above, 2 * CHROMA_FROM, rounding_mode="floor").to(torch.uint8)

    return limited(blue - full, BLUE_AWAY), limited(red - full, RED_AWAY)
