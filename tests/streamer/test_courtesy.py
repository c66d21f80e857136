"""Doors wait for a frame that is drawn, but never for long."""

import threading
from collections.abc import Callable

import pytest

from streamer.courtesy import OVERDUE_S, Courtesy
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def courtesy(clock: FakeClock) -> Courtesy:
    """On a clock that stands: whoever waits does so until somebody calls `end`."""
    return Courtesy(now=clock)


@pytest.fixture
def waiter(courtesy: Courtesy) -> Callable[[], threading.Thread]:
    """Start somebody who waits with much patience, and return once they do."""

    def go() -> threading.Thread:
        thread = threading.Thread(target=courtesy.wait, args=(0.003, 5.0))
        thread.start()
        pause = threading.Event()
        while not courtesy._waiting:
            pause.wait(0.001)
        return thread

    return go


def test_nobody_waits_before_the_first_frame(courtesy: Courtesy) -> None:
    courtesy.wait(patience_s=3600)


def test_who_comes_while_a_frame_is_drawn_waits_for_its_end(
    courtesy: Courtesy, waiter: Callable[[], threading.Thread]
) -> None:
    courtesy.begin()
    one = waiter()

    assert one.is_alive()
    courtesy.end(spare_s=0.02)

    one.join(60)
    assert not one.is_alive()


def test_between_frames_nobody_waits(courtesy: Courtesy, clock: FakeClock) -> None:
    courtesy.begin()
    courtesy.end(spare_s=0.02)
    clock.at += 0.016

    courtesy.wait(ahead_s=0.003, patience_s=3600)


def test_work_is_not_begun_just_before_a_frame(
    courtesy: Courtesy, clock: FakeClock, waiter: Callable[[], threading.Thread]
) -> None:
    courtesy.begin()
    courtesy.end(spare_s=0.02)
    clock.at += 0.018
    one = waiter()

    courtesy.begin()
    assert one.is_alive()
    courtesy.end(spare_s=0.02)

    one.join(60)
    assert not one.is_alive()


def test_patience_ends_though_the_engine_is_slow() -> None:
    courtesy = Courtesy()
    courtesy.begin()

    courtesy.wait()  # returns by itself


def test_nobody_waits_for_a_frame_that_does_not_come(courtesy: Courtesy, clock: FakeClock) -> None:
    courtesy.begin()
    courtesy.end(spare_s=0.02)
    clock.at += 0.02 + OVERDUE_S + 0.001

    courtesy.wait(patience_s=3600)
