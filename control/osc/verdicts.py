"""What became of a message, in words for the monitor, English and Korean."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["done", "ignored", "refused", "unknown", "malformed", "unavailable", "limited"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# What somebody sent is shown up to here: a line of the monitor is for people, and there are many.
MAX_FIELD: Final = 400


@dataclass(frozen=True)
class Verdict:
    """What became of one message; ``kind`` is counted, the texts are shown."""

    kind: Kind
    code: str
    en: str
    ko: str


# code: (kind, English, Korean). Braces are filled by `verdict`.
_TEXTS: Final[dict[str, tuple[Kind, str, str]]] = {
    "played": ("done", "plays '{name}'", "'{name}' 재생"),
    "released": ("done", "releases '{name}'", "'{name}' 놓음"),
    "not_for_this_photo": (
        "refused",
        "{reason}",
        "'{name}'은(는) 이 사진에서 쓸 수 없음: 사진 속 사람이 말하게 하는 데 동의하지 않음",
    ),
    "held": ("done", "holds {name} at {value}", "{name} 값을 {value}(으)로 고정"),
    "clamped": (
        "done",
        "holds {name} at {value}, the end of its range",
        "{name} 값을 범위 끝인 {value}(으)로 고정",
    ),
    "freed": ("done", "gives {name} back", "{name} 고정 해제"),
    "reset": ("done", "gives all parameters back", "모든 값 고정 해제"),
    "idle_strength": ("done", "idle life at {value}", "평소 움직임 세기 {value}"),
    "idle_style": ("done", "idle style '{name}'", "평소 움직임 '{name}'"),
    "photo_asked": ("done", "prepares portrait '{name}'", "초상 '{name}' 준비 중"),
    "photo_same": ("ignored", "portrait '{name}' already", "이미 '{name}' 초상"),
    "photo_changed": ("done", "portrait '{name}' is on stage", "초상 '{name}'(으)로 바뀜"),
    "photo_refused": ("refused", "{reason}", "초상을 바꾸지 못함: {reason}"),
    "paused": ("done", "frozen", "멈춤"),
    "resumed": ("done", "goes on", "다시 움직임"),
    "covered": ("done", "shows the picture instead of the face", "얼굴 대신 대체 화면을 보여줌"),
    "uncovered": ("done", "shows the face again", "다시 얼굴을 보여줌"),
    "stopped": ("done", "stops what plays", "재생 중지"),
    "subscribed": ("done", "sends its state to {name}", "{name}(으)로 상태를 보냄"),
    "unsubscribed": ("done", "no more state to {name}", "{name}(으)로 보내지 않음"),
    "repeat": (
        "ignored",
        "the same level again: one press",
        "같은 값이 이어짐: 한 번 누른 것으로 봄",
    ),
    "let_go": ("ignored", "the button was let go: nothing to do", "버튼을 놓음: 할 일 없음"),
    "echo": ("ignored", "our own state came back", "보낸 상태가 되돌아옴"),
    "says": ("done", "says '{name}'", "'{name}' 말함"),
    "quiet": ("done", "stops speaking", "말하기 중지"),
    "unsayable": ("refused", "{reason}", "말할 수 없음: {reason}"),
    "unavailable": ("unavailable", "known, but not available yet", "아직 쓸 수 없는 기능"),
    "not_a_number": ("refused", "{reason}", "숫자가 아님: {reason}"),
    "missing": ("refused", "needs an argument: {reason}", "값이 필요함: {reason}"),
    "length": (
        "refused",
        "a length is {low} to {high} seconds, not {value}",
        "길이는 {low}~{high}초여야 함: {value}",
    ),
    "port": ("refused", "a port is 1 to 65535, not {value}", "포트는 1~65535여야 함: {value}"),
    "unknown_address": (
        "unknown",
        "no such address; /portrait/… takes: {known}",
        "없는 주소. /portrait/… 다음에 쓸 수 있는 것: {known}",
    ),
    "unknown_preset": (
        "unknown",
        "no preset '{name}'; there are: {known}",
        "'{name}' 표정이 없음. 있는 것: {known}",
    ),
    "unknown_parameter": (
        "unknown",
        "no parameter '{name}'; there are: {known}",
        "'{name}' 값이 없음. 있는 것: {known}",
    ),
    "unknown_style": (
        "unknown",
        "no idle style '{name}'; there are: {known}",
        "'{name}' 움직임이 없음. 있는 것: {known}",
    ),
    "unknown_photo": (
        "unknown",
        "no photo '{name}'; there are: {known}",
        "'{name}' 사진이 없음. 있는 것: {known}",
    ),
    "drives": ("done", "drives {name}", "{name} 값을 움직임"),
    "no_counterpart": (
        "ignored",
        "'{name}': the portrait has nothing for it",
        "'{name}': 초상에 해당하는 것이 없음",
    ),
    "unknown_shape": (
        "unknown",
        "'{name}' is no shape of ARKit or VRM",
        "'{name}': ARKit에도 VRM에도 없는 이름",
    ),
    "not_a_shape": (
        "refused",
        "{address} takes a name and {count} numbers",
        "{address}에는 이름과 숫자 {count}개가 필요함",
    ),
    "not_vmc": (
        "unknown",
        "not an address of the VMC protocol",
        "VMC 프로토콜의 주소가 아님",
    ),
    "malformed": ("malformed", "no OSC: {reason}", "OSC가 아님: {reason}"),
    "not_allowed": (
        "refused",
        "this sender is not allowed; start with --osc-allow {name}",
        "허용되지 않은 보낸이. --osc-allow {name}(으)로 시작하면 받음",
    ),
    "limited": (
        "limited",
        "more than {value} messages a second: only the newest count",
        "초당 {value}개를 넘음: 가장 새로운 것만 씀",
    ),
}


def verdict(code: str, **fields: object) -> Verdict:
    """Fill in the texts of one code."""
    kind, en, ko = _TEXTS[code]
    shown = {name: _short(str(value)) for name, value in fields.items()}
    return Verdict(kind, code, en.format_map(shown), ko.format_map(shown))


def _short(text: str) -> str:
    return text if len(text) <= MAX_FIELD else f"{text[: MAX_FIELD - 1]}…"
