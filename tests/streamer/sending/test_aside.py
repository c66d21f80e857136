import logging
import threading

import pytest

from streamer.sending.aside import Aside

WAIT_S = 60.0


def test_it_works_for_the_newest_time_until_all_is_done() -> None:
    asked: list[float] = []
    done = threading.Event()

    def work(then: float) -> bool:
        asked.append(then)
        if len(asked) == 3:
            done.set()
            return False
        return True

    aside = Aside(work)
    aside.ask(2.5)
    assert done.wait(WAIT_S)
    aside.close()

    assert asked == [2.5, 2.5, 2.5]


def test_who_asks_does_not_wait_for_the_work() -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked: list[float] = []

    def work(then: float) -> bool:
        asked.append(then)
        begun.set()
        go_on.wait(WAIT_S)
        return then < 3.0

    aside = Aside(work)
    aside.ask(1.0)
    assert begun.wait(WAIT_S)
    aside.ask(2.0)
    aside.ask(3.0)  # while the first piece is not done
    go_on.set()
    aside.close()

    assert asked[0] == 1.0
    assert 2.0 not in asked


def test_an_error_is_logged_once_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    came = threading.Semaphore(0)

    def work(then: float) -> bool:
        came.release()
        raise ValueError(f"nothing at {then}")

    with caplog.at_level(logging.ERROR):
        aside = Aside(work)
        for then in (1.0, 2.0, 3.0):
            aside.ask(then)
            assert came.acquire(timeout=WAIT_S)
        aside.close()

    assert [record.message for record in caplog.records] == [
        "What is done beside the sending failed"
    ]
    assert "nothing at 1.0" in caplog.text
