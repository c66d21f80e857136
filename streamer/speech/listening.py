"""A voice in, a mouth out: loudness opens it, brightness spreads or rounds it, pauses close it.

Everything is learned from the voice itself: how loud silence is, how loud its vowels are, and how
bright it is on average, so that no gain needs to be set. The same samples give the same mouth,
however they are cut into blocks.
"""

import math
from collections import deque
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Sound of one channel, -1 to 1. Shape: (n,)."""

HOP_S: Final = 0.010
WINDOW_S: Final = 0.020

# What opens a mouth: above the hum and the nasals, below the hiss of an s. Hz.
VOICE_HZ: Final = (300.0, 3600.0)
# Where back vowels (o, u) are strong, and where front ones (i, e) are: their second formants.
DARK_HZ: Final = (300.0, 1100.0)
BRIGHT_HZ: Final = (1700.0, 3600.0)

# Silence is the least loudness of this time; before there was any, it is thought to be FIRST_DB.
FLOOR_S: Final = 3.0
FLOOR_BLOCK_S: Final = 0.25
FIRST_DB: Final = -65.0
FIRST_S: Final = 0.6
# Steady noise wavers by this much above its own minimum.
MARGIN_DB: Final = 8.0

# The loudest vowels: known at once, forgotten slowly, and only while somebody speaks.
LOUDER_S: Final = 0.02
FORGET_DB_S: Final = 5.0
SETTLE_DB_S: Final = 100.0  # in the first moments, when nothing is known yet
LEAST_RANGE_DB: Final = 14.0
# Nobody speaks as quietly as this into a microphone that is switched on.
QUIETEST_DB: Final = -62.0
RANGE_DB: Final = 24.0

# How fast the mouth follows. Faster, and it trembles with the voice's own vibration.
OPEN_S: Final = 0.012
CLOSE_S: Final = 0.035
FORM_S: Final = 0.05
CURVE: Final = 1.35

# The loudest vowel opens the mouth to this `lip_ratio`; under SHUT of it the lips meet.
WIDEST: Final = 0.30
SHUT: Final = 0.08
SPREAD: Final = 7.0
POUT: Final = 0.065
PURSE: Final = 5.0
FORM_DB: Final = 9.0
MEAN_S: Final = 4.0

# Gestures: nods on loud syllables at 1 to 2 Hz, a blink when a phrase ends.
ACCENT_FROM: Final = 0.72
ACCENTS_S: Final = 0.75
PAUSE_S: Final = 0.22
PHRASE_S: Final = 0.5
BLINKS_S: Final = 1.2

# Silence for this long, and the mouth is idle life's again.
QUIET_S: Final = 0.7


class Heard(NamedTuple):
    """What one hop of sound makes of the face.

    ``t`` is the end of the sound that was heard, s since the first sample. ``values`` are
    parameters. ``speaking`` holds through the pauses within speech. ``accent`` is above 0 in the
    hop of a loud syllable; ``phrase_ends`` is true once after each phrase.
    """

    t: float
    values: dict[str, float]
    speaking: bool
    accent: float
    phrase_ends: bool


class Listener:
    """Listens to one voice. Units: ``rate`` samples a second, 8,000 at least."""

    def __init__(self, rate: float) -> None:
        self._hop = round(rate * HOP_S)
        self._size = 2 * self._hop
        self._window = np.hanning(self._size + 2)[1:-1].astype(np.float32)
        hz = np.fft.rfftfreq(self._size, 1.0 / rate)
        self._voice, self._dark, self._bright = (
            (hz >= low) & (hz <= high) for low, high in (VOICE_HZ, DARK_HZ, BRIGHT_HZ)
        )
        self._scale = 2.0 / float(np.sum(self._window**2) * self._size)
        self._held = np.zeros(self._size - self._hop, np.float32)  # silence before the first
        self._hops = 0
        blocks = round(FLOOR_S / FLOOR_BLOCK_S)
        self._minima: deque[float] = deque(maxlen=blocks)
        self._least = math.inf
        self._smooth = FIRST_DB
        self._floor = FIRST_DB
        self._peak = FIRST_DB + LEAST_RANGE_DB + MARGIN_DB
        self._open = 0.0
        self._form = 0.0
        self._mean = -10.0
        self._rising = 0.0
        self._since_accent = self._since_blink = math.inf
        self._silent = math.inf  # s since the voice was last heard
        self._phrase = 0.0  # s of voice since the last pause

    def hear(self, samples: npt.NDArray[Any]) -> list[Heard]:
        """Take the next samples, any number of them; return what they made, a row per hop."""
        sound = np.nan_to_num(np.asarray(samples, np.float32).ravel(), posinf=0.0, neginf=0.0)
        self._held = np.concatenate([self._held, np.clip(sound, -1.0, 1.0)])
        heard: list[Heard] = []
        start = 0
        while len(self._held) - start >= self._size:
            heard.append(self._step(self._held[start : start + self._size]))
            start += self._hop
        self._held = self._held[start:]
        return heard

    def _step(self, window: Samples) -> Heard:
        self._hops += 1
        power = np.abs(np.fft.rfft(window * self._window)) ** 2 * self._scale
        loud = _db(power[self._voice])
        self._learn(loud)
        gate = max(self._floor + MARGIN_DB, self._peak - RANGE_DB)
        x = min(max((loud - gate) / (self._peak - gate), 0.0), 1.0)
        wanted = x**CURVE
        seconds = OPEN_S if wanted > self._open else CLOSE_S
        self._open += _share(seconds) * (wanted - self._open)
        if wanted > 0.0:
            contrast = _db(power[self._bright]) - _db(power[self._dark])
            self._mean += _share(MEAN_S) * (contrast - self._mean)
            form = min(max((contrast - self._mean) / FORM_DB, -1.0), 1.0)
            self._form += _share(FORM_S) * (form - self._form)
        else:
            self._form -= _share(2.0 * FORM_S) * self._form
        accent, ends = self._gestures(wanted)
        return Heard(self._hops * HOP_S, self._values(), self._silent < QUIET_S, accent, ends)

    def _learn(self, loud: float) -> None:
        """Learn how loud silence and the loudest vowels are."""
        settling = self._hops * HOP_S < 0.5 * FIRST_S
        self._smooth += (1.0 if self._hops < 3 else _share(0.03)) * (loud - self._smooth)
        self._least = min(self._least, self._smooth)
        if self._hops % round(FLOOR_BLOCK_S / HOP_S) == 0:
            self._minima.append(self._least)
            self._least = self._smooth
        floor = min(self._least, *self._minima) if self._minima else self._least
        if self._hops * HOP_S < FIRST_S:
            floor = min(floor, FIRST_DB)
        # Falls at once, rises softly: a step would make the mouth jump.
        self._floor = min(floor, self._floor + 40.0 * HOP_S)
        if loud > self._peak:
            self._peak += _share(LOUDER_S) * (loud - self._peak)
        elif settling:
            self._peak -= SETTLE_DB_S * HOP_S
        elif loud > self._floor + MARGIN_DB:
            self._peak -= FORGET_DB_S * HOP_S
        self._peak = max(self._peak, self._floor + MARGIN_DB + LEAST_RANGE_DB, QUIETEST_DB)

    def _values(self) -> dict[str, float]:
        opening = max(self._open - SHUT, 0.0) / (1.0 - SHUT)
        shown = math.sqrt(opening)  # closed lips have their own form
        bright, dark = max(self._form, 0.0), max(-self._form, 0.0)
        return {
            "lip_ratio": WIDEST * opening * (1.0 - 0.2 * dark),
            "grin": SPREAD * bright * shown,
            "pout": POUT * dark * shown,
            "purse": PURSE * dark * shown,
        }

    def _gestures(self, wanted: float) -> tuple[float, bool]:
        """Return the accent of this hop, 0 for none, and whether a phrase ends with it."""
        self._since_accent += HOP_S
        self._since_blink += HOP_S
        voiced = wanted > SHUT
        ends = False
        if voiced:
            self._phrase += HOP_S
            self._silent = 0.0
        else:
            self._silent += HOP_S
            if self._silent >= PAUSE_S:
                ends = self._phrase >= PHRASE_S and self._since_blink >= BLINKS_S
                self._phrase = 0.0
        if ends:
            self._since_blink = 0.0
        accent = 0.0
        # At the top of a loud syllable: it rose to here and falls now.
        if self._rising >= ACCENT_FROM and wanted < self._rising:
            if self._since_accent >= ACCENTS_S:
                accent, self._since_accent = self._rising, 0.0
            self._rising = 0.0
        elif wanted >= ACCENT_FROM:
            self._rising = max(self._rising, wanted)
        return accent, ends


def _db(power: npt.NDArray[Any]) -> float:
    return 10.0 * math.log10(float(np.sum(power)) + 1e-10)


def _share(seconds: float) -> float:
    """How much of the way is gone in one hop."""
    return 1.0 - math.exp(-HOP_S / seconds)
