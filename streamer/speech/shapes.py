"""What the mouth looks like for each sound: one table for text and phonemes.

A shape stands for all sounds that look alike. Judged by eye on a portrait with closed lips, on
contact sheets and films; a syllable of quiet speech opens the mouth to a third of its range at
most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Shape:
    """Where one sound wants the mouth.

    ``opening`` is `lip_ratio`, ``spread`` is `grin`, ``pout`` and ``purse`` are the parameters of
    these names. ``firm`` 0..1 is how far the opening is the sound's own, and ``lips`` the same of
    the lips' form; the rest comes from the sounds around it: lips are round for a ``t`` before an
    ``o`` already. ``vowel`` carries a syllable.
    """

    opening: float
    spread: float = 0.0
    pout: float = 0.0
    purse: float = 0.0
    firm: float = 1.0
    lips: float = 1.0
    vowel: bool = False


SILENCE: Final = "_"

SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        # Vowels: as in far, bed, see, caw, too, bird; and the Korean eu.
        "a": Shape(0.27, 1.0, 0.0, 0.0, vowel=True),
        "e": Shape(0.18, 4.0, 0.0, 0.0, vowel=True),
        "i": Shape(0.11, 7.0, 0.0, 0.0, vowel=True),
        "o": Shape(0.19, 0.0, 0.055, 4.0, vowel=True),
        "u": Shape(0.10, 0.0, 0.075, 7.0, vowel=True),
        "v": Shape(0.18, 0.5, 0.012, 0.0, vowel=True),
        "y": Shape(0.09, 5.0, 0.0, 0.0, vowel=True),
        # Glides: w is a short u, j a short i.
        "w": Shape(0.05, 0.0, 0.08, 8.0, 0.9, 1.0),
        "j": Shape(0.08, 5.0, 0.0, 0.0, 0.7, 0.6),
        # Consonants: the lips meet for m, p, b; the lower lip meets the teeth for f, v.
        "m": Shape(0.0, 0.0, 0.0, 0.0, 1.0, 0.15),
        "f": Shape(0.03, 2.0, -0.03, 0.0, 0.95, 0.6),
        "t": Shape(0.04, 1.0, 0.0, 0.0, 0.75, 0.1),
        "k": Shape(0.05, 0.0, 0.0, 0.0, 0.55, 0.0),
        "s": Shape(0.05, 3.0, 0.0, 0.0, 0.85, 0.35),
        "c": Shape(0.06, 0.0, 0.05, 3.0, 0.85, 0.7),
        "r": Shape(0.08, 0.0, 0.03, 3.0, 0.6, 0.5),
        SILENCE: Shape(0.0),
    }
)
"""Shape by its letter, as written in takes. ``c`` is sh and ch, ``k`` also ng and h."""
