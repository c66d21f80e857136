"""Presses and releases out of what buttons, faders and level senders say."""

import pytest

from control.osc.edges import MAX_BUTTONS, Edges


@pytest.mark.parametrize(
    ("levels", "edges"),
    [
        ([(0.0, 1.0), (0.1, 0.0)], ["press", "release"]),
        ([(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)], ["press"] * 3),  # press-only keys
        ([(0.0, 1.0), (0.1, 1.0), (0.2, 1.0)], ["press", "repeat", "repeat"]),
        ([(0.0, 1.0), (0.25, 1.0)], ["press", "press"]),
        ([(0.0, 1.0), (0.24, 1.0), (0.48, 1.0)], ["press", "repeat", "repeat"]),
        ([(0.0, 0.2), (0.01, 0.6), (0.02, 1.0)], ["press", "repeat", "repeat"]),  # a fader
        ([(0.0, 1.0), (0.01, 0.0), (0.02, 1.0)], ["press", "release", "press"]),
        ([(0.0, 0.0), (0.1, 0.0)], ["release", "repeat"]),
        ([(0.0, 1.0), (0.1, -1.0)], ["press", "release"]),
    ],
)
def test_a_press_is_a_rising_edge_or_the_first_for_a_while(
    levels: list[tuple[float, float]], edges: list[str]
) -> None:
    seen = Edges()

    assert [seen.edge("a", "smile", value, now) for now, value in levels] == edges


def test_a_level_at_frame_rate_is_one_press_for_as_long_as_it_lasts() -> None:
    seen = Edges()

    edges = [seen.edge("designer", "smile", 1.0, frame / 60) for frame in range(600)]

    assert edges.count("press") == 1


def test_senders_and_buttons_do_not_mix() -> None:
    seen = Edges()

    assert seen.edge("a", "smile", 1.0, 0.0) == "press"
    assert seen.edge("b", "smile", 1.0, 0.0) == "press"
    assert seen.edge("a", "wink", 1.0, 0.0) == "press"
    assert seen.edge("b", "smile", 0.0, 0.1) == "release"
    assert seen.edge("a", "smile", 1.0, 0.1) == "repeat"


def test_a_sender_that_makes_up_buttons_costs_no_memory() -> None:
    seen = Edges()

    for i in range(3 * MAX_BUTTONS):
        seen.edge("a", f"button {i}", 1.0, 0.0)

    assert len(seen._last) == MAX_BUTTONS
