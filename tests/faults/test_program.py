"""The program from outside: its processes are killed, stopped and held up while a camera watches.

What runs with all other tests is the promise itself, once: the renderer is killed, held up by a
library, the sender is killed, the program is killed. ``-m faults`` runs every way.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.program import FPS, Program, Watched, alive, children_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals as on Linux")

# What a camera may go without, when its sender lives: a browser says "no video" after a second.
GAP_S: Final = 0.5
# A face that is away for longer than this has a loop in its place; half a second of it is a fade.
STILL_S: Final = 1.6


def slack() -> float:
    """How far from its rate a sender may be: a machine that is busy gives it its turn late."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    return 1.0 if busy < 0.75 else 3.0 if busy < 2.0 else 10.0


def held(watched: Watched) -> None:
    """The camera had its rate all the time, and no dark frame."""
    assert abs(watched.rate - FPS) <= slack(), watched.rate
    assert watched.worst_gap_s <= GAP_S
    assert watched.darkest > 40


@pytest.fixture(autouse=True)
def no_thread_left_running() -> None:
    """The program has processes of its own."""


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Program]]:
    """Holds the program; a row that ended it leaves the next one a new one."""
    programs: list[Program] = []
    yield programs
    for program in programs:
        program.end()


@pytest.fixture
def program(evenings: list[Program], tmp_path_factory: pytest.TempPathFactory) -> Program:
    if not evenings or evenings[-1].process is None or evenings[-1].process.poll() is not None:
        evenings.append(Program(tmp_path_factory.mktemp("program")).start())
        evenings[-1].choose()
    return evenings[-1]


# --- the promise


def test_a_killed_renderer_is_not_seen_on_the_camera_and_comes_back_as_it_was(
    program: Program,
) -> None:
    before, frames = program.chosen(), program.state()["frames"]
    with program.watched() as watched:
        killed = program.signal("renderer", signal.SIGKILL)
        program.until(lambda: program.pids()["renderer"] != killed, "another renderer")
        program.until(lambda: program.state()["frames"] > frames + 10, "its frames")

    held(watched)
    assert watched.stood_still_s < STILL_S
    assert program.chosen() == before
    assert "The renderer has ended unexpectedly (signal SIGKILL). It is started" in program.said


def test_a_killed_sender_is_back_in_a_moment(program: Program) -> None:
    before = program.chosen()
    with program.watched() as watched:
        killed = program.signal("sender", signal.SIGKILL)
        program.until(lambda: program.pids()["sender"] != killed, "another sender")
        program.until(lambda: len(watched.frames) > 30, "its frames")

    assert watched.worst_gap_s < 5.0  # half of what a browser waits
    assert program.chosen() == before
    assert "The sender has ended unexpectedly (signal SIGKILL)" in program.said


def test_a_library_that_keeps_the_interpreter_to_itself_is_not_seen(program: Program) -> None:
    before = program.chosen()
    with program.watched() as watched:
        program.order("hold 3")
        time.sleep(4)

    held(watched)
    program.until(lambda: program.state()["fps"] > 20, "the renderer's own rate")
    assert program.chosen() == before


def test_when_the_program_is_killed_nobody_stays_and_a_second_start_works(
    program: Program,
) -> None:
    assert program.process is not None
    left = [program.process.pid, *children_of(program.process.pid)]
    assert len(left) == 3

    program.process.kill()
    program.process.wait()

    end = time.monotonic() + 20
    while any(alive(pid) for pid in left):
        assert time.monotonic() < end, "a process stayed behind"
        time.sleep(0.1)
    again = Program(program.folder)
    with again:
        assert again.state()["status"] == "ok"
        children = children_of(again.process.pid)  # type: ignore[union-attr]
    assert not any(alive(pid) for pid in children)


# --- every way


@dataclass(frozen=True)
class Way:
    """One way to disturb the program. ``strike`` returns when it is over."""

    strike: Callable[[Program], Any]
    says: str = ""
    restarts: bool = False
    moves: bool = True
    heals_s: float = 20.0


def stopped(name: str, seconds: float) -> Callable[[Program], Any]:
    def strike(program: Program) -> None:
        pid = program.signal(name, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    return strike


def ordered(order: str, seconds: float) -> Callable[[Program], Any]:
    def strike(program: Program) -> None:
        program.order(order)
        time.sleep(seconds)

    return strike


def changed_photo(program: Program) -> None:
    program.ask("POST", "/photos", {"name": "sample-image"})
    program.ask("POST", "/photos", {"name": "mona-lisa"})


def changed_engine(program: Program) -> None:
    program.ask("PUT", "/engine", {"engine": "auto"})


WAYS: Final = {
    "slow frame": Way(ordered("slow 0.2", 2), moves=False),
    "very slow frame": Way(ordered("slow 4", 6)),
    "all frames slow": Way(lambda p: (ordered("each_slow 0.2", 5)(p), p.order("whole"))),
    "stopped for 10 s": Way(stopped("renderer", 10)),
    "10 s of garbage collection": Way(ordered("collect 10", 11)),
    "failing engine": Way(ordered("raises", 3), says="takes over"),
    "black frames": Way(ordered("black", 3), says="takes over"),
    "another photo and back": Way(changed_photo),
    "another engine": Way(changed_engine),
    "segmentation fault": Way(ordered("crash", 3), "signal SIGSEGV", restarts=True),
    "abort": Way(ordered("abort", 3), "signal SIGABRT", restarts=True),
    "exit code 1": Way(ordered("leave 1", 3), "exit code 1", restarts=True),
    "exit code 0": Way(ordered("leave 0", 3), "exit code 0", restarts=True),
    "the frame thread ends": Way(ordered("leaves", 5), "has ended unexpectedly", restarts=True),
    "a frame that never comes back": Way(
        ordered("never", 40), "no frame for", restarts=True, heals_s=40
    ),
    "stopped for good": Way(
        lambda p: (p.signal("renderer", signal.SIGSTOP), time.sleep(25)),
        "no sign of life for",
        restarts=True,
        heals_s=40,
    ),
}


@pytest.mark.faults
@pytest.mark.parametrize("way", WAYS)
def test_whatever_happens_in_the_renderer_the_camera_keeps_its_rate(
    way: str, tmp_path: Path
) -> None:
    row = WAYS[way]
    with Program(tmp_path) as program:
        program.choose()
        before, pid = program.chosen(), program.pids()["renderer"]
        with program.watched() as watched:
            row.strike(program)
            program.until(lambda: program.state()["fps"] > 20, "the rate", row.heals_s)
            time.sleep(1.0)
        print(
            f"{way}: {watched.rate:.2f} fps, gap {watched.worst_gap_s * 1000:.0f} ms, "
            f"still {watched.stood_still_s:.2f} s"
        )

        held(watched)
        if row.moves:
            assert watched.stood_still_s < STILL_S
        assert program.chosen() == before
        assert (program.pids()["renderer"] != pid) == row.restarts
        assert row.says in program.said


@pytest.mark.faults
def test_a_sender_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        with program.watched() as watched:
            stuck = program.signal("sender", signal.SIGSTOP)
            program.until(lambda: program.pids()["sender"] != stuck, "another sender")
            program.until(lambda: len(watched.frames) > 60, "its frames")

        assert watched.worst_gap_s < 9.0, "a browser would have given the camera up"
        assert not alive(stuck)


@pytest.mark.faults
def test_a_renderer_that_dies_again_and_again_comes_back_with_the_safest_engine(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        before = program.chosen()
        with program.watched() as watched:
            for _ in range(3):
                pid = program.pids()["renderer"]
                program.order("crash")
                program.until(lambda pid=pid: program.pids()["renderer"] != pid, "another one")
            program.until(lambda: program.state()["engine"]["name"] == "warp", "the warp engine")

        held(watched)
        assert program.chosen() == before
        assert "from now on the warp engine draws" in program.said
