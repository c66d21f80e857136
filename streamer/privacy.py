"""The picture that stands in for the face while privacy is asked for: "be right back"."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from streamer.errors import ConfigError, PhotoError
from streamer.photo import read_photo
from streamer.resources import asset
from streamer.view import Frame

SHIPPED: Final = "be-right-back.png"


def privacy_picture(chosen: Path | None, width: int, height: int) -> Frame:
    """Return the picture at the frame's size: the middle of it, as large as fills the frame.

    Never mirrored, since it may hold words. Shape: (height, width, 3). Raises: `ConfigError` where
    the ``chosen`` file cannot be used.
    """
    try:
        image = _shipped() if chosen is None else read_photo(chosen).image
    except PhotoError as exc:
        raise ConfigError(f"The privacy picture cannot be used. {exc}") from exc
    rows, columns = image.shape[:2]
    scale = max(width / columns, height / rows)
    size = (max(width, round(columns * scale)), max(height, round(rows * scale)))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    drawn = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(drawn[y : y + height, x : x + width])


def _shipped() -> Frame:
    """Return the picture that comes with the product, which needs none of a photo's care."""
    data = np.frombuffer(asset(SHIPPED).read_bytes(), np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if bgr is None:
        raise ConfigError(f"The product's own picture {SHIPPED} is damaged. Install it anew.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, bgr), np.uint8)


class Card:
    """The picture kept ready, so that it is there with the next frame when it is asked for.

    ``say`` gets what is wrong with the ``chosen`` file, or an empty text; the shipped picture then
    stands in, since nobody who asks for privacy may be shown.
    """

    def __init__(self, chosen: Path | None, say: Callable[[str], None]) -> None:
        self._chosen = chosen
        self._say = say
        self._lock = threading.Lock()
        self._ready: Frame | None = None

    def at(self, width: int, height: int) -> Frame:
        """Return the picture at this size. Shape: (height, width, 3)."""
        with self._lock:
            if self._ready is None or self._ready.shape != (height, width, 3):
                self._ready = self._read(width, height)
            return self._ready

    def _read(self, width: int, height: int) -> Frame:
        try:
            picture = privacy_picture(self._chosen, width, height)
        except ConfigError as exc:
            self._say(str(exc))
            return privacy_picture(None, width, height)
        self._say("")
        return picture
