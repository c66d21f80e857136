"""Hotkeys as a door to a stream; the keyboard itself is heard in `test_keyboard`."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from control.hotkeys import Hotkeys, system
from control.hotkeys.combos import Combo, Matcher
from control.hotkeys.system import why_not
from streamer import ConfigError
from tests.control.fakes import FakeStream

DESKTOP = {"DISPLAY": ":0"}


class Keyboard:
    """Keys pressed by a test."""

    def __init__(self) -> None:
        self.problems = ""
        self.stopped = False

    def listen(self, combos: Iterable[Combo], heard: Callable[[Combo, bool], None]) -> "Keyboard":
        self.matcher, self.heard = Matcher(combos), heard
        return self

    def stop(self) -> None:
        self.stopped = True

    def press(self, *keys: str) -> None:
        self._feed(keys, True)

    def release(self, *keys: str) -> None:
        self._feed(keys, False)

    def _feed(self, keys: tuple[str, ...], down: bool) -> None:
        for key in keys:
            for combo, pressed in self.matcher.feed(key, down):
                self.heard(combo, pressed)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[FakeStream]:
    fake = FakeStream(tmp_path)
    yield fake
    fake.preview.close()


@pytest.fixture(autouse=True)
def library_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "find_spec", lambda name: object())


@pytest.fixture
def keyboard() -> Keyboard:
    return Keyboard()


def started(stream: FakeStream, keyboard: Keyboard, **table: str) -> Hotkeys:
    pairs = [(keys.replace("_", "+"), action) for keys, action in table.items()]
    hotkeys = Hotkeys(stream, pairs, environment=DESKTOP, listen=keyboard.listen)
    hotkeys.start()
    return hotkeys


def cues(stream: FakeStream) -> list[tuple[str, float]]:
    return [(cue.name, cue.strength) for cue in stream.controls.snapshot().cues]


def test_a_preset_plays_and_one_that_holds_ends_with_the_key(
    stream: FakeStream, keyboard: Keyboard
) -> None:
    hotkeys = started(stream, keyboard, ctrl_1="smile", ctrl_2="talk")

    keyboard.press("ctrl", "1")
    keyboard.release("1")
    keyboard.press("2")
    assert cues(stream) == [("smile", 1.0), ("talk", 1.0)]
    keyboard.release("ctrl", "2")

    assert cues(stream)[2:] == [("talk", 0.0)]
    hotkeys.stop()
    assert keyboard.stopped


def test_privacy_and_pause_are_switches(stream: FakeStream, keyboard: Keyboard) -> None:
    hotkeys = started(stream, keyboard, ctrl_b="privacy", ctrl_p="pause")

    keyboard.press("ctrl", "b", "p")
    keyboard.release("b", "p")
    assert stream.privacy
    assert stream.controls.snapshot().paused
    keyboard.press("b", "p")

    assert not stream.privacy
    assert not stream.controls.snapshot().paused
    hotkeys.stop()


def test_a_photo_is_changed_beside_the_keyboard(stream: FakeStream, keyboard: Keyboard) -> None:
    preparing, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        preparing.set()
        go_on.wait(60)

    stream.before_photo = wait
    hotkeys = Hotkeys(
        stream,
        [("ctrl+1", "photo:sample-image"), ("ctrl+b", "privacy")],
        environment=DESKTOP,
        listen=keyboard.listen,
    )
    hotkeys.start()

    keyboard.press("ctrl", "1")
    assert preparing.wait(60)
    keyboard.press("b")
    assert stream.privacy  # not after the photo
    go_on.set()
    hotkeys.stop()

    assert stream.photo == "sample-image"


def test_a_photo_that_is_refused_is_a_line_in_the_log(
    stream: FakeStream, keyboard: Keyboard, caplog: pytest.LogCaptureFixture
) -> None:
    hotkeys = started(stream, keyboard, ctrl_1="photo:broken")

    keyboard.press("ctrl", "1")
    hotkeys.stop()

    assert "No face was found" in caplog.text


def test_who_gave_no_consent_is_not_made_to_speak(
    stream: FakeStream, keyboard: Keyboard, caplog: pytest.LogCaptureFixture
) -> None:
    stream.photo = "sample-image"
    stream.refusal = lambda preset: "not this person"  # type: ignore[method-assign]
    hotkeys = started(stream, keyboard, ctrl_1="talk")

    keyboard.press("ctrl", "1")
    hotkeys.stop()

    assert cues(stream) == []
    assert "not this person" in caplog.text


def test_a_wrong_action_is_told_and_the_others_work(stream: FakeStream, keyboard: Keyboard) -> None:
    hotkeys = started(stream, keyboard, ctrl_1="smle", ctrl_2="smile")

    keyboard.press("ctrl", "2")

    assert "Hotkey ctrl+1: there is no 'smle'. Did you mean 'smile'?" in hotkeys.message
    assert cues(stream) == [("smile", 1.0)]
    hotkeys.stop()


def test_the_same_keys_twice_are_an_error(stream: FakeStream) -> None:
    with pytest.raises(ConfigError, match="given twice"):
        Hotkeys(stream, [("ctrl+alt+1", "smile"), ("Alt+Ctrl+1", "wink")])


@pytest.mark.parametrize(
    ("environment", "platform", "says"),
    [
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, "linux", "under Wayland"),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", "curl -X POST"),
        ({}, "linux", "DISPLAY is not set"),
        (DESKTOP, "linux", ""),
        ({}, "win32", ""),
    ],
)
def test_where_keys_cannot_be_heard_the_reason_is_told(
    environment: dict[str, str], platform: str, says: str
) -> None:
    reason = why_not(environment, platform)

    assert says in reason
    assert bool(reason) == bool(says)


def test_without_the_library_the_message_says_what_to_type(
    stream: FakeStream, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "find_spec", lambda name: None)

    hotkeys = started(stream, keyboard, ctrl_1="smile")

    assert "pip install p" in hotkeys.message
    assert hotkeys.state()["listening"] is False
    hotkeys.stop()


def test_a_keyboard_that_is_refused_stops_nothing(stream: FakeStream) -> None:
    def refuse(combos: Iterable[Combo], heard: Callable[[Combo, bool], None]) -> Keyboard:
        raise OSError("no display answers")

    hotkeys = Hotkeys(stream, [("ctrl+1", "smile")], environment=DESKTOP, listen=refuse)
    hotkeys.start()

    assert "no display answers" in hotkeys.message
    hotkeys.stop()


def test_a_combination_of_another_program_is_told_and_the_others_work(
    stream: FakeStream, keyboard: Keyboard
) -> None:
    keyboard.problems = "Hotkey ctrl+2 belongs to another program."

    hotkeys = started(stream, keyboard, ctrl_1="smile", ctrl_2="wink")
    keyboard.press("ctrl", "1")

    assert "ctrl+2 belongs" in hotkeys.message
    assert cues(stream) == [("smile", 1.0)]
    hotkeys.stop()
