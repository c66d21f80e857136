"""The frame thread of a stream: the loop with all that belongs to it, until its end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streamer.animation.animator import Animator
from streamer.controls import Controls
from streamer.courtesy import Courtesy
from streamer.late import Late
from streamer.loop import Act, Moment, run
from streamer.output import Output
from streamer.pacer import Pacer
from streamer.problems import Problems
from streamer.readout import Readout
from streamer.scheduling import wake_soon
from streamer.stage import Stage
from streamer.stats import Stats
from streamer.taking import Taking

# A frame is begun this part of a period before its deadline: longer than a usual frame takes to
# draw on a CPU, so that frames leave evenly; more would delay a cue for nothing.
LEAD: Final = 0.3


@dataclass
class Rendering:
    """Draws until ``stop`` is set, or for ``seconds``; ``finished`` is set then.

    ``on_first_frame`` is called once, ``on_frame`` with each. ``delay_s`` holds wishes back.
    ``failed`` is what ended the frames, if anything did.
    """

    stage: Stage
    output: Output
    readout: Readout
    controls: Controls
    stats: Stats
    problems: Problems
    courtesy: Courtesy
    stop: threading.Event
    seconds: float | None
    delay_s: float
    on_frame: Callable[[Moment], None] = lambda moment: None
    on_first_frame: Callable[[], None] = lambda: None
    finished: threading.Event = field(default_factory=threading.Event)
    failed: BaseException | None = None

    def run(self, pacer: Pacer, act: Act, animator: Animator, taking: Taking) -> None:
        """Draw: the thread's work."""
        late = Late(self.controls, self.delay_s)

        def before(t: float) -> None:
            taking.before(t)
            late.see(t)

        wake_soon()
        try:
            run(
                stop=self.stop,
                pacer=pacer,
                animator=animator,
                controls=late,
                act=act,
                sinks=self.output.sinks,
                early=self.output.early,
                stats=self.stats,
                publish=self._publish,
                watch=self._watch,
                problem=lambda text: self.problems.set("stream", text),
                before=before,
                heed=taking.keep,
                courtesy=self.courtesy,
                **({} if self.seconds is None else {"until_s": self.seconds}),
            )
        except BaseException as exc:
            self.failed = exc
            raise
        finally:
            self.finished.set()

    def _watch(self, fault: str) -> None:
        assert self.stage.fallback is not None
        self.stage.fallback.see(fault)

    def _publish(self, moment: Moment) -> None:
        first = self.readout.moment is None
        self.readout.moment = moment
        self.on_frame(moment)
        if first:
            self.on_first_frame()
