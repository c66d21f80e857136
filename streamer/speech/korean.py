"""Hangul to sounds: every syllable falls apart into its letters by arithmetic.

Source of the arithmetic: the Unicode Standard, section 3.12 (Hangul syllable decomposition).
"""

import itertools
from typing import Final

from streamer.speech.sounds import Sound

FIRST: Final = 0xAC00
LAST: Final = 0xD7A3

INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS: Final = "\0ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

# Shapes by letter; vowels may be two: a glide and what it leads to.
_CONSONANTS: Final = {
    **dict.fromkeys("ㅁㅂㅃㅍ", "m"),
    **dict.fromkeys("ㄴㄷㄸㄹㅌ", "t"),
    **dict.fromkeys("ㄱㄲㅋㅎㅇ", "k"),
    **dict.fromkeys("ㅅㅆㅈㅉㅊ", "s"),
}
_IN_ORDER: Final = "a,e,ja,je,v,e,jv,je,o,wa,we,we,jo,u,wv,we,wi,ju,y,yi,i"
_VOWELS: Final = dict(zip(VOWELS, _IN_ORDER.split(","), strict=True))
# A syllable's end is closed by seven sounds only; of two letters the first is heard, except:
_SECOND_HEARD: Final = {"ㄺ": "ㄱ", "ㄻ": "ㅁ", "ㄿ": "ㅂ"}
_PAIRS: Final = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
        ["ㄱㅅ", "ㄴㅈ", "ㄴㅎ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ", "ㄹㅎ", "ㅂㅅ"],
        strict=True,
    )
)

# Together 5 to 6 syllables a second, the rate of Korean in conversation.
ONSET_S: Final = 0.065
VOWEL_S: Final = 0.095
GLIDE_S: Final = 0.045
CODA_S: Final = 0.055


def is_hangul(sign: str) -> bool:
    """Say whether a character is a Hangul syllable."""
    return FIRST <= ord(sign) <= LAST


def split(syllable: str) -> tuple[str, str, str]:
    """Return initial, vowel and final letter of a syllable; ``""`` without a final."""
    index = ord(syllable) - FIRST
    final = FINALS[index % 28]
    return INITIALS[index // 588], VOWELS[index // 28 % 21], "" if final == "\0" else final


def sounds_of(word: str) -> list[Sound]:
    """Return the sounds of Hangul syllables that are said together; the first is stressed.

    A final before a syllable that begins with a vowel is said there. Source: Standard Korean
    Pronunciation, articles 13 and 14.
    """
    parts = [list(split(syllable)) for syllable in word]
    for before, after in itertools.pairwise(parts):
        if after[0] == "ㅇ" and before[2] not in ("", "ㅇ"):
            pair = _PAIRS.get(before[2], before[2])
            before[2], after[0] = pair[:-1], pair[-1]
            if after[0] == "ㅎ":  # not heard between two vowels
                after[0] = "ㅇ"
    sounds: list[Sound] = []
    for k, (initial, vowel, final) in enumerate(parts):
        if initial != "ㅇ":
            sounds.append(Sound(_CONSONANTS[initial], ONSET_S))
        *glide, last = list(_VOWELS[vowel])
        sounds += [Sound(shape, GLIDE_S) for shape in glide]
        sounds.append(Sound(last, VOWEL_S, accent=k == 0))
        if final:
            heard = _SECOND_HEARD.get(final, _PAIRS.get(final, final)[0])
            # ㅅ, ㅈ and ㅊ close like ㄷ.
            shape = _CONSONANTS[heard]
            sounds.append(Sound("t" if shape == "s" else shape, CODA_S))
    return sounds


_DIGITS: Final = "영일이삼사오육칠팔구"
_PLACES: Final = ("", "십", "백", "천")
_MYRIADS: Final = ("", "만", "억", "조")


def number(digits: str) -> str:
    """Return a whole number as it is read, in Sino-Korean; too long ones digit by digit."""
    if len(digits) > 16 or digits.startswith("0"):
        return "".join(_DIGITS[int(digit)] for digit in digits)
    groups: list[str] = []
    for k in range(0, len(digits), 4):
        group = digits[max(len(digits) - k - 4, 0) : len(digits) - k]
        read = ""
        for place, digit in enumerate(reversed(group)):
            if digit != "0":
                one = "" if digit == "1" and place else _DIGITS[int(digit)]
                read = one + _PLACES[place] + read
        if read == "일" and k == 4:
            read = ""  # 10,000 is 만
            groups.append(_MYRIADS[1])
        if read:
            groups.append(read + _MYRIADS[k // 4])
    return "".join(reversed(groups))
