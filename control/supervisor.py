"""The process that a user starts: it keeps renderer and sender alive, and ends them together.

It loads nothing that draws, sends or serves, so that little can go wrong in it. The renderer draws
the portrait and opens the doors (`control.renderer`), the sender feeds the camera
(`streamer.sending.sender`); both end when their standard input closes, which it also does when this
process is killed. The memory that they share has no name and goes with the last of them. The doors'
ports are held open here, too, so that nobody is refused while a renderer is started again.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from control.child import Child, start
from control.doorkeeper import Doorkeeper
from control.log_relay import LogRelay
from control.restarts import Restarts
from streamer.resources import user_folder
from streamer.sending.board import Board, Number

# Not from the current folder (-P): what lies there is the user's, whatever it is called.
RENDERER: Final = (sys.executable, "-P", "-m", "control.renderer")
SENDER: Final = (sys.executable, "-P", "-m", "streamer.sending.sender")

LOOK_S: Final = 0.1

# How long the parts may take to end by themselves.
RENDERER_END_S: Final = 10.0
SENDER_END_S: Final = 4.0

# No sign of life for this long, and a process is ended and started again. The renderer may be
# collecting garbage or waking from the disk; the sender does nothing that takes a second, but a
# camera driver may hold it up for a moment.
RENDERER_SILENT_S: Final = 15.0
SENDER_SILENT_S: Final = 5.0

# A part that was started again may load so long before its first sign of life: a slow machine needs
# seconds for the libraries, a neural engine minutes. The first start is watched by who sits there.
LOADING_S: Final = 600.0

# A renderer that lives but draws no frame: that long, or so many times its longest interval.
STUCK_S: Final = 30.0
STUCK_INTERVALS: Final = 10.0

# A cue is for its moment. Without a sign of life for this long a renderer has heard nobody, either:
# what waits at its end is old. And what waits for the next one longer than this is old, too.
DEAF_S: Final = 5.0
PATIENT_S: Final = 3.0

# Longer than this between two looks, and the machine slept: nobody else is to blame.
SLEPT_S: Final = 2.0


@dataclass
class Supervisor:
    """Starts, watches and ends the parts of one run.

    ``command`` is what follows the program's name. ``renderer`` and ``sender`` start the parts;
    ``now`` and ``sleep`` are for tests.
    """

    command: Sequence[str]
    renderer: Sequence[str] = RENDERER
    sender: Sequence[str] = SENDER
    now: Callable[[], float] = time.monotonic
    relay: LogRelay = field(default_factory=lambda: LogRelay(user_folder("state") / "logs"))

    def __post_init__(self) -> None:
        self.board = Board.create()
        self._doors = Doorkeeper(self.relay.say)
        self._asked = 0  # how often the user asked for the end
        self._drawing: Child | None = None
        self._sending: Child | None = None
        self._renderer_restarts = Restarts()
        self._sender_restarts = Restarts()
        self._wait_s = 0.0  # until the next renderer
        self._looked_at = self.now()

    def run(self) -> int:
        """Run until the renderer has done what it was asked for; returns its exit code."""
        self._drawing = self._start_renderer()
        try:
            while True:
                code = self._look()
                if code is not None:
                    return code
                time.sleep(LOOK_S)
        finally:
            self._end()

    def ask_to_end(self, *_: Any) -> None:
        """Let the run come to its end: a signal's handler. Asked twice, it ends at once."""
        self._asked += 1

    # --- looking

    def _look(self) -> int | None:
        now = self.now()
        slept = now - self._looked_at > SLEPT_S
        self._looked_at = now
        if self._asked:
            return self._end_renderer()
        if slept:
            for child in (self._drawing, self._sending):
                if child is not None:
                    child.beat_at = child.stuck_at = now
        code = self._look_at_renderer(now)
        if code is None:
            self._look_at_sender(now)
        return code

    def _look_at_renderer(self, now: float) -> int | None:
        child = self._drawing
        if child is not None:
            self._doors.look()
            if not child.gone:
                self._watch_renderer(child, now)
            if child.gone:
                code = self._mourn_renderer(child, now)
                if code is not None:
                    return code
        if self._drawing is None and self._renderer_restarts.due(now):
            self.board[Number.CAREFUL] = self._renderer_restarts.careful
            if self._wait_s > PATIENT_S:
                self._turn_away()
            self._drawing = self._start_renderer()
        return None

    def _mourn_renderer(self, child: Child, now: float) -> int | None:
        """Note that it has ended; returns the code to end with, if that is the end of the run."""
        board, code = self.board, child.process.returncode
        ended, board[Number.ENDED] = board[Number.ENDED], 0
        never_drew = not board[Number.FRAMES]
        if never_drew or (ended and (code == 0 or not board[Number.RESTARTS])):
            return int(code) if code >= 0 else 1
        self._wait_s = self._lost(child, now, self._renderer_restarts)
        # What came to one that had hung may be old; to one that worked, it is a moment old.
        if child.killed or now - child.beat_at > DEAF_S:
            self._turn_away()
        board[Number.RESTARTS] += 1
        self._drawing = None
        return None

    def _watch_renderer(self, child: Child, now: float) -> None:
        board = self.board
        frames = board[Number.FRAMES]
        if frames != child.frames:
            if child.draws:
                child.longest_s = max(child.longest_s, now - child.stuck_at)
            child.frames, child.stuck_at, child.draws = frames, now, True
            self._renderer_restarts.good(now)
        self._judge(child, board[Number.RENDERER_BEAT], now, RENDERER_SILENT_S)
        patience_s = max(STUCK_S, STUCK_INTERVALS * child.longest_s)
        if now - child.stuck_at > (patience_s if child.draws else self._loading_s):
            self._kill(child, f"no frame for {now - child.stuck_at:.0f} s")

    def _look_at_sender(self, now: float) -> None:
        wanted = (self.board.order.read() or {}).get("camera", "none") != "none"
        child = self._sending
        if child is None:
            if wanted and self._sender_restarts.due(now):
                self._sending = self._start("sender", (*self.sender, self.board.memory.token))
            return
        if child.gone:
            self._lost(child, now, self._sender_restarts)
            self.board[Number.SENDER_RESTARTS] += 1
            self._sending = None
            return
        self._judge(child, self.board[Number.SENDER_BEAT], now, SENDER_SILENT_S)

    def _judge(self, child: Child, beat: int, now: float, silent_s: float) -> None:
        """End a process that shows no sign of life any more. Before its first one it may load."""
        if beat != child.beat:
            child.beat, child.beat_at, child.lives = beat, now, True
            child.killed = ""
            return
        if now - child.beat_at > (silent_s if child.lives else self._loading_s):
            self._kill(child, f"no sign of life for {now - child.beat_at:.0f} s")

    @property
    def _loading_s(self) -> float:
        return LOADING_S if self.board[Number.FRAMES] else math.inf

    def _kill(self, child: Child, why: str) -> None:
        child.beat_at = child.stuck_at = self.now()
        if not child.killed:
            child.killed = why
            # So that its threads' places are in the log; it may be too stuck even for that.
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                child.process.send_signal(signal.SIGABRT)
                child.process.wait(timeout=0.5)
                return
        with contextlib.suppress(OSError):  # it has ended meanwhile
            child.process.kill()
        # What comes in from now on is for the next one.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=0.5)

    def _lost(self, child: Child, now: float, restarts: Restarts) -> float:
        """Note that a process has ended; returns how long the next one waits, s."""
        if child.process.stdin is not None:
            child.process.stdin.close()
        code = child.process.returncode
        how = child.killed or (f"signal {_name(-code)}" if code < 0 else f"exit code {code}")
        wait_s = restarts.lost(now)
        soon = "at once" if wait_s <= 0 else f"in {wait_s:.0f} s"
        self.relay.say(f"The {child.name} has ended unexpectedly ({how}). It is started {soon}.")
        if restarts.careful and child.name == "renderer":
            self.relay.say("It has failed again and again: from now on the warp engine draws.")
        return wait_s

    def _turn_away(self) -> None:
        messages, connections = self._doors.turn_away()
        if messages or connections:
            self.relay.say(
                "What came in while nobody listened is too old and was dropped "
                f"(messages: {messages}, connections: {connections})."
            )

    # --- starting and ending

    def _where(self) -> tuple[str, str]:
        return self.board.memory.token, str(os.getpid())

    def _start_renderer(self) -> Child:
        with self._doors.handed() as (handles, environment):
            command = (*self.renderer, *self._where(), *self.command)
            return self._start("renderer", command, handles, environment)

    def _start(
        self,
        name: str,
        command: Sequence[str],
        handles: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        process = start(command, (*self.board.memory.handles, *handles), environment or {})
        assert process.stderr is not None
        self.relay.follow(name, process.stderr)
        now = self.now()
        beat = self.board[Number.RENDERER_BEAT if name == "renderer" else Number.SENDER_BEAT]
        return Child(name, process, beat, now, now, self.board[Number.FRAMES])

    def _end_renderer(self) -> int:
        """Ask the renderer to end and wait for it."""
        self._doors.close()
        child = self._drawing
        if child is None:
            return 0
        self._ask(child, RENDERER_END_S)
        return max(0, child.process.returncode)

    def _ask(self, child: Child, patience_s: float) -> None:
        assert child.process.stdin is not None
        with contextlib.suppress(OSError):
            child.process.stdin.close()
        asked, until = self._asked, self.now() + patience_s
        while not child.gone and self.now() < until and self._asked <= max(1, asked):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=LOOK_S)
        if not child.gone:
            self.relay.say(f"The {child.name} did not end by itself and was ended.")
            child.process.kill()
        child.process.wait()

    def _end(self) -> None:
        self._doors.close()
        for child, patience_s in ((self._drawing, RENDERER_END_S), (self._sending, SENDER_END_S)):
            if child is not None:
                self._ask(child, patience_s)
        self.relay.close()
        self.board.memory.close()


def supervise(
    command: Sequence[str],
    *,
    renderer: Sequence[str] = RENDERER,
    sender: Sequence[str] = SENDER,
) -> int:
    """Run ``command`` (`run` or `record` with its flags) in processes of its own.

    Returns the exit code. SIGINT, SIGTERM and SIGHUP end it in order.
    """
    supervisor = Supervisor(command, renderer, sender)
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, supervisor.ask_to_end)
    return supervisor.run()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
