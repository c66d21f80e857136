"""Datagrams -> messages, and the many spellings of a number; pure and without a clock.

python-osc decodes the messages. Bundles are opened here, because its own reader goes on for ever
with an element of negative size, recurses as deep as a packet says, and sorts by time tags: a
portrait acts when the message arrives, so time tags (also future ones) are not waited for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message import ParseError as MessageError

# A bundle of several hundred channels fits; reading one takes at most a few milliseconds.
MAX_DATAGRAM_BYTES: Final = 16 * 1024
# Nobody nests bundles deeper than two; the spec sets no limit, so a packet could name thousands.
MAX_DEPTH: Final = 8

_BUNDLE: Final = b"#bundle\x00"
# Tags that python-osc does not know or reads as a number, as tags of the same size: an impulse
# carries as little as nil, a symbol is a string, a character an int, a colour no number.
_SAME_SIZE: Final = bytes.maketrans(b"IScr", b"Nsim")
_TAGS: Final = frozenset(b"ihfdsbmtTFN[]")

_WORDS: Final = {"true": 1.0, "on": 1.0, "yes": 1.0, "false": 0.0, "off": 0.0, "no": 0.0}

Argument = float | int | bool | str | None
"""What is left of OSC's types after `messages_in`: blobs, MIDI, colours and time tags are gone."""


@dataclass(frozen=True)
class Message:
    """One OSC message: where to, and what with."""

    address: str
    args: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Packet:
    """What one datagram held; ``problems`` says in words what of it could not be read."""

    messages: tuple[Message, ...]
    problems: tuple[str, ...] = ()


class NotANumber(ValueError):
    """The argument is no finite number."""


def messages_in(datagram: bytes, skip: Callable[[bytes], bool] = lambda _: False) -> Packet:
    """Read one datagram; rubbish ends in ``problems``, never in an exception.

    What ``skip`` says yes to, by its bytes, is left out unread.
    """
    if len(datagram) > MAX_DATAGRAM_BYTES:
        return Packet((), (f"{len(datagram)} bytes are more than {MAX_DATAGRAM_BYTES}",))
    messages: list[Message] = []
    problems: list[str] = []
    waiting: list[tuple[bytes, int]] = [(datagram, 0)]
    while waiting:
        data, depth = waiting.pop()
        try:
            if data.startswith(_BUNDLE):
                if depth >= MAX_DEPTH:
                    raise ValueError(f"bundles nested deeper than {MAX_DEPTH}")
                elements, broken = _elements(data)
                waiting.extend((element, depth + 1) for element in reversed(elements))
                problems.extend(broken)
            elif not skip(data):
                messages.append(_message(data))
        except ValueError as exc:
            problems.append(str(exc))
    return Packet(tuple(messages), tuple(problems))


def number(value: Argument) -> float:
    """Read a number in any spelling: int, float, bool, "0.5", "true", "off".

    Raises: `NotANumber` for text that is none, NaN, infinity and nothing.
    """
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _WORDS:
            return _WORDS[text]
        try:
            # Python's own extras, digit groups such as 1_000, are no OSC spelling.
            result = math.nan if "_" in text else float(text)
        except ValueError:
            result = math.nan
    elif value is None:
        result = math.nan
    else:
        result = float(value)
    if not math.isfinite(result):
        raise NotANumber(f"'{value}' is not a number")
    return result


def is_number(value: Argument) -> bool:
    """Whether `number` can read it."""
    try:
        number(value)
    except NotANumber:
        return False
    return True


def _elements(bundle: bytes) -> tuple[list[bytes], list[str]]:
    """Cut a bundle into its elements, as far as its sizes make sense."""
    start = len(_BUNDLE) + 8  # the time tag
    if len(bundle) < start:
        raise ValueError("a bundle without a time tag")
    elements: list[bytes] = []
    if start == len(bundle):
        raise ValueError("an empty bundle")
    while start < len(bundle):
        size = int.from_bytes(bundle[start : start + 4], "big", signed=True)
        start += 4
        if size <= 0 or size % 4 or start + size > len(bundle):
            return elements, [f"a bundle element of {size} bytes, {len(bundle) - start} are left"]
        elements.append(bundle[start : start + size])
        start += size
    return elements, []


def _message(data: bytes) -> Message:
    """Read one message. Raises `ValueError` with the reason."""
    if not data.startswith(b"/"):
        raise ValueError("neither an OSC message (it begins with /) nor a bundle (#bundle)")
    address_end = data.find(b"\x00")
    if address_end < 0:
        raise ValueError("the address has no end")
    tags_start = address_end + 4 - address_end % 4
    if tags_start < len(data):
        if data[tags_start] != ord(","):
            raise ValueError("the type tags do not begin with a comma")
        tags_end = data.find(b"\x00", tags_start)
        if tags_end < 0:
            raise ValueError("the type tags have no end")
        tags = data[tags_start + 1 : tags_end]
        if not _TAGS.issuperset(tags):
            tags = tags.translate(_SAME_SIZE)
            unknown = set(tags) - _TAGS
            if unknown:
                raise ValueError(f"unknown type tag '{chr(min(unknown))}'")
            data = data[: tags_start + 1] + tags + data[tags_end:]
    try:
        read = OscMessage(data)
        return Message(read.address, tuple(_flat(read.params)))
    except MessageError as exc:
        raise ValueError(f"the arguments cannot be read: {_reason(exc)}") from exc
    except UnicodeDecodeError as exc:
        raise ValueError("a text that is not UTF-8") from exc


def _reason(exc: Exception) -> str:
    """The library's innermost words."""
    while exc.args and isinstance(exc.args[-1], Exception):
        exc = exc.args[-1]
    return str(exc)


def _flat(params: list[Any]) -> list[Argument]:
    """Arguments in a row: arrays opened, types that no control needs left out."""
    flat: list[Argument] = []
    waiting = list(reversed(params))
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif value is None or isinstance(value, float | int | str):
            flat.append(value)
    return flat
