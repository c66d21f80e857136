"""The page in a real browser: what a person does, and what a hostile page cannot."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from control.osc import OscDoor
from control.panel.app import create_app
from control.panel.server import PanelServer
from streamer import PARAMETERS
from tests.control.fakes import FakePreset, FakeStream
from tests.control.panel.in_browser import MARKS, PATIENCE_MS, PHONE
from tests.waiting import wait_until

pytestmark = MARKS


def cues(stream: FakeStream) -> list[tuple[str, float]]:
    return [(cue.name, cue.strength) for cue in stream.controls.snapshot().cues]


def test_the_page_shows_the_live_picture_and_all_controls(open_page: Callable[..., Any]) -> None:
    page = open_page()

    page.wait_for_selector("#preview:not([hidden])")
    assert page.evaluate("document.getElementById('preview').naturalWidth") == 1280
    assert page.locator(".preset").count() == 3
    assert page.locator(".face-row").count() == len(PARAMETERS)
    assert page.locator("#chip-camera").inner_text() == "Without camera"


def test_a_click_plays_and_stop_stops(open_page: Callable[..., Any], stream: FakeStream) -> None:
    page = open_page()

    page.click(".preset[data-name=smile]")
    wait_until(lambda: cues(stream) == [("smile", 1.0)])
    stream.playing = ["smile"]
    page.wait_for_selector(".preset.playing[data-name=smile]")
    assert page.locator("#now").inner_text() == "😊 Smile"
    page.click("#stop")

    wait_until(lambda: cues(stream) == [("smile", 1.0), ("", 0.0)])


def test_strength_goes_with_the_click(open_page: Callable[..., Any], stream: FakeStream) -> None:
    page = open_page()

    page.fill("#strength", "0.5")
    page.click(".preset[data-name=wink]")

    wait_until(lambda: cues(stream) == [("wink", 0.5)])
    assert page.locator("#strength-value").inner_text() == "50%"


def test_holding_a_button_or_a_key_holds_the_preset(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    talk = page.locator(".preset[data-name=talk]")

    talk.hover()
    page.mouse.down()
    wait_until(lambda: cues(stream) == [("talk", 1.0)])
    page.mouse.up()
    wait_until(lambda: cues(stream)[1:] == [("talk", 0.0)])
    page.keyboard.down("3")
    page.keyboard.down("3")  # the system repeats a held key
    wait_until(lambda: cues(stream)[2:] == [("talk", 1.0)])
    page.keyboard.up("3")
    wait_until(lambda: cues(stream)[3:] == [("talk", 0.0)])
    talk.focus()
    page.keyboard.press("Enter")
    wait_until(lambda: cues(stream)[4:] == [("talk", 1.0), ("talk", 0.0)])


def test_a_key_that_comes_up_elsewhere_lets_its_preset_go(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    page.keyboard.down("3")
    wait_until(lambda: cues(stream) == [("talk", 1.0)])
    page.focus("#say-text")
    page.keyboard.up("3")
    wait_until(lambda: cues(stream)[1:] == [("talk", 0.0)])
    page.focus("#stop")
    page.locator("#say-text").blur()
    page.keyboard.down("3")
    wait_until(lambda: cues(stream)[2:] == [("talk", 1.0)])
    page.evaluate("window.dispatchEvent(new Event('blur'))")  # to another program
    wait_until(lambda: cues(stream)[3:] == [("talk", 0.0)])


def test_a_click_of_a_screen_reader_plays_and_a_second_one_lets_go(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    page.evaluate("document.querySelector('.preset[data-name=talk]').click()")
    wait_until(lambda: cues(stream) == [("talk", 1.0)])
    stream.playing = ["talk"]
    page.wait_for_selector(".preset.playing[data-name=talk]")
    page.evaluate("document.querySelector('.preset[data-name=talk]').click()")

    wait_until(lambda: cues(stream)[1:] == [("talk", 0.0)])


def test_keys_play_stop_freeze_and_mirror(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    page.keyboard.press("1")
    page.keyboard.press("Escape")
    wait_until(lambda: cues(stream) == [("smile", 1.0), ("", 0.0)])
    page.keyboard.press("p")
    wait_until(lambda: stream.controls.snapshot().paused)
    page.wait_for_selector("#frozen:not([hidden])")
    page.keyboard.press("m")
    assert "mirrored" in page.locator("#preview").get_attribute("class")
    page.keyboard.press("Control+2")  # the browser's own

    assert len(cues(stream)) == 2


def test_a_slider_holds_its_value_and_gives_it_back(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    page.focus("#p-smile")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    wait_until(lambda: stream.controls.snapshot().held.get("smile") == pytest.approx(0.03))
    page.wait_for_selector(".face-row.held")
    page.dblclick("label[for=p-smile]")
    wait_until(lambda: "smile" not in stream.controls.snapshot().held)
    page.fill("#p-head_yaw", "10")
    wait_until(lambda: stream.controls.snapshot().held.get("head_yaw") == 10.0)
    page.get_by_role("button", name="Give Head turn back").click()
    wait_until(lambda: stream.controls.snapshot().held == {})


def test_sliders_follow_the_live_face(open_page: Callable[..., Any], stream: FakeStream) -> None:
    page = open_page()

    stream.face = {**stream.face, "head_yaw": -12.5}

    wait_until(lambda: page.evaluate("document.getElementById('p-head_yaw').value === '-12.5'"))


def test_two_pages_stay_in_step(open_page: Callable[..., Any], stream: FakeStream) -> None:
    one, two = open_page(), open_page(locale="ko-KR")

    one.fill("#idle", "0.3")
    one.click("[data-value=lively]")
    one.fill("#p-wink", "20")

    wait_until(lambda: two.evaluate("document.getElementById('idle').value === '0.3'"))
    two.wait_for_selector("[data-value=lively][aria-pressed=true]")
    wait_until(lambda: two.evaluate("document.getElementById('p-wink').value === '20'"))


def test_language_follows_the_browser_and_the_choice_is_remembered(
    open_page: Callable[..., Any],
) -> None:
    page = open_page(locale="ko-KR")

    assert page.locator("#expressions h2").inner_text() == "표정"
    assert page.locator(".preset[data-name=smile]").inner_text().startswith("😊\n웃어봐")
    page.click("[data-language=en]")
    wait_until(
        lambda: page.evaluate(
            "document.querySelector('#expressions h2').textContent === 'Expressions'"
        )
    )
    page.reload()
    wait_until(
        lambda: page.evaluate(
            "document.querySelector('#expressions h2').textContent === 'Expressions'"
        )
    )

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("label[for=p-smile]").inner_text() == "Smile"


def test_a_hidden_tab_lets_go_of_its_connections(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    page.wait_for_selector("#preview:not([hidden])")
    assert stream.preview.viewers == 1

    page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});"
        "window.away = true; document.dispatchEvent(new Event('visibilitychange'))"
    )
    wait_until(lambda: stream.preview.viewers == 0)
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")

    wait_until(lambda: stream.preview.viewers == 1)


def test_portraits_are_switched_and_a_refusal_says_why(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    page.click("#tab-portrait")

    page.click(".photo[data-name=sample-image]")
    wait_until(lambda: stream.photo == "sample-image")
    page.wait_for_selector(".photo[data-name=sample-image][aria-pressed=true]")
    assert page.locator("#credit").inner_text() == "NASA"
    assert page.locator("#demo").inner_text() == "Technical demo"
    assert page.locator(".preset[data-name=talk]").is_disabled()
    page.click(".photo[data-name=broken]")

    page.wait_for_selector(".toast")
    assert "No face was found" in page.locator(".toast").inner_text()
    assert stream.photo == "sample-image"


def test_the_view_is_changed(open_page: Callable[..., Any], stream: FakeStream) -> None:
    page = open_page()
    page.click("#tab-portrait")

    page.click("#fit [data-value=cover]")
    page.fill("[data-view=zoom]", "1.5")
    page.locator("#view label.switch:has(#view-mirror)").click()
    wait_until(
        lambda: (stream.view.fit, stream.view.zoom, stream.view.mirror) == ("cover", 1.5, True)
    )
    page.click("#fill [data-value=color]")
    wait_until(lambda: stream.view.fill == "#202428")
    page.click("#view-reset")

    wait_until(lambda: stream.view == type(stream.view)())


def test_new_preset_files_bring_new_buttons(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    stream.presets.presets = {
        **stream.presets.presets,
        "bow": FakePreset("bow", {"en": "Bow <b>", "ko": "인사"}, "🙇"),
    }

    page.wait_for_selector(".preset[data-name=bow]")
    assert "Bow <b>" in page.locator(".preset[data-name=bow]").inner_text()


def test_the_camera_s_advice_stands_above_the_picture_with_its_command(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()
    state = stream.state
    message = "No camera was found. Type: `sudo modprobe v4l2loopback`. It attaches by itself."
    camera = {"status": "waiting", "device": "", "message": message}
    stream.state = lambda: {**state(), "camera": camera}  # type: ignore[method-assign]

    page.wait_for_selector("#notices .notice")

    assert page.locator("#notices .command code").inner_text() == "sudo modprobe v4l2loopback"
    page.get_by_role("button", name="More").click()
    assert "It attaches by itself" in page.locator("#notices .notice").inner_text()
    page.get_by_role("button", name="Close").click()
    assert page.locator("#notices .notice").count() == 0


def test_tabs_work_by_keyboard_alone(open_page: Callable[..., Any]) -> None:
    page = open_page()

    page.focus("#tab-face")
    page.keyboard.press("ArrowRight")
    assert page.locator("#panel-portrait").is_visible()
    page.keyboard.press("End")
    assert page.locator("#panel-help").is_visible()
    assert page.evaluate("document.activeElement.id") == "tab-help"
    page.keyboard.press("ArrowRight")

    assert page.locator("#panel-face").is_visible()


def test_the_osc_monitor_shows_sender_address_and_verdict(browser: Any, stream: FakeStream) -> None:
    from pythonosc.udp_client import SimpleUDPClient

    osc = OscDoor(stream, "127.0.0.1", 0)
    osc.start()
    served = PanelServer(create_app(stream, osc=osc), "127.0.0.1", 0)
    served.start()
    context = browser.new_context(locale="ko-KR")
    try:
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector(".preset")  # the page listens once its buttons are drawn
        page.click("#tab-osc")
        with SimpleUDPClient("127.0.0.1", osc.port) as client:
            client.send_message("/portrait/trigger/grimace", 1)
        page.wait_for_selector(".message")
        text = page.locator(".message").first.inner_text()
        wait_until(
            lambda: page.evaluate(
                f"document.getElementById('osc-state').textContent.includes('127.0.0.1:{osc.port}')"
            )
        )
    finally:
        context.close()
        served.stop()
        osc.stop()

    assert "/portrait/trigger/grimace 1" in text
    assert "'grimace' 표정이 없음" in text
    assert "127.0.0.1:" in text


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("tab", ["face", "portrait", "choices", "osc", "help"])
def test_nothing_sticks_out_of_a_phone(
    open_page: Callable[..., Any], stream: FakeStream, locale: str, tab: str
) -> None:
    stream.playing = ["smile", "wink", "talk"]
    page = open_page(locale=locale, size=PHONE)
    page.click(f"#tab-{tab}")
    page.wait_for_selector(".now-names b")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(
        "[...document.querySelectorAll('.card *, .now button')].every("
        "  e => e.getBoundingClientRect().right <= innerWidth + 1)"
    )


def test_the_picture_stays_in_sight_at_the_end_of_the_page(open_page: Callable[..., Any]) -> None:
    page = open_page(size={"width": 1280, "height": 600})

    page.locator("#panel-face .face-row").last.scroll_into_view_if_needed()

    assert page.evaluate("scrollY") > 0
    assert page.locator("#screen").bounding_box()["y"] >= 0


def test_everything_that_can_be_pressed_has_a_name(open_page: Callable[..., Any]) -> None:
    page = open_page()

    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, [role=tab], img, output')].filter("
        "  e => !(e.ariaLabel || e.textContent.trim() || e.alt !== undefined && e.alt !== null"
        "         || e.labels?.length || e.htmlFor?.length)).map(e => e.outerHTML)"
    )

    assert nameless == []


def test_a_page_that_lost_its_stream_says_so_and_comes_back(
    browser: Any, stream: FakeStream, frames: None
) -> None:
    first = PanelServer(create_app(stream), "127.0.0.1", 0)
    first.start()
    context = browser.new_context(locale="en-US")
    second = None
    try:
        page = context.new_page()
        page.goto(first.url)
        page.wait_for_selector("#preview:not([hidden])")
        before = page.get_attribute("#preview", "src")
        first.stop()
        page.wait_for_selector(".notice.bad")
        second = PanelServer(create_app(stream), "127.0.0.1", first.port)
        second.start()
        page.wait_for_selector(".notice.bad", state="detached", timeout=60_000)
        page.wait_for_selector("#preview:not([hidden])", timeout=60_000)
        # Asked for anew: the last picture of the old stream would stand there for ever.
        wait_until(lambda: page.get_attribute("#preview", "src") != before)
    finally:
        context.close()
        first.stop()
        if second is not None:
            second.stop()


HOSTILE = """<!doctype html><body><script type="module">
const target = TARGET;
const tries = [
  fetch(target + "/trigger/smile", {method: "POST", mode: "no-cors"}),
  fetch(target + "/stop", {method: "POST", mode: "no-cors", body: "{}"}),
  fetch(target + "/parameters", {method: "PUT", body: '{"smile": 1}',
        headers: {"Content-Type": "application/json"}}),
  fetch(target + "/state").then((answer) => answer.json()),
  new Promise((done, fail) => {
    const image = new Image();
    image.onload = done;
    image.onerror = fail;
    image.src = target + "/snapshot.jpg";
  }),
];
const results = await Promise.allSettled(tries);
const form = document.createElement("form");
form.method = "post";
form.action = target + "/trigger/wink";
form.target = "frame";
const frame = document.createElement("iframe");
frame.name = "frame";
document.body.append(frame, form);
frame.onload = () => { document.title = JSON.stringify(results.map((r) => r.status)); };
form.submit();
</script>"""


def test_a_hostile_page_in_the_same_browser_achieves_nothing(
    browser: Any, server: PanelServer, stream: FakeStream, frames: None
) -> None:
    class Hostile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = HOSTILE.replace("TARGET", f"'{server.url}'").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"http://localhost:{site.server_port}/")
        wait_until(lambda: page.evaluate("document.title.startsWith('[')"))
        results = page.title()
        # A link that a person clicks there opens the page all the same.
        page.evaluate(f"document.body.innerHTML = '<a href=\"{server.url}/\">The portrait</a>'")
        page.click("a")
        page.wait_for_selector(".preset", timeout=PATIENCE_MS)
    finally:
        context.close()
        site.shutdown()
        site.server_close()
        thread.join()

    # The first two may be sent but not read by their page; the rest fails there, too.
    assert results.count("rejected") >= 3
    assert cues(stream) == []
    assert stream.controls.snapshot().held == {}
