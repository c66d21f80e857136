"""The network stream and the badge on the page, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS
from tests.waiting import wait_until

pytestmark = MARKS

SENDING = {
    "url": "rtmp://192.168.1.20/live/…",
    "status": "sending",
    "reason": "",
    "message": "",
    "encoder": "libx264",
    "size": "1280x720",
    "fps": 29.97,
    "kbit_s": 2488,
    "skipped": 3,
    "reconnects": 1,
}


def test_the_badge_is_switched_on_and_off_and_shown_as_it_is(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    page.click("#tab-portrait")

    page.locator("label:has(#badge-ai)").click()
    wait_until(lambda: stream.badge == "ai")
    page.wait_for_selector("#badge-ai:checked", state="attached")
    stream.badge = "off"  # by somebody else
    page.wait_for_selector("#badge-ai:not(:checked)", state="attached")


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
def test_the_network_stream_is_shown_where_there_is_one(
    open_page: Callable[..., Any], stream: FakeStream, locale: str
) -> None:
    page = open_page(locale=locale)
    page.click("#tab-choices")
    card = page.locator("#card-stream")
    assert card.is_hidden()

    stream.stream = dict(SENDING)
    card.wait_for(state="visible")
    text = card.inner_text()
    assert "rtmp://192.168.1.20/live/…" in text
    assert "1280 × 720 · libx264 · 30.0 fps · 2488 kbit/s" in text
    assert ("Sending" if locale == "en-US" else "보내는 중") in text
    assert page.locator("#stream-note").is_hidden()

    stream.stream = {
        **SENDING,
        "status": "waiting",
        "reason": "refused",
        "message": "Nothing listens at rtmp://192.168.1.20/live/….",
    }
    note = page.locator("#stream-note")
    note.wait_for(state="visible")
    says = "Nothing listens at the receiver" if locale == "en-US" else "받는 주소에서"
    assert note.inner_text().startswith(says)
    assert "kbit/s" not in card.inner_text()
