"""Key combinations as people write them (``ctrl+alt+1``), and which of them is held down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from streamer import ConfigError

MODIFIERS: Final = ("ctrl", "alt", "shift", "cmd")
# Keys with names. The first row may stand alone: nobody writes with them.
FUNCTION_KEYS: Final = tuple(f"f{n}" for n in range(1, 25))
NAMED: Final = (
    *("space", "enter", "tab", "esc", "backspace", "delete", "insert", "home", "end"),
    *("page_up", "page_down", "up", "down", "left", "right", "pause", "scroll_lock", "menu"),
)
ALONE: Final = (*FUNCTION_KEYS, "pause", "scroll_lock", "insert")
SYNONYMS: Final = {
    "control": "ctrl",
    "strg": "ctrl",
    "option": "alt",
    "win": "cmd",
    "super": "cmd",
    "meta": "cmd",
    "command": "cmd",
    "return": "enter",
    "escape": "esc",
    "del": "delete",
    "ins": "insert",
    "pgup": "page_up",
    "pgdn": "page_down",
    "plus": "+",
}
EXAMPLE: Final = "ctrl+alt+1"


@dataclass(frozen=True)
class Combo:
    """One key, pressed while exactly these modifiers are held."""

    modifiers: frozenset[str]
    key: str

    def __str__(self) -> str:
        return "+".join([*(name for name in MODIFIERS if name in self.modifiers), self.key])


def parse(text: str) -> Combo:
    """Read a combination. Raises: `ConfigError` that says what would work."""
    parts = [SYNONYMS.get(part, part) for part in text.strip().lower().split("+")]
    *modifiers, key = [part.strip() for part in parts]
    wrong = next((name for name in modifiers if name not in MODIFIERS), None)
    if wrong is not None or key in MODIFIERS or not key:
        raise ConfigError(
            f"Hotkey '{text}': write modifiers ({', '.join(MODIFIERS)}) and then one key, such as "
            f"{EXAMPLE}." + (f" '{wrong}' is no modifier." if wrong else "")
        )
    if len(key) > 1 and key not in (*NAMED, *FUNCTION_KEYS):
        close = get_close_matches(key, (*NAMED, *FUNCTION_KEYS), n=1)
        hint = f" Did you mean '{close[0]}'?" if close else f" Known: {', '.join(NAMED)}, f1 …"
        raise ConfigError(f"Hotkey '{text}': there is no key '{key}'.{hint}")
    held = frozenset(modifiers)
    if not held & {"ctrl", "alt", "cmd"} and key not in ALONE:
        raise ConfigError(
            f"Hotkey '{text}' would be pressed while writing. Add ctrl, alt or cmd, such as "
            f"{EXAMPLE}; only {ALONE[0]} to {FUNCTION_KEYS[-1]}, pause, scroll_lock and insert may "
            "stand alone."
        )
    if "shift" in held and len(key) == 1 and not key.isalpha():
        raise ConfigError(
            f"Hotkey '{text}': with shift this key gives another sign, which one depends on the "
            f"layout. Take a letter, or leave shift out: {EXAMPLE}."
        )
    return Combo(held, key)


class Matcher:
    """Turns keys that go down and up into combinations that do. ``combos`` are told apart."""

    def __init__(self, combos: Iterable[Combo]) -> None:
        self._combos: Mapping[tuple[frozenset[str], str], Combo] = {
            (combo.modifiers, combo.key): combo for combo in combos
        }
        self._modifiers: set[str] = set()
        self._down: dict[str, Combo] = {}

    def feed(self, key: str, down: bool) -> Iterator[tuple[Combo, bool]]:
        """Take one key; yields combinations that were pressed (True) or let go (False).

        A held key that the system repeats is pressed once.
        """
        if key in MODIFIERS:
            (self._modifiers.add if down else self._modifiers.discard)(key)
            if not down:
                for held, combo in list(self._down.items()):
                    if key in combo.modifiers:
                        del self._down[held]
                        yield combo, False
        elif not down:
            released = self._down.pop(key, None)
            if released is not None:
                yield released, False
        elif key not in self._down:
            pressed = self._combos.get((frozenset(self._modifiers), key))
            if pressed is not None:
                self._down[key] = pressed
                yield pressed, True
