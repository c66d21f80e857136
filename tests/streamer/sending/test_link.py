"""What a renderer finds of the one before it."""

from collections.abc import Iterator

import pytest

from streamer.sending.board import Board, Number
from streamer.sending.link import Link


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
