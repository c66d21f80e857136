"""Another machine's browser: the link of the QR code, the page that asks for the token."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.names import reachable_at
from control.panel.server import PanelServer
from control.panel.token import Gate, Secrets
from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS, PATIENCE_MS, PHONE
from tests.waiting import wait_until

pytestmark = MARKS

TOKEN = "correct-horse-battery"


@pytest.fixture
def address(stream: FakeStream) -> Iterator[str]:
    """Where the page is for others; asked for there, this machine is another one, too."""
    addresses = reachable_at("0.0.0.0")
    if not addresses:
        pytest.skip("this machine has no address but the loopback one")
    app = create_app(stream, gate=Gate(Secrets(TOKEN, b"k" * 32)))
    server = PanelServer(app, "0.0.0.0", 0)
    server.start()
    yield f"http://{addresses[0]}:{server.port}"
    server.stop()
    panel_of(app).close()


@pytest.fixture
def phone(browser: Any, frames: None) -> Iterator[Callable[..., Any]]:
    """A phone's browser of its own, without cookies."""
    contexts = []

    def go(locale: str = "en-US") -> Any:
        context = browser.new_context(viewport=PHONE, locale=locale)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield go
    for context in contexts:
        context.close()


def test_the_link_of_the_qr_code_opens_the_page_and_hides_the_token(
    phone: Callable[..., Any], address: str, stream: FakeStream
) -> None:
    page = phone()

    page.goto(f"{address}/?token={TOKEN}")
    page.wait_for_selector(".preset")
    assert page.url == f"{address}/"
    assert TOKEN not in page.evaluate("document.cookie")
    page.wait_for_selector("#preview:not([hidden])")
    page.click(".preset[data-name=smile]")

    wait_until(lambda: [cue.name for cue in stream.controls.snapshot().cues] == ["smile"])


def test_who_has_no_token_is_asked_and_a_wrong_one_is_told(
    phone: Callable[..., Any], address: str
) -> None:
    page = phone("ko-KR")
    page.goto(address)
    assert page.url == f"{address}/login"
    assert page.locator("h2").inner_text() == "토큰을 입력해 주세요"
    assert page.evaluate("document.activeElement.id") == "token"

    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator("#login-problem").inner_text() == "토큰이 맞지 않습니다.")
    page.click("[data-language=en]")
    wait_until(lambda: page.locator("#login-problem").inner_text() == "The token is wrong.")
    page.fill("#token", TOKEN)
    page.keyboard.press("Enter")

    page.wait_for_selector(".preset")
    assert page.url == f"{address}/"


def test_guessing_is_told_to_wait(phone: Callable[..., Any], address: str) -> None:
    page = phone()
    page.goto(f"{address}/?token=guess")
    wait_until(lambda: page.locator("#login-problem").inner_text() == "The token is wrong.")

    for _ in range(5):
        page.fill("#token", "guess")
        with page.expect_response(f"{address}/login"):
            page.keyboard.press("Enter")

    wait_until(lambda: "Try again in" in page.locator("#login-problem").inner_text())


def test_a_link_on_another_page_finds_who_has_signed_in(
    phone: Callable[..., Any], address: str
) -> None:
    page = phone()
    page.goto(f"{address}/?token={TOKEN}")
    page.wait_for_selector(".preset")

    page.goto("data:text/html,<a id=link>away</a>")
    page.evaluate("where => { document.getElementById('link').href = where }", address)
    page.click("#link")  # the browser keeps the cookie back on this way

    page.wait_for_selector(".preset")
    assert page.url == f"{address}/"


def test_a_page_whose_token_has_changed_asks_for_the_new_one(
    phone: Callable[..., Any], address: str
) -> None:
    page = phone()
    page.goto(f"{address}/?token={TOKEN}")
    page.wait_for_selector(".preset")
    page.context.clear_cookies()

    page.click(".preset[data-name=smile]")

    page.wait_for_selector("#login")
