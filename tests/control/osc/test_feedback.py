"""Which state is sent back, and how often."""

from typing import Any

from control.osc.feedback import HEARTBEAT_S, PERIOD_S, Changes, outgoing
from streamer import PARAMETERS
from tests.control.fakes import FakeStream

BASE = FakeStream().state()


def state(**changes: Any) -> dict[str, Any]:
    base = BASE
    face = {**base["face"], **changes.pop("face", {})}
    return {**base, **changes, "face": face}


def test_one_number_an_address_and_texts_on_their_own() -> None:
    messages = dict(outgoing(state(playing=["smile", "wink"])))

    for name in PARAMETERS:
        assert isinstance(messages[f"/portrait/state/{name}"][0], float)
    assert messages["/portrait/playing"] == ("smile", "wink")
    assert messages["/portrait/idle"] == (1.0,)
    assert messages["/portrait/idle/style"] == ("calm",)
    assert messages["/portrait/photo"] == ("mona-lisa",)
    assert messages["/portrait/pause"] == (0,)
    assert messages["/portrait/fps"] == (30.0,)


def test_every_preset_has_a_number_for_the_light_on_its_key() -> None:
    messages = dict(outgoing(state(playing=["wink"]), ["smile", "wink"]))

    assert messages["/portrait/playing/smile"] == (0,)
    assert messages["/portrait/playing/wink"] == (1,)


def test_when_nothing_plays_an_empty_name_is_sent() -> None:
    assert dict(outgoing(state()))["/portrait/playing"] == ("",)


def test_all_at_first_then_changes_then_all_again_as_heartbeat() -> None:
    changes = Changes()
    everything = outgoing(state())

    assert changes.pick(everything, 0.0) == everything
    assert changes.pick(everything, 0.1) == []
    assert changes.pick(outgoing(state(photo="other")), 0.2) == [("/portrait/photo", ("other",))]
    assert changes.pick(everything, HEARTBEAT_S) == everything


def test_a_parameter_is_sent_at_most_twenty_times_a_second() -> None:
    changes = Changes()
    changes.pick(outgoing(state()), 0.0)

    sent = 0
    for i in range(1, 1000):
        messages = outgoing(state(face={"smile": (i % 100) / 100}))
        sent += len(changes.pick(messages, i / 1000))

    assert 18 <= sent <= 23


def test_breath_too_small_to_see_is_not_sent() -> None:
    changes = Changes()
    changes.pick(outgoing(state()), 0.0)
    step = PARAMETERS["head_pitch"].step

    assert changes.pick(outgoing(state(face={"head_pitch": 0.4 * step})), PERIOD_S) == []
    assert changes.pick(outgoing(state(face={"head_pitch": 0.6 * step})), 2 * PERIOD_S) != []


def test_the_rate_is_sent_once_a_second_at_most() -> None:
    changes = Changes()
    changes.pick(outgoing(state()), 0.0)

    assert changes.pick(outgoing(state(fps=29.0)), 0.5) == []
    assert changes.pick(outgoing(state(fps=29.0)), 1.0) == [("/portrait/fps", (29.0,))]
