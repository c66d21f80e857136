"""Takes: every wish of a performance with its time, in a small text file that plays it again."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamer.animation.yaml_file import check_keys, number, read_mapping, text, wrong
from streamer.errors import PresetError, SpeechError, TakeError
from streamer.parameters import PARAMETERS
from streamer.speech.sounds import MAX_LINE, read_sounds
from streamer.speech.text import MAX_LETTERS, cleaned

VERSION: Final = 1

# A tracker's values at 60 Hz for an hour come to less; what breaks beyond it is patience.
MAX_BYTES: Final = 128 * 1024 * 1024
LONGEST_S: Final = 86_400.0
LARGEST: Final = sys.float_info.max
# What is shown after the last event of a take that was cut off before it could say its length.
REST_S: Final = 3.0

# What a take says about the stream that it was recorded from, under the names of `Config`.
SETTINGS: Final = (
    *("photo", "seed", "fps", "size", "style", "idle"),
    *("fit", "zoom", "offset_x", "offset_y", "mirror", "fill"),
)
_FIELDS: Final = ("take", "settings", "events", "length_s")

# Each event has a time and one of these, with what else belongs to it.
_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "trigger": ("strength", "length_s", "at", "source"),
    "say": ("sounds", "strength", "at", "source"),
    "stop": ("at", "source"),
    "set": (),
    "drive": ("source",),
    "undrive": (),
    "idle": (),
    "style": (),
    "pause": (),
    "photo": (),
    "view": (),
}
_VIEW: Final = ("fit", "zoom", "offset_x", "offset_y", "mirror", "fill")


@dataclass(frozen=True)
class Event:
    """Something that was asked for. ``t`` is the time of the first frame that shows it, s.

    ``does`` is one of the words in `_EVENTS`, ``value`` what stands beside it:

    - ``trigger`` a preset's name; strength 0 releases it. ``at`` is when it starts.
    - ``say`` a text; ``sounds`` is how it was pronounced, see `streamer.speech.sounds`.
    - ``stop`` true; ``set`` parameters with their held values, null gives one back.
    - ``drive`` parameters with values from a ``source`` outside; ``undrive`` a source that ended.
    - ``idle`` its strength, ``style`` its name, ``pause`` true or false.
    - ``photo`` a name, ``view`` the framing.
    """

    t: float
    does: str
    value: Any
    more: Mapping[str, Any]

    def line(self) -> str:
        """Return the event as one line of the file; numbers come back bit for bit."""
        return _flow({"t": self.t, self.does: self.value, **self.more})


@dataclass(frozen=True)
class Take:
    """A recorded performance."""

    settings: Mapping[str, Any]
    events: tuple[Event, ...]
    length_s: float


def heading(settings: Mapping[str, Any]) -> str:
    """Return the first lines of a take; its events follow, a line ``  - EVENT`` each."""
    lines = [f"take: {VERSION}", "settings:"]
    lines += [f"  {name}: {_flow(settings[name])}" for name in SETTINGS]
    return "\n".join([*lines, "events:"]) + "\n"


def ending(length_s: float) -> str:
    """Return the last line of a take."""
    return f"length_s: {_flow(length_s)}\n"


def read_take(path: Path) -> Take:
    """Read a take. Raises `TakeError`, which names the event and the field."""
    try:
        return _read(path)
    except PresetError as exc:
        raise TakeError(str(exc)) from exc


def _read(path: Path) -> Take:
    where = str(path)
    fields = check_keys(read_mapping(path, MAX_BYTES), where, _FIELDS, ("take", "events"))
    if fields["take"] != VERSION:
        raise wrong(f"{where}: take", fields["take"], f"{VERSION}, which this program reads")
    settings = check_keys(fields.get("settings") or {}, f"{where}: settings", SETTINGS)
    listed = fields["events"] or []
    if not isinstance(listed, list):
        raise wrong(f"{where}: events", listed, "a list")
    events: list[Event] = []
    for index, item in enumerate(listed, start=1):
        event = _event(item, f"{where}: event {index}")
        if events and event.t < events[-1].t:
            raise wrong(f"{where}: event {index}, t", event.t, f"at least {events[-1].t:g}")
        events.append(event)
    last = events[-1].t if events else 0.0
    length_s = last + REST_S
    if "length_s" in fields:
        length_s = number(fields["length_s"], f"{where}: length_s", 0.0, LONGEST_S, "s")
    return Take(dict(settings), tuple(events), max(length_s, last))


def _event(item: Any, where: str) -> Event:
    if not isinstance(item, Mapping):
        raise wrong(where, item, "a line such as {t: 1.5, trigger: smile}")
    does = [word for word in _EVENTS if word in item]
    if len(does) != 1:
        raise PresetError(f"{where}: it must have a time 't' and one of {', '.join(_EVENTS)}.")
    fields = check_keys(item, where, ("t", does[0], *_EVENTS[does[0]]), ("t",))
    t = number(fields["t"], f"{where}, t", 0.0, LONGEST_S, "s")
    more = {name: fields[name] for name in _EVENTS[does[0]] if name in fields}
    for name, value in more.items():
        if name == "source":
            text(value, f"{where}, source", 200)
        elif name == "sounds":
            _check_speech(read_sounds, value, f"{where}, sounds", MAX_LINE)
        elif value is not None:
            number(value, f"{where}, {name}", 0.0, 1.0 if name == "strength" else LONGEST_S)
    return Event(t, does[0], _value(does[0], fields[does[0]], f"{where}, {does[0]}"), more)


def _value(does: str, value: Any, where: str) -> Any:
    match does:
        case "trigger" | "undrive" | "style" | "photo":
            return text(value, where, 200)
        case "say":
            return _check_speech(cleaned, value, where, 4 * MAX_LETTERS)
        case "stop" | "pause":
            if not isinstance(value, bool):
                raise wrong(where, value, "true or false")
            return value
        case "idle":
            return number(value, where, 0.0, 1.0)
        case "view":
            return dict(check_keys(value, where, _VIEW))
    held = check_keys(value, where, PARAMETERS)
    for name, wanted in held.items():
        if wanted is None and does == "set":
            continue
        number(wanted, f"{where}.{name}", -LARGEST, LARGEST)
    return dict(held)


def _check_speech(read: Callable[[str], object], value: Any, where: str, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise wrong(where, value, f"a text of at most {longest} characters")
    try:
        read(value)
    except SpeechError as exc:
        raise PresetError(f"{where}: {exc}") from exc
    return value


def _flow(value: Any) -> str:
    """Return a value on one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float):
        # PyYAML takes 1e-05 for a text: before an exponent it wants a point.
        digits, e, exponent = repr(value).partition("e")
        return f"{digits}{'' if '.' in digits or not e else '.0'}{e}{exponent}"
    return json.dumps(value, ensure_ascii=False)
