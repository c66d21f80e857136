"""Who takes over from a failing engine, when, and what the operator reads."""

from collections.abc import Callable

import pytest

from streamer.engines.choice import Understudy
from streamer.fallback import Fallback, Patience


class Rig:
    """A fallback whose changes run at once, or when the test says so."""

    def __init__(self, *names: str, broken: tuple[str, ...] = (), later: bool = False) -> None:
        self.said: list[str] = []
        self.stage: list[str] = []
        self.waiting: list[Callable[[], None]] = []
        self._broken = broken
        self.fallback = Fallback(
            "fast",
            [Understudy(name, lambda: None) for name in names],  # type: ignore[arg-type,return-value]
            hand_over=self._hand_over,
            spawn=self.waiting.append if later else lambda change: change(),
            say=self.said.append,
        )

    def _hand_over(self, understudy: Understudy) -> None:
        if understudy.name in self._broken:
            raise RuntimeError(f"{understudy.name} has no room")
        self.stage.append(understudy.name)

    def see(self, *faults: str) -> None:
        for fault in faults:
            self.fallback.see(fault)


def test_a_single_bad_frame_changes_nothing_and_is_counted() -> None:
    rig = Rig("plain", "warp")

    rig.see("", "black", "", "", "black", "black", "")

    assert rig.fallback.faults == 3
    assert rig.stage == []
    assert rig.said == []


def test_three_in_a_row_bring_the_next_safer_engine_said_once() -> None:
    rig = Rig("plain", "warp")

    rig.see("", *["not finite"] * 3, *[""] * 1000)

    assert rig.stage == ["plain"]
    assert len(rig.said) == 1
    assert "fast failed (not finite); plain takes over" in rig.said[0]
    assert "Restart" in rig.said[0]


def test_ten_of_three_hundred_do_too_and_rare_ones_never_do() -> None:
    stutter, rare = Rig("warp"), Rig("warp")

    stutter.see(*(["black", *[""] * 20] * 10))
    rare.see(*(["black", *[""] * 40] * 100))

    assert stutter.stage == ["warp"]
    assert rare.stage == []
    assert rare.fallback.faults == 100


def test_the_ladder_is_walked_to_its_end_and_nobody_comes_back() -> None:
    rig = Rig("plain", "warp")

    for _ in range(5):
        rig.see(*["lost"] * 10, *[""] * 400)

    assert rig.stage == ["plain", "warp"]
    assert "plain failed" in rig.said[1]
    assert "The engine warp fails" in rig.said[2]
    assert rig.said[3] == rig.said[1]  # warp works again: what stays true is shown


def test_an_understudy_that_cannot_start_is_passed_over_and_named() -> None:
    rig = Rig("plain", "warp", broken=("plain",))

    rig.see(*["lost"] * 3)

    assert rig.stage == ["warp"]
    assert "plain has no room" in rig.said[-1]
    assert "warp takes over" in rig.said[-1]


@pytest.mark.parametrize("names", [(), ("warp",)])
def test_with_nobody_left_the_last_frame_stays_and_recovery_is_told(names: tuple[str, ...]) -> None:
    rig = Rig(*names, broken=names)

    rig.see(*["lost"] * 3)
    assert rig.stage == []
    assert "the last good frame stays" in rig.said[-1]

    rig.see(*[""] * (Patience.WITHIN + 1))
    assert rig.said[-1] == ""


def test_while_a_change_is_under_way_no_second_one_begins() -> None:
    rig = Rig("plain", "warp", later=True)

    rig.see(*["lost"] * 50)
    assert len(rig.waiting) == 1

    rig.waiting[0]()
    rig.see(*[""] * 50)
    assert rig.stage == ["plain"]
    assert len(rig.waiting) == 1
