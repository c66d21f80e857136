"""Where one portrait is on the ladder of forms."""

import threading

from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.model import Encoded
from streamer.parameters import Face, neutral_face


class Standing:
    """Where one portrait is on the ladder. ``current`` is who paints it, None for the plain form.

    ``risen`` is set when the first faster form may be used, or none ever will be.
    """

    def __init__(self, encoded: Encoded, driver: Driver) -> None:
        self.encoded = encoded
        self.driver = driver
        self.risen = threading.Event()
        self.begun = False
        self._painters: tuple[Painter, ...] = ()
        self._lock = threading.Lock()

    @property
    def current(self) -> Painter | None:
        """The fastest painter that was proven and has not failed."""
        painters = self._painters
        return painters[-1] if painters else None

    @property
    def rest(self) -> Face:
        """The portrait's face at rest."""
        ratios = self.driver.ratios
        return neutral_face(eye_ratio=ratios.eye, lip_ratio=ratios.lip)

    def rise(self, painter: Painter) -> None:
        """Let a proven painter paint from now on."""
        with self._lock:
            self._painters = (*self._painters, painter)

    def fall(self, painter: Painter) -> bool:
        """Leave a painter that failed; returns whether it was still in use."""
        with self._lock:
            there = painter in self._painters
            if there:
                self._painters = self._painters[: self._painters.index(painter)]
        return there
