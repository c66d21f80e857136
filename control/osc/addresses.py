"""What the OSC door understands and sends back, in words: for OSCQuery and the documents."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Address:
    """One address below ``/portrait/``; capitals stand for a name. Words are English, Korean."""

    path: str
    takes: tuple[str, str]
    does: tuple[str, str]
    basic: bool = True  # shown in short lists

    @property
    def action(self) -> str:
        """The part that says what is done."""
        return self.path.split("/")[0]


_NOTHING: Final = ("none", "없음")
_SWITCH: Final = (
    "a switch; none: the other way round",
    "켬/끔, 없으면 반대로 바꿈",
)

RECEIVED: Final = (
    Address(
        "trigger/NAME",
        ("none, or a strength 0…1, then a length in seconds", "없음, 또는 세기 0…1과 길이(초)"),
        (
            "plays a preset; a strength of 0 or false releases it",
            "프리셋을 재생. 세기 0이나 false면 놓음",
        ),
    ),
    Address(
        "trigger",
        ("NAME, then the same", "NAME, 그다음은 위와 같음"),
        ("the same, for senders with a fixed address", "같음. 주소를 못 바꾸는 기기용"),
    ),
    Address(
        "set/PARAM",
        ("a number", "숫자"),
        ("holds a parameter there (clamped to its range)", "파라미터를 그 값에 고정(범위 안으로)"),
    ),
    Address("release/PARAM", _NOTHING, ("gives one parameter back", "파라미터 하나의 고정을 풂")),
    Address("reset", _NOTHING, ("gives all parameters back", "모든 고정을 풂")),
    Address(
        "idle",
        ("0…1, or a style's name", "0…1, 또는 스타일 이름"),
        ("strength or style of idle life", "평소 움직임의 세기나 스타일"),
    ),
    Address("photo", ("a photo's name", "사진 이름"), ("changes the portrait", "초상을 바꿈")),
    Address(
        "pause", _SWITCH, ("freezes the face, or lets it go on", "얼굴을 멈추거나 다시 움직임")
    ),
    Address(
        "privacy",
        _SWITCH,
        (
            "a picture instead of the face: be right back",
            "얼굴 대신 ‘잠시 후 돌아올게요’ 그림",
        ),
    ),
    Address("stop", _NOTHING, ("stops everything that plays", "재생 중인 것을 모두 멈춤")),
    Address(
        "say",
        ("a text of up to 500 characters, then a strength", "500자까지의 글, 그다음 세기"),
        (
            "moves the mouth as if it said the text; none or an empty one stops speaking",
            "그 말을 하듯 입을 움직임. 빈 글이면 말을 멈춤",
        ),
    ),
    Address(
        "subscribe",
        ("none, or a port", "없음, 또는 포트"),
        ("sends the state back, on every change", "바뀔 때마다 상태를 돌려보냄"),
    ),
    Address(
        "unsubscribe", ("none, or a port", "없음, 또는 포트"), ("ends that", "그만 보냄"), False
    ),
)
"""Every address that `control.osc.actions` serves."""

SENT: Final = (
    ("state/PARAM", "the parameter's value now"),
    ("playing", "names of the presets that play; one empty text when none does"),
    ("playing/NAME", "1 while that preset plays, 0 otherwise: the light on its key"),
    ("idle", "strength of idle life, 0…1"),
    ("idle/style", "its style's name"),
    ("photo", "the photo's name"),
    ("pause", "1 frozen, 0 not"),
    ("privacy", "1 covered, 0 not"),
    ("fps", "frames a second"),
)
"""Every address that `control.osc.feedback` sends, with its value."""


def words(path: str) -> str:
    """Return what an address does, in English, as a sentence begins. Raises `KeyError`."""
    for address in RECEIVED:
        if address.path == path:
            return address.does[0][0].upper() + address.does[0][1:]
    raise KeyError(path)
