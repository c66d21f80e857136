"""The renderer: the process of a run that draws the portrait and opens the doors.

    python -m control.renderer TOKEN PROGRAM COMMAND [FLAGS ...]

TOKEN is where the shared memory is, PROGRAM the process that started this one and watches it; the
environment says where the ports come from that it has kept open (`control.kept_ports`).
"""

import contextlib
import faulthandler
import sys
from collections.abc import Sequence

from control import cli
from control.kept_ports import KeptPorts
from streamer.heap import share_one_heap
from streamer.sending.board import Board
from streamer.sending.lifeline import watch_lifeline
from streamer.sending.link import Link


def main(arguments: Sequence[str]) -> int:
    """Run the process; returns its exit code."""
    faulthandler.enable()
    share_one_heap()
    token, program, *command = arguments
    link = Link(Board.attach(token), int(program))
    ports = KeptPorts.inherited()
    watch_lifeline(link.end.set)
    try:
        code = cli.obey(command, link=link, ports=ports)
    finally:
        ports.close()
    link.ended()
    return code


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the program that read our words has ended
        sys.exit(main(sys.argv[1:]))
