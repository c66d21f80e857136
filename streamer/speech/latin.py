"""Latin letters to sounds, by rules of English spelling that are good enough for a mouth.

Whether `ough` is said as in `though` or `tough` changes little that can be seen: what counts are
closed lips at m, b and p, round ones at o, u and w, wide ones at e and i, and the number of
syllables.
"""

import unicodedata
from typing import Final

from streamer.speech.sounds import Sound

# 4 to 5 syllables a second, the rate of English in conversation.
CONSONANT_S: Final = 0.06
CLUSTER_S: Final = 0.05
VOWEL_S: Final = 0.095
LONG_S: Final = 0.13
WEAK_S: Final = 0.06
GLIDE_S: Final = 0.045


def _table(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


# Spellings, the longest first: shapes, where a doubled vowel is a long one and two are a glide.
_SPELLINGS: Final = _table(
    """
    eigh=ei ough=ou augh=oo tion=cvt sion=cvt igh=ai tch=c sch=sk dge=c eau=ou our=or oor=or
    ear=ir air=er are=er ire=air sh=c ch=c th=t ph=f wh=w gh= kn=t wr=r ck=k qu=kw ng=k
    ee=ii ea=ii ie=ii ei=ii oo=uu oa=ou ou=au ow=au oi=oi oy=oi ai=ei ay=ei ey=ii au=oo
    aw=oo ew=juu ue=uu ui=uu er=vr ir=vr ur=vr ar=aar or=oor mb=m a=e e=e i=i o=a u=v y=i
    b=m p=m m=m f=f v=f w=w r=r j=c x=ks s=s z=s t=t d=t n=t l=t k=k g=k c=k h=k q=k
    """
)
# A vowel before one consonant and a silent e says its name.
_NAMES: Final = {"a": "ei", "e": "ii", "i": "ai", "o": "ou", "u": "juu", "y": "ai"}
# Small words and common ones that the rules would get visibly wrong.
_WORDS: Final = _table(
    """
    the=tv a=v an=vt of=vf to=tu do=tuu you=juu i=ai my=mai by=mai we=wii me=mii he=kii
    she=cii be=mii are=aar was=wvs is=is one=wvt two=tuu who=kuu what=wvt your=jor
    hello=kvtou hi=kai no=tou so=sou go=kou good=kut have=kef come=kvm some=svm
    people=miimvt they=tei there=ter were=wvr from=frvm know=tou now=tau how=kau world=wvrtt
    love=tvf
    """
)
_SMALL: Final = """
    the a an of to and is was at in on for as but or i you he she it we they my your be are can
    has have do that this with from me him her us them
"""
_WEAK: Final = frozenset(_SMALL.split())
_VOWEL_LETTERS: Final = "aeiouy"
_VOWEL_SHAPES: Final = "aeiouvy"
_DIGITS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
)


def is_latin(sign: str) -> bool:
    """Say whether a character is a Latin letter, with or without accents, or an apostrophe."""
    return sign in "'’" or (_plain(sign).isascii() and _plain(sign).isalpha())


def number(digits: str) -> str:
    """Return the digits of a number as words."""
    return " ".join(_DIGITS[int(digit)] for digit in digits)


def sounds_of(word: str) -> list[Sound]:
    """Return the sounds of one word; its first full vowel is stressed, unless it is a small word.

    Single letters, and words of up to four capitals, are spelt out.
    """
    plain = "".join(_plain(sign) for sign in word if sign not in "'’")
    alone = len(plain) == 1 and plain.lower() not in _WORDS
    if alone or (1 < len(plain) <= 4 and plain.isupper() and plain != "OK"):
        return [sound for letter in plain for sound in _timed(_LETTERS[letter.lower()], True)]
    plain = plain.lower()
    shapes = _WORDS.get(plain)
    return _timed(_spelt(plain) if shapes is None else shapes, plain not in _WEAK)


_LETTERS: Final = _table(
    """
    a=ei b=mii c=sii d=tii e=ii f=ef g=cii h=eic i=ai j=cei k=kei l=et m=em n=et o=ou p=mii
    q=kjuu r=aar s=es t=tii u=juu v=fii w=tvmtjuu x=eks y=wai z=sii
    """
)


def _spelt(word: str) -> str:
    shapes = ""
    k = 0
    while k < len(word):
        if k and word[k] == word[k - 1] and word[k] not in _VOWEL_LETTERS:
            k += 1  # a doubled consonant is one
            continue
        if _says_its_name(word, k):
            shapes += _NAMES[word[k]]
            k += 1
            continue
        last = k == len(word) - 1
        if last and word[k] == "e" and any(v in shapes for v in _VOWEL_SHAPES):
            break  # silent
        if last and word[k] in "oy" and k:
            shapes += "ou" if word[k] == "o" else "i"
            break
        if word[k] == "y" and k == 0:
            shapes += "j"
            k += 1
            continue
        if word[k] == "c" and word[k + 1 : k + 2] in ("e", "i", "y"):
            shapes += "s"
            k += 1
            continue
        for length in (4, 3, 2, 1):
            part = word[k : k + length]
            if len(part) == length and part in _SPELLINGS:
                shapes += _SPELLINGS[part]
                k += length
                break
        else:
            k += 1
    return shapes or "v"


def _says_its_name(word: str, k: int) -> bool:
    """Whether the vowel at ``k`` is that of `name`, `time`, `home`."""
    return (
        len(word) == k + 3
        and word[k] in _NAMES
        and word[k + 1] not in "aeiouwrx"
        and word[k + 2] == "e"
        and (k == 0 or word[k - 1] not in _VOWEL_LETTERS)
    )


def _timed(shapes: str, stressed: bool) -> list[Sound]:
    sounds: list[Sound] = []
    waiting = stressed
    k = 0
    while k < len(shapes):
        shape = shapes[k]
        if shape in _VOWEL_SHAPES:
            following = shapes[k + 1 : k + 2]
            if following == shape:
                sounds.append(Sound(shape, LONG_S, accent=waiting))
                k += 1
            elif following and following in _VOWEL_SHAPES:
                sounds.append(Sound(shape, 0.6 * LONG_S, accent=waiting))
                sounds.append(Sound(following, 0.4 * LONG_S))
                k += 1
            else:
                weak = not waiting and (not stressed or shape == "v")
                sounds.append(Sound(shape, WEAK_S if weak else VOWEL_S, accent=waiting))
            waiting = False
        elif shape in "wj":
            sounds.append(Sound(shape, GLIDE_S))
        else:
            clustered = k > 0 and shapes[k - 1] not in _VOWEL_SHAPES + "wj"
            sounds.append(Sound(shape, CLUSTER_S if clustered else CONSONANT_S))
        k += 1
    return sounds


def _plain(sign: str) -> str:
    """Return a letter without its accents."""
    return _WHOLE.get(sign, unicodedata.normalize("NFKD", sign)[:1])


_WHOLE: Final = {"ß": "s", "ø": "o", "Ø": "O", "æ": "a", "Æ": "A", "œ": "o", "ł": "l", "đ": "d"}
