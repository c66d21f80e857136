"""A renderer that draws nothing: prepared frames go through the real ring to the real sender.

    python -m tests.vm.feeder run WIDTH HEIGHT FPS       the program with this renderer
    python -m tests.vm.feeder TOKEN PROGRAM WIDTH ...    this renderer, as the program starts it

It stands in for `control.renderer` where drawing is 50 to 100 times slower than on a real
machine, and the rate of everything behind it is to be held against the promise. At its end it
says what the sender counted.
"""

import json
import sys
import time
from collections.abc import Sequence

from streamer.sending.board import Amount, Board, Number
from streamer.sending.lifeline import watch_lifeline
from streamer.sending.ring import Form, Mark, Ring
from streamer.sinks.pixels import NativeFrames, Pixels
from tests.vm.bars import moving_bars

PICTURES = 8
FIGURES = "The sender counted "


def prepared(width: int, height: int) -> list[Pixels]:
    """Return the first of the moving bars in the camera's own format."""
    frames = NativeFrames("I420", width, height)
    pictures = []
    for picture in moving_bars(width, height)[:PICTURES]:
        frames.convert(picture)
        frames.flip()
        pictures.append(frames.front.copy())
    return pictures


def feed(board: Board, width: int, height: int, fps: int) -> None:
    """Leave a frame in every period, until the program ends."""
    ending: list[bool] = []
    watch_lifeline(lambda: ending.append(True))
    pictures = prepared(width, height)
    ring, form = Ring(board), Form("I420", width, height)
    board.order.write(
        {"camera": "auto", "width": width, "height": height, "fps": fps, "preview_url": ""}
    )
    if not board[Number.FRAMES]:
        board.origin = time.perf_counter()
    while not ending:
        number = int((time.perf_counter() - board.origin) * fps) + 1
        time.sleep(max(0.0, board.origin + number / fps - time.perf_counter()))
        # `still`: there is no loop to stand in for it.
        ring.write(pictures[number % PICTURES], form, Mark(stage=1, still=True))
        board.set_amount(Amount.LAST_T, number / fps)
        board.beat(Number.FRAMES)
        board.beat(Number.RENDERER_BEAT)
    print(f"{FIGURES}{json.dumps(board.camera.read())}", file=sys.stderr)
    board[Number.ENDED] = 1


def main(arguments: Sequence[str]) -> int:
    first, *rest = arguments
    if first == "run":
        from control.supervisor import supervise

        return supervise(rest, renderer=(sys.executable, "-m", "tests.vm.feeder"))
    width, height, fps = (int(number) for number in rest[1:])
    feed(Board.attach(first), width, height, fps)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
