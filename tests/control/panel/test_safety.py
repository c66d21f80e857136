"""Who is served and who is turned away."""

import pytest
from flask.testing import FlaskClient

from control.panel.safety import HEADERS, host_name
from control.problems import MEDIA_TYPE
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


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # DNS rebinding
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": "192.168.0.10:8000"},
        {"Host": "127.0.0.1:x"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "localhost:8000", "Origin": "http://localhost:3000"},  # another local program
        {"Host": "localhost:8000", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {
            "Host": "127.0.0.1:8000",
            "Origin": "http://127.0.0.1:8000",
            "Sec-Fetch-Site": "cross-site",
        },
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/state"),
        ("GET", "/preview.mjpg"),
        ("GET", "/events"),
        ("GET", "/snapshot.jpg"),
        ("GET", "/static/page.css"),
        ("POST", "/trigger/smile"),
        ("PUT", "/parameters"),
        ("OPTIONS", "/parameters"),
        ("POST", "/generate"),
        ("GET", "/nothing"),
    ],
)
def test_other_pages_are_turned_away_everywhere(
    client: FlaskClient, stream: FakeStream, headers: dict[str, str], method: str, path: str
) -> None:
    response = client.open(path, method=method, headers=headers)

    assert response.status_code == 403
    assert response.content_type == MEDIA_TYPE
    assert "Access-Control-Allow-Origin" not in response.headers
    assert stream.controls.snapshot().cues == ()


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
