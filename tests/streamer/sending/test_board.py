"""Shared memory between processes, and what a writer that dies in the middle leaves behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamer.sending.board import SLOTS, Board, Number
from streamer.sending.memory import SharedMemory
from streamer.sending.ring import Form, Mark, Ring
from streamer.sending.standby import StandbyPlace, encode
from streamer.sinks.pixels import Pixels

FORM = Form("I420", 64, 36)


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.create()
    yield board
    board.memory.close()


def frame(value: int, form: Form = FORM) -> Pixels:
    return np.full(form.length, value, np.uint8)


def test_a_child_process_sees_what_the_parent_wrote_and_answers(board: Board) -> None:
    board.order.write({"camera": "자동"})
    code = (
        "import sys; from streamer.sending.board import Board, Number\n"
        "board = Board.attach(sys.argv[1])\n"
        "board.camera.write(board.order.read()); board.beat(Number.SENDER_BEAT)"
    )

    subprocess.run(
        [sys.executable, "-c", code, board.memory.token],
        pass_fds=board.memory.handles,
        check=True,
        timeout=60,
    )

    assert board.camera.read() == {"camera": "자동"}
    assert board[Number.SENDER_BEAT] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and /dev/shm")
def test_the_memory_has_no_name_and_costs_only_what_is_touched() -> None:
    before = set(Path("/dev/shm").iterdir())

    memory = SharedMemory.create(1 << 28)
    memory.view[0] = 1
    inode = os.fstat(memory.handles[0]).st_ino
    mapped = f" {inode} "
    shared_kb = Path("/proc/self/smaps").read_text().split(mapped)[1]

    assert set(Path("/dev/shm").iterdir()) == before
    assert int(shared_kb.split("Rss:")[1].split()[0]) <= 64
    memory.close()
    assert mapped not in Path("/proc/self/maps").read_text()


def test_the_newest_frame_comes_out_as_it_went_in(board: Board) -> None:
    ring = Ring(board)
    assert ring.read() is None

    for value in range(1, 3 * SLOTS):
        ring.write(frame(value), FORM, Mark(stage=value, covered=value % 2 == 0))

    framed = Ring(board).read()
    assert framed is not None
    assert (framed.number, framed.form) == (3 * SLOTS - 1, FORM)
    assert framed.mark == Mark(stage=11, covered=False)
    assert (framed.pixels == 3 * SLOTS - 1).all()


def test_a_frame_of_another_size_or_format_carries_it_along(board: Board) -> None:
    ring = Ring(board)
    for form in (FORM, Form("UYVY", 32, 18), Form("NV12", 4096, 2304)):
        ring.write(frame(7, form), form, Mark())

        framed = ring.read()
        assert framed is not None
        assert (framed.form, framed.pixels.size) == (form, form.length)

    with pytest.raises(ValueError, match="no frame of"):
        ring.write(frame(1), Form("UYVY", 64, 36), Mark())


def test_a_renderer_that_died_in_the_middle_of_a_frame_leaves_the_one_before(board: Board) -> None:
    ring = Ring(board)
    ring.write(frame(1), FORM, Mark())
    ring.write(frame(2), FORM, Mark())
    # What a kill leaves: the next place is marked as being written and half full.
    head = board.slots[2][:8].cast("q")
    head[0] |= 1
    board.slots[2][4096:5000] = bytes(904)

    framed = Ring(board).read()
    assert framed is not None
    assert (framed.pixels == 2).all()

    Ring(board).write(frame(3), FORM, Mark())  # the next renderer
    framed = ring.read()
    assert framed is not None
    assert framed.number == 3
    assert (framed.pixels == 3).all()


def test_a_note_that_is_half_written_is_not_read_and_the_next_one_is(board: Board) -> None:
    reader, writer = board.order, Board(board.memory).order
    writer.write({"camera": "auto"})
    assert reader.read() == {"camera": "auto"}
    writer._head[0] |= 1
    writer._text[:8] = b"\xff" * 8

    assert reader.read() == {"camera": "auto"}

    Board(board.memory).order.write({"camera": "none"})
    assert reader.read() == {"camera": "none"}
    assert reader.serial % 2 == 0


def test_a_note_too_long_to_fit_is_refused_and_the_old_one_stays(board: Board) -> None:
    board.wishes.write({"held": {}})

    with pytest.raises(ValueError, match="do not fit"):
        board.wishes.write({"held": "x" * 70_000})

    assert board.wishes.read() == {"held": {}}


def test_a_loop_is_replaced_while_the_old_one_plays(board: Board) -> None:
    place = StandbyPlace(board)
    assert place.read() is None
    grey = [encode(np.full((36, 64, 3), value, np.uint8)) for value in (0, 100, 200)]

    assert place.write(grey, 15.0, stage=4)
    first = StandbyPlace(board).read()
    assert place.write(grey[::-1], 10.0, stage=5)
    second = place.read()

    assert first is not None
    assert second is not None
    assert (first.stage, first.fps, first.length_s) == (4, 15.0, 0.2)
    assert (second.stage, second.length_s) == (5, 0.3)
    assert first.serial != second.serial
    assert [int(first.picture(i).mean()) for i in range(3)] == [0, 100, 200]
    assert [int(second.picture(i).mean()) for i in range(3)] == [200, 100, 0]
    assert first.at(1.5 / 15) == (1, 2, pytest.approx(0.5))
    assert first.at(2.5 / 15)[:2] == (2, 0)


def test_a_loop_that_is_too_large_or_half_written_is_not_there(board: Board) -> None:
    place = StandbyPlace(board)

    assert not place.write([bytes(40 << 20)] * 2, 15.0, stage=1)
    assert place.read() is None

    place.write([b"a", b"b"], 15.0, stage=1)
    board.loops[0][:8].cast("q")[0] |= 1
    assert place.read() is None


def test_a_loop_that_plays_is_kept_from_the_loops_written_meanwhile(board: Board) -> None:
    place = StandbyPlace(board)
    grey = [encode(np.full((36, 64, 3), value, np.uint8)) for value in (0, 100, 200)]
    place.write(grey, 15.0, stage=1)
    shown = place.read()
    assert shown is not None
    kept = shown.kept()

    for stage in (2, 3):  # the second comes to lie where the one that is shown lies
        place.write([b"not a picture"] * 3, 15.0, stage=stage)

    assert kept is not None
    assert [int(kept.picture(i).mean()) for i in range(3)] == [0, 100, 200]
    assert shown.kept() is None, "it was written over"


def test_a_loop_is_adopted_for_another_scene_if_a_picture_of_it_is_the_same(board: Board) -> None:
    place = StandbyPlace(board)
    place.write([b"one", b"two", b"three"], 15.0, 4)
    playing = place.read()
    assert playing is not None

    assert not place.adopt(5, 15.0, 1, b"too")
    assert not place.adopt(5, 10.0, 1, b"two")
    assert not place.adopt(5, 15.0, 3, b"two")
    assert place.stage == 4
    assert place.adopt(5, 15.0, 1, b"two")
    assert place.stage == 5
    adopted = place.read()
    assert adopted is not None
    assert [bytes(picture) for picture in adopted.pictures] == [b"one", b"two", b"three"]
    assert not playing.intact()


def test_a_board_without_a_loop_has_none_to_adopt(board: Board) -> None:
    assert not StandbyPlace(board).adopt(1, 15.0, 0, b"")


def test_the_loop_before_is_forgotten_and_the_newest_one_stays(board: Board) -> None:
    place = StandbyPlace(board)
    for stage in (1, 2, 3):
        place.write([b"one", b"two"], 10.0, 10 * stage)
        old = place.read()
        place.write([b"three", b"four"], 15.0, 10 * stage + 1)
        place.forget_the_other()

        assert old is not None
        assert old.kept() is None
        newest = place.read()
        assert newest is not None
        assert newest.stage == 10 * stage + 1
        assert [bytes(picture) for picture in newest.pictures] == [b"three", b"four"]


@pytest.mark.skipif(sys.platform != "linux", reason="no holes can be made in the memory there")
def test_a_loop_that_is_forgotten_takes_no_memory(board: Board) -> None:
    place = StandbyPlace(board)
    place.write([b"x" * 1_000_000] * 4, 10.0, 1)
    place.write([b"y" * 1_000_000] * 4, 10.0, 2)
    handle = board.memory.handles[0]
    before = os.fstat(handle).st_blocks
    place.forget_the_other()

    assert 512 * (before - os.fstat(handle).st_blocks) >= 3_900_000
