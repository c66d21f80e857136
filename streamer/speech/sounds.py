"""Sounds: what is said, as mouth shapes with lengths, and as one line of text for takes."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from streamer.errors import SpeechError
from streamer.speech.shapes import SHAPES, SILENCE

# A sound shorter than a frame would not be seen; the longest is a pause between two thoughts.
LENGTH_MS: Final = (10, 5000)

# 500 letters come to about 1,500 sounds; a line longer than this was not made by this program.
MAX_SOUNDS: Final = 6000
MAX_LINE: Final = 7 * MAX_SOUNDS

_SOUND: Final = re.compile(r"([a-z_])(\d{1,4})('?)")


class Sound(NamedTuple):
    """One sound: the letter of its shape, its length in s, and whether the voice stresses it."""

    shape: str
    length_s: float
    accent: bool = False

    @property
    def silent(self) -> bool:
        """Whether it is a pause."""
        return self.shape == SILENCE


def length_of(sounds: Iterable[Sound]) -> float:
    """Return how long sounds last together, s."""
    return sum(sound.length_s for sound in sounds)


def written(sounds: Iterable[Sound]) -> str:
    """Return sounds as a line such as ``k60 a95' n50``: shape, milliseconds, stress."""
    return " ".join(
        f"{s.shape}{round(s.length_s * 1000)}{chr(39) if s.accent else ''}" for s in sounds
    )


def read_sounds(line: str) -> tuple[Sound, ...]:
    """Read such a line. Raises: `SpeechError`, which names the sound."""
    words = line.split()
    if not 1 <= len(words) <= MAX_SOUNDS:
        raise SpeechError(f"{len(words)} sounds were given; there must be 1 to {MAX_SOUNDS}.")
    sounds: list[Sound] = []
    for word in words:
        found = _SOUND.fullmatch(word)
        if found is None or found[1] not in SHAPES:
            raise SpeechError(
                f"'{word[:20]}' is no sound. A sound is one of {' '.join(SHAPES)} with its "
                "milliseconds, such as a95, and ' if it is stressed."
            )
        ms = int(found[2])
        if not LENGTH_MS[0] <= ms <= LENGTH_MS[1]:
            raise SpeechError(
                f"The sound '{word}' lasts {ms} ms; it must be {LENGTH_MS[0]} to {LENGTH_MS[1]}."
            )
        sounds.append(Sound(found[1], ms / 1000.0, bool(found[3])))
    return tuple(sounds)
