"""Datagrams of all kinds, as controllers and vandals send them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from control.osc.messages import (
    MAX_DATAGRAM_BYTES,
    Message,
    NotANumber,
    messages_in,
    number,
)


def text(value: str) -> bytes:
    data = value.encode() + b"\x00"
    return data + b"\x00" * (-len(data) % 4)


def raw(address: str, tags: str | None, data: bytes = b"") -> bytes:
    return text(address) + (b"" if tags is None else text("," + tags)) + data


def bundle(*elements: bytes, time_tag: bytes = b"\x00" * 7 + b"\x01") -> bytes:
    body = b"".join(struct.pack(">i", len(element)) + element for element in elements)
    return b"#bundle\x00" + time_tag + body


@pytest.mark.parametrize(
    ("datagram", "args"),
    [
        (raw("/a", None), ()),
        (raw("/a", ""), ()),
        (raw("/a", "i", struct.pack(">i", 1)), (1,)),
        (raw("/a", "f", struct.pack(">f", 0.5)), (0.5,)),
        (raw("/a", "d", struct.pack(">d", 0.5)), (0.5,)),
        (raw("/a", "h", struct.pack(">q", 7)), (7,)),
        (raw("/a", "T"), (True,)),
        (raw("/a", "F"), (False,)),
        (raw("/a", "N"), (None,)),
        (raw("/a", "I"), (None,)),
        (raw("/a", "s", text("0.5")), ("0.5",)),
        (raw("/a", "S", text("웃음")), ("웃음",)),
        (raw("/a", "b", struct.pack(">i", 3) + b"abc\x00"), ()),
        (raw("/a", "bi", struct.pack(">i", 3) + b"abc\x00" + struct.pack(">i", 1)), (1,)),
        (raw("/a", "mi", b"\x01\x90\x40\x7f" + struct.pack(">i", 1)), (1,)),
        (raw("/a", "ri", b"\xff\x00\x00\xff" + struct.pack(">i", 1)), (1,)),
        (raw("/a", "ci", struct.pack(">ii", 65, 1)), (65, 1)),
        (raw("/a", "ti", b"\x00" * 7 + b"\x01" + struct.pack(">i", 1)), (1,)),
        (raw("/a", "[iT]s", struct.pack(">i", 1) + text("x")), (1, True, "x")),
        (raw("/a", "sif", text("smile") + struct.pack(">if", 1, 2.0)), ("smile", 1, 2.0)),
    ],
)
def test_every_type_that_controllers_send_is_read(
    datagram: bytes, args: tuple[object, ...]
) -> None:
    packet = messages_in(datagram)

    assert packet.messages == (Message("/a", args),)
    assert packet.problems == ()


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "neither"),
        (b"GET / HTTP/1.1\r\n\r\n", "neither"),
        (b"/no-end", "no end"),
        (raw("/a", "i"), "too short"),
        (raw("/a", "s", b"abcd"), "cannot be read"),
        (raw("/a", "s", b"\xff\xfe\x00\x00"), "UTF-8"),
        (raw("/a", "Q"), "unknown type tag 'Q'"),
        (raw("/a", "[i", struct.pack(">i", 1)), "bracket"),
        (text("/a") + text("i") + struct.pack(">i", 1), "comma"),
        (text("/a") + b",iii", "no end"),
        (b"#bundle\x00\x00", "time tag"),
        (bundle(), "empty"),
        (bundle() + struct.pack(">i", -4), "element of -4"),
        (bundle() + struct.pack(">i", 0) + b"/a\x00\x00", "element of 0"),
        (bundle() + struct.pack(">i", 400) + b"/a\x00\x00", "element of 400"),
        (b"/" + b"a" * MAX_DATAGRAM_BYTES, "more than"),
    ],
)
def test_rubbish_is_named_and_raises_nothing(datagram: bytes, reason: str) -> None:
    packet = messages_in(datagram)

    assert packet.messages == ()
    assert len(packet.problems) == 1
    assert reason in packet.problems[0]


def test_bundles_are_opened_in_order_whatever_their_time_tag() -> None:
    inner = bundle(raw("/b", None), time_tag=b"\xff" * 8)  # the year 2036
    datagram = bundle(raw("/a", None), inner, raw("/c", "T"), time_tag=b"\xff" * 8)

    packet = messages_in(datagram)

    assert [message.address for message in packet.messages] == ["/a", "/b", "/c"]


def test_good_messages_of_a_bundle_survive_a_bad_one() -> None:
    packet = messages_in(bundle(raw("/a", None), b"junk", raw("/c", None)))

    assert [message.address for message in packet.messages] == ["/a", "/c"]
    assert len(packet.problems) == 1


def test_bundles_within_bundles_end_somewhere() -> None:
    datagram = raw("/a", None)
    for _ in range(600):
        datagram = bundle(datagram)

    packet = messages_in(datagram)

    assert packet.messages == ()
    assert "nested" in packet.problems[0]


def test_the_library_s_own_builder_is_understood() -> None:
    message = OscMessageBuilder("/portrait/trigger/smile")
    message.add_arg(0.5)
    builder = OscBundleBuilder(IMMEDIATELY)
    builder.add_content(message.build())

    packet = messages_in(builder.build().dgram)

    assert packet.messages == (Message("/portrait/trigger/smile", (0.5,)),)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.25, 0.25),
        (True, 1.0),
        (False, 0.0),
        ("1", 1.0),
        (" 0.5 ", 0.5),
        ("-3e-1", -0.3),
        ("true", 1.0),
        ("False", 0.0),
        ("ON", 1.0),
        ("off", 0.0),
    ],
)
def test_a_number_is_read_in_every_spelling(value: object, expected: float) -> None:
    assert number(value) == pytest.approx(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", ["", "smile", "1_000", "nan", "inf", "-Infinity", float("nan"), float("inf"), None]
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(NotANumber):
        number(value)  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_any_bytes_end_in_messages_or_problems(data: bytes) -> None:
    packet = messages_in(data)

    assert packet.messages or packet.problems


@given(
    st.sampled_from([b"/portrait/trigger\x00\x00\x00", b"#bundle\x00" + b"\x00" * 8]),
    st.binary(max_size=120),
)
def test_bytes_that_begin_well_end_in_messages_or_problems(start: bytes, data: bytes) -> None:
    messages_in(start + data)
    messages_in(start + b",sif" + b"\x00" * 4 + data)
    messages_in(bundle(start + data, data))
