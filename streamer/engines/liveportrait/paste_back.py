"""Crop -> photo: the drawn face laid over the photo through a feathered mask."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import CROP_PX, Affine
from streamer.view import Frame

# The mask's ramp at each side. Source: measured on the reference's mask picture, which this
# formula meets in every pixel; the left column is 0 and the right one is 15 of 255.
FEATHER_PX: Final = 16


@cache
def mask_template(side_px: int = CROP_PX) -> NDArray[np.uint8]:
    """Return the mask in the crop: 255 inside, falling to 0 over 16 px, corners round.

    Shape: (side, side).
    """
    at = np.arange(side_px, dtype=np.float64)
    low, high = FEATHER_PX, side_px - FEATHER_PX
    outside = np.maximum(np.maximum(low - at, at - high), 0.0)  # px from the inner square
    distance = np.hypot(outside[:, None], outside[None, :])
    mask = np.floor(255.0 * np.maximum(0.0, 1.0 - distance / FEATHER_PX)).astype(np.uint8)
    mask.setflags(write=False)
    return mask


def pixels(image: NDArray[np.float32]) -> Frame:
    """Return the network's picture as bytes, truncated as in the reference.

    NaN becomes 0: the guard must have looked before. Shapes: (1, 3, H, W) in 0..1 -> (H, W, 3).
    """
    upright = np.nan_to_num(image[0].transpose(1, 2, 0), nan=0.0)
    return np.ascontiguousarray(np.clip(np.clip(upright, 0, 1) * 255, 0, 255).astype(np.uint8))


def shrunk(crop: NDArray[np.uint8], out_from_crop: Affine) -> tuple[NDArray[np.uint8], Affine]:
    """Make a crop smaller that is drawn at less than half its size.

    Sampling alone would skip pixels, and the face would flicker in a small frame. The reference
    does not: there the crop goes back into the photo, about as large as it came.
    Returns: the crop and its map.
    """
    scale = float(np.sqrt(abs(np.linalg.det(out_from_crop[:2, :2]))))
    if scale >= 0.5:
        return crop, out_from_crop
    side = max(1, round(2 * scale * crop.shape[0]))
    factor = crop.shape[0] / side
    crop_from_small = np.array(
        [[factor, 0, 0.5 * factor - 0.5], [0, factor, 0.5 * factor - 0.5], [0, 0, 1]], np.float32
    )
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), out_from_crop @ crop_from_small


def draw_into(crop: NDArray[np.uint8], out_from_crop: Affine, size: tuple[int, int]) -> Frame:
    """Draw a crop into a picture of ``size`` (width, height), black elsewhere."""
    drawn = cv2.warpAffine(crop, out_from_crop[:2], size, flags=cv2.INTER_LINEAR)
    return np.asarray(drawn, np.uint8)


@dataclass(frozen=True)
class PasteBack:
    """A picture prepared for faces to be laid into it: mask and covered rest, once.

    ``antialias`` shrinks a crop properly that is drawn small; the reference never does.
    Shapes: mask (H, W, 1) in 0..1; rest (H, W, 3), the picture times one minus the mask.
    """

    out_from_crop: Affine
    mask: NDArray[np.float32]
    rest: NDArray[np.float32]
    antialias: bool = False

    @classmethod
    def into(
        cls,
        picture: Frame,
        out_from_crop: Affine,
        photo_share: NDArray[np.uint8] | None = None,
        *,
        antialias: bool = False,
    ) -> "PasteBack":
        """Prepare a picture: the photo itself, or a frame that shows it.

        ``photo_share``, (H, W), is how much of a frame's pixel shows the photo, 0..255: the crop
        is black where the photo ends, and must not cover the frame's background there.
        """
        height, width = picture.shape[:2]
        template = draw_into(mask_template(), out_from_crop, (width, height))
        mask = (template.astype(np.float32) / np.float32(255.0))[..., None]
        if photo_share is not None:
            mask = mask * (photo_share.astype(np.float32) / np.float32(255.0))[..., None]
        return cls(out_from_crop, mask, (1 - mask) * picture.astype(np.float32), antialias)

    def paste(self, face: Frame) -> Frame:
        """Lay a face over the picture. Shapes: (512, 512, 3) -> (H, W, 3)."""
        height, width = self.rest.shape[:2]
        crop, out_from_crop = face, self.out_from_crop
        if self.antialias:
            crop, out_from_crop = shrunk(face, out_from_crop)
        drawn = draw_into(crop, out_from_crop, (width, height))
        mixed = self.mask * drawn + self.rest
        return np.asarray(np.clip(mixed, 0, 255), np.uint8)
