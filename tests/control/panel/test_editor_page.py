"""The preset editor in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.control.fakes import FakeStream
from tests.control.panel.in_browser import MARKS
from tests.waiting import wait_until

pytestmark = MARKS


def open_editor(open_page: Callable[..., Any], **how: Any) -> Any:
    page = open_page(**how)
    page.click("#tab-editor")
    page.wait_for_selector(".mark")
    return page


def drag(page: Any, selector: str, share: float) -> None:
    """Drag something on the time line to a share of its width."""
    line = page.locator("#timeline").bounding_box()
    handle = page.locator(selector).bounding_box()
    y = handle["y"] + handle["height"] / 2
    page.mouse.move(handle["x"] + handle["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(line["x"] + share * line["width"], y, steps=4)
    page.mouse.up()


def test_a_keyframe_is_dragged_and_the_change_saved_as_an_own_version(
    open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_editor(open_page)

    drag(page, ".mark:nth-child(2)", 0.3)
    page.wait_for_selector("#editor-save:enabled")
    page.click("#editor-save")

    saved = tmp_path / "presets" / "smile.yaml"
    wait_until(saved.is_file)
    content = yaml.safe_load(saved.read_text(encoding="utf-8"))
    assert abs(content["keyframes"][1]["time"] - 0.3) < 0.01
    page.wait_for_selector("#editor-delete")
    page.click("#editor-delete")
    wait_until(lambda: not saved.exists())


def test_dragging_through_the_curves_shows_the_face_there(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_editor(open_page)

    drag(page, "#playhead", 0.38)

    wait_until(lambda: "preset editor" in stream.controls.snapshot().driven)
    wait_until(lambda: stream.controls.snapshot().driven["preset editor"]["smile"].value > 0.95)
    page.click("#editor-play")
    wait_until(lambda: [draft.name for draft in stream.tried if draft] == ["smile"])


def test_a_new_preset_is_made_by_keyboard_alone(
    open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_editor(open_page)

    page.focus("#editor-new")
    page.keyboard.press("Enter")
    wait_until(lambda: page.input_value("#editor-name") == "my_preset")
    page.fill("#editor-name", "hello")
    page.focus("#playhead")
    for _ in range(7):
        page.keyboard.press("PageUp")
    page.focus("#keyframe-add")
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator(".mark").count() == 4)
    page.focus(".mark:nth-child(3)")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector("#editor-save:enabled")
    page.focus("#editor-name")
    page.keyboard.press("Enter")

    saved = tmp_path / "presets" / "hello.yaml"
    wait_until(saved.is_file)
    times = [k["time"] for k in yaml.safe_load(saved.read_text(encoding="utf-8"))["keyframes"]]
    assert times == [0, 0.4, 0.75, 1]


def test_what_is_wrong_is_told_in_the_loaders_words_and_cannot_be_saved(
    open_page: Callable[..., Any],
) -> None:
    page = open_editor(open_page)

    page.fill("#editor-name", "Not A Name")

    page.wait_for_selector("#editor-save:disabled")
    assert "lower case" in page.inner_text("#editor-problem")
    page.fill("#editor-name", "smile")
    page.wait_for_selector("#editor-save:enabled")


def test_what_is_not_saved_is_thrown_away_only_when_somebody_says_so(
    open_page: Callable[..., Any], stream: FakeStream
) -> None:
    page = open_editor(open_page)
    page.fill("#editor-en", "My smile")

    page.select_option("#editor-preset", "wink")
    page.wait_for_selector("#editor-leave")
    assert page.input_value("#editor-preset") == "smile"
    page.click("#editor-stay")
    page.click("#tab-face")
    page.click("#tab-editor")
    assert page.input_value("#editor-en") == "My smile"

    page.click("#editor-new")
    page.click("#editor-discard")
    wait_until(lambda: page.input_value("#editor-name") == "my_preset")
    page.select_option("#editor-preset", "wink")  # nothing was changed, nothing is asked
    wait_until(lambda: page.input_value("#editor-name") == "wink")


def test_saving_says_so(open_page: Callable[..., Any]) -> None:
    page = open_editor(open_page)
    page.fill("#editor-name", "hello")
    page.wait_for_selector("#editor-problem:has-text('Ready to save')")

    page.click("#editor-save")

    page.wait_for_selector("#editor-problem:has-text('Saved in your own folder')")
