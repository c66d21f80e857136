"""A slice of what ``python -m tests.fuzz.http`` sends; slow clients of OSCQuery."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPException

import pytest
from flask.testing import FlaskClient
from waitress.adjustments import Adjustments

from control.oscquery.server import QueryServer
from control.panel.app import create_app
from control.panel.wire import IDLE_S, Parser
from tests.control.fakes import FakeStream
from tests.fuzz.http import alive, fuzz
from tests.fuzz.requests import rules
from tests.waiting import wait_until


def test_rubbish_is_answered_and_so_is_everybody_else() -> None:
    outcome = fuzz(250, seed=1)

    assert outcome.wrong == []
    assert outcome.files <= 10
    assert outcome.threads <= 0
    for status in ("200", "400", "403", "404", "413", "431"):
        assert outcome.statuses[status]


class Hurried:
    """A clock on which a minute and a bit goes by whenever somebody looks."""

    def __init__(self) -> None:
        self.t = 0.0

    def __call__(self) -> float:
        self.t += IDLE_S + 1.0
        return self.t


@pytest.fixture
def query(stream: FakeStream) -> Iterator[QueryServer]:
    served = QueryServer(stream, "127.0.0.1", 0, osc_port=lambda: 7001, now=Hurried())
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX:"])
def test_clients_that_hold_all_of_oscquery_s_connections_are_cut_off(
    query: QueryServer, sent: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(QueryServer.connections + 4):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", query.port)))
            sock.sendall(sent)

        def answered() -> bool:
            try:
                return alive(query.port, "/?HOST_INFO") < 5.0
            except (OSError, HTTPException):
                return False

        wait_until(answered)


TEXTS = ['"\\ud800"', '"\\u0000"', '"\\u202e"', "true", "null", '""', '{"en": "\\ud800"}']
NUMBERS = ["1e400", "1" + "0" * 400, "1" + "0" * 5000, "1e-320", "NaN"]
DEEP = ["[" * depth + "]" * depth for depth in (5, 950, 985, 20_000)]


@pytest.fixture
def client(stream: FakeStream) -> FlaskClient:
    return create_app(stream).test_client()


def test_no_value_anywhere_in_a_body_is_more_than_refused(client: FlaskClient) -> None:
    """Half characters, numbers without end, depth: at every place of every body."""
    described = client.get("/openapi.json").json
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if not content:
                continue
            schema = content.get("application/json", {}).get("schema", {})
            for place in [*schema.get("properties", ()), "\\ud800", "x"]:
                for value in (*TEXTS, *NUMBERS, *DEEP):
                    answer = client.open(
                        path.replace("{name}", "mona-lisa"),
                        method=method.upper(),
                        data=f'{{"{place}": {value}}}',
                        content_type="application/json",
                    )
                    assert answer.status_code < 500 or answer.status_code == 503, (
                        method,
                        path,
                        place,
                        value[:60],
                    )
                    answer.close()


@pytest.mark.parametrize(
    "data",
    [
        '{"smile": 1}'.encode("utf-16"),
        '{"smile": 1}'.encode("utf-32"),
        b'{"smile": 1, "\xed\xa0\x80": 1}',
        b'\xef\xbb\xbf{"smile": 1}',
        b'{"smile": 1}\0',
    ],
)
def test_a_body_is_utf_8_and_nothing_else(
    client: FlaskClient, stream: FakeStream, data: bytes
) -> None:
    answer = client.put("/parameters", data=data, content_type="application/json")

    assert answer.status_code == 400
    assert stream.controls.snapshot().held == {}


def test_rubbish_whose_sender_has_left_can_be_named_in_the_log() -> None:
    """Waitress says so with the request's path, and with a traceback where there is none."""
    parser = Parser(Adjustments(), lambda _: 0, lambda: None)

    parser.received(b"\x16\x03\x01\r\n\r\n")

    assert parser.error is not None
    assert parser.path == ""


def test_every_route_is_in_the_fuzz() -> None:
    assert len(rules()) > 50
