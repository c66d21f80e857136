"""What a stream leaves for the renderer after this one, and what it takes over from the one before.

Only where the stream is one process of a program, which restarts it; see `streamer.sending.link`.
"""

import threading
from collections.abc import Mapping
from typing import Any

from streamer.animation.preset_library import PresetLibrary
from streamer.choices import given_paths
from streamer.config import Config
from streamer.controls import Controls
from streamer.courtesy import Courtesy
from streamer.loop import Act, Moment
from streamer.output import Output
from streamer.pacer import Pacer
from streamer.readout import Readout
from streamer.sending.link import Link
from streamer.stage import Stage
from streamer.standby_maker import StandbyMaker
from streamer.stats import Stats


class Continuity:
    """One stream's tie to the renderers before and after it."""

    def __init__(
        self,
        link: Link,
        controls: Controls,
        presets: PresetLibrary,
        readout: Readout,
        output: Output,
        stats: Stats,
    ) -> None:
        self._link = link
        self._controls = controls
        self._presets = presets
        self._readout = readout
        self._output = output
        self._stats = stats

    def number(self, act: Act) -> None:
        """Give the first act a number that no renderer before this one had."""
        act.serial += self._link.stages_before

    def go_on(self, pacer: Pacer) -> None:
        """Go on where the renderer before this one stopped, if there was one."""
        self._link.go_on(pacer, self._stats)
        resume = self._link.resume()
        if resume is not None:
            resume.give_to(self._controls, self._presets.presets)
            if resume.privacy:
                self._output.set_privacy(True)  # before the first frame

    def on_frame(self, moment: Moment) -> None:
        """Leave what the next renderer would go on with."""
        pacer = self._readout.pacer
        if pacer is not None:
            self._link.frame(
                moment.t,
                pacer,
                self._stats,
                self._controls.snapshot(),
                moment.playing,
                self._readout.privacy,
                self._presets.presets,
            )

    def keep(self, choices: Mapping[str, Any], config: Config) -> None:
        """Leave what was chosen."""
        self._link.keep({**choices, "paths": given_paths(config)})

    def standby_maker(
        self, stage: Stage, *, courtesy: Courtesy, stop: threading.Event, seed: int
    ) -> StandbyMaker:
        """Return what draws the loop that is shown between two renderers."""
        return StandbyMaker(
            self._link.board,
            stage,
            styles=lambda: self._presets.idle_styles,
            wishes=self._controls.snapshot,
            courtesy=courtesy,
            stop=stop,
            seed=seed,
        )
