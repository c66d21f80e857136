import logging

import pytest

from streamer.keep_going import KeepGoing


def test_a_turn_that_fails_is_told_once_and_the_next_one_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said: list[str] = []
    going = KeepGoing("The door", said.append)

    done = 0
    for fails in (True, True, False, False):
        with going:
            if fails:
                raise MemoryError("no 2 GiB")
            done += 1

    assert done == 2
    assert said == ["The door met an error (MemoryError: no 2 GiB) and goes on.", ""]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None


def test_another_error_is_told_anew() -> None:
    said: list[str] = []
    going = KeepGoing("The door", said.append)

    for error in (ValueError("a"), ValueError("b")):
        with going:
            raise error

    assert ["ValueError: a" in said[0], "ValueError: b" in said[1]] == [True, True]


def test_what_ends_a_program_is_let_out() -> None:
    with pytest.raises(KeyboardInterrupt), KeepGoing("The door"):
        raise KeyboardInterrupt
