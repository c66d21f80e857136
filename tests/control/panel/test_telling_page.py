"""The Korean page says what the stream says in Korean, in a real browser."""

from collections.abc import Callable
from typing import Any

from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS

pytestmark = MARKS

ENGLISH = "The camera /dev/video10 disappeared."
KOREAN = "카메라 /dev/video10이 사라졌습니다."


def test_a_refusal_is_shown_in_korean(open_page: Callable[..., Any], stream: FakeStream) -> None:
    stream.photo = "sample-image"
    page = open_page(locale="ko-KR")
    page.fill("#say-text", "안녕하세요")
    page.click("#say-form button")

    page.wait_for_selector(".toast")
    assert "말하게 하는 데 동의하지 않았습니다" in page.locator(".toast").inner_text()


def test_a_photo_that_is_refused_is_told_in_korean(open_page: Callable[..., Any]) -> None:
    page = open_page(locale="ko-KR")
    empty = {"name": "empty.png", "mimeType": "image/png", "buffer": b""}
    page.set_input_files("#photo-file", empty)

    page.wait_for_selector(".answer.bad", state="attached")
    assert "사진을 다시 복사하거나 내려받으세요." in page.locator(".answer.bad").text_content()


def test_a_problem_changes_its_language_with_the_page(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    stream.troubles = [ENGLISH]
    page = open_page(locale="ko-KR")

    page.wait_for_selector(f".notice >> text={KOREAN}")
    page.click("[data-language=en]")
    page.wait_for_selector(f".notice >> text={ENGLISH}")
    assert page.locator(".notice").count() == 1


def test_the_language_chosen_on_the_page_wins_over_the_browser_s(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    stream.photo = "sample-image"
    page = open_page(locale="en-US")
    page.click("[data-language=ko]")
    page.wait_for_selector("html[lang=ko]")
    page.fill("#say-text", "hello")
    page.click("#say-form button")

    page.wait_for_selector(".toast")
    assert "동의하지 않았습니다" in page.locator(".toast").inner_text()
