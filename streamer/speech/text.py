"""Text to sounds, by rules: Korean and Latin letters, numbers, pauses at punctuation."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from streamer.errors import SpeechError
from streamer.speech import korean, latin
from streamer.speech.shapes import SHAPES, SILENCE
from streamer.speech.sounds import Sound

# About a minute and a half of speech: more is a lecture, and belongs in several texts.
MAX_LETTERS: Final = 500

# Pauses between phrases, s. Source of the order of size: pauses in read speech, 0.2 to 0.6 s.
_PAUSES: Final = {
    **dict.fromkeys(".!?。！？…\n", 0.45),
    **dict.fromkeys(",;:，、；：—–·~", 0.25),
}
# Nobody says more than this in one breath, in syllables; the pause then falls between two words.
BREATH: Final = 18
BREATH_S: Final = 0.18

# The last syllable before a pause is drawn out. Source: phrase-final lengthening, known of both
# languages; the factor is judged by eye.
FINAL: Final = 1.45

_STRETCH: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|\s+|.", re.DOTALL)

Phonemes = Callable[[str], "list[list[Sound]] | None"]
"""Latin words, as one text -> the sounds of each, or `None` where it cannot say."""


def cleaned(text: str) -> str:
    """Return what can be said of a text: no control signs, no emoji, single spaces.

    Raises: `SpeechError` if nothing is left, or if it is too long.
    """
    if len(text) > 4 * MAX_LETTERS:
        raise SpeechError(_too_long(len(text)))
    kept = "".join(_kept(sign) for sign in unicodedata.normalize("NFC", text))
    kept = re.sub(r"[^\S\n]+", " ", kept)
    kept = re.sub(r"\s*\n\s*", "\n", kept).strip()
    if len(kept) > MAX_LETTERS:
        raise SpeechError(_too_long(len(kept)))
    if not any(sign.isalnum() for sign in kept):
        raise SpeechError("There is nothing to say in this text: it has no letters and no digits.")
    return kept


def sounds_of(text: str, phonemes: Phonemes = lambda words: None) -> tuple[Sound, ...]:
    """Return the sounds of a cleaned text; ``phonemes`` may know Latin words better."""
    sounds: list[Sound] = []
    syllables = 0
    for word in _words(text, phonemes):
        if word and word[0].silent:
            if sounds and not sounds[-1].silent:
                _draw_out(sounds)
                sounds += word
            syllables = 0
            continue
        count = sum(SHAPES[sound.shape].vowel for sound in word)
        if syllables and syllables + count > BREATH:
            sounds.append(Sound(SILENCE, BREATH_S))
            syllables = 0
        sounds += word
        syllables += count
    while sounds and sounds[-1].silent:
        sounds.pop()
    _draw_out(sounds)
    return tuple(sounds)


def _words(text: str, phonemes: Phonemes) -> Iterator[list[Sound]]:
    """Yield the sounds of each word, and each pause as a word of its own."""
    korean_text = any(korean.is_hangul(sign) for sign in text)
    for phrase in re.split(f"([{re.escape(''.join(_PAUSES))}]+)", text):
        if phrase and phrase[0] in _PAUSES:
            yield [Sound(SILENCE, max(_PAUSES[sign] for sign in phrase))]
            continue
        spoken = phrase
        if not korean_text:
            spoken = re.sub(r"\d+", lambda found: f" {latin.number(found[0])} ", phrase)
        if not any(korean.is_hangul(sign) for sign in spoken):
            known = phonemes(spoken) if spoken.strip() else None
            if known is not None:
                yield from known
                continue
        for found in _STRETCH.finditer(spoken):
            stretch = found[0]
            if stretch.isdecimal():
                digits = "".join(str(unicodedata.decimal(sign)) for sign in stretch)
                yield korean.sounds_of(korean.number(digits))
            elif not stretch.isspace():
                yield from _stretch(stretch)


def _stretch(letters: str) -> Iterator[list[Sound]]:
    """Yield the sounds of letters without spaces, by script."""
    for found in re.finditer("[가-힣]+|[^가-힣]+", letters):
        part = found[0]
        if korean.is_hangul(part[0]):
            yield korean.sounds_of(part)
        elif all(map(latin.is_latin, part)):
            yield latin.sounds_of(part)
        else:
            yield [sound for sign in part for sound in _foreign(sign)]


def _foreign(sign: str) -> list[Sound]:
    """One syllable for each letter of a script that is not known; single Hangul letters as read."""
    if sign in korean.INITIALS:
        return korean.sounds_of(chr(korean.FIRST + korean.INITIALS.index(sign) * 588 + 18 * 28))
    if sign in korean.VOWELS:
        return korean.sounds_of(chr(korean.FIRST + 11 * 588 + korean.VOWELS.index(sign) * 28))
    if not sign.isalpha():
        return []
    return [Sound("t", korean.ONSET_S), Sound("aeoiv"[ord(sign) % 5], korean.VOWEL_S)]


def _draw_out(sounds: list[Sound]) -> None:
    """Lengthen the last syllable."""
    for k in range(len(sounds) - 1, max(len(sounds) - 4, -1), -1):
        if sounds[k].silent:
            return
        sounds[k] = sounds[k]._replace(length_s=sounds[k].length_s * FINAL)
        if SHAPES[sounds[k].shape].vowel:
            return


def _kept(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign == "\n" or category in ("Zl", "Zp"):
        return "\n"
    if category[0] in "LNMP" or sign == "~":
        return sign
    return " "


def _too_long(letters: int) -> str:
    return (
        f"The text has {letters} characters; at most {MAX_LETTERS} are said at once. "
        "Send it in parts."
    )
