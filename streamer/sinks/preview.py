"""The newest frame as JPEG, encoded once for all viewers and not at all without any."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np

from streamer.keep_going import KeepGoing
from streamer.view import Frame

# 85 keeps skin free of blocks at about 90 kB for 1280x720; below 75 the cheeks show blocks.
JPEG_QUALITY: Final = 85


class Viewer:
    """One consumer of the preview: gets each JPEG at most once and may skip."""

    def __init__(self, preview: "PreviewSink") -> None:
        self._preview = preview
        self._seen = 0

    def next(self, timeout_s: float) -> bytes | None:
        """Return a JPEG newer than the last one given, or `None` after ``timeout_s``."""
        serial, jpeg = self._preview.wait_newer(self._seen, timeout_s)
        self._seen = serial
        return jpeg


class PreviewSink:
    """Takes frames from the render thread; a thread of its own encodes the newest."""

    def __init__(self, quality: int = JPEG_QUALITY) -> None:
        self._quality = quality
        self._condition = threading.Condition()
        self._viewers = 0
        self._pending: Frame | None = None
        self._spare: Frame | None = None
        self._jpeg: bytes | None = None
        self._serial = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return self._viewers

    def send(self, frame: Frame, t: float) -> None:
        """Take one frame, if somebody watches and the encoder has taken the one before."""
        if not self._viewers or self._pending is not None:
            return
        spare, self._spare = self._spare, None
        if spare is None or spare.shape != frame.shape:
            spare = np.empty_like(frame)
        np.copyto(spare, frame)
        with self._condition:
            self._pending = spare
            self._condition.notify_all()

    @contextmanager
    def viewer(self) -> Iterator[Viewer]:
        """Watch for the time of a ``with`` block."""
        with self._condition:
            self._viewers += 1
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._encode, name="preview", daemon=True)
                self._thread.start()
        try:
            yield Viewer(self)
        finally:
            with self._condition:
                self._viewers -= 1

    def wait_newer(self, seen: int, timeout_s: float) -> tuple[int, bytes | None]:
        """Wait for a JPEG with a serial above ``seen``; returns its serial, and `None` if none."""
        with self._condition:
            self._condition.wait_for(lambda: self._serial > seen or self._closed, timeout_s)
            if self._serial > seen:
                return self._serial, self._jpeg
            return seen, None

    def close(self) -> None:
        """End the encoder and wake all viewers."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def _encode(self) -> None:
        going = KeepGoing("The live picture")
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._pending is not None or self._closed)
                if self._closed:
                    return
                frame = self._pending
            assert frame is not None
            jpeg: bytes | None = None
            with going:
                jpeg = encode_jpeg(frame, self._quality)
            with self._condition:
                if jpeg is not None:
                    self._jpeg = jpeg
                    self._serial += 1
                self._pending = None
                self._spare = frame
                self._condition.notify_all()


def encode_jpeg(frame: Frame, quality: int = JPEG_QUALITY) -> bytes:
    """Encode an RGB frame."""
    # OpenCV wants BGR; this copy is a tenth of the encoding.
    ok, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not ok:
        raise RuntimeError(f"OpenCV could not encode a frame of shape {frame.shape} as JPEG")
    return data.tobytes()
