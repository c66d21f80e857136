"""Threads may ask the system for short turns, and to come first."""

import os
import threading

from streamer.scheduling import NICE, go_first, wake_soon


def test_asking_for_short_turns_changes_nothing_else() -> None:
    told: list[tuple[bool, bool, int]] = []

    def ask() -> None:
        first, again = wake_soon(), wake_soon()
        policy = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else 0
        told.append((first, again, policy))

    thread = threading.Thread(target=ask)  # not for the thread that runs the tests
    thread.start()
    thread.join()

    first, again, policy = told[0]
    assert first == again
    assert policy == 0


def test_a_thread_that_may_come_first_does_and_no_other_moves() -> None:
    told: list[tuple[bool, int]] = []

    def ask() -> None:
        told.append((go_first(), nice()))

    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0

    before = nice()
    thread = threading.Thread(target=ask)  # not for the thread that runs the tests
    thread.start()
    thread.join()

    allowed, level = told[0]
    assert level == (NICE if allowed else before)
    assert nice() == before
