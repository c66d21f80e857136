"""One portrait's crop in one view, as OpenCV brings it into the frame."""

from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast.bare import Bare
from streamer.engines.liveportrait.fast.compose import Compose, Layer
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.paste_back import PasteBack
from streamer.geometry import Matrix
from streamer.photo import Photo
from streamer.view import Frame, Framing, View


class Subject(Protocol):
    """What a scene needs to know of its portrait."""

    @property
    def photo(self) -> Photo:
        """The picture that was read."""

    @property
    def standing(self) -> Standing:
        """The encoded photo, and its place on the ladder of forms."""

    @property
    def photo_from_crop(self) -> Matrix:
        """Where the crop lies in the photo."""

    @property
    def framing(self) -> Framing:
        """Where the head is in the photo."""

    @property
    def crop(self) -> Frame:
        """The photo's own crop. Shape: (512, 512, 3)."""

    @property
    def crop_mean(self) -> float:
        """Its mean brightness, 0..1."""


@dataclass(frozen=True)
class Setting:
    """The frame around a portrait's crop; without ``paste`` the crop stands there bare."""

    view: View
    paste: PasteBack | None = None

    @classmethod
    def of(cls, portrait: Subject, view: View, *, paste_back: bool) -> tuple["Setting", Frame]:
        """Return the setting, and the photo in it; not pasted back, its bare crop."""
        if not paste_back:
            bare = cls(view)
            return bare, bare.frame_of(portrait.crop)
        image = portrait.photo.image
        height, width = image.shape[:2]
        frame_from_photo = view.frame_from_photo(width, height, portrait.framing)
        still = view.draw(image, frame_from_photo)
        frame_from_crop = (frame_from_photo @ portrait.photo_from_crop).astype(np.float32)
        paste = PasteBack.into(
            still,
            frame_from_crop,
            _photo_share(image, view, frame_from_photo),
            antialias=True,
        )
        setting = cls(view, paste)
        return setting, setting._mirrored(still)

    def frame_of(self, crop: Frame) -> Frame:
        """Return the frame of a drawn crop. Shape of the crop: (512, 512, 3)."""
        return self._mirrored(self._framed(crop))

    def layer(self, device: str) -> Layer:
        """Return what does the same on a device."""
        if self.paste is None:
            return Bare.of(self.view, device=device)
        return Compose.of(self.paste, mirror=self.view.mirror, device=device)

    def _framed(self, crop: Frame) -> Frame:
        """Bring the drawn crop into the frame: pasted back, or bare."""
        if self.paste is not None:
            return self.paste.paste(crop)
        bare = View(self.view.width, self.view.height, fit="contain", fill=self.view.fill)
        return bare.draw(crop, bare.frame_from_photo(CROP_PX, CROP_PX, None))

    def _mirrored(self, frame: Frame) -> Frame:
        if self.view.mirror:
            return np.asarray(cv2.flip(frame, 1), np.uint8)
        return np.ascontiguousarray(frame)


def _photo_share(photo: Frame, view: View, frame_from_photo: Matrix) -> NDArray[np.uint8]:
    """Return how much of each frame pixel shows the photo, as the view itself mixes it, 0..255."""
    white = np.full_like(photo, 255)
    return replace(view, fill="#000000").draw(white, frame_from_photo)[..., 0]
