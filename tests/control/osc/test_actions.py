"""Every address with every spelling of its arguments."""

import threading
from typing import Any

import pytest

from control.osc.actions import Actions
from control.osc.limits import Sender
from control.osc.messages import Message
from control.osc.verdicts import Verdict, verdict
from streamer import PARAMETERS
from tests.control.fakes import FakeStream

SENDER = ("127.0.0.1", 50000)


class Desk:
    """Actions on a fake stream, with a clock that moves a second a message."""

    def __init__(self) -> None:
        self.stream = FakeStream()
        self.asked_photos: list[str] = []
        self.listeners: list[tuple[Sender, int | None, bool]] = []
        self.now = 0.0
        self.actions = Actions(
            self.stream, change_photo=self._change_photo, subscribe=self._subscribe
        )

    def _change_photo(self, name: str, sender: Sender) -> Verdict:
        self.asked_photos.append(name)
        return verdict("photo_asked", name=name)

    def _subscribe(self, sender: Sender, port: int | None, on: bool) -> str:
        self.listeners.append((sender, port, on))
        return "somewhere"

    def send(self, address: str, *args: Any, after_s: float = 1.0, sender: Sender = SENDER) -> str:
        self.now += after_s
        return self.actions.handle(Message(address, args), sender, self.now).code

    @property
    def cues(self) -> list[tuple[str, float, float | None]]:
        wishes = self.stream.controls.snapshot()
        return [(cue.name, cue.strength, cue.length_s) for cue in wishes.cues]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("address", "args", "cue"),
    [
        ("/portrait/trigger/smile", (), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (None,), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (1,), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (127,), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (0.5,), ("smile", 0.5, None)),
        ("/portrait/trigger/smile", (True,), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", ("1",), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", ("0.5",), ("smile", 0.5, None)),
        ("/portrait/trigger/smile", ("true",), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", ("", 0.5), ("smile", 0.5, None)),
        ("/portrait/trigger/smile", (0.5, 3), ("smile", 0.5, 3.0)),
        ("/portrait/trigger/smile", (0.5, "2.5"), ("smile", 0.5, 2.5)),
        ("/portrait/trigger/smile", (None, 2.5), ("smile", 1.0, 2.5)),
        ("/portrait/trigger/smile", (1, 0.0), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (1, 2.0, "more", 7), ("smile", 1.0, 2.0)),
        ("/portrait/trigger", ("smile",), ("smile", 1.0, None)),
        ("/portrait/trigger", ("smile", 1, 2.0), ("smile", 1.0, 2.0)),
        ("/portrait/trigger", ("SMILE", "0.5"), ("smile", 0.5, None)),
        ("/portrait/trigger/smile/", (), ("smile", 1.0, None)),
        ("/Portrait/Trigger/Smile", (), ("smile", 1.0, None)),
        ("//portrait//trigger/smile", (), ("smile", 1.0, None)),
        ("/portrait/trigger/smile", (0,), ("smile", 0.0, None)),
        ("/portrait/trigger/smile", (0.0,), ("smile", 0.0, None)),
        ("/portrait/trigger/smile", (False,), ("smile", 0.0, None)),
        ("/portrait/trigger/smile", ("0",), ("smile", 0.0, None)),
        ("/portrait/trigger/smile", ("false",), ("smile", 0.0, None)),
        ("/portrait/trigger/smile", (-1,), ("smile", 0.0, None)),
        ("/portrait/trigger", ("smile", False), ("smile", 0.0, None)),
        ("/portrait/stop", (), ("", 0.0, None)),
        ("/portrait/stop", (1,), ("", 0.0, None)),
        ("/portrait/stop", (True,), ("", 0.0, None)),
    ],
)
def test_triggers_take_every_spelling(
    desk: Desk, address: str, args: tuple[Any, ...], cue: tuple[str, float, float | None]
) -> None:
    desk.send(address, *args)

    assert desk.cues == [cue]


def test_both_ways_to_name_a_preset_are_one_button(desk: Desk) -> None:
    assert desk.send("/portrait/trigger/smile", 1) == "played"
    assert desk.send("/portrait/trigger", "Smile", 1, after_s=0.1) == "repeat"


def test_a_level_sender_presses_once_and_releases_once(desk: Desk) -> None:
    codes = [
        desk.send("/portrait/trigger/smile", level, after_s=1 / 60)
        for level in [0.0] * 30 + [1.0] * 60 + [0.0] * 30
    ]

    assert [code for code in codes if code != "repeat"] == ["released", "played", "released"]


def test_two_senders_press_the_same_button(desk: Desk) -> None:
    assert desk.send("/portrait/trigger/smile") == "played"
    assert desk.send("/portrait/trigger/smile", after_s=0.0, sender=("10.0.0.2", 9)) == "played"


@pytest.mark.parametrize(
    ("address", "args", "code"),
    [
        ("/portrait/trigger", (), "missing"),
        ("/portrait/trigger", (1,), "missing"),
        ("/portrait/trigger/", (), "missing"),
        ("/portrait/trigger/grimace", (), "unknown_preset"),
        ("/portrait/trigger/smile", ("hard",), "not_a_number"),
        ("/portrait/trigger/smile", (float("nan"),), "not_a_number"),
        ("/portrait/trigger/smile", (float("inf"),), "not_a_number"),
        ("/portrait/trigger/smile", (1, float("nan")), "not_a_number"),
        ("/portrait/trigger/smile", (1, -2), "length"),
        ("/portrait/trigger/smile", (1, 1e9), "length"),
        ("/portrait/set", (), "missing"),
        ("/portrait/set/nose", (1,), "unknown_parameter"),
        ("/portrait/set/smile", (), "not_a_number"),
        ("/portrait/set/smile", (None,), "not_a_number"),
        ("/portrait/set/smile", ("wide",), "not_a_number"),
        ("/portrait/set/smile", (float("nan"),), "not_a_number"),
        ("/portrait/set/smile", (float("-inf"),), "not_a_number"),
        ("/portrait/release/nose", (), "unknown_parameter"),
        ("/portrait/release", (), "missing"),
        ("/portrait/idle", (), "missing"),
        ("/portrait/idle", (None,), "missing"),
        ("/portrait/idle", ("wild",), "unknown_style"),
        ("/portrait/idle", (float("nan"),), "not_a_number"),
        ("/portrait/photo", (), "missing"),
        ("/portrait/photo", ("nobody",), "unknown_photo"),
        ("/portrait/pause", ("maybe",), "not_a_number"),
        ("/portrait/say", ("🙂 !",), "unsayable"),
        ("/portrait/say", ("a" * 501,), "unsayable"),
        ("/portrait/say", ("hello", "loud"), "not_a_number"),
        ("/portrait/subscribe", (0,), "port"),
        ("/portrait/subscribe", (70000,), "port"),
        ("/portrait/subscribe", (9001.5,), "port"),
        ("/portrait/subscribe", ("here",), "not_a_number"),
        ("/portrait/fly", (), "unknown_address"),
        ("/portrait", (), "unknown_address"),
        ("/", (), "unknown_address"),
        ("/VMC/Ext/Blend/Val", ("Joy", 1.0), "unknown_address"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    desk: Desk, address: str, args: tuple[Any, ...], code: str
) -> None:
    before = desk.stream.controls.snapshot()

    assert desk.send(address, *args) == code
    assert desk.stream.controls.snapshot() == before
    assert desk.asked_photos == []
    assert desk.listeners == []


@pytest.mark.parametrize(
    ("address", "args", "held"),
    [
        ("/portrait/set/smile", (0.5,), {"smile": 0.5}),
        ("/portrait/set/smile", (1,), {"smile": 1.0}),
        ("/portrait/set/smile", ("0.25",), {"smile": 0.25}),
        ("/portrait/set/Head_Yaw", (-10.0, "extra"), {"head_yaw": -10.0}),
        ("/portrait/set", ("smile", 0.5), {"smile": 0.5}),
        ("/portrait/set/smile", (99,), {"smile": PARAMETERS["smile"].high}),
        ("/portrait/set/smile", (-1e30,), {"smile": PARAMETERS["smile"].low}),
    ],
)
def test_set_holds_a_parameter_inside_its_range(
    desk: Desk, address: str, args: tuple[Any, ...], held: dict[str, float]
) -> None:
    desk.send(address, *args)

    assert desk.stream.controls.snapshot().held == held


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_can_be_set_and_released(desk: Desk, name: str) -> None:
    assert desk.send(f"/portrait/set/{name}", PARAMETERS[name].high) == "held"
    assert desk.send(f"/portrait/release/{name}") == "freed"
    assert desk.stream.controls.snapshot().held == {}


def test_release_and_reset_act_on_the_press_of_a_button_alone(desk: Desk) -> None:
    desk.send("/portrait/set/smile", 1)
    desk.send("/portrait/set/wink", 10)

    assert desk.send("/portrait/release/smile", 0) == "let_go"
    assert desk.send("/portrait/release/smile", 1) == "freed"
    assert desk.stream.controls.snapshot().held == {"wink": 10.0}
    assert desk.send("/portrait/reset", False) == "let_go"
    assert desk.send("/portrait/reset") == "reset"
    assert desk.stream.controls.snapshot().held == {}


@pytest.mark.parametrize(
    ("address", "args", "strength", "style"),
    [
        ("/portrait/idle", (0.5,), 0.5, "calm"),
        ("/portrait/idle", ("0.5",), 0.5, "calm"),
        ("/portrait/idle", (True,), 1.0, "calm"),
        ("/portrait/idle", (False,), 0.0, "calm"),
        ("/portrait/idle", (7,), 1.0, "calm"),
        ("/portrait/idle/0.25", (), 0.25, "calm"),
        ("/portrait/idle", ("lively",), 1.0, "lively"),
        ("/portrait/idle", ("Lively", 1), 1.0, "lively"),
        ("/portrait/idle/lively", (), 1.0, "lively"),
        ("/portrait/idle/lively", (0,), 1.0, "calm"),
    ],
)
def test_idle_takes_a_strength_or_a_style(
    desk: Desk, address: str, args: tuple[Any, ...], strength: float, style: str
) -> None:
    desk.send(address, *args)

    wishes = desk.stream.controls.snapshot()
    assert (wishes.idle_strength, wishes.idle_style) == (strength, style)


@pytest.mark.parametrize(
    ("address", "args", "asked"),
    [
        ("/portrait/photo", ("mona-lisa",), ["mona-lisa"]),
        ("/portrait/photo", ("Mona-Lisa", 1), ["mona-lisa"]),
        ("/portrait/photo/mona-lisa", (), ["mona-lisa"]),
        ("/portrait/photo/mona-lisa", (1.0,), ["mona-lisa"]),
        ("/portrait/photo/mona-lisa", (0.0,), []),
    ],
)
def test_a_photo_is_named_by_address_or_argument(
    desk: Desk, address: str, args: tuple[Any, ...], asked: list[str]
) -> None:
    desk.send(address, *args)

    assert desk.asked_photos == asked


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true"])
def test_pause_follows_a_switch(desk: Desk, value: Any) -> None:
    assert desk.send("/portrait/pause", value) == "paused"
    assert desk.stream.controls.snapshot().paused
    assert desk.send("/portrait/pause", False) == "resumed"
    assert not desk.stream.controls.snapshot().paused


def test_pause_without_argument_is_one_button_for_both(desk: Desk) -> None:
    codes = [desk.send("/portrait/pause") for _ in range(3)]

    assert codes == ["paused", "resumed", "paused"]
    assert desk.send("/portrait/pause", after_s=0.05) == "repeat"


@pytest.mark.parametrize(
    ("args", "port"), [((), None), ((9001,), 9001), ((9001.0,), 9001), (("9001",), 9001)]
)
def test_subscribing_takes_a_port_or_none(
    desk: Desk, args: tuple[Any, ...], port: int | None
) -> None:
    desk.send("/portrait/subscribe", *args)
    desk.send("/portrait/unsubscribe", *args)

    assert desk.listeners == [(SENDER, port, True), (SENDER, port, False)]


def test_the_cue_says_who_asked(desk: Desk) -> None:
    desk.send("/portrait/trigger/smile")

    assert desk.stream.controls.snapshot().cues[0].source == "osc 127.0.0.1:50000"


def test_braces_in_what_people_send_do_no_harm(desk: Desk) -> None:
    assert desk.send("/portrait/trigger/{name.__class__}") == "unknown_preset"
    assert desk.send("/portrait/trigger", "{0}", "{1}") == "unknown_preset"


def test_a_photo_without_consent_is_not_made_to_speak(desk: Desk) -> None:
    desk.stream.photo = "sample-image"

    assert desk.send("/portrait/trigger/talk") == "not_for_this_photo"
    assert desk.send("/portrait/trigger", "talk", 0.5) == "not_for_this_photo"
    assert desk.send("/portrait/trigger/talk", 0) == "released"
    assert desk.send("/portrait/trigger/smile") == "played"
    desk.stream.photo = "mona-lisa"
    assert desk.send("/portrait/trigger/talk") == "played"

    assert [cue[:2] for cue in desk.cues] == [("talk", 0.0), ("smile", 1.0), ("talk", 1.0)]


def test_a_text_is_said_by_the_mouth(desk: Desk) -> None:
    assert desk.send("/portrait/say", "안녕하세요") == "says"
    assert desk.send("/portrait/say/hello") == "says"
    assert desk.send("/portrait/say", 2026, after_s=0.1) == "says"
    assert desk.send("/portrait/say", 2026, after_s=0.1) == "repeat"
    for thread in threading.enumerate():
        if thread.name == "speech":
            thread.join(60)

    said = [cue.spoken.text for cue in desk.stream.controls.snapshot().cues if cue.spoken]
    assert said[-1] == "2026"  # the newest wins; those before may have been overtaken


def test_no_text_an_empty_one_and_nought_stop_speaking(desk: Desk) -> None:
    for args in ((), ("",), ("안녕", 0), ("안녕", False)):
        assert desk.send("/portrait/say", *args) == "quiet"

    assert [cue[:2] for cue in desk.cues] == [("say", 0.0)] * 4


def test_a_photo_without_consent_says_nothing(desk: Desk) -> None:
    desk.stream.photo = "sample-image"

    assert desk.send("/portrait/say", "안녕") == "not_for_this_photo"
    assert desk.cues == []
