"""Camera, engine, model files, privacy, framing by hand and help, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from control.panel import routes_choices
from control.panel.download import Download
from streamer.engines.liveportrait.hub import Hub
from streamer.engines.needs import Need
from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS
from tests.control.panel.test_download import FILES, REPOSITORY, listed_in
from tests.hub_server import HubServer
from tests.waiting import wait_until

pytestmark = MARKS


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer(REPOSITORY, dict(FILES)) as running:
        yield running


@pytest.fixture
def download(tmp_path: Path, hub: HubServer) -> Iterator[Download]:
    """Model files that are missing, and a hub that has them."""
    made = Download(
        tmp_path / "weights",
        listed=listed_in(tmp_path),
        hub=lambda m: Hub(m.repository, m.revision, endpoint=hub.endpoint),
    )
    yield made
    if hub.stalled is not None:
        hub.stalled.set()
    made.close()


@pytest.fixture(autouse=True)
def capable(monkeypatch: pytest.MonkeyPatch, download: Download) -> None:
    """A machine with everything for the neural engine but its model files."""

    def glance(chosen: Path | None) -> list[Need]:
        there = all(f["there"] for f in download.files() if not f["optional"])
        return [
            Need("torch", True, "PyTorch"),
            Need("weights", there, "model files", "fetch them"),
            Need("accelerator", True, "a card"),
        ]

    monkeypatch.setattr(routes_choices, "glance", glance)


def open_choices(open_page: Callable[..., Any], **how: Any) -> Any:
    page = open_page(**how)
    page.click("#tab-choices")
    page.wait_for_selector("#rate-choice button")
    return page


def test_camera_size_and_rate_are_chosen(open_page: Callable[..., Any], stream: FakeStream) -> None:
    page = open_choices(open_page)

    page.select_option("#camera-choice", "/dev/video10")
    wait_until(lambda: stream.chosen["camera"] == "/dev/video10")
    page.wait_for_selector("#card-camera fieldset:enabled")
    page.select_option("#size-choice", "640x480")
    wait_until(lambda: stream.chosen["size"] == "640x480")
    page.click("#rate-choice [data-value='25']")
    wait_until(lambda: stream.chosen["fps"] == 25.0)
    page.wait_for_selector("#rate-choice [data-value='25'][aria-pressed=true]")
    page.select_option("#size-choice", "own")
    page.fill("[name=width]", "800")
    page.fill("[name=height]", "600")
    page.keyboard.press("Enter")

    wait_until(lambda: stream.chosen["size"] == "800x600")


def test_an_engine_is_prepared_in_sight_of_all_pages_and_a_refusal_stands_there(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    go_on = threading.Event()

    def wait() -> None:
        go_on.wait(60)

    stream.before_engine = wait
    one, two = open_choices(open_page), open_choices(open_page, locale="ko-KR")

    one.click("#engine-choice [data-value=warp]")
    two.wait_for_selector("#engine-busy:not([hidden])")
    disabled = two.locator("#engine-choice [data-value=warp]").is_disabled()
    go_on.set()
    assert disabled
    one.wait_for_selector("#engine-choice [data-value=warp][aria-pressed=true]")
    two.wait_for_selector("#engine-busy", state="hidden")
    assert "Engine: warp, as asked." in one.locator("#engine-why").inner_text()

    stream.change_engine = refuse  # type: ignore[method-assign]
    one.click("#engine-choice [data-value=auto]")
    one.wait_for_selector("#engine-problem:not([hidden])")
    assert "out of memory" in one.locator("#engine-problem").inner_text()
    assert stream.chosen["engine"] == "warp"


def refuse(engine: str, device: str = "auto", speed: str | None = None) -> str:
    from streamer import EngineError

    raise EngineError("The card is out of memory. Close the game, or use --engine warp.")


def test_model_files_are_fetched_stopped_and_fetched_on_and_the_engine_is_offered(
    open_page: Callable[..., Any], stream: FakeStream, hub: HubServer, download: Download
) -> None:
    hub.stalled = threading.Event()
    page, other = open_choices(open_page), open_choices(open_page)
    assert page.locator("#engine-choice [data-value=liveportrait]").is_disabled()

    page.click("#weights-start")
    other.wait_for_selector("#weights-progress:not([hidden])")
    wait_until(lambda: "0.3 MB / 0.5 MB" in figures(page))
    other.click("#weights-stop")
    hub.stalled.set()
    page.wait_for_selector("#weights-start:not([hidden])")
    assert page.locator("#weights-start").inner_text() == "Go on"
    page.click("#weights-start")
    other.wait_for_selector("#weights-use:not([hidden])")
    assert [span is None for _, span in hub.gets()][:2] == [True, False]

    other.click("#weights-use")
    wait_until(lambda: stream.chosen["engine"] == "liveportrait")
    page.wait_for_selector("#weights-use", state="hidden")


def figures(page: Any) -> str:
    return str(page.locator("#weights-figures").inner_text())


def test_a_download_that_fails_says_why(open_page: Callable[..., Any], hub: HubServer) -> None:
    hub.status = 404
    page = open_choices(open_page)

    page.click("#weights-start")

    page.wait_for_selector("#weights-problem.bad")
    assert "has no networks/one.pth" in page.locator("#weights-problem").inner_text()


def test_privacy_is_one_key_away_and_seen_on_every_page(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    one, two = open_page(), open_page(locale="ko-KR")

    one.keyboard.press("b")
    wait_until(lambda: stream.privacy)
    two.wait_for_selector("#privacy-badge:not([hidden])")
    assert two.locator("#privacy-words").inner_text() == "얼굴 보이기"
    two.click("#privacy")

    wait_until(lambda: not stream.privacy)
    one.wait_for_selector("#privacy-badge", state="hidden")


def test_the_picture_is_dragged_where_it_shall_be(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    page.wait_for_selector("#preview:not([hidden])")
    box = page.locator("#screen").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def drag(right: float) -> None:
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + right * box["height"], middle[1], steps=4)
        page.mouse.up()

    drag(0.25)  # beside the expressions nothing is dragged
    page.click("#tab-portrait")
    drag(0.25)
    wait_until(lambda: stream.view.offset_x == pytest.approx(0.25, abs=0.01))
    page.keyboard.press("m")  # mirrored here: the hand goes the other way
    drag(0.1)
    wait_until(lambda: stream.view.offset_x == pytest.approx(0.15, abs=0.01))

    assert stream.view.offset_y == 0.0


def test_help_names_the_camera_or_says_what_to_do(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    stream.camera = {
        "status": "waiting",
        "reason": "no-camera",
        "device": "",
        "label": "",
        "message": "No camera. Type: `sudo modprobe v4l2loopback`.",
    }
    page = open_page()
    page.click("#tab-help")

    page.wait_for_selector("#help-advice .command")
    assert page.locator("#help-attached").is_hidden()
    stream.camera = {
        "status": "attached",
        "reason": "",
        "device": "/dev/video10",
        "label": "Spare",
        "message": "",
        "width": 1280,
        "height": 720,
        "native_format": "I420",
    }

    wait_until(lambda: page.locator("#help-name").inner_text() == "Look for “Spare”.")
    assert page.locator("#help-advice").inner_text() == ""
    assert page.locator("#help-attached").is_visible()
