"""Render a preset, speech or idle life to a film or to a table of faces, faster than real time."""

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from control.commands.flags import PICTURE, add_picture_flags, typed
from control.settings import load_config
from streamer import PARAMETERS, Config, ConfigError, ConsentError, Face, Frame, SinkError
from streamer.animation.animator import Animator
from streamer.badge import stamped
from streamer.controls import Controls, Wishes
from streamer.speech.speaker import prepare
from streamer.speech.voice import PlayedVoice
from streamer.stream import Stream
from streamer.takes import read_take

# How long a film shows rest before and after a preset that is played within idle life.
BEFORE_S = 0.5
AFTER_S = 0.7


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `render`."""
    add_picture_flags(parser)
    add = parser.add_argument
    add("take", nargs="?", type=Path, metavar="TAKE.yaml", help="a recorded take")
    add("--say", metavar="TEXT", help="a text to say")
    add("--mic", metavar="FILE.wav", type=Path, help="a voice that moves the mouth")
    add("--preset", metavar="NAME", help="the preset to play")
    add("--strength", type=float, default=1.0, help="of the preset, 0 to 1 (1)")
    add("--style", metavar="NAME", help="idle life in this style, alone or under the preset")
    add("--seconds", type=float, help="length (the preset's own)")
    add("--out", type=Path, metavar="FILE", help="film: .mp4 .gif .webp, or .png frames")
    add("--faces", type=Path, metavar="FILE.csv", help="a row of parameters per frame")


@dataclass(frozen=True)
class Film:
    """What to render: how many frames, and the face of each; ``hear`` comes before each."""

    total: int
    fps: float
    animator: Animator
    controls: Controls
    hear: Callable[[float], None]

    def faces(self) -> Iterator[tuple[float, Face]]:
        """Yield (t, face) for every frame."""
        for index in range(self.total):
            t = index / self.fps
            self.hear(t)
            yield t, self.animator.at(t, self.controls.snapshot())


def execute(options: argparse.Namespace) -> int:
    """Render; without ``--out`` nothing is drawn."""
    if not any((options.preset, options.say, options.mic, options.style, options.take)):
        raise ConfigError(
            "Say what to render: --preset NAME, --say TEXT, --mic FILE.wav, "
            "--style NAME --seconds S, or a take's file."
        )
    if not options.out and not options.faces:
        raise ConfigError("Say where to: --out FILE.mp4, or --faces FILE.csv.")
    if options.take is not None:
        if options.preset or options.say or options.mic or options.style:
            raise ConfigError(
                "A take brings all it needs; leave --preset, --say, --mic and --style."
            )
        return _render_take(options)
    config = load_config({"seed": 0, **typed(options, *PICTURE)})
    stream = Stream(config)
    scene = stream.stage_once()
    try:
        film = plan(stream, config, scene.rest, options)
        if options.out is None:
            _write_faces(options.faces, film.faces())
            return 0
        rows: list[tuple[float, Face]] = []
        frames = _draw(film, scene.render, rows if options.faces else None)
        if config.badge == "ai":
            frames = map(stamped, frames)
        from streamer.sinks.file import write_film

        shown = _with_progress(frames, film.total)
        write_film(options.out, shown, config.fps, film.total, stream.film_mark)
        if options.faces:
            _write_faces(options.faces, rows)
    finally:
        scene.close()
        stream.stop()
    return 0


def _render_take(options: argparse.Namespace) -> int:
    take = read_take(options.take)
    if options.seconds:
        take = replace(take, length_s=min(take.length_s, options.seconds))
    config = load_config({**take.settings, **typed(options, *PICTURE)})
    with closing(Stream(config).film(take)) as film:
        rows: list[tuple[float, Face]] = []
        if options.out is None:
            _write_faces(options.faces, ((frame.t, frame.face) for frame in film))
            return 0

        def drawn() -> Iterator[Frame]:
            for frame in film:
                rows.append((frame.t, frame.face))
                yield frame.draw()

        from streamer.sinks.file import write_film

        shown = _with_progress(drawn(), film.total)
        write_film(options.out, shown, film.fps, film.total, film.mark)
        if options.faces:
            _write_faces(options.faces, rows)
    return 0


def plan(stream: Stream, config: Config, rest: Face, options: argparse.Namespace) -> Film:
    """Work out length and wishes. Raises `ConfigError`, `ConsentError`, `SpeechError`."""
    presets, styles = stream.presets.presets, stream.presets.idle_styles
    if options.style and options.style not in styles:
        raise ConfigError(f"Unknown style '{options.style}'. Choose one of: {', '.join(styles)}.")
    style = options.style or config.style
    controls = Controls(Wishes(idle_style=style, idle_strength=1.0 if options.style else 0.0))
    start_s = BEFORE_S if options.style else 0.0
    rest_s = AFTER_S if options.style else 1.0 / config.fps
    lengths: list[float] = []
    hear: Callable[[float], None] = lambda t: None  # noqa: E731 - one of two
    try:
        if options.preset:
            if options.preset not in presets:
                raise ConfigError(
                    f"Unknown preset '{options.preset}'. Choose one of: {', '.join(presets)}."
                )
            if reason := stream.refusal(options.preset):
                raise ConsentError(reason)
            controls.trigger(options.preset, options.strength, at=start_s)
            lengths.append(start_s + presets[options.preset].duration_s + rest_s)
        if options.say or options.mic:
            stream.check_speech()
        if options.say:
            speech = prepare(options.say)
            controls.say(speech, options.strength, at=start_s)
            lengths.append(start_s + speech.length_s + rest_s)
    except ValueError as exc:
        raise ConfigError(f"--strength: {exc}.") from exc
    if options.mic:
        played = PlayedVoice(options.mic, controls, known=lambda name: name in presets)
        hear = played.hear
        lengths.append(played.length_s + AFTER_S)
    seconds = options.seconds or max(lengths, default=0.0)
    if not 0 < seconds <= 86_400:
        raise ConfigError("Give the length with --seconds, from above 0 to 86400.")
    assert config.seed is not None
    animator = Animator(seed=config.seed, rest=rest, presets=presets, styles=styles)
    total = max(1, round(seconds * config.fps))
    return Film(total, config.fps, animator, controls, hear)


def _draw(film: Film, render: object, rows: list[tuple[float, Face]] | None) -> Iterator[Frame]:
    assert callable(render)
    for t, face in film.faces():
        if rows is not None:
            rows.append((t, face))
        yield render(face)


def _with_progress(frames: Iterator[Frame], total: int) -> Iterable[Frame]:
    if not sys.stderr.isatty():
        return frames
    from rich.console import Console
    from rich.progress import track

    return track(frames, total=total, description="Rendering", console=Console(stderr=True))


def _write_faces(path: Path, rows: Iterable[tuple[float, Face]]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["t", *PARAMETERS])
            for t, face in rows:
                writer.writerow([f"{t:.6f}", *(f"{face[name]:.6g}" for name in PARAMETERS)])
    except OSError as exc:
        raise SinkError(f"{path} could not be written: {exc.strerror}.") from exc
