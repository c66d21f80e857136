"""What a renderer finds of the one before it."""

from collections.abc import Iterator
from typing import Any

import pytest

from streamer import Config
from streamer.sending.board import Board, Number
from streamer.sending.link import Link
from streamer.stream import Stream
from tests.waiting import wait_until


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.create()
    yield board
    board.memory.close()


def test_scenes_of_a_new_renderer_are_numbered_apart_from_those_before(board: Board) -> None:
    """A loop is drawn for the scene of a number: the former portrait must never answer to it."""
    first = Link(board, 1).stages_before
    board[Number.RESTARTS] += 1
    second = Link(board, 1).stages_before
    board[Number.RESTARTS] += 1

    assert first == 0
    assert second > first + 10_000  # changes of portrait, view or engine in one evening
    assert Link(board, 1).stages_before > second + 10_000


def test_a_renderer_that_dies_with_its_first_frame_has_left_what_was_chosen(board: Board) -> None:
    left: list[Any] = []
    config = Config(photo="mona-lisa", engine="warp", camera="none", size="160x90", seed=7)
    stream = Stream(config, link=Link(board, 1))
    stream.rendering.on_first_frame = lambda: left.append(board.choices.read())
    stream.start()
    try:
        wait_until(lambda: left)
    finally:
        stream.stop()

    assert left[0]["seed"] == 7
    assert left[0]["photo"] == "mona-lisa"
