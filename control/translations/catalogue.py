"""Finds which sentence of the code a text is, and says it in Korean.

The code writes English only, and so do the logs: a message is one text, whoever reads it. Where it
is shown to a person, this finds the sentence of the catalogue that it came from, and fills the
values into the Korean one. A text of several sentences is taken apart; a value that is a sentence
itself (``The take cannot be written to x: Permission denied.``) is said in Korean, too. What is not
in the catalogue stays as it was.
"""

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from control.translations.particles import with_particles
from control.translations.templates import Template, filled

# The longest messages of the product have 800 characters. What is longer, or has more sentences, is
# somebody else's text. With these bounds, and `MOST_LOOKS`, no text costs more than milliseconds.
LONGEST: Final = 1500
MOST_SENTENCES: Final = 10
# A message within a message within a message.
DEEPEST: Final = 3
# How often the catalogue is searched for one text; messages of the product need 30.
MOST_LOOKS: Final = 120
# Where ``smile.yaml: found 3`` may be a place and a sentence.
MOST_PLACES: Final = 3

_END: Final = re.compile(r"(?<=[.?!;)]) +|\n+")

# How many characters were known, and the text in Korean.
_Said = tuple[int, str]


class Catalogue:
    """Sentences of one language; call it with an English text."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self.sentences = dict(sentences)
        self._templates = sorted(map(Template, sentences), key=lambda t: -t.weight)
        # The longest words of each: one look whether a text has them spares most of the work.
        self._telling = [max(template.words, key=len) for template in self._templates]
        self._remembered = lru_cache(maxsize=512)(self._say)

    def __call__(self, text: str) -> str:
        """Return the text in this language, or as it is where nothing fits."""
        return text if len(text) > LONGEST else self._remembered(text)

    def find(self, text: str) -> tuple[Template, tuple[str, ...]] | None:
        """Return which sentence a text is, and its values."""
        for telling, template in zip(self._telling, self._templates, strict=True):
            if telling in text:
                values = template.values(text)
                if values is not None:
                    return template, values
        return None

    def _say(self, text: str) -> str:
        return _Telling(self).say(text, DEEPEST)[1]


class _Telling:
    """Says one text; counts how often the catalogue was searched."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._looks = 0

    def say(self, text: str, depth: int) -> _Said:
        """Say one sentence or several."""
        body = text.strip()
        if not body or depth < 0:
            return 0, text
        ends = [0, *(found.end() for found in _END.finditer(body)), len(body)]
        if len(ends) > MOST_SENTENCES + 1:
            return 0, text
        known, said = self._best(body, ends, depth)
        start = text.index(body)
        return known, text[:start] + said + text[start + len(body) :]

    def _best(self, body: str, ends: list[int], depth: int) -> _Said:
        """Take a text apart so that most of it is known: sentences may belong together."""
        last = len(ends) - 1
        parts: dict[tuple[int, int], _Said] = {}
        for length in reversed(range(1, last + 1)):  # the budget goes to the longest first
            for i in range(last - length + 1):
                part = body[ends[i] : ends[i + length]]
                known, said = self._entry(part.rstrip(), depth)
                parts[i, i + length] = known, said + part[len(part.rstrip()) :]
        best = self._joined(parts, last)
        if best[0] or last == 1:
            unknown = [i for i in range(last) if parts[i, i + 1][0] == 0]
        else:
            unknown = []
            parts[0, last] = self._within(body, depth)
        for i in unknown:
            part = body[ends[i] : ends[i + 1]]
            known, said = self._within(part.rstrip(), depth)
            parts[i, i + 1] = known, said + part[len(part.rstrip()) :]
        return self._joined(parts, last)

    @staticmethod
    def _joined(parts: Mapping[tuple[int, int], _Said], last: int) -> _Said:
        """Put parts one behind the other, those with most that is known."""
        best: list[_Said] = [(0, "")] * (last + 1)
        for i in reversed(range(last)):
            choices = ((parts[i, j], best[j]) for j in reversed(range(i + 1, last + 1)))
            first, rest = max(choices, key=lambda choice: choice[0][0] + choice[1][0])
            best[i] = first[0] + rest[0], first[1] + rest[1]
        return best[0]

    def _entry(self, text: str, depth: int) -> _Said:
        """Say what is one entry of the catalogue."""
        self._looks += 1
        found = self._catalogue.find(text) if self._looks <= MOST_LOOKS else None
        if found is None:
            return 0, text
        template, values = found
        inner = [self.say(value, depth - 1) for value in values]
        korean = self._catalogue.sentences[template.sentence]
        said = with_particles(filled(korean, tuple(value for _, value in inner)))
        return template.weight + sum(known for known, _ in inner), said

    def _within(self, text: str, depth: int) -> _Said:
        """Say a sentence that a full stop was put behind, or a place in a file before."""
        tries: list[_Said] = [(0, text)]
        if text.endswith("."):
            known, said = self.say(text[:-1], depth - 1)
            tries.append((known, f"{said}."))
        places = [found.start() for found in re.finditer(": ", text)][:MOST_PLACES]
        for place in places:
            before, where = self.say(text[:place], depth - 1)
            after, what = self.say(text[place + 2 :], depth - 1)
            tries.append((before + after, f"{where}: {what}"))
        return max(tries, key=lambda said: said[0])


@cache
def korean() -> Catalogue:
    """Return the Korean catalogue; read when it is first needed."""
    text = (files("control.translations") / "ko.json").read_text(encoding="utf-8")
    groups: dict[str, dict[str, str]] = json.loads(text)
    return Catalogue({en: ko for group in groups.values() for en, ko in group.items()})
