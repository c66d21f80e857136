"""The frame thread may ask the system for short turns."""

import os
import threading

from streamer.scheduling import wake_soon


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
