"""The monitor's lines and counters."""

import json

from control.osc.monitor import MAX_LINES, Monitor
from control.osc.verdicts import verdict

HELD = verdict("held", name="smile", value=1)
UNKNOWN = verdict("unknown_address", known="trigger")


def test_newest_first_with_sender_arguments_and_verdict_in_both_languages() -> None:
    monitor = Monitor()
    monitor.add("a:1", "/portrait/set/smile", (0.5,), HELD, 10.0)
    monitor.add("b:2", "/nothing", (), UNKNOWN, 11.0)

    newest, oldest = monitor.lines()

    assert (newest["sender"], newest["address"], newest["kind"]) == ("b:2", "/nothing", "unknown")
    assert oldest["args"] == [0.5]
    assert set(oldest["verdict"]) == {"en", "ko"}
    assert monitor.counters()["received"] == 2
    assert monitor.counters()["unknown"] == 1


def test_a_fader_is_one_line_with_a_count_and_the_newest_value() -> None:
    monitor = Monitor()
    monitor.add("a:1", "/portrait/trigger/smile", (), verdict("played", name="smile"), 10.0)
    for i in range(300):
        monitor.add("a:1", "/portrait/set/smile", (i / 300,), HELD, 10.0 + i / 100)

    fader, press = monitor.lines()

    assert fader["count"] == 300
    assert fader["args"] == [0.9967]
    assert press["count"] == 1


def test_presses_seconds_apart_are_lines_of_their_own() -> None:
    monitor = Monitor()
    for now in (10.0, 15.0, 20.0):
        monitor.add("a:1", "/portrait/trigger/smile", (), verdict("played", name="smile"), now)

    assert len(monitor.lines()) == 3


def test_it_keeps_the_last_two_hundred_and_forgets_the_rest() -> None:
    monitor = Monitor()
    for i in range(5 * MAX_LINES):
        monitor.add("a:1", f"/{i}", (), UNKNOWN, float(i))

    assert len(monitor.lines()) == MAX_LINES
    assert monitor.lines()[-1]["address"] == f"/{4 * MAX_LINES}"
    assert len(monitor._newest) == MAX_LINES
    assert monitor.counters()["received"] == 5 * MAX_LINES


def test_what_people_send_is_shortened_and_always_json() -> None:
    monitor = Monitor()
    args = ("x" * 5000, float("nan"), float("inf"), 1e300, None, True, 2**31 - 1)
    monitor.add("a:1", "/" + "y" * 5000, args, UNKNOWN, 1.0)

    line = json.dumps(monitor.lines(), allow_nan=False)

    assert len(line) < 1000
