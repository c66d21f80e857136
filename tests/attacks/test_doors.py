"""What web pages, neighbours and guessers try at the doors.

The page's checks of Host, Origin and Sec-Fetch-Site are attacked in `tests.control.panel`'s
`test_safety`, slow clients in its `test_wire`, sign-ins in its `test_token`.
"""

import base64
import hmac
import itertools
import logging
import os
import pickle
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from control.osc import OscDoor
from control.osc.subscribers import encode
from control.osc.vmc import VmcDoor
from control.oscquery.app import create_query_app
from control.panel import token
from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.openapi import document
from control.panel.routes_token import COOKIE
from control.panel.server import PanelServer
from control.panel.token import MAX_ADDRESSES, Gate, Secrets, load_secrets
from control.problems import Problem
from control.remembered import recall
from streamer.errors import WeightsError
from tests.control.fakes import FakeStream
from tests.fuzz.rig import Feed

TOKEN = "0123456789abcdef-token"
ELSEWHERE = {"REMOTE_ADDR": "192.168.7.20"}
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[FakeStream]:
    fake = FakeStream(tmp_path)
    yield fake
    fake.speaker.close()
    fake.preview.close()


@pytest.fixture
def gate() -> Gate:
    return Gate(Secrets(TOKEN, b"k" * 32))


@pytest.fixture
def open_to_all(stream: FakeStream, gate: Gate) -> FlaskClient:
    """A page that is served to other machines, too."""
    app = create_app(stream, gate=gate)
    panel_of(app).names.add("192.168.7.1")
    return app.test_client()


def routes() -> list[tuple[str, str]]:
    paths = document(create_app(FakeStream()))["paths"]
    return [
        (method.upper(), path.replace("{name}", "smile"))
        for path, methods in paths.items()
        for method in methods
    ]


# --- who has no token


@pytest.mark.parametrize(("method", "path"), routes())
def test_without_the_token_every_route_is_closed_to_other_machines(
    open_to_all: FlaskClient, stream: FakeStream, method: str, path: str
) -> None:
    before = stream.controls.snapshot()
    tricks: list[dict[str, Any]] = [
        {},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1;host=localhost"},
        {"X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "https"},
        {"Cookie": f"{COOKIE}={'0' * 64}"},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=; {COOKIE}=1"},
        {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()},
    ]
    for headers in tricks:
        answer = open_to_all.open(
            path, method=method, headers={"Host": "192.168.7.1", **headers}, environ_base=ELSEWHERE
        )
        sign_in_page = path == "/login"
        assert answer.status_code in ((200, 400) if sign_in_page else (401, 303)), headers
        assert answer.status_code != 303 or answer.headers["Location"] == "/login"
        assert TOKEN not in answer.text
        answer.close()
        open_to_all.delete_cookie(COOKIE)
    assert stream.controls.snapshot() == before
    assert stream.photo == "mona-lisa"


def test_guessing_a_token_gets_slower_and_its_table_is_bounded() -> None:
    clock = [0.0]
    gate = Gate(Secrets(TOKEN, b"k" * 32), now=lambda: clock[0])
    tried = 0
    for _ in range(20_000):  # hours of one guess each second from one machine
        clock[0] += 1.0
        try:
            gate.admits("192.168.7.20", f"guess-{tried:012}")
            tried += 1
        except Problem as problem:
            assert problem.status == 429
    assert tried < 60

    for number in range(3 * MAX_ADDRESSES):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        gate.admits(address, "a-guess-of-its-own")
    assert len(gate._wrong) <= MAX_ADDRESSES
    assert gate.admits("192.168.7.99", TOKEN)


def test_a_network_of_ipv6_addresses_is_one_guesser() -> None:
    gate = Gate(Secrets(TOKEN, b"k" * 32), now=lambda: 0.0)

    with pytest.raises(Problem):
        for number in range(100):
            gate.admits(f"2001:db8::{number:x}", "a-guess-of-its-own")


def test_tokens_and_sessions_are_compared_in_constant_time(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    really = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return really(one, other)

    monkeypatch.setattr(token.hmac, "compare_digest", compare)
    for shown in ("", TOKEN[:-1], TOKEN + "x", "é" * 40, "\ud800"):
        assert not gate.admits("192.168.7.20", shown) or shown == TOKEN
        assert not gate.knows(shown)

    assert len(compared) == 10
    assert {len(one) for pair in compared for one in pair} == {32}


def test_the_cookie_is_for_this_page_alone_and_no_script_s(open_to_all: FlaskClient) -> None:
    answer = open_to_all.post(
        "/login", json={"token": TOKEN}, headers={"Host": "192.168.7.1"}, environ_base=ELSEWHERE
    )

    flags = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]
    assert TOKEN not in answer.headers["Set-Cookie"]


# --- what comes back


@pytest.mark.parametrize("sign", ["%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D", "%u000d", "\\r\\n"])
def test_no_name_splits_an_answer(client: FlaskClient, sign: str) -> None:
    for method, path in (
        ("GET", f"/photos/x{sign}X-Injected:%20yes/thumbnail"),
        ("PUT", f"/photos/x{sign}X-Injected:%20yes.png?face=by-hand"),
        ("GET", f"/?token=x{sign}Set-Cookie:%20a=b"),
        ("GET", f"/static/x{sign}X-Injected:%20yes"),
        ("POST", f"/trigger/x{sign}X-Injected:%20yes"),
    ):
        answer = client.open(path, method=method, data=PNG if method == "PUT" else None)
        assert "X-Injected" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        for value in answer.headers.values():
            assert "\r" not in value
            assert "\n" not in value


@pytest.fixture
def client(stream: FakeStream) -> FlaskClient:
    return create_app(stream).test_client()


def test_what_somebody_names_a_thing_is_never_a_page(client: FlaskClient) -> None:
    """Errors repeat what was asked for; as JSON that no browser runs."""
    wicked = "<script>alert(1)</script>"
    for method, path in (
        ("GET", f"/photos/{wicked}/thumbnail"),
        ("POST", f"/trigger/{wicked}"),
        ("GET", f"/{wicked}"),
        ("GET", f"/presets/{wicked}"),
    ):
        answer = client.open(path, method=method)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = client.get("/?token=" + wicked, headers={"Accept-Language": wicked})
    assert wicked not in page.text


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAAA1BMVEV/f3+QyhsjAAAAC0lEQVR42mNgGAUAAAIAAAE="
)


@pytest.mark.parametrize(
    "path", ["/", "/state", "/nothing", "/login", "/preview.mjpg", "/openapi.json"]
)
def test_no_other_page_may_frame_read_or_embed_it(
    client: FlaskClient, stream: FakeStream, path: str
) -> None:
    with stream.showing(), client.get(path) as answer:
        headers = answer.headers
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not [name for name in dict(headers) if name.startswith("Access-Control")]


def test_no_preflight_is_granted(client: FlaskClient, stream: FakeStream) -> None:
    for method, path in routes():
        answer = client.options(
            path,
            headers={
                "Origin": "https://evil.example",
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "content-type",
                "Access-Control-Request-Private-Network": "true",
            },
        )
        assert answer.status_code == 403
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_there_is_no_websocket(stream: FakeStream) -> None:
    server = PanelServer(create_app(stream), "127.0.0.1", 0)
    server.start()
    try:
        for path in ("/", "/events", "/state", "/ws"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
                sock.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Origin: https://evil.example\r\n\r\n".encode()
                )
                assert b" 403 " in sock.recv(100)
    finally:
        server.stop()


def test_no_page_can_say_where_files_are_fetched_from(client: FlaskClient) -> None:
    """The program asks one repository, which is in the list that ships with it."""
    described = client.get("/openapi.json").json["paths"]
    takes = described["/weights/fetch"]["post"]["requestBody"]["content"]["application/json"]

    assert set(takes["schema"]["properties"]) == {"commercial_only"}
    for key in ("url", "repository", "revision", "endpoint", "path", "folder"):
        answer = client.post("/weights/fetch", json={key: "http://169.254.169.254/"})
        assert answer.status_code in (400, 409)
    for path in described:
        assert "url" not in str(described[path]).lower().replace("curl", "") or path in URLS, path


# Routes whose answers tell an address of this very page.
URLS = ("/state", "/events", "/health", "/osc")


# --- OSC


def test_who_is_not_allowed_is_counted_and_changes_nothing(stream: FakeStream) -> None:
    for kind in (OscDoor, VmcDoor):
        door = kind(stream, "0.0.0.0", 7001, allow=["192.168.0.0/24", "2001:db8::/32"])
        feed = Feed()
        commands = [
            *(encode(f"/portrait/{a}", ()) for a in ("trigger/smile", "pause", "stop", "reset")),
            encode("/portrait/set/smile", (1.0,)),
            encode("/portrait/photo/sample-image", ()),
            encode("/portrait/subscribe", ()),
            encode("/VMC/Ext/Blend/Val", ("Joy", 1.0)),
            encode("/VMC/Ext/Blend/Apply", ()),
        ]
        strangers = ["192.168.1.1", "10.0.0.1", "8.8.8.8", "::ffff:8.8.8.8", "fe80::1%eth0"]
        strangers += ["2001:db9::1", "0.0.0.0", "255.255.255.255", "not an address", ""]
        for stranger, command in itertools.product(strangers, commands):
            feed.waiting.append((command, (stranger, 9000)))
        while feed.waiting:
            door._receive(feed)  # type: ignore[arg-type]

        assert stream.controls.snapshot().cues == ()
        assert stream.controls.snapshot().held == {}
        assert stream.controls.snapshot().driven == {}
        assert not stream.controls.snapshot().paused
        assert stream.photo == "mona-lisa"
        assert door.state().get("subscribers", []) == []
        assert all(line["code"] == "not_allowed" for line in door.monitor())
        door.stop()


def test_state_is_sent_only_to_who_asked_from_there(stream: FakeStream) -> None:
    """A subscriber may name a port, never another machine: nobody is flooded in its name."""
    door = OscDoor(stream, "127.0.0.1", 7001)
    for named in ("10.0.0.1", "10.0.0.1:9000", "evil.example", -1, 0, 65536, 1e9):
        door._handle(encode("/portrait/subscribe", (named,)), ("127.0.0.1", 5000))

    assert all(name.startswith("127.0.0.1:") for name in door.state()["subscribers"])
    door.stop()


def test_oscquery_tells_only_who_may_send(stream: FakeStream) -> None:
    app = create_query_app(stream, osc_port=lambda: 7001, names=(), may_ask=lambda host: False)

    for path in ("/", "/portrait/photo", "/?HOST_INFO"):
        assert app.test_client().get(path).status_code == 403
        hostile = {"Host": "evil.example"}
        assert app.test_client().get(path, headers=hostile).status_code == 403


# --- what lies on the disk


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pickled",)


def test_a_pickle_in_the_place_of_any_file_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wicked = pickle.dumps(_Runs())

    for name in ("choices.json", token.FILE_NAME):
        (tmp_path / name).write_bytes(wicked)
    assert recall(tmp_path / "choices.json").choices == {}
    assert load_secrets(tmp_path)

    assert not (tmp_path / "pickled").exists()


def test_weights_are_loaded_without_running_what_is_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch is missing")
    from streamer.engines.liveportrait import weights

    monkeypatch.chdir(tmp_path)
    (tmp_path / "wicked.pth").write_bytes(pickle.dumps(_Runs(), protocol=2))

    with pytest.raises(WeightsError):
        weights._checked_read(tmp_path, tmp_path / "wicked.pth", None, 0)
    assert not (tmp_path / "pickled").exists()


def test_no_code_unpickles_evaluates_or_starts_a_shell() -> None:
    """Every place that could run what it reads is known here, with its reason."""
    known = {
        "streamer/engines/liveportrait/weights.py": {"pickle"},  # names an error; weights_only=True
    }
    wicked = re.compile(
        r"^\s*import (pickle|shelve|marshal|dill)|(?<![.\w])(eval|exec)\(|shell=True"
        r"|os\.system|os\.popen|yaml\.(unsafe_|full_)?load\(|allow_pickle=True|weights_only=False|joblib"
        r"|__import__\(|tempfile\.mktemp\(|trust_remote_code|verify=False"
    )
    for path in [*ROOT.glob("streamer/**/*.py"), *ROOT.glob("control/**/*.py"), ROOT / "start.py"]:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = wicked.search(line)
            if found and not line.strip().startswith("#"):
                where = path.relative_to(ROOT).as_posix()
                assert any(word in line for word in known.get(where, ())), (where, line)


# --- what is said


def test_secrets_are_not_shown_by_what_holds_them(tmp_path: Path) -> None:
    from streamer import Config, ConfigError

    secrets = load_secrets(tmp_path, TOKEN)
    config = Config(panel_token=TOKEN)
    gate = Gate(secrets)

    for shown in (repr(secrets), str(secrets), repr(config), str(config), repr(gate)):
        assert TOKEN not in shown
        assert secrets.key.hex() not in shown
        assert repr(secrets.key) not in shown
    with pytest.raises(ConfigError) as caught:
        load_secrets(tmp_path, "short one!")
    assert "short one!" not in str(caught.value)


def test_a_token_of_the_wrong_kind_is_not_repeated_in_the_complaint(tmp_path: Path) -> None:
    from control.settings import load_config
    from streamer import ConfigError

    file = tmp_path / "living-portrait.yaml"
    file.write_text(f"panel_token: [{TOKEN}]\n")

    with pytest.raises(ConfigError) as caught:
        load_config({}, environment={}, file=file)

    assert TOKEN not in str(caught.value)


def test_a_damaged_token_file_is_not_quoted_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / token.FILE_NAME).write_text(f'{{"token": "{TOKEN}", "key": "{TOKEN}zz"}}')

    with caplog.at_level(logging.DEBUG):
        load_secrets(tmp_path)

    assert "damaged" in caplog.text
    assert TOKEN not in caplog.text


def test_wrong_tokens_are_not_written_into_the_log(
    open_to_all: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """They are the right one with a typing error, often enough."""
    with caplog.at_level(logging.DEBUG):
        for number in range(12):
            open_to_all.post(
                "/login",
                json={"token": f"{TOKEN}-nearly-{number}"},
                headers={"Host": "192.168.7.1"},
                environ_base=ELSEWHERE,
            )

    assert caplog.records
    assert TOKEN not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_private_files_stay_private_whatever_the_umask(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.umask(0)\n"
        "from pathlib import Path\n"
        "from control.panel.token import load_secrets\n"
        "from control.remembered import Memory\n"
        "home = Path(sys.argv[1])\n"
        "load_secrets(home / 'a' / 'state')\n"
        "memory = Memory(home / 'b' / 'state' / 'choices.json', delay_s=0.0)\n"
        "memory.keep({'zoom': 1.5}); memory.close()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "home")], cwd=ROOT, check=True)

    found = list((tmp_path / "home").rglob("*"))
    assert len([path for path in found if path.is_file()]) == 2
    assert not [path for path in found if path.stat().st_mode & 0o077]


def test_a_token_file_that_others_may_read_is_closed(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    (tmp_path / token.FILE_NAME).chmod(0o644)

    load_secrets(tmp_path)

    assert (tmp_path / token.FILE_NAME).stat().st_mode & 0o077 == 0


# --- while somebody attacks, others are served


SLOW = (b"", b"GET / HT", b"PUT /photos/x HTTP/1.1\r\nContent-Length: 999\r\n\r\nab")


def test_silent_and_slow_clients_keep_nobody_waiting(stream: FakeStream) -> None:
    server = PanelServer(create_app(stream), "127.0.0.1", 0)
    server.start()
    slow: list[socket.socket] = []
    try:
        for number in range(80):
            sock = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            sock.sendall(
                (b"", b"GET / HT", b"PUT /photos/x HTTP/1.1\r\nContent-Length: 999\r\n\r\nab")[
                    number % 3
                ]
            )
            slow.append(sock)
        for _ in range(10):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        for sock in slow:
            sock.close()
        server.stop()
