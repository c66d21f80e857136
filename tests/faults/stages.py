"""A stream whose every stage can be made to fail, and the eyes that watch its frames."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from streamer import Config
from streamer.engines import Engine, Portrait, Scene
from streamer.engines.choice import Choice, Options, Understudy
from streamer.engines.warp.engine import WarpEngine
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.stream import Stream
from streamer.view import Frame, View

FPS: Final = 30.0
WAIT_S: Final = 60.0
# A row that holds nothing up may leave no longer gap than this, on a machine that is busy with
# other tests; a browser gives up after 10 s.
GAP_S: Final = 1.5


class Air:
    """The sink at the end: when each frame came, how bright it was, and whether it was new."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.times: list[float] = []
        self.light: list[float] = []
        self.looks: list[bytes] = []
        self.fail_with: Exception | None = None

    def send(self, frame: Frame, t: float) -> None:
        if self.fail_with is not None:
            raise self.fail_with
        with self._news:
            self.times.append(time.monotonic())
            self.light.append(float(frame[::8, ::8].mean()))
            self.looks.append(hashlib.blake2b(frame.tobytes(), digest_size=8).digest())
            self._news.notify_all()

    def close(self) -> None:
        pass

    def more(self, count: int) -> None:
        """Wait for so many more frames."""
        goal = len(self.times) + count
        with self._news:
            assert self._news.wait_for(lambda: len(self.times) >= goal, WAIT_S), "no frames"

    def moves(self) -> None:
        """Wait until the picture is a new one again and again, as that of a living face is."""
        start = len(self.looks)
        with self._news:
            lives = self._news.wait_for(lambda: len(set(self.looks[start:])) >= 6, WAIT_S)
        assert lives, f"{len(self.looks) - start} frames, {len(set(self.looks[start:]))} new"

    def worst_gap_s(self, since: int) -> float:
        """The longest time between two frames since the frame of this number."""
        times = self.times[max(0, since - 1) :]
        return max((b - a for a, b in pairwise([*times, time.monotonic()])), default=0.0)


@dataclass
class Seams:
    """Where the engines are made to fail; None: they do not."""

    spoil: Callable[[Frame], Any] | None = None  # for the engine on stage at the time
    opening: Exception | None = None
    closing: Exception | None = None
    figures: Exception | None = None
    made: list["SeamedEngine"] = field(default_factory=list)

    def engine(self) -> "SeamedEngine":
        """Make the next engine of the ladder."""
        engine = SeamedEngine(self, f"engine-{len(self.made)}")
        self.made.append(engine)
        return engine

    def choose(self, options: Options) -> Choice:
        """Choose as the product does, with many understudies."""
        first = self.engine()
        names = [f"engine-{len(self.made) + i}" for i in range(30)]
        return Choice(first, "a stand-in", tuple(Understudy(name, self.engine) for name in names))


class SeamedEngine:
    """The built-in engine with seams. It is one of a ladder: only the newest one fails."""

    device = "cpu"
    backend = "stand-in"
    parts: Mapping[str, str] = {"all": "cpu"}

    def __init__(self, seams: Seams, name: str) -> None:
        self.name = name
        self.seams = seams
        self.spoil: Callable[[Frame], Any] | None = None
        self.closed = False
        self._engine: Engine = WarpEngine()

    def open(self, photo: Photo) -> Portrait:
        if self.seams.opening is not None:
            raise self.seams.opening
        return self._engine.open(photo)

    def stage(self, portrait: Portrait, view: View) -> Scene:
        return SeamedScene(self, self._engine.stage(portrait, view))

    def figures(self) -> Mapping[str, object]:
        if self.seams.figures is not None:
            raise self.seams.figures
        return {}

    def close(self) -> None:
        self.closed = True
        if self.seams.closing is not None:
            raise self.seams.closing


class SeamedScene:
    """A scene of `SeamedEngine`."""

    def __init__(self, engine: SeamedEngine, scene: Scene) -> None:
        self._engine = engine
        self._scene = scene
        self.rest: Face = scene.rest

    @property
    def still(self) -> Frame:
        return self._scene.still

    def render(self, face: Face) -> Frame:
        frame = self._scene.render(face)
        spoil = self._engine.spoil
        return frame if spoil is None else spoil(frame)

    def close(self) -> None:
        self._scene.close()
        if self._engine.seams.closing is not None:
            raise self._engine.seams.closing


class Stages:
    """The stream under test, as an operator left it, with its seams and its eyes."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder = folder
        self.air = Air()
        self.seams = Seams()
        self.photos, self.presets = folder / "photos", folder / "presets"
        for each in (self.photos, self.presets):
            each.mkdir(parents=True, exist_ok=True)
        usual = Config(
            photo="mona-lisa",
            camera="none",
            size="160x90",
            seed=7,
            panel="off",
            osc="off",
            fps=FPS,
            photos=self.photos,
            presets=self.presets,
        )
        self.stream = Stream(replace(usual, **config), sinks=[self.air], choose=self.seams.choose)
        self.stream.start()
        self.air.more(2)

    def settle(self) -> None:
        """Choose what must not be lost."""
        controls = self.stream.controls
        controls.set("smile", 0.4)
        controls.set("head_yaw", -6.0)
        controls.idle(style="lively", strength=0.8)
        self.stream.change_view(mirror=True, zoom=1.1)

    @property
    def engine(self) -> SeamedEngine:
        """The engine on stage."""
        named = self.stream.state()["engine"]
        return next(e for e in self.seams.made if e.name == named["name"])  # type: ignore[index]

    def chosen(self) -> dict[str, Any]:
        """What the operator chose: the same before and after every fault."""
        state = self.stream.state()
        kept = ("held", "idle", "paused", "photo", "view", "size", "fps_target", "privacy", "seed")
        return {name: state[name] for name in kept}

    def problems(self) -> str:
        """What the state says is wrong, as one text."""
        _, health = self.stream.health()
        return " ".join(str(text) for text in health["problems"])  # type: ignore[attr-defined]

    def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait for something that other threads bring about."""
        end = time.monotonic() + WAIT_S
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < end, f"{what or 'it'} did not happen: {self.problems()!r}"
            pause.wait(0.01)

    @contextmanager
    def nothing_lost(self, *, gap_s: float = GAP_S, dark: bool = False) -> Iterator[None]:
        """Hold a fault's time against what is promised: frames, light, and what was chosen.

        ``dark``: the "be right back" picture, which is dark, is shown on the way.
        """
        before, since = self.chosen(), len(self.air.times)
        light = self.air.light[-1]
        yield
        self.air.moves()
        assert self.chosen() == before
        assert self.air.worst_gap_s(since) <= gap_s
        assert dark or min(self.air.light[since:]) > 0.6 * light, "a dark frame left"

    def close(self) -> None:
        """End the stream; the seams are whole again for that."""
        self.seams.closing = self.seams.figures = None
        self.stream.stop()
