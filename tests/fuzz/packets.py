"""Datagrams without end: what controllers and trackers send, the same spoilt, and plain rubbish."""

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from hypothesis import strategies as st
from pythonosc.osc_message_builder import OscMessageBuilder

from control.osc.vmc.bones import STILL
from control.osc.vmc.face import BONES
from streamer import PARAMETERS
from tests.control.osc.test_messages import bundle, raw, text
from tests.control.osc.test_spellings import ROWS

ACTIONS: Final = (
    *("trigger", "set", "release", "reset", "idle", "photo", "pause", "privacy", "stop", "say"),
    *("subscribe", "unsubscribe"),
)
NAMES: Final = (
    *("smile", "wink", "talk", "SMILE", "calm", "lively", "mona-lisa", "sample-image", "broken"),
    *("..", "../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "C:\\con", "", " ", "{name}"),
    *(
        "%s%n",
        "웃음",
        "\u1112\u1161\u11ab",
        "＂．．／",
        "a" * 300,
        "a" * 9000,
        "\x01\x7f",
        "🙂" * 50,
    ),
    *PARAMETERS,
)
TEXTS: Final = (
    *("1", "0", "0.5", "true", "off", "1e400", "-1e400", "nan", "inf", "1_000", "0x10", "٣", "½"),
    *("9" * 5000, "안녕하세요", "hello there", "\n\r\t", "&lt;script&gt;", "$(reboot)", *NAMES),
)
FLOATS: Final = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-45,
    3.4e38,
    float("inf"),
    float("-inf"),
    float("nan"),
)
INTS: Final = (0, 1, -1, 2, 7001, 65535, 65536, 2**31 - 1, -(2**31))
VMC: Final = (
    *("/VMC/Ext/Blend/Val", "/VMC/Ext/Blend/Apply", "/VMC/Ext/Bone/Pos", "/VMC/Ext/Set/Eye"),
    *("/VMC/Ext/OK", "/VMC/Ext/Root/Pos", "/vmc/ext/blend/val", "/VMC/Ext/", "/VMC/Ext/Nothing"),
)
SHAPES: Final = ("A", "Blink_L", "jawOpen", "mouthSmileLeft", "Fun", "Neutral", "eyeBlinkRight")


def real() -> list[bytes]:
    """Return what programs really send."""
    sent = []
    for address, args, _ in ROWS:
        builder = OscMessageBuilder(address)
        for arg in args:
            builder.add_arg(arg[1], arg[0]) if isinstance(arg, tuple) else builder.add_arg(arg)
        sent.append(builder.build().dgram)
    face = [raw("/VMC/Ext/Blend/Val", "sf", text(name) + struct.pack(">f", 0.5)) for name in SHAPES]
    face.append(raw("/VMC/Ext/Blend/Apply", None))
    turn = struct.pack(">7f", 0.0, 0.0, 0.0, *STILL)
    bones = [raw("/VMC/Ext/Bone/Pos", "sfffffff", text(name) + turn) for name in (*BONES, "Spine")]
    look = raw("/VMC/Ext/Set/Eye", "ifff", struct.pack(">ifff", 1, 0.1, 0.2, 1.0))
    whole = [bundle(*face), bundle(*bones), bundle(*sent[:6]), bundle(bundle(*sent[:3]), sent[4])]
    return [*sent, *face, *bones, look, *whole]


class Packets:
    """An endless row of datagrams; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._real = real()

    def __iter__(self) -> Iterator[bytes]:
        kinds = (self._sent, self._spoilt, self._spoilt, self._made, self._made, self._bundled)
        while True:
            if self._chance.random() < 0.03:
                yield self._chance.randbytes(self._chance.choice((0, 1, 4, 12, 60, 1500, 20_000)))
            else:
                yield self._chance.choice(kinds)()

    def _sent(self) -> bytes:
        return self._chance.choice(self._real)

    def _spoilt(self) -> bytes:
        """A real packet with one to four things wrong."""
        data = bytearray(self._sent())
        for _ in range(self._chance.randint(1, 4)):
            self._chance.choice(SPOILERS)(self._chance, data)
        if self._chance.random() < 0.1:
            other = self._sent()
            data = data[: self._chance.randint(0, len(data))] + bytearray(
                other[self._chance.randint(0, len(other)) :]
            )
        return bytes(data)

    def _made(self) -> bytes:
        """A well-formed message about anything, with any arguments."""
        pick = self._chance.choice
        if self._chance.random() < 0.25:
            address = pick(VMC)
            if self._chance.random() < 0.6:
                count = 1 if "Blend" in address else 7
                values = [pick(FLOATS) for _ in range(count)]
                names = (*SHAPES, *BONES, *NAMES)
                return raw(address, "s" + "f" * count, text(pick(names)) + _floats(values))
        else:
            address = "/portrait/" + pick(ACTIONS)
            if self._chance.random() < 0.6:
                address += "/" + pick(NAMES)
            if self._chance.random() < 0.05:
                address = address.upper().replace("/", "//") + "/"
        tags, body = "", b""
        for _ in range(pick((0, 0, 1, 1, 1, 2, 3, 12))):
            tag, data = self._argument()
            tags, body = tags + tag, body + data
        return raw(address, tags, body)

    def _argument(self) -> tuple[str, bytes]:
        pick = self._chance.choice
        match tag := pick("ifdhsSbmTFNIrct["):
            case "i" | "r" | "c" | "m":
                return tag, struct.pack(">i", pick(INTS))
            case "f":
                return tag, _floats([pick(FLOATS)])
            case "d":
                return tag, struct.pack(">d", pick((*FLOATS, 1e308)))
            case "h":
                return tag, struct.pack(">q", pick((0, 1, -1, 2**63 - 1, -(2**63))))
            case "t":
                return tag, self._chance.randbytes(8)
            case "s" | "S":
                return tag, text(pick(TEXTS))
            case "b":
                blob = self._chance.randbytes(pick((0, 3, 4, 100)))
                return tag, struct.pack(">i", len(blob)) + blob + b"\0" * (-len(blob) % 4)
            case "[":
                depth = pick((1, 2, 30, 300))
                return "[" * depth + "i" + "]" * depth, struct.pack(">i", 1)
        return tag, b""

    def _bundled(self) -> bytes:
        pick = self._chance.choice
        elements = [pick((self._sent, self._spoilt, self._made))() for _ in range(pick((0, 1, 3)))]
        data = bundle(*elements, time_tag=self._chance.randbytes(8))
        for _ in range(pick((0, 0, 1, 9, 200))):
            data = bundle(data)
            if len(data) > 20_000:
                break
        if self._chance.random() < 0.3:
            spoilt = bytearray(data)
            pick(SPOILERS)(self._chance, spoilt)
            data = bytes(spoilt)
        return data


def _floats(values: list[float]) -> bytes:
    return struct.pack(f">{len(values)}f", *values)


# --- one thing wrong

Spoiler = Callable[[random.Random, bytearray], Any]


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _overwrite(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 0x2C, 0x2F, 0x7F, 0x80, 0xFF))


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randint(0, len(data)) :]


def _drop(chance: random.Random, data: bytearray) -> None:
    start = chance.randint(0, len(data))
    del data[start : start + chance.randint(1, 8)]


def _insert(chance: random.Random, data: bytearray) -> None:
    at = chance.randint(0, len(data))
    data[at:at] = chance.randbytes(chance.randint(1, 8))


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randint(0, len(data))
    data[start:start] = data[start : start + chance.randint(1, 40)] * chance.choice((1, 2, 50))


def _number(chance: random.Random, data: bytearray) -> None:
    at = 4 * chance.randint(0, len(data) // 4)
    data[at : at + 4] = struct.pack(">i", chance.choice(INTS))


SPOILERS: Final[tuple[Spoiler, ...]] = (_flip, _overwrite, _cut, _drop, _insert, _repeat, _number)


# --- the same for hypothesis, which makes failures small

_words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
_args = st.one_of(
    st.tuples(st.just("i"), st.integers(-(2**31), 2**31 - 1).map(lambda v: struct.pack(">i", v))),
    st.tuples(st.just("f"), st.floats(width=32).map(lambda v: struct.pack(">f", v))),
    st.tuples(st.just("d"), st.floats().map(lambda v: struct.pack(">d", v))),
    st.tuples(st.just("h"), st.integers(-(2**63), 2**63 - 1).map(lambda v: struct.pack(">q", v))),
    st.tuples(st.sampled_from("sS"), (_words | st.sampled_from(TEXTS)).map(text)),
    st.tuples(st.sampled_from("TFNI"), st.just(b"")),
    st.tuples(st.characters(max_codepoint=126, min_codepoint=33), st.binary(max_size=12)),
)
_addresses = st.one_of(
    st.builds("/portrait/{}/{}".format, st.sampled_from(ACTIONS), st.sampled_from(NAMES) | _words),
    st.sampled_from(ACTIONS).map("/portrait/{}".format),
    st.sampled_from(VMC),
    _words.map("/{}".format),
)


def _joined(address: str, args: list[tuple[str, bytes]]) -> bytes:
    return raw(address, "".join(tag for tag, _ in args), b"".join(data for _, data in args))


_messages = st.builds(_joined, _addresses, st.lists(_args, max_size=5)) | st.sampled_from(real())
_bundles = st.recursive(
    _messages, lambda inner: st.lists(inner, max_size=3).map(lambda some: bundle(*some))
)


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(_bundles))
    for spoil in draw(st.lists(st.sampled_from(SPOILERS), min_size=1, max_size=3)):
        spoil(draw(st.randoms(use_true_random=False)), data)
    return bytes(data)


datagrams: Final = st.one_of(_messages, _bundles, _spoilt(), st.binary(max_size=200))
