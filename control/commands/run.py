"""Show the living portrait on a virtual camera, with OSC and the control page."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.commands.flags import PICTURE, add_picture_flags, typed
from control.settings import load_config
from streamer import Config, PortraitError, SinkError, parse_address
from streamer.resources import user_folder
from streamer.stream import Stream

if TYPE_CHECKING:
    from control.panel.token import Secrets

log = logging.getLogger(__name__)

# Between the interpreter's threads. The default of 5 ms would let one request of the page hold the
# frame thread up for that long at every call that gives the lock away.
SWITCH_INTERVAL_S = 0.001

# `PanelServer.start` has tried the port when it returns; its thread then opens it at once.
OPEN_S = 2.0


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `run`."""
    add_picture_flags(parser)
    add = parser.add_argument
    suppress = argparse.SUPPRESS
    add("--camera", default=suppress, metavar="auto|none|DEVICE", help="path or label (auto)")
    add("--style", default=suppress, metavar="NAME", help="style of idle life (calm)")
    add("--idle", default=suppress, type=float, help="strength of idle life, 0 to 1 (1)")
    add("--panel", default=suppress, metavar="HOST:PORT|off", help="page (127.0.0.1:8000)")
    add("--panel-token", default=suppress, metavar="TOKEN", help="for --panel 0.0.0.0:PORT")
    add("--osc", default=suppress, metavar="HOST:PORT|off", help="OSC (127.0.0.1:7001)")
    add("--osc-allow", default=suppress, nargs="+", metavar="ADDRESS", help="other OSC senders")
    add("--seconds", default=suppress, type=float, help="stop after this long")
    add(
        "--report",
        default=suppress,
        type=Path,
        metavar="FILE.json",
        help="write figures at the end",
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
        *("camera", "style", "idle", "panel", "panel_token", "osc", "osc_allow"),
        *("seconds", "report"),
    )
    if "osc_allow" in flags:
        flags["osc_allow"] = tuple(flags["osc_allow"])
    config = load_config(flags)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("waitress").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    stream = Stream(config)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _n, _f: end.set())
    doors = Doors(stream, open_page=options.open)
    stream.on_first_frame = doors.open
    try:
        doors.build()
        stream.start()
        log.info("%s", stream.engine_choice)
        while not end.wait(0.1) and not stream.finished.is_set():
            if doors.refused is not None:
                raise doors.refused
    finally:
        report = stream.report() if stream.started else None
        doors.close()
        stream.stop()
        if config.report is not None and report is not None:
            write_report(config.report, report)
    return 0


class Doors:
    """OSC and page: built beside the first portrait, opened with the first frame.

    Their libraries and tables keep the interpreter busy for a quarter of a second; after the first
    frame that would make the next ones late.
    """

    def __init__(self, stream: Stream, *, open_page: bool) -> None:
        self.refused: PortraitError | None = None
        self._stream = stream
        self._open_page = open_page
        self._osc: Any = None
        self._panel: Any = None
        self._secrets: Secrets | None = None  # where other machines may open the page
        self._first_frame = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="doors", daemon=True)

    def build(self) -> None:
        """Begin to build them, in a thread of their own."""
        self._thread.start()

    def open(self) -> None:
        """Let them open; called by the render thread with its first frame."""
        self._first_frame.set()

    def close(self) -> None:
        """Close what is open."""
        self._closing = True
        self._first_frame.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)
        for door in (self._panel, self._osc):
            if door is not None:
                door.stop()

    def _run(self) -> None:
        try:
            self._build(self._stream.config)
        except PortraitError as exc:  # the main thread ends the run with it
            self.refused = exc
            return
        self._first_frame.wait()
        if not self._closing:
            self._open()

    def _build(self, config: Config) -> None:
        if config.osc != "off":
            from control.osc import OscDoor

            host, port = parse_address(config.osc, "osc")
            self._osc = OscDoor(self._stream, host, port, allow=config.osc_allow)
        if config.panel != "off":
            from control.panel.app import create_app
            from control.panel.names import is_this_machine
            from control.panel.server import PanelServer
            from control.panel.token import Gate, load_secrets

            host, port = parse_address(config.panel, "panel")
            gate = None
            if not is_this_machine(host):
                self._secrets = load_secrets(user_folder("state"), config.panel_token)
                gate = Gate(self._secrets)
            app = create_app(self._stream, osc=self._osc, gate=gate)
            self._panel = PanelServer(app, host, port)

    def _open(self) -> None:
        if self._osc is not None:
            self._osc.start()
        if self._panel is None:
            return
        self._panel.start()
        if not self._panel.wait_listening(OPEN_S):
            return  # the server has said who holds the port, and tries again
        log.info("Control page: %s", self._panel.url)
        if self._secrets is not None:
            self._invite()
        if self._open_page and has_desktop():
            webbrowser.open(self._panel.url)

    def _invite(self) -> None:
        """Show the token to who sits before the terminal; a log is no place for it."""
        from control.panel.invitation import invitation
        from control.panel.token import FILE_NAME

        assert self._secrets is not None
        if not sys.stdout.isatty():
            log.info("The token for other devices is in %s", user_folder("state") / FILE_NAME)
            return
        # Not every terminal can draw the half blocks of the QR code.
        picture = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16")
        shown = (self._panel.addresses, self._panel.port, self._secrets.token)
        print(f"\n{invitation(*shown, picture=picture)}\n", flush=True)


def has_desktop() -> bool:
    """Say whether a browser window can be shown here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def write_report(path: Path, report: dict[str, object]) -> None:
    """Write the figures. Raises `SinkError`."""
    try:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as exc:
        raise SinkError(f"The report could not be written to {path}: {exc.strerror}.") from exc
