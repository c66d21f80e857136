"""How long the host is busy for a frame.

    python -m tests.streamer.engines.liveportrait.fast.host_time

On a device that is handed work and does none of it. The pipeline is to stay below 0.3 ms.
"""

import statistics
import threading
import time

from streamer.engines.liveportrait.fast.graphs import EagerDevice
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from tests.streamer.engines.liveportrait.fast.simulated import SimulatedDevice, smiling
from tests.streamer.engines.liveportrait.fast.test_pipeline import Rig

FRAMES = 3000


class Idle(EagerDevice):
    """A device that is handed work and does none of it."""

    def __init__(self) -> None:
        super().__init__()
        for queue in (self.compute, self.transfer):
            queue.run = lambda work: None  # type: ignore[method-assign]


def main() -> None:
    rig = Rig(SimulatedDevice())
    pipeline = Pipeline(
        Idle(),
        rig.painter,  # type: ignore[arg-type]
        rig.sheets,
        turn=threading.Lock(),
        photo_mean=0.0,
        reformat=rig.formats.append,
    )
    spent = []
    for i in range(FRAMES):
        face = smiling(60 + i % 60)
        start = time.perf_counter()
        pipeline.draw([face]).frames()
        spent.append(time.perf_counter() - start)
    print(f"{1000 * statistics.median(spent):.3f} ms a frame, median of {FRAMES}")


if __name__ == "__main__":
    main()
