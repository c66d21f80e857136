"""HTTP requests without end, as no browser sends them; the same for the same seed."""

import random
import re
import struct
from collections.abc import Iterator
from typing import Final

from control.panel.app import create_app
from tests.control.fakes import FakeStream
from tests.fuzz.documents import TRICKS

# Answers to these do not end by themselves.
ENDLESS: Final = ("/preview.mjpg", "/events", "/snapshot.jpg")
BODIES: Final = (
    *(b"", b"{}", b'{"smile": 0.5}', b'{"name": "mona-lisa"}', b'{"text": "a"}', b'{"paused": 1}'),
    *(b'{"smile": NaN}', b"[" * 5000, b'{"a":' * 3000, b'{"token": "x"}', b"\xff\xfe{\x00}\x00"),
    *(b'{"\\ud800": 1}', b"\xed\xa0\x80", b'{"preset": {"name": "x"}}', *TRICKS[:24]),
)
NAMES: Final = (
    *("smile", "mona-lisa", "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%252e%252e%252f", "..%5c"),
    *(
        "%00",
        "a%00b",
        "%0d%0aX-Injected:%20yes",
        "%ff%fe",
        "%c0%ae%c0%ae%c0%af",
        "%uff0e",
        "a" * 3000,
    ),
    *("%EF%BC%8E%EF%BC%8E%EF%BC%8F", "%E2%80%AE", "..;", ".", "%2f", "C:%5c", "~", "*", "%", "%zz"),
)
HEADERS: Final = (
    *(b"Host: evil.example", b"Host: localhost\r\nHost: evil.example", b"Host:", b"Host: [::1"),
    *(
        b"Host: localhost:999999",
        b"Host : localhost",
        b"Origin: null",
        b"Origin: http://evil.example",
    ),
    *(
        b"Content-Length: -1",
        b"Content-Length: 1e3",
        b"Content-Length: 0x10",
        b"Content-Length: 9" * 2,
    ),
    *(b"Content-Length: 99999999999999999999999", b"Content-Length: 5\r\nContent-Length: 6"),
    *(
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: x",
    ),
    *(
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Expect: 200-ok",
    ),
    *(
        b"Connection: Upgrade\r\nUpgrade: websocket",
        b"Connection: close",
        b"Connection: keep-alive",
    ),
    *(b"X: " + b"a" * 9000, b"X\x00: a", b"X: a\x00b", b": empty", b"no colon", b" folded: yes"),
    *(
        b"X: a\r\n b\r\n c",
        b"X: \xff\xfe",
        b"Cookie: living_portrait=" + b"f" * 64,
        b"Cookie: =;;=;",
    ),
    *(b"Authorization: Bearer " + b"a" * 5000, b"Authorization: Basic !!!", b"Authorization: x"),
    *(
        b"Range: bytes=0-,1-,2-" + b",0-" * 500,
        b"If-None-Match: " + b'"a",' * 2000,
        b"Accept: " + b"*/*," * 999,
    ),
    *(
        b"Accept-Language: " + b"xx;q=0.1," * 900,
        b"Content-Type: application/json",
        b"Content-Type: text/plain",
    ),
    *(b"Content-Type: multipart/form-data; boundary=" + b"a" * 300, b"Content-Encoding: gzip"),
    *(
        b"X-Forwarded-For: 127.0.0.1",
        b"X-Forwarded-Host: evil.example",
        b"Forwarded: for=127.0.0.1",
    ),
    *(b"X-HTTP-Method-Override: DELETE", b"Sec-Fetch-Site: cross-site", b"Sec-WebSocket-Key: x"),
)
METHODS: Final = (
    b"GET",
    b"POST",
    b"PUT",
    b"DELETE",
    b"HEAD",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"CONNECT",
)


def rules() -> list[tuple[bytes, str]]:
    """Every route there is, with its methods."""
    app = create_app(FakeStream())
    return sorted(
        (method.encode(), rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule not in ENDLESS
    )


class Requests:
    """An endless row of requests."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._rules = rules()

    def __iter__(self) -> Iterator[bytes]:
        kinds = (self._odd, self._odd, self._odd, self._spoilt, self._chunked, self._lengths)
        yield from self._classics()
        while True:
            if self._chance.random() < 0.03:
                yield self._chance.choice(self._classics())
            else:
                yield self._chance.choice(kinds)()

    def _target(self) -> tuple[bytes, bytes]:
        method, rule = self._chance.choice(self._rules)
        if self._chance.random() < 0.1:
            method = self._chance.choice(METHODS)
        path = re.sub(r"<[^>]+>", lambda _: self._chance.choice(NAMES), rule)
        if self._chance.random() < 0.1:
            path += self._chance.choice(
                ("?", "?a=b&a=b", "?" + "a" * 9000, "?%00", "/", "//", ";x", "#")
            )
        return method, path.encode()

    def _odd(self) -> bytes:
        """Well-formed at first sight, with one to three headers that are not."""
        method, path = self._target()
        body = self._chance.choice(BODIES)[:60_000]
        lines = [
            b"%s %s HTTP/1.%d" % (method, path, self._chance.randint(0, 1)),
            b"Host: localhost",
        ]
        if body:
            lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        for _ in range(self._chance.randint(0, 3)):
            lines.insert(self._chance.randint(1, len(lines)), self._chance.choice(HEADERS))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def _spoilt(self) -> bytes:
        data = bytearray(self._odd())
        for _ in range(self._chance.randint(1, 5)):
            at = self._chance.randrange(len(data))
            match self._chance.randint(0, 3):
                case 0:
                    data[at] = self._chance.randrange(256)
                case 1:
                    del data[at : at + self._chance.randint(1, 20)]
                case 2:
                    data[at:at] = self._chance.choice(
                        (b"\r\n", b"\0", b"\n", b"\r", b"\xff", b"  ")
                    )
                case _:
                    del data[at:]
            if not data:
                return b"\r\n"
        return bytes(data)

    def _chunked(self) -> bytes:
        method, path = self._target()
        head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % (
            method,
            path,
        )
        nonsense = (
            *(
                b"5\r\nhello\r\n0\r\n\r\n",
                b"ffffffffffffffff\r\n",
                b"-5\r\nhello\r\n",
                b"5;a=b\r\nhello",
            ),
            *(b"0x5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"G\r\n", b"\r\n\r\n", b"1" * 9000),
            *(
                b"5\r\nhelloworld\r\n0\r\n\r\n",
                b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
                b"5 \r\nhello\r\n0\r\n\r\n",
            ),
            *(
                b"1\r\na\r\n" * 3000 + b"0\r\n\r\n",
                b"fff0\r\n" + b"a" * 0xFFF0 + b"\r\nffff\r\n" + b"a" * 999,
            ),
            *(b"0\r\n\r\nGET /stop HTTP/1.1\r\nHost: localhost\r\n\r\n", b"0_5\r\nhello\r\n", b""),
        )
        return head + self._chance.choice(nonsense)

    def _lengths(self) -> bytes:
        """A body that is not as long as it says."""
        method, path = self._target()
        says = self._chance.choice((0, 1, 5, 70_000, 10**7, 2**31, 2**63, 10**30))
        body = self._chance.choice(BODIES)[:60_000]
        head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % (method, path, says)
        return head + b"Content-Type: application/json\r\n\r\n" + body

    def _classics(self) -> list[bytes]:
        get = b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return [
            b"\0" * 300,
            b"\r\n" * 2000,
            b"\n\n\n\n",
            b"GET",
            b"GET /\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET http://evil.example/state HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /state HTTP/1.1\nHost: localhost\n\n",
            b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">I", 0) * 9,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 500,  # TLS
            b"\x05\x01\x00",  # SOCKS
            b"SSH-2.0-OpenSSH_9.9\r\n",
            b"/portrait/trigger/smile\0,i\0\0\0\0\0\x01",
            b"A" * 400_000,
            b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 60_000 + b"\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 400_000 + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"\x00: \x00\r\n" * 5 + b"\r\n",
            get * 40,
            get[:-2] + b"Content-Length: 44\r\n\r\n" + get,
            get[:-2] + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get,
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n{",
        ]
