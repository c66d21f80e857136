"""A decoded picture's pixels as the engines want them: upright, opaque, 8-bit sRGB."""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamer.view import Frame

# Where a picture is transparent it is laid over this grey: no colour cast on hair and skin.
BACKDROP: Final = (128, 128, 128)

# Source: EXIF 2.32, tag 0x0112.
_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT_BY: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_STRIP: Final = 256  # rows


def upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """Turn by the camera's note; also tell whether width and height changed places."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # damaged metadata are no reason to refuse the picture; shown as stored
        orientation = 1
    method = _UPRIGHT_BY.get(orientation)
    if method is None:
        return image, False
    return image.transpose(method), orientation >= 5


def rgb(image: Image.Image, icc_profile: bytes | None, longest: int) -> Frame:
    """Bring any mode to 8-bit sRGB of at most ``longest`` px, transparency laid over grey."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    longer = max(image.size)
    if longer > longest:
        width, height = (max(1, round(side * longest / longer)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if icc_profile:
        image = _to_srgb(image, icc_profile)
    if image.mode == "RGBA":
        backdrop = Image.new("RGBA", image.size, (*BACKDROP, 255))
        image = Image.alpha_composite(backdrop, image)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits; Pillow's own conversion clips to white."""
    values = np.asarray(image)
    # In strips: forty million numbers of double precision would come to a third of a gigabyte.
    strips = range(0, len(values), _STRIP)
    high = max(float(_finite(values[y : y + _STRIP]).max()) for y in strips)
    if image.mode == "F" and high <= 1.0:
        full = 1.0
    elif image.mode.startswith("I;16") or high > 255.0:
        full = 65535.0 if high <= 65535.0 else high
    else:
        full = 255.0
    grey = np.empty(values.shape, np.uint8)
    for y in strips:
        part = _finite(values[y : y + _STRIP]) / full
        grey[y : y + _STRIP] = np.rint(np.clip(part, 0.0, 1.0) * 255.0)
    return Image.fromarray(grey)


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
    """Apply an embedded colour profile; one that is broken or does not fit is left aside."""
    from PIL import ImageCms  # loads LittleCMS: only for pictures that carry a profile

    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=wanted,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, ImportError):
        return image
    return image if converted is None else converted
