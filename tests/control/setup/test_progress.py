"""A step's line says what, how far and how long, on a terminal and in a log."""

import io

from control.setup.progress import Progress, fitting, width
from control.setup.words import Words
from tests.fakes import FakeClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_at_the_start_and_one_at_the_end() -> None:
    out, clock = io.StringIO(), FakeClock()
    progress = Progress(Words("en"), out, clock)
    progress.steps = 2

    with progress.step("step-libraries"):
        clock.sleep(83)

    assert out.getvalue().splitlines() == [
        "start.py: [1/2] Libraries ...",
        "start.py: [1/2] Libraries: done in 1 min 23 s",
    ]


def test_a_step_that_failed_says_so() -> None:
    out, clock = io.StringIO(), FakeClock()
    progress = Progress(Words("ko"), out, clock)

    with progress.step("step-check") as step:
        step.ok = False

    assert out.getvalue().splitlines()[-1].endswith("실패, 0초")


def test_a_terminals_line_is_written_over_whole() -> None:
    out = Terminal()
    progress = Progress(Words("en"), out, FakeClock())

    with progress.step("step-libraries") as step:
        step._write("a long line about a large package", end="")

    last = out.getvalue().split("\r")[-1]
    assert last.endswith("\n")
    assert len(last) > len("start.py: a long line about a large package")


def test_hangul_is_two_columns_wide() -> None:
    assert width("한글 ab") == 7
    assert fitting("한글 ab", 5) == "한글 "
