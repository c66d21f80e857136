"""Takes out of a text what tells who somebody is: tokens, photos, home folder, user, machine.

What is known is taken out by its words, in every form in which a log may write them. Photos that
are not known any more are known by the endings of their files.
"""

import getpass
import json
import re
import socket
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

SECRET: Final = "<removed>"
PHOTO: Final = "<photo>"
USER: Final = "<user>"
MACHINE: Final = "<machine>"

# Shorter ones would take words apart that have nothing to do with them.
_SHORTEST_SECRET: Final = 4
_EVERYBODYS: Final = {"", "localhost", "localhost.localdomain", "user", "root"}

_PICTURE: Final = (
    r"(?:jpe?g|png|webp|avif|tiff?|gif|bmp|ppm|jp2|heic|heif|about\.yaml|landmarks\.yaml)"
)

# Whatever is written like these is nobody's business, known or not.
_SECRETS: Final = (
    # Addresses of receivers hold stream keys, passwords and signatures.
    re.compile(r"(\b(?:rtmps?|rtsps?|srt|udp)://)[^\s'\"<>]+", re.I),
    re.compile(r"(\bhttps?://)[^\s/@'\"]+(?=@)", re.I),
    re.compile(r"((?:token|session|key|password|passwd|secret)=)[^\s&;'\"]+", re.I),
    re.compile(r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{6,}", re.I),
    re.compile(r"(--panel-token[= ]+)\S+"),
)
_PHOTOS: Final = (
    # In quotes, or as the end of a path, a picture's name may hold blanks.
    re.compile(rf"()(?<=')[^'\n]{{1,200}}\.{_PICTURE}(?=')", re.I),
    re.compile(rf'()(?<=")[^"\n]{{1,200}}\.{_PICTURE}(?=")', re.I),
    re.compile(rf"()(?:[A-Za-z]:)?[/\\~][^\n'\"<>|:*?]{{0,300}}?\.{_PICTURE}\b", re.I),
    re.compile(rf"()[^\s/\\'\"<>]+\.{_PICTURE}\b", re.I),
    # What was chosen on the page, as a start tells it, and what a hotkey puts on stage.
    re.compile(r"(before: photo )[^,\n]*?(?=, [a-z_]+ |\. \()"),
    re.compile(r"(\bphoto[:=]\s?)(?!//)[^\s,'\"\]})]+"),
)


class Scrubber:
    """Replaces words by what they are: ``words`` maps each to its stand-in; ``kept`` stay."""

    def __init__(self, words: Mapping[str, str], kept: Iterable[str] = ()) -> None:
        self._stand_ins: dict[str, str] = {}
        for word, stand_in in words.items():
            for form in _forms(word):
                self._stand_ins.setdefault(form.casefold(), stand_in)
        longest_first = sorted(self._stand_ins, key=len, reverse=True)
        joined = "|".join(_bounded(form) for form in longest_first)
        self._known = re.compile(joined, re.IGNORECASE) if joined else None
        self._kept = {name.casefold() for name in kept}

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        text = unicodedata.normalize("NFC", text)
        for pattern in _SECRETS:
            text = pattern.sub(rf"\g<1>{SECRET}", text)
        for pattern in _PHOTOS:
            text = pattern.sub(self._unless_kept, text)
        return self._known.sub(self._stand_in, text) if self._known is not None else text

    def _stand_in(self, found: "re.Match[str]") -> str:
        return self._stand_ins.get(found[0].casefold(), SECRET)

    def _unless_kept(self, found: "re.Match[str]") -> str:
        """Keep the names of pictures that come with the product."""
        stem = re.split(r"[/\\:= ]", found[0])[-1].partition(".")[0]
        return found[0] if stem.casefold() in self._kept else f"{found[1]}{PHOTO}"


def of_this_machine() -> dict[str, str]:
    """Return the words that name this user and this machine, with their stand-ins."""
    words = {str(Path.home()): "~", Path.home().as_posix(): "~"}
    names = [Path.home().name, socket.gethostname(), socket.gethostname().partition(".")[0]]
    stand_ins = [USER, MACHINE, MACHINE]
    try:
        names.append(getpass.getuser())
        stand_ins.append(USER)
    except (OSError, KeyError):  # a container's user may have no name
        pass
    for name, stand_in in zip(names, stand_ins, strict=True):
        if name.casefold() not in _EVERYBODYS:
            words.setdefault(name, stand_in)
    return words


def _forms(word: str) -> set[str]:
    """Every way in which a log, a JSON file or an address may write a word."""
    word = unicodedata.normalize("NFC", word)
    forms = {word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}
    forms |= {quote(word), quote(word, safe=""), repr(word)[1:-1], ascii(word)[1:-1]}
    forms |= {quote(unicodedata.normalize("NFD", word)), word.replace(" ", "-")}
    return {form for form in forms if form.strip()}


def _bounded(form: str) -> str:
    """A word of plain letters stands alone; in Korean its ending follows without a blank."""
    before = r"(?<![A-Za-z0-9])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{re.escape(form)}{after}"


def secrets(values: Iterable[str | None]) -> dict[str, str]:
    """Return secrets with their stand-in; those that are too short to be any are left out."""
    return {value: SECRET for value in values if value and len(value) >= _SHORTEST_SECRET}
