"""Photos added on the page, and the points of their faces corrected there, in a real browser."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from streamer.resources import shipped, user_folder
from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS, PHONE
from tests.waiting import wait_until

pytestmark = MARKS

MONA_LISA = shipped("photo") / "mona-lisa.jpg"
# Looking for a face takes up to a second, several on a busy machine.
FACE_MS = 20_000

DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  const how = {dataTransfer: transfer, bubbles: true, cancelable: true};
  const event = (type) => new DragEvent(type, how);
  document.body.dispatchEvent(event("dragenter"));
  const covered = !document.getElementById("photo-drop").hidden;
  document.body.dispatchEvent(event("dragover"));
  document.body.dispatchEvent(event("drop"));
  return covered && document.getElementById("photo-drop").hidden;
}"""


def drop(page: Any, name: str, data: bytes) -> None:
    assert page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def drawing() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (800, 600), (214, 190, 160)).save(data, "PNG")
    return data.getvalue()


def kept() -> list[str]:
    folder = user_folder("photos")
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def me() -> Path:
    """A photo of the user's own that has points already."""
    folder = user_folder("photos")
    folder.mkdir(parents=True)
    (folder / "me.jpg").write_bytes(MONA_LISA.read_bytes())
    points = (shipped("photo") / "mona-lisa.landmarks.yaml").read_text(encoding="utf-8")
    sidecar = folder / "me.landmarks.yaml"
    sidecar.write_text(points, encoding="utf-8")
    return sidecar


def edit(page: Any, name: str) -> None:
    page.click("#tab-portrait")
    page.hover(f".photo[data-name='{name}']")
    page.get_by_role("button", name="Correct the face of", exact=False).last.click()
    page.wait_for_selector(".dots circle", timeout=FACE_MS)


def centre(page: Any, point: str) -> tuple[float, float]:
    box = page.locator(f"[data-id='{point}']").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_picture_dropped_anywhere_is_kept_described_shown_and_deleted(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page()

    drop(page, "할머니.jpg", MONA_LISA.read_bytes())
    page.wait_for_selector(".answer.good", timeout=FACE_MS)
    assert kept() == ["할머니.jpg"]
    page.get_by_label("Who is in the picture?").fill("Aunt Mary")
    page.locator(".about .switch").click()
    page.get_by_role("button", name="Keep this").click()
    page.wait_for_selector(".answer", state="detached")
    tile = page.locator(".photo[data-name='할머니']")
    wait_until(lambda: "Aunt Mary" in tile.inner_text())
    assert "does not speak" in tile.inner_text()
    tile.click()
    wait_until(lambda: stream.photo == "할머니")
    page.wait_for_selector(".preset[data-name=talk]:disabled")
    page.click(".photo[data-name=mona-lisa]")
    wait_until(lambda: stream.photo == "mona-lisa")
    page.wait_for_selector(".photo[data-name=mona-lisa][aria-pressed=true]")

    page.get_by_role("button", name="Delete Aunt Mary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the question has the focus

    wait_until(lambda: kept() == [])
    tile.wait_for(state="detached")


def test_a_refusal_stands_beside_the_place_with_advice(open_page: Callable[..., Any]) -> None:
    page = open_page(locale="ko-KR")

    drop(page, "메모.pdf", b"%PDF-1.7")
    page.wait_for_selector(".answer.bad")

    text = page.locator(".answer.bad").inner_text()
    assert "메모.pdf 사진을 추가하지 못했습니다" in text
    assert "'메모.pdf'은(는) 사진이 아닙니다." in text
    assert "512픽셀" in text
    assert kept() == []


def test_two_pupils_make_a_face_of_a_drawing(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_page(size=PHONE)

    drop(page, "doll.png", drawing())
    page.wait_for_selector(".answer.bad", timeout=FACE_MS)
    page.get_by_role("button", name="Mark the pupils myself").click()
    page.wait_for_selector(".dot-pupil", timeout=FACE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("#points-save").is_disabled()
    box = page.locator("#points-view").bounding_box()
    scale = box["width"] / 800
    top = box["y"] + (box["height"] - 600 * scale) / 2
    for x, y in ((460, 270), (340, 270)):  # in any order
        page.mouse.click(box["x"] + x * scale, top + y * scale)
    page.wait_for_selector("[data-id='mouth.corner_l']", timeout=FACE_MS)
    page.click("#points-save")
    page.wait_for_selector("#points", state="hidden", timeout=FACE_MS)

    points = yaml.safe_load((user_folder("photos") / "doll.landmarks.yaml").read_text("utf-8"))
    assert points["eye_l"]["iris"] == pytest.approx([340, 270], abs=1.5)
    assert points["eye_r"]["iris"] == pytest.approx([460, 270], abs=1.5)
    page.wait_for_selector(".answer.good")
    page.get_by_role("button", name="Show now").click()
    wait_until(lambda: stream.staged == [("doll", None)])


def test_a_point_is_dragged_taken_back_moved_by_keys_tried_and_kept(
    open_page: Callable[..., Any], stream: FakeStream, me: Path
) -> None:
    page = open_page()
    before = yaml.safe_load(me.read_text("utf-8"))
    edit(page, "me")
    page.click("#points-groups [data-value=mouth]")
    assert page.locator("[data-id='eye_l.iris']").count() == 0
    x, y = centre(page, "mouth.corner_l")

    page.mouse.move(x + 3, y)
    page.mouse.down()
    page.mouse.move(x - 37, y + 8, steps=4)
    page.mouse.up()
    assert centre(page, "mouth.corner_l") == pytest.approx((x - 40, y + 8), abs=1.5)
    page.keyboard.press("Control+z")
    assert centre(page, "mouth.corner_l") == pytest.approx((x, y), abs=1.5)
    assert page.locator("#points-undo").is_disabled()
    page.focus("[data-id='mouth.corner_l']")
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowDown", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.id") == "mouth.upper_out.0"
    assert page.evaluate("document.activeElement.ariaLabel") == (
        "Mouth, upper lip, upper edge, left"
    )

    page.click("#points-try")
    wait_until(lambda: len(stream.staged) == 1)
    name, marked = stream.staged[0]
    left, top = before["mouth"]["corner_l"]
    assert name == "me"
    assert marked is not None
    assert marked["mouth"]["corner_l"] == pytest.approx([left - 6, top + 5])
    page.wait_for_selector("#points-save:enabled")
    page.click("#points-save")
    page.wait_for_selector("#points", state="hidden", timeout=FACE_MS)

    after = yaml.safe_load(me.read_text("utf-8"))
    assert after["mouth"]["corner_l"] == pytest.approx([left - 6, top + 5])
    assert after["eye_l"]["iris"] == before["eye_l"]["iris"]
    # What a person wrote is never lost, and what was there before is on stage again.
    assert kept() == ["me.jpg", "me.landmarks.old-1.yaml", "me.landmarks.yaml"]
    assert "me.landmarks.old-1.yaml" in page.locator(".answer.good").inner_text()
    wait_until(lambda: stream.staged[1:] == [("me", None), ("mona-lisa", None)])


def test_what_was_only_tried_leaves_the_stage_when_it_is_thrown_away(
    open_page: Callable[..., Any], stream: FakeStream, me: Path
) -> None:
    page = open_page()
    written = me.read_bytes()
    edit(page, "me")
    page.click("#points-groups [data-value=eyes]")

    page.focus("[data-id='eye_l.iris']")
    page.keyboard.press("Shift+ArrowRight")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("p")  # the page's keys rest meanwhile
    for _ in range(14):
        page.keyboard.press("Shift+ArrowRight")
    page.click("#points-try")
    page.wait_for_selector("#points-problem:not([hidden])")
    assert (
        "eye_l.iris lies to the right of eye_r.iris" in page.locator("#points-problem").inner_text()
    )
    page.click("#points-reset")
    page.locator("[data-flag=glasses]").check()
    page.click("#points-try")
    wait_until(lambda: len(stream.staged) == 1)
    page.wait_for_selector("#points-try:enabled")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Throw them away").click()

    wait_until(lambda: stream.staged[1:] == [("mona-lisa", None)])
    assert stream.staged[0][1]["flags"]["glasses"] is True  # type: ignore[index]
    assert not stream.controls.snapshot().paused
    assert me.read_bytes() == written
    page.wait_for_selector("#points", state="hidden")


@pytest.mark.parametrize(
    ("locale", "with_whom", "shown"),
    [("en-US", "With permission of", "Consent: "), ("ko-KR", "허락해 준 사람:", "동의: ")],
)
def test_who_agreed_is_asked_after_adding_kept_and_shown(
    open_page: Callable[..., Any],
    stream: FakeStream,
    me: Path,
    locale: str,
    with_whom: str,
    shown: str,
) -> None:
    page = open_page(locale=locale)
    page.click("#tab-portrait")
    page.wait_for_selector('.photo[data-name="me"]')

    page.locator('li:has(.photo[data-name="me"]) .tool-about').click()
    form = page.locator("form.about")
    form.locator(".consent button").nth(1).click()
    page.keyboard.type("Grandma")  # the cursor is where the name goes
    form.locator("button:not([type])").click()
    about = me.with_name("me.about.yaml")
    wait_until(about.exists)
    assert yaml.safe_load(about.read_text(encoding="utf-8"))["consent"] == f"{with_whom} Grandma"

    page.click('.photo[data-name="me"]')
    page.locator("#credit", has_text=f"{shown}{with_whom} Grandma").wait_for()
