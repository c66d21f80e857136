"""The renderer's tie to its program: what it leaves there, and what it goes on with."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from streamer.controls import Controls, Wishes
from streamer.pacer import Pacer
from streamer.parameters import PARAMETERS
from streamer.sending.board import Amount, Board, Number
from streamer.stats import Stats

# Modes in which a preset plays until it is told otherwise: such a one is started again.
LASTING: Final = ("hold", "toggle", "loop")

# More than one renderer ever puts on stage.
SCENES_EACH: Final = 1_000_000


@dataclass(frozen=True)
class Resume:
    """Where the renderer before stopped.

    ``choices`` are under the names of `Config`, with ``seed``; ``held`` are parameters with their
    values, ``lasting`` presets with their strengths.
    """

    choices: Mapping[str, Any]
    held: Mapping[str, float] = field(default_factory=dict)
    paused: bool = False
    privacy: bool = False
    lasting: Mapping[str, float] = field(default_factory=dict)

    def give_to(self, controls: Controls, presets: Mapping[str, Any]) -> None:
        """Let the wishes be as they were; what is not known any more is left out."""
        for name, value in self.held.items():
            if name in PARAMETERS:
                controls.set(name, value)
        controls.pause(self.paused)
        for name, strength in self.lasting.items():
            if name in presets:
                controls.trigger(name, strength, source="resume")


class Link:
    """One renderer's use of the board. The frame thread calls `frame`, another one `keep`."""

    def __init__(self, board: Board, program: int) -> None:
        self.board = board
        self.program = program
        """The process that started this one."""
        self.end = threading.Event()
        """Set when this one is to end."""
        self.careful = bool(board[Number.CAREFUL])
        self.restarted = board[Number.FRAMES] > 0
        self._struck = False
        self._left: tuple[object, ...] = ()
        self._kept: Mapping[str, Any] | None = None

    @property
    def stages_before(self) -> int:
        """A number above that of any scene of the renderers before: their loops show others."""
        return self.board[Number.RESTARTS] * SCENES_EACH

    def go_on(self, pacer: Pacer, stats: Stats) -> None:
        """Let the clock and the counts go on where the renderer before this one stopped."""
        board = self.board
        if self.restarted:
            last_t = board.amount(Amount.LAST_T)
            pacer.go_on(board.origin, last_t, board[Number.LATE], board[Number.DROPPED])
            stats.frames = board[Number.FRAMES]
            stats.first_frame_s = board.amount(Amount.FIRST_FRAME_S)

    def resume(self) -> Resume | None:
        """Return what a renderer before this one left; None if there was none."""
        choices = self.board.choices.read()
        if choices is None:
            return None
        wishes = self.board.wishes.read() or {}
        return Resume(choices, **wishes)

    def frame(
        self,
        t: float,
        pacer: Pacer,
        stats: Stats,
        wishes: Wishes,
        playing: tuple[str, ...],
        privacy: bool,
        presets: Mapping[str, Any],
    ) -> None:
        """Note that the frame of ``t`` (s) was drawn, and the wishes if they have changed."""
        board = self.board
        if not board[Number.FRAMES]:
            board.origin = pacer.origin
            board.set_amount(Amount.FIRST_FRAME_S, stats.first_frame_s or 0.0)
        board.set_amount(Amount.LAST_T, t)
        board[Number.LATE], board[Number.DROPPED] = pacer.late, pacer.dropped
        board.beat(Number.FRAMES)
        left = (wishes.held, wishes.paused, playing, privacy)
        if all(a is b or a == b for a, b in zip(left, self._left, strict=False)) and self._left:
            return
        self._left = left
        strengths = {cue.name: cue.strength for cue in wishes.cues if cue.strength > 0.0}
        board.wishes.write(
            {
                "held": dict(wishes.held),
                "paused": wishes.paused,
                "privacy": privacy,
                "lasting": {
                    name: strengths.get(name, 1.0)
                    for name in playing
                    if name in presets and presets[name].mode in LASTING
                },
            }
        )

    def keep(self, choices: Mapping[str, Any]) -> None:
        """Note what is chosen, if that has changed, and that this process is alive."""
        self.board.beat(Number.RENDERER_BEAT)
        if choices != self._kept:
            self._kept = dict(choices)
            self.board.choices.write(self._kept)

    def struck(self, number: int, frame: object) -> None:
        """End because of a signal to this process alone, a handler: another one takes its place."""
        self._struck = True
        self.end.set()

    def ended(self) -> None:
        """Say that the renderer ends because it is to end, unless it was struck."""
        if not self._struck:
            self.board[Number.ENDED] = 1

    def restarts(self) -> dict[str, int]:
        """Return how often each process was started again."""
        board = self.board
        return {"renderer": board[Number.RESTARTS], "sender": board[Number.SENDER_RESTARTS]}

    def processes(self) -> dict[str, int]:
        """Return the program's processes by name."""
        found = {"living-portrait": self.program, "renderer": os.getpid()}
        sender = (self.board.camera.read() or {}).get("pid")
        wanted = (self.board.order.read() or {}).get("camera", "none")
        if sender is not None and wanted != "none":
            found["sender"] = sender
        return found
