"""The page's field for a text, in a real browser."""

from collections.abc import Callable
from typing import Any

from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS, PHONE
from tests.waiting import wait_until

pytestmark = MARKS


def said(stream: FakeStream) -> list[tuple[str, float]]:
    cues = stream.controls.snapshot().cues
    return [(cue.spoken.text if cue.spoken else "", cue.strength) for cue in cues]


def test_a_text_is_said_with_the_page_s_strength_and_stopped(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    page.fill("#strength", "0.5")
    page.fill("#say-text", "안녕하세요 b m p 1 2")
    page.press("#say-text", "Enter")
    wait_until(lambda: said(stream) == [("안녕하세요 b m p 1 2", 0.5)])

    stream.playing = ["say"]
    page.wait_for_selector("#say-form button[data-t=say_stop]")
    assert page.locator("#now").inner_text() == "Say"
    page.click("#say-form button")
    wait_until(lambda: said(stream)[1:] == [("", 0.0)])
    page.fill("#say-text", "another")
    page.wait_for_selector("#say-form button[data-t=say_button]")


def test_what_cannot_be_said_is_told_in_words(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    stream.photo = "sample-image"
    page = open_page()
    page.fill("#say-text", "hello")
    page.click("#say-form button")

    page.wait_for_selector(".toast")
    assert "not agreed" in page.locator(".toast").inner_text()
    assert said(stream) == []


def test_the_field_fits_a_phone(open_page: Callable[..., Any]) -> None:
    page = open_page(size=PHONE)
    box = page.locator("#say-form").bounding_box()

    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
