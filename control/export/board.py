"""What stands on a control surface: keys for presets and actions, faders for parameters.

The same board goes to every program; the other files of this folder write it in their formats.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from control.live import PhotoEntry, PresetLike
from streamer import PARAMETERS

Language = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ko")

# Columns and rows by the number of keys: Stream Deck Mini, Neo and +, MK.2, XL.
GRIDS: Final[Mapping[int, tuple[int, int]]] = {6: (3, 2), 8: (4, 2), 15: (5, 3), 32: (8, 4)}

Kind = Literal["preset", "stop", "switch", "idle", "photo", "back", "next"]

COLOURS: Final[Mapping[Kind, tuple[int, int, int]]] = {
    "preset": (38, 70, 122),
    "stop": (150, 40, 40),
    "switch": (74, 74, 82),
    "idle": (32, 96, 84),
    "photo": (98, 66, 120),
    "back": (24, 24, 28),
    "next": (24, 24, 28),
}
LIT: Final = (214, 150, 32)
INK: Final = (255, 255, 255)

_WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "stop": {"en": "Stop", "ko": "그만"},
    "privacy": {"en": "Privacy", "ko": "자리 비움"},
    "pause": {"en": "Freeze", "ko": "멈춤"},
    "reset": {"en": "Release all", "ko": "모두 놓기"},
    "subscribe": {"en": "Lights on", "ko": "불 켜기"},
    "idle0": {"en": "Still", "ko": "가만히"},
    "idle50": {"en": "Idle 50 %", "ko": "움직임 50%"},
    "idle100": {"en": "Idle 100 %", "ko": "움직임 100%"},
    "idle": {"en": "Idle life", "ko": "평소 움직임"},
    "back": {"en": "Back", "ko": "이전"},
    "next": {"en": "More", "ko": "다음"},
    "presets": {"en": "Expressions", "ko": "표정"},
    "eyes": {"en": "Eyes", "ko": "눈"},
    "mouth": {"en": "Mouth", "ko": "입"},
    "head": {"en": "Head", "ko": "머리"},
    "release": {"en": "Release", "ko": "놓기"},
}


@dataclass(frozen=True)
class Key:
    """One key. ``value`` is sent on the press, `None` sends no argument.

    ``held`` keys send 0 when they are let go. ``lit_by`` is an address and the number at which the
    key lights up, where the program can listen.
    """

    name: str
    label: str
    emoji: str
    kind: Kind
    address: str = ""
    value: float | None = None
    held: bool = False
    lit_by: tuple[str, float] | None = None


@dataclass(frozen=True)
class Fader:
    """One slider: set with one address, shown with another, released with a third."""

    name: str
    label: str
    group: str
    low: float
    high: float
    at_rest: float
    set_address: str
    state_address: str
    release_address: str


@dataclass(frozen=True)
class Board:
    """All keys and faders, in the order in which people look for them."""

    language: Language
    presets: tuple[Key, ...]
    actions: tuple[Key, ...]
    photos: tuple[Key, ...]
    stop: Key
    faders: tuple[Fader, ...]


Page = dict[tuple[int, int], Key]
"""(column, row) -> key."""


def word(name: str, language: Language) -> str:
    """Return one of the board's own words."""
    return _WORDS[name][language]


def make_board(
    presets: Iterable[PresetLike], photos: Iterable[PhotoEntry], language: Language
) -> Board:
    """Lay out the presets and photos of this installation."""

    def action(name: str, emoji: str, kind: Kind, address: str, **more: object) -> Key:
        return Key(name, word(name, language), emoji, kind, address, **more)  # type: ignore[arg-type]

    return Board(
        language=language,
        presets=tuple(_preset_key(preset, language) for preset in presets),
        actions=(
            action(
                "privacy", "🙈", "switch", "/portrait/privacy", lit_by=("/portrait/privacy", 1.0)
            ),
            action("pause", "⏸", "switch", "/portrait/pause", lit_by=("/portrait/pause", 1.0)),
            action("reset", "↩", "switch", "/portrait/reset"),
            *(
                action(
                    f"idle{percent}",
                    emoji,
                    "idle",
                    "/portrait/idle",
                    value=percent / 100.0,
                    lit_by=("/portrait/idle", percent / 100.0),
                )
                for percent, emoji in ((0, "🗿"), (50, "🙂"), (100, "😌"))
            ),
            action("subscribe", "💡", "switch", "/portrait/subscribe"),
        ),
        photos=tuple(
            Key(
                entry.name,
                _label(entry.label, entry.name, language),
                "🖼",
                "photo",
                f"/portrait/photo/{entry.name}",
            )
            for entry in photos
        ),
        stop=action("stop", "⏹", "stop", "/portrait/stop"),
        faders=tuple(
            Fader(
                name=name,
                label=p.label[language],
                group=p.group,
                low=p.low,
                high=p.high,
                # Where the photo decides, the middle of what photos have.
                at_rest=p.neutral if p.neutral is not None else {"eye_ratio": 0.38}.get(name, 0.0),
                set_address=f"/portrait/set/{name}",
                state_address=f"/portrait/state/{name}",
                release_address=f"/portrait/release/{name}",
            )
            for name, p in PARAMETERS.items()
        ),
    )


def pages(board: Board, columns: int, rows: int) -> list[Page]:
    """Spread all keys over pages; the last row of each ends with back, stop and next."""
    keys: Sequence[Key] = (*board.presets, *board.actions, *board.photos)
    per_page = columns * rows - 3
    cells = [(column, row) for row in range(rows) for column in range(columns)]
    chunks = [keys[i : i + per_page] for i in range(0, len(keys), per_page)] or [()]
    made: list[Page] = []
    for chunk in chunks:
        page = dict(zip(cells, chunk, strict=False))
        if len(chunks) > 1:
            page[cells[-3]] = _turn("back", "◀", board.language)
            page[cells[-1]] = _turn("next", "▶", board.language)
        page[cells[-2]] = board.stop
        made.append(page)
    return made


def _turn(name: Literal["back", "next"], emoji: str, language: Language) -> Key:
    return Key(name, word(name, language), emoji, name)


def _preset_key(preset: PresetLike, language: Language) -> Key:
    return Key(
        preset.name,
        _label(preset.label, preset.name, language),
        preset.emoji,
        "preset",
        f"/portrait/trigger/{preset.name}",
        value=1.0,
        # A preset that lasts while the key is down must hear of its release.
        held=preset.mode in ("hold", "loop"),
        lit_by=(f"/portrait/playing/{preset.name}", 1.0),
    )


def _label(labels: Mapping[str, str], name: str, language: Language) -> str:
    return labels.get(language) or labels.get("en") or name
