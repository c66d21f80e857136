"""What is done now and then beside the frames: preset files, figures, what a restart needs."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from streamer.keep_going import KeepGoing
from streamer.problems import Problems

# Nothing in it is urgent.
PERIOD_S: Final = 0.5


def keep_house(
    chores: Mapping[str, Callable[[], object]], problems: Problems, stop: threading.Event
) -> None:
    """Do all chores twice a second until ``stop`` is set: a thread's work.

    One that fails keeps no other from being done; it is told of and tried again.
    """
    going = {
        name: KeepGoing(f"Housekeeping ({name})", partial(problems.set, f"chore {name}"))
        for name in chores
    }
    while not stop.wait(PERIOD_S):
        for name, chore in chores.items():
            with going[name]:
                chore()
