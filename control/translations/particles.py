"""Korean particles behind a value: ``9000이(가)`` becomes ``9000이`` where the sound is known."""

import re
from typing import Final

# After a closing sound, after an open one. Behind ㄹ, (으)로 is 로.
_PAIRS: Final = {
    "이(가)": ("이", "가"),
    "은(는)": ("은", "는"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)라": ("이라", "라"),
}
_WRITTEN: Final = re.compile(
    r"(?P<last>[가-힣0-9])(?P<marks>['\"`)\]]{0,3})(?P<particle>"
    + "|".join(map(re.escape, _PAIRS))
    + ")"
)
# How the digits end when they are read: 영 일 이 삼 사 오 육 칠 팔 구. Zeros at the end of a number
# are read 십, 백, 천 or 만, which are closed and have no ㄹ, as 영 is.
_DIGITS: Final = "ㅇㄹ ㅁ  ㄱㄹㄹ "


def with_particles(text: str) -> str:
    """Write the particle that fits what was said before it.

    Where a value ends in other letters both forms stay, as Korean programs write it.
    """
    return _WRITTEN.sub(_chosen, text)


def _chosen(found: re.Match[str]) -> str:
    sound = _end_of(found["last"])
    closed, opened = _PAIRS[found["particle"]]
    if found["particle"] == "(으)로" and sound == "ㄹ":
        sound = " "
    return found["last"] + found["marks"] + (opened if sound == " " else closed)


def _end_of(sign: str) -> str:
    """Return how a sign ends: `` `` open, ``ㄹ``, or another closing sound."""
    if sign.isascii():
        return _DIGITS[int(sign)]
    final = (ord(sign) - ord("가")) % 28
    return " " if final == 0 else "ㄹ" if final == 8 else "ㅇ"
