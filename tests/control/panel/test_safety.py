"""Who is served and who is turned away."""

import re
import socket
from typing import ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from control.panel.app import create_app
from control.panel.bodies import MAX_BODY_BYTES
from control.panel.limits import BodyLimit
from control.panel.safety import HEADERS, host_name
from control.panel.server import PanelServer
from control.problems import MEDIA_TYPE
from streamer.controls import Wishes
from tests.control.fakes import FakeStream


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl, Stream Deck's web requests, OBS media sources
        {"Host": "127.0.0.1:8000"},
        {"Host": "localhost:8000"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:8000"},
        {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"},
        {"Host": "localhost:9000", "Origin": "http://localhost:9000"},  # through an SSH tunnel
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_the_page_itself_are_served(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/state", headers=headers).status_code == 200
    assert client.post("/stop", headers=headers).status_code == 200


HOSTILE = [
    {"Host": "evil.example"},  # DNS rebinding
    {"Host": "evil.example:8000"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost@evil.example"},
    {"Host": "192.168.0.10:8000"},
    {"Host": "0.0.0.0:8000"},
    {"Host": "127.0.0.1:x"},
    {"Host": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "file://"},
    {"Host": "localhost:8000", "Origin": "http://localhost:3000"},  # another local program
    {"Host": "localhost:8000", "Origin": "http://127.0.0.1:8000"},
    {"Host": "localhost:8000", "Origin": "http://localhost:8000.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Sec-Fetch-Site": ""},
    {
        "Host": "127.0.0.1:8000",
        "Origin": "http://127.0.0.1:8000",
        "Sec-Fetch-Site": "cross-site",
    },
]


def every_route() -> list[tuple[str, str]]:
    """All there are, with the methods that browsers use, so that a new one is attacked, too."""
    rules = create_app(FakeStream()).url_map.iter_rules()
    known = [
        (method, re.sub(r"<[^>]+>", "smile", rule.rule))
        for rule in rules
        for method in (rule.methods or set()) | {"OPTIONS"}
    ]
    return sorted({*known, ("GET", "/nothing"), ("GET", "/static/page.css")})


@pytest.mark.parametrize("headers", HOSTILE, ids=str)
def test_other_pages_are_turned_away_everywhere(
    client: FlaskClient, stream: FakeStream, headers: dict[str, str]
) -> None:
    for method, path in every_route():
        response = client.open(path, method=method, headers=headers)

        assert response.status_code == 403, (method, path)
        assert response.content_type == MEDIA_TYPE
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
    assert stream.controls.snapshot() == Wishes()


def test_a_link_that_a_person_clicks_opens_the_page_and_nothing_else(client: FlaskClient) -> None:
    clicked = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }

    assert client.get("/", headers=clicked).status_code == 200
    assert client.get("/state", headers=clicked).status_code == 403
    assert client.get("/", headers={**clicked, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.get("/", headers={**clicked, "Sec-Fetch-Mode": "cors"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/state", "/nothing", "/source-image", "/static/page.css"])
def test_every_answer_is_sealed(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        headers = response.headers

    for name, value in HEADERS.items():
        assert headers[name] == value
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cache-Control"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8000", "127.0.0.1"),
        ("LocalHost", "localhost"),
        ("[::1]:8000", "::1"),
        ("a,b", ""),
        ("localhost:99999", ""),
        ("[::1", ""),
        ("local host", ""),
    ],
)
def test_the_host_header_is_read_strictly(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/../../cli.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static/%2fetc/passwd",
        "//etc/passwd",
        "/static/js/../../app.py",
        "/photos/..%2f..%2fetc%2fpasswd/thumbnail",
        "/photos/%2fetc%2fpasswd/thumbnail",
        "/photos/..%5c..%5cboot.ini/thumbnail",
        "/photos/../thumbnail",
        "/photos/mona-lisa%00.png/thumbnail",
        "/presets/..%2f..%2fpyproject",
        "/trigger/..%2f..%2fstop",
    ],
)
def test_no_path_leads_out_of_what_is_served(server: PanelServer, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
            sock.sendall(f"{method} {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            status = sock.makefile("rb").readline().split()[1]

        assert status.startswith(b"4"), (method, status)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "PUT"},
        {"X-HTTP-Method": "PUT"},
        {"X-Method-Override": "PUT"},
    ],
)
def test_a_method_cannot_be_disguised(
    client: FlaskClient, stream: FakeStream, headers: dict[str, str]
) -> None:
    for method in ("GET", "POST"):
        client.open("/parameters?_method=PUT", method=method, headers=headers, json={"smile": 1})

    assert stream.controls.snapshot().held == {}


def test_what_a_form_of_another_page_could_send_is_no_command(
    client: FlaskClient, stream: FakeStream
) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.put("/parameters", data='{"smile": 1}', content_type=kind)

        assert answer.status_code == 415

    assert stream.controls.snapshot().held == {}


def test_looking_changes_nothing(client: FlaskClient, stream: FakeStream) -> None:
    before = stream.controls.snapshot()

    for method, path in every_route():
        if method in ("GET", "HEAD", "OPTIONS") and path not in ("/preview.mjpg", "/events"):
            with stream.showing():
                client.open(path, method=method).close()

    assert stream.controls.snapshot() == before
    assert stream.photo == "mona-lisa"


def test_only_routes_that_take_files_take_much(app: Flask) -> None:
    limit = BodyLimit(app)

    class Parsed:
        headers: ClassVar[dict[str, str]] = {}

        def __init__(self, method: str, path: str) -> None:
            self.command, self.path = method, path

    large = {
        (method, path)
        for method, path in every_route()
        if limit.of(Parsed(method, path), "127.0.0.1") > MAX_BODY_BYTES
    }

    assert {method for method, _ in large} <= {"POST", "PUT", "OPTIONS"}
    assert not [path for _, path in large if not path.startswith("/photos")]
    assert all(limit.of(Parsed(*one), "192.168.7.20") == MAX_BODY_BYTES for one in large)
