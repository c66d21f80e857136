"""A voice drives the mouth of the portrait: what was heard becomes wishes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

from streamer.controls import VOICE, Controls
from streamer.speech.listening import HOP_S, Listener
from streamer.speech.wave_file import read_wave

# The presets that gestures are made of, and how strong they are at most.
NOD: Final = "emphasis"
BLINK: Final = "blink"
NOD_STRENGTH: Final = 0.9


class Voice:
    """Turns sound into wishes, one block after the other, in one thread.

    ``allowed`` says whether the person on stage may be made to speak, ``known`` whether there is a
    preset of a name.
    """

    def __init__(
        self,
        rate: float,
        controls: Controls,
        *,
        allowed: Callable[[], bool] = lambda: True,
        known: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._listener = Listener(rate)
        self._controls = controls
        self._allowed = allowed
        self._known = known
        self._drives = False

    def feed(self, samples: npt.NDArray[Any], at: float | None = None) -> None:
        """Take the next samples. ``at`` is the stream time of gestures, s; None: now."""
        heard = self._listener.hear(samples)
        if not heard:
            return
        last = heard[-1]
        if not (last.speaking and self._allowed()):
            self.rest()
            return
        self._drives = True
        self._controls.drive(VOICE, last.values)
        accent = max(row.accent for row in heard)
        if accent > 0.0 and self._known(NOD):
            self._controls.trigger(NOD, NOD_STRENGTH * accent**2, at=at, source=VOICE)
        if any(row.phrase_ends for row in heard) and self._known(BLINK):
            self._controls.trigger(BLINK, at=at, source=VOICE)

    def rest(self) -> None:
        """Give the mouth back to idle life."""
        if self._drives:
            self._drives = False
            self._controls.undrive(VOICE)


class PlayedVoice:
    """A wave file as the voice of a film: heard up to each frame's time, however fast that comes.

    Raises: `SpeechError`.
    """

    def __init__(self, path: Path, controls: Controls, *, known: Callable[[str], bool]) -> None:
        self._samples, self._rate = read_wave(path)
        self._voice = Voice(self._rate, controls, known=known)
        self._block = round(self._rate * HOP_S)
        self._heard = 0

    @property
    def length_s(self) -> float:
        """How long it is, s."""
        return len(self._samples) / self._rate

    def hear(self, t: float) -> None:
        """Hear what was said up to ``t``, s."""
        until = min(t * self._rate, len(self._samples))
        while self._heard + self._block <= until:
            end = self._heard + self._block
            self._voice.feed(self._samples[self._heard : end], at=end / self._rate)
            self._heard = end
        if self._heard + self._block > len(self._samples):
            self._voice.rest()
