"""The thread behind the picture: jobs in their order, failures told, an end that is bounded."""

import logging
import threading

import pytest

from streamer.engines.liveportrait.behind import Behind

WAIT_S = 60.0


def test_jobs_run_in_their_order_in_a_named_thread_that_begins_with_the_first() -> None:
    behind, done, seen = Behind("by-name"), threading.Event(), []
    assert not [t for t in threading.enumerate() if t.name == "by-name"]

    for i in range(5):
        behind.later(lambda i=i: seen.append((i, threading.current_thread().name)))  # type: ignore[misc]
    behind.later(done.set)

    assert done.wait(WAIT_S)
    assert seen == [(i, "by-name") for i in range(5)]
    behind.close()
    assert not [t for t in threading.enumerate() if t.name == "by-name"]


def test_a_job_that_fails_is_told_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    behind, done = Behind("behind"), threading.Event()

    def fail() -> None:
        raise ValueError("odd")

    behind.later(fail)
    behind.later(done.set)

    assert done.wait(WAIT_S)
    behind.close()
    assert "Work in the background failed: ValueError: odd" in caplog.text
    assert all(record.levelno <= logging.WARNING for record in caplog.records)


def test_what_is_left_at_the_end_is_dropped_and_nothing_begins_after_it() -> None:
    behind, began, go, late = Behind("behind"), threading.Event(), threading.Event(), []

    def long() -> None:
        began.set()
        go.wait(WAIT_S)

    behind.later(long)
    behind.later(lambda: late.append(1))
    assert began.wait(WAIT_S)
    behind.stopping.set()
    go.set()
    behind.close()
    behind.close()
    behind.later(lambda: late.append(2))

    assert late == []
