"""A sentence with blanks, such as ``Port {0} is taken.``, and how a finished one is read back.

Nothing here goes back over a text: a blank ends where the words after it come first, so reading a
text takes time in proportion to its length, whatever it holds.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_BLANK: Final = re.compile(r"\{(\d)\}")
_ENDS: Final = (".", "?", "!", ")", "`")


@dataclass(frozen=True)
class Template:
    """A sentence whose blanks are ``{0}``, ``{1}``, ... in the order in which they stand."""

    sentence: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """What stands before, between and after the blanks."""
        return tuple(_BLANK.split(self.sentence)[::2])

    @cached_property
    def weight(self) -> int:
        """How many characters are given: of several that fit, the one with most is meant."""
        return sum(map(len, self.words))

    def values(self, text: str) -> tuple[str, ...] | None:
        """Return what stands in the blanks of a text, or None where it is another sentence."""
        first, *rest = self.words
        if not rest:
            return () if text == first else None
        *between, last = rest
        if not (text.startswith(first) and text.endswith(last)):
            return None
        at, end = len(first), len(text) - len(last)
        if at > end:
            return None
        found: list[str] = []
        # Of blanks with nothing between them the first takes all.
        behind = 0
        for words in between:
            if not words:
                behind += 1
                continue
            here = _after(text, words, at, end)
            if here is None:
                return None
            found += [text[at:here], *[""] * behind]
            at, behind = here + len(words), 0
        return (*found, text[at:end], *[""] * behind)


def _after(text: str, words: str, at: int, end: int) -> int | None:
    """Return where the words come next.

    A full stop in them ends a sentence and is no part of a file's name; a mere space between two
    blanks lies between two sentences, if there are two.
    """
    here = first = text.find(words, at, end)
    while here >= 0:
        after = here + len(words)
        if words.isspace():
            if text.endswith(_ENDS, at, here):
                return here
        elif not words.endswith(".") or after == end or text[after].isspace():
            return here
        here = text.find(words, here + 1, end)
    return first if first >= 0 and words.isspace() else None


def filled(sentence: str, values: tuple[str, ...]) -> str:
    """Put the values into the blanks; a value's own braces stay as they are."""
    return _BLANK.sub(lambda blank: values[int(blank[1])], sentence)
