"""Other machines show the token, and guessing it is slow."""

import base64
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.names import reachable_at
from control.panel.routes_token import COOKIE
from control.panel.server import PanelServer
from control.panel.token import FREE_TRIES, LONGEST_WAIT_S, Gate, Secrets, load_secrets
from control.problems import Problem
from streamer import ConfigError
from tests.control.fakes import FakeStream
from tests.control.panel.described import Described
from tests.waiting import PATIENCE_S

TOKEN = "correct-horse-battery"
PHONE = "192.168.7.20"


class Clock:
    def __init__(self) -> None:
        self.t = 1000.0

    def __call__(self) -> float:
        return self.t


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(Secrets(TOKEN, b"k" * 32), now=clock)


@pytest.fixture
def open_app(stream: FakeStream, gate: Gate) -> Iterator[Flask]:
    """A page that other machines may ask, too."""
    made = create_app(stream, gate=gate)
    made.testing = True
    made.after_request(Described(made).check)
    yield made
    panel_of(made).close()


@pytest.fixture
def phone(open_app: Flask) -> FlaskClient:
    client = open_app.test_client()
    client.environ_base |= {"REMOTE_ADDR": PHONE}
    return client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- keeping it


def test_a_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_secrets(tmp_path / "state")
    again = load_secrets(tmp_path / "state")

    assert first == again
    assert len(first.token) >= 20
    assert load_secrets(tmp_path / "other").token != first.token
    assert [f.name for f in (tmp_path / "state").iterdir()] == ["panel-token.json"]
    if os.name == "posix":
        file = tmp_path / "state" / "panel-token.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(0o644)
        load_secrets(tmp_path / "state")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": "short", "key": "00"}', "\x00\xff"])
def test_a_damaged_file_gives_a_new_token(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "panel-token.json"
    file.write_text(text, encoding="latin-1")

    made = load_secrets(tmp_path)

    assert "damaged" in caplog.text
    assert made.token not in caplog.text
    assert load_secrets(tmp_path) == made


def test_a_chosen_token_ends_the_sessions_of_another(tmp_path: Path) -> None:
    kept = load_secrets(tmp_path)
    chosen = load_secrets(tmp_path, "my-own-token-1234")

    assert chosen.token == "my-own-token-1234"
    assert Gate(chosen).session != Gate(kept).session
    assert Gate(chosen).session == Gate(load_secrets(tmp_path, "my-own-token-1234")).session


@pytest.mark.parametrize("token", ["", "1234", "short-token", "with blanks inside", "ä" * 20])
def test_a_chosen_token_that_is_too_weak_is_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigError, match="12 to 128"):
        load_secrets(tmp_path, token)


def test_a_token_is_not_shown_by_accident() -> None:
    assert TOKEN not in repr(Secrets(TOKEN, b"k" * 32))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(ConfigError, match="panel-token"):
        load_secrets(tmp_path / "state")


# --- guessing it


def test_wrong_tries_wait_longer_each_time_and_a_right_one_ends_that(
    gate: Gate, clock: Clock
) -> None:
    waits = []
    for _ in range(FREE_TRIES - 1):
        assert not gate.admits(PHONE, "wrong")
    for _ in range(14):
        assert not gate.admits(PHONE, "wrong")
        with pytest.raises(Problem) as refused:
            gate.admits(PHONE, TOKEN)  # not even the right one is looked at meanwhile
        assert refused.value.status == 429
        waits.append(refused.value.more["retry_after_s"])
        clock.t += waits[-1]

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[LONGEST_WAIT_S] * 4]
    assert gate.admits(PHONE, TOKEN)
    assert not gate.admits(PHONE, "wrong")
    assert gate.admits(PHONE, TOKEN)


def test_one_address_does_not_lock_another_out(gate: Gate) -> None:
    for _ in range(FREE_TRIES):
        gate.admits("192.168.7.99", "wrong")

    assert gate.admits(PHONE, TOKEN)


def test_the_addresses_of_one_ipv6_network_wait_together(gate: Gate) -> None:
    for n in range(FREE_TRIES):
        gate.admits(f"2001:db8:1:2::{n:x}", "wrong")

    with pytest.raises(Problem):
        gate.admits("2001:db8:1:2:ffff::1", TOKEN)
    assert gate.admits("2001:db8:1:3::1", TOKEN)


def test_old_errors_are_forgotten(gate: Gate, clock: Clock) -> None:
    for _ in range(FREE_TRIES - 1):
        gate.admits(PHONE, "wrong")
    clock.t += 3601

    assert not gate.admits(PHONE, "wrong")
    assert gate.admits(PHONE, TOKEN)


def test_a_flood_of_addresses_fills_no_memory(gate: Gate) -> None:
    for n in range(10_000):
        gate.admits(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", "wrong")

    assert len(gate._wrong) <= 4096


# --- showing it


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/state"),
        ("GET", "/preview.mjpg"),
        ("GET", "/events"),
        ("GET", "/snapshot.jpg"),
        ("GET", "/source-image"),
        ("GET", "/openapi.json"),
        ("GET", "/nothing"),
        ("POST", "/trigger/smile"),
        ("PUT", "/parameters"),
        ("POST", "/generate"),
        ("POST", "/"),
        ("OPTIONS", "/state"),
    ],
)
def test_without_the_token_nothing_is_told_or_done(
    phone: FlaskClient, stream: FakeStream, method: str, path: str
) -> None:
    answer = phone.open(path, method=method)

    assert answer.status_code == 401
    assert answer.json["code"] == "token-needed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert stream.controls.snapshot().cues == ()


def test_scripts_send_it_as_a_bearer_and_obs_as_a_password(phone: FlaskClient) -> None:
    basic = base64.b64encode(f"obs:{TOKEN}".encode()).decode()

    assert phone.get("/state", headers=bearer(TOKEN)).status_code == 200
    assert phone.get("/state", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert phone.get("/state").status_code == 401  # no session comes of it


def test_players_are_asked_for_a_password_and_browsers_never(phone: FlaskClient) -> None:
    player = phone.get("/preview.mjpg", headers={"User-Agent": "Lavf/59.27.100"})
    browser = phone.get("/state", headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"})

    asked = [value.partition(" ")[0] for value in player.headers.getlist("WWW-Authenticate")]
    assert asked == ["Bearer", "Basic"]
    assert browser.headers.getlist("WWW-Authenticate") == ['Bearer realm="Living Portrait"']


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer", "Bearer ", f"Basic {TOKEN}", "Basic !!", f"Token {TOKEN}", TOKEN],
)
def test_other_headers_are_refused(phone: FlaskClient, header: str) -> None:
    assert phone.get("/state", headers={"Authorization": header}).status_code == 401


def test_the_link_signs_a_browser_in_and_hides_the_token(phone: FlaskClient) -> None:
    opened = phone.get(f"/?token={TOKEN}")
    cookie = opened.headers["Set-Cookie"]

    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    assert opened.headers["Cache-Control"] == "no-store"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert phone.get("/").status_code == 200
    assert phone.get("/state").status_code == 200
    page = {"Origin": "http://localhost"}
    assert phone.post("/trigger/smile", headers=page).status_code == 200


def test_a_link_works_on_the_first_page_alone(phone: FlaskClient) -> None:
    assert phone.get(f"/state?token={TOKEN}").status_code == 401
    assert phone.post(f"/stop?token={TOKEN}").status_code == 401


def test_a_browser_without_it_is_asked(phone: FlaskClient) -> None:
    sent = phone.get("/")
    asked = phone.get(sent.headers["Location"], headers={"Accept-Language": "ko"})

    assert sent.status_code == 303
    assert asked.status_code == 200
    assert "토큰" in asked.text
    with phone.get("/static/js/login.js") as script:
        assert script.status_code == 200
    assert phone.get("/?token=wrong").headers["Location"] == "/login#wrong"


def test_a_browser_signs_in_with_the_form(phone: FlaskClient) -> None:
    wrong = phone.post("/login", json={"token": "wrong"})
    right = phone.post("/login", json={"token": TOKEN})

    assert (wrong.status_code, wrong.json["code"]) == (401, "wrong-token")
    assert right.json == {"signed_in": True}
    assert phone.get("/state").status_code == 200


def test_a_session_of_another_token_is_none(phone: FlaskClient, gate: Gate) -> None:
    phone.set_cookie(COOKIE, gate.session[:-1] + "x")

    assert phone.get("/state").status_code == 401


def test_guesses_by_all_ways_count_together(phone: FlaskClient, clock: Clock) -> None:
    phone.get("/state", headers=bearer("guess-1"))
    phone.get("/?token=guess-2")
    phone.post("/login", json={"token": "guess-3"})
    phone.get("/state", headers=bearer("guess-4"))
    phone.get("/state", headers=bearer("guess-5"))

    waiting = phone.get("/state", headers=bearer(TOKEN))

    assert (waiting.status_code, waiting.headers["Retry-After"]) == (429, "1")
    assert phone.post("/login", json={"token": TOKEN}).status_code == 429
    assert phone.get(f"/?token={TOKEN}").headers["Location"] == "/login#wait"
    clock.t += 1
    assert phone.get("/state", headers=bearer(TOKEN)).status_code == 200


def test_who_is_signed_in_stays_so_while_others_guess_from_the_same_address(
    phone: FlaskClient, open_app: Flask
) -> None:
    phone.get(f"/?token={TOKEN}")
    guesser = open_app.test_client()
    guesser.environ_base |= phone.environ_base
    for _ in range(FREE_TRIES + 1):
        guesser.get("/state", headers=bearer("guess"))

    assert guesser.get("/state", headers=bearer(TOKEN)).status_code == 429
    assert phone.get("/state").status_code == 200


def test_the_token_does_not_replace_the_other_checks(phone: FlaskClient) -> None:
    phone.get(f"/?token={TOKEN}")

    for headers in (
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert phone.post("/stop", headers={**headers, **bearer(TOKEN)}).status_code == 403
        assert phone.post("/login", json={"token": TOKEN}, headers=headers).status_code == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_on_this_machine_no_token_is_needed(open_app: Flask, address: str) -> None:
    here = open_app.test_client()

    assert here.get("/state", environ_overrides={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("address", ["", "192.168.7.20", "::ffff:192.168.7.20", "fe80::1", "x"])
def test_everywhere_else_it_is(open_app: Flask, address: str) -> None:
    client = open_app.test_client()
    forwarded = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}

    answer = client.get("/state", environ_overrides={"REMOTE_ADDR": address}, headers=forwarded)

    assert answer.status_code == 401


# --- over real sockets


@pytest.fixture
def lan() -> str:
    addresses = reachable_at("0.0.0.0")
    if not addresses:
        pytest.skip("this machine has no address but the loopback one")
    return addresses[0]


@pytest.fixture
def served(open_app: Flask) -> Iterator[PanelServer]:
    server = PanelServer(open_app, "0.0.0.0", 0)
    server.start()
    yield server
    server.stop()


def ask(host: str, port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(HTTPConnection(host, port, timeout=PATIENCE_S)) as connection:
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def test_a_page_for_all_addresses_asks_others_and_not_this_machine(
    served: PanelServer, lan: str
) -> None:
    assert ask("127.0.0.1", served.port, "/state")[0] == 200
    assert ask(lan, served.port, "/state")[0] == 401
    assert ask(lan, served.port, "/state", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(lan, served.port, "/state", Host="evil.example")[0] == 403
    assert ask("127.0.0.1", served.port, "/state", Host="evil.example")[0] == 403
    assert served.url == f"http://127.0.0.1:{served.port}"
    assert lan in served.addresses


def test_a_large_upload_without_the_token_is_not_even_read(served: PanelServer, lan: str) -> None:
    with closing(HTTPConnection(lan, served.port, timeout=PATIENCE_S)) as connection:
        connection.putrequest("PUT", "/photos/me")
        connection.putheader("Content-Type", "image/jpeg")
        connection.putheader("Content-Length", str(30 * 2**20))
        connection.endheaders()

        assert connection.getresponse().status in (401, 413)


def test_the_token_is_in_no_log(
    served: PanelServer,
    lan: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(lan, served.port, f"/?token={TOKEN}")
    ask(lan, served.port, "/state", Authorization=f"Bearer {TOKEN}")
    for n in range(FREE_TRIES + 1):
        ask(lan, served.port, f"/?token={TOKEN}{n}")
        ask(lan, served.port, "/state", Authorization=f"Bearer {TOKEN}{n}")

    printed = capfd.readouterr()
    assert TOKEN not in caplog.text + printed.out + printed.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.10", "example.org"])
def test_without_a_token_the_page_opens_to_this_machine_only(app: Flask, host: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        PanelServer(app, host, 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("192.168.0.10", "http://192.168.0.10:8000"),
    ],
)
def test_the_page_has_an_address_that_this_machine_can_open(
    open_app: Flask, host: str, url: str
) -> None:
    assert PanelServer(open_app, host, 8000).url == url
