"""Show the living portrait on a virtual camera, with OSC and the control page."""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from control.commands.doors import Doors
from control.commands.flags import PICTURE, add_picture_flags, typed
from control.instances import Instances, candidates
from control.kept_ports import KeptPorts
from control.remembered import KEYS, Memory, recall, remembered_file
from control.settings import convert, load_config
from control.taking_over import claim
from streamer import EngineError, PhotoError, PortraitError, SinkError, WeightsError
from streamer.sending.link import Link, Resume
from streamer.stream import Stream
from streamer.takes import read_take

log = logging.getLogger(__name__)

# Between the interpreter's threads. The default of 5 ms would let one request of the page hold the
# frame thread up for that long at every call that gives the lock away.
SWITCH_INTERVAL_S = 0.001


# Which remembered choices may be at fault when the stream does not start.
CAUSES: Final = (
    (PhotoError, ("photo",)),
    (WeightsError, ("engine", "device", "speed")),
    (EngineError, ("engine", "device", "speed")),
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `run`."""
    add_picture_flags(parser)
    add = parser.add_argument
    suppress = argparse.SUPPRESS
    add("--camera", default=suppress, metavar="auto|none|DEVICE", help="path or label (auto)")
    add("--stream", default=suppress, metavar="URL|off", help="also over the network (off)")
    add(
        "--stream-encoder",
        default=suppress,
        metavar="auto|libx264|...",
        help="what encodes the stream (auto)",
    )
    add("--style", default=suppress, metavar="NAME", help="style of idle life (calm)")
    add("--idle", default=suppress, type=float, help="strength of idle life, 0 to 1 (1)")
    add("--panel", default=suppress, metavar="HOST:PORT|off", help="page (127.0.0.1:8000)")
    add("--panel-token", default=suppress, metavar="TOKEN", help="for --panel 0.0.0.0:PORT")
    add("--osc", default=suppress, metavar="HOST:PORT|off", help="OSC (127.0.0.1:7001)")
    add("--osc-allow", default=suppress, nargs="+", metavar="ADDRESS", help="other OSC senders")
    add(
        "--osc-feedback",
        default=suppress,
        nargs="+",
        metavar="HOST:PORT",
        help="who gets the state",
    )
    add("--oscquery", default=suppress, metavar="HOST:PORT|off", help="OSCQuery (as OSC)")
    add(
        "--vmc",
        default=suppress,
        nargs="?",
        const="127.0.0.1:39539",
        metavar="[HOST:]PORT",
        help="trackers may drive the portrait (off; 39539 without a port)",
    )
    add("--take", default=suppress, type=Path, metavar="TAKE.yaml", help="play a recorded take")
    add("--record", default=suppress, type=Path, metavar="TAKE.yaml", help="record a take")
    add(
        "--hotkeys",
        default=suppress,
        nargs="+",
        metavar="KEYS=ACTION",
        help="keys that work in every program (none)",
    )
    add(
        "--mic",
        default=suppress,
        nargs="?",
        const="default",
        metavar="DEVICE|FILE.wav",
        help="your voice moves the mouth (off)",
    )
    add("--delay", default=suppress, type=float, metavar="MS", help="hold the picture back (0)")
    add("--seconds", default=suppress, type=float, help="stop after this long")
    add(
        "--report",
        default=suppress,
        type=Path,
        metavar="FILE.json",
        help="write figures at the end",
    )
    add(
        "--privacy-picture", default=suppress, type=Path, metavar="FILE", help="instead of the face"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="without what was chosen on the page before"
    )
    parser.add_argument(
        "--take-over", action="store_true", help="end the Living Portrait that has the camera"
    )
    parser.add_argument(
        "--open", action="store_true", help="open the page where there is a desktop"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")


def execute(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM or the end of ``--seconds``."""
    flags = typed(
        options,
        *PICTURE,
        *("camera", "style", "idle", "panel", "panel_token"),
        *("stream", "stream_encoder"),
        *("osc", "osc_allow", "osc_feedback", "oscquery", "vmc", "hotkeys"),
        *("seconds", "report", "privacy_picture", "take", "record", "mic", "delay"),
    )
    if "take" in flags and flags["take"].exists():
        flags = {**read_take(flags["take"]).settings, **flags}
    for name in ("osc_allow", "osc_feedback"):
        if name in flags:
            flags[name] = tuple(flags[name])
    if "stream" in flags:
        flags["stream"] = convert("stream", flags["stream"], "--stream")
    if "hotkeys" in flags:
        flags["hotkeys"] = convert("hotkeys", ",".join(flags["hotkeys"]), "--hotkeys")
    link: Link | None = getattr(options, "link", None)
    resume = link.resume() if link is not None else None
    if resume is None:
        load_config(flags)  # what was typed is checked before anything is looked for
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is as it should be
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    end = link.end if link is not None else threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, link.struck if link is not None else lambda _n, _f: end.set())
    memory = Memory(remembered_file())
    choices: Mapping[str, Any] = {} if options.fresh else remembered()
    if resume is not None:
        log.warning("The renderer goes on where the one before it stopped.")
        flags, choices = going_on(flags, resume, careful=link is not None and link.careful)
        options.open = False
    instances = Instances(pid=link.program if link is not None else None)
    if resume is None:
        wanted = load_config(flags, remembered=choices).camera
        claim(instances, candidates(wanted), take_over=options.take_over)
    else:
        instances.adopt()
    try:
        ports: KeptPorts | None = getattr(options, "ports", None)
        stream, doors = begin(flags, choices, memory, options.open, link, ports)
    except BaseException:
        instances.release()
        raise
    try:
        log.info("%s", stream.engine_choice)
        while not end.wait(0.1) and not stream.rendering.finished.is_set():
            if doors.refused is not None:
                raise doors.refused
            instances.follow(stream.state, page=doors.page)
            if link is not None:
                doors.keep(link)
        if stream.rendering.failed is not None:
            raise RuntimeError("The frames have come to an end.") from stream.rendering.failed
    finally:
        report = stream.report()
        doors.close()
        stream.stop()
        memory.close()
        instances.release()
        if stream.config.report is not None:
            write_report(stream.config.report, report)
    return 0


def remembered() -> Mapping[str, Any]:
    """Return what was chosen on the page in earlier runs."""
    recalled = recall(remembered_file())
    if recalled.problem:
        log.warning("%s", recalled.problem)
    return recalled.choices


def going_on(
    flags: Mapping[str, Any], resume: Resume, *, careful: bool
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return flags and choices with which a run goes on where a renderer stopped.

    What was chosen last wins over what was typed at the start. A take that was being recorded
    ends with the renderer: what is in its file is kept. ``careful``: with the engine that needs
    nothing.
    """
    choices = {**resume.choices, **({"engine": "warp"} if careful else {})}
    seed = {"seed": choices.pop("seed")} if "seed" in choices else {}
    if "record" in flags:
        log.warning(
            "The recording ended with the renderer. Until then it is in %s.", flags["record"]
        )
    gone = {
        name: None for name, path in choices.pop("paths", {}).items() if not Path(path).exists()
    }
    for name in gone:
        log.warning("What was asked for with --%s is gone.", name.replace("_", "-"))
    kept = {name: v for name, v in flags.items() if name not in (*choices, "record")}
    return {**kept, **seed, **gone}, choices


def begin(
    flags: Mapping[str, Any],
    choices: Mapping[str, Any],
    memory: Memory,
    open_page: bool,
    link: Link | None = None,
    ports: KeptPorts | None = None,
) -> tuple[Stream, Doors]:
    """Start the stream with what was remembered, its doors about to open.

    What keeps it from starting is left out: a photo or model files may have gone since.
    Raises: `PortraitError`.
    """
    while True:
        config = load_config(flags, remembered=choices)
        plain = load_config(flags)
        taken = {key for key in KEYS if getattr(config, key) != getattr(plain, key)}
        stream = Stream(config, link=link)
        doors = Doors(stream, memory, open_page=open_page, ports=ports)
        stream.rendering.on_first_frame = doors.open
        try:
            if taken and (link is None or not link.restarted):
                log.info("%s", told(choices, taken))
            if link is not None and link.restarted:
                doors.resume(link)
            doors.build()
            stream.start()
            return stream, doors
        except PortraitError as exc:
            doors.close()
            stream.stop()
            causes = taken & next(
                (set(keys) for kind, keys in CAUSES if isinstance(exc, kind)), taken
            )
            if not causes:
                raise
            log.warning("%s", exc)
            log.warning("Starting without what was remembered of: %s.", ", ".join(sorted(causes)))
            choices = {key: value for key, value in choices.items() if key not in causes}
        except BaseException:
            doors.close()
            stream.stop()
            raise


def told(choices: Mapping[str, Any], taken: set[str]) -> str:
    """Say in one line what was taken from earlier runs."""
    listed = ", ".join(f"{key} {choices[key]}" for key in KEYS if key in taken)
    return f"As chosen on the page before: {listed}. (--fresh starts without.)"


def write_report(path: Path, report: dict[str, object]) -> None:
    """Write the figures. Raises `SinkError`."""
    try:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as exc:
        raise SinkError(f"The report could not be written to {path}: {exc.strerror}.") from exc
