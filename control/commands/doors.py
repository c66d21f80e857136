"""The doors to a running stream, opened and closed together: OSC, page, hotkeys."""

import logging
import os
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, Any

from control.kept_ports import KeptPorts
from control.remembered import Memory
from streamer import Config, PortraitError, parse_address
from streamer.resources import user_folder
from streamer.sending.link import Link
from streamer.stream import Stream

if TYPE_CHECKING:
    from control.hotkeys import Hotkeys
    from control.panel.download import Download
    from control.panel.token import Secrets

log = logging.getLogger(__name__)

# `PanelServer.start` has tried the port when it returns; its thread then opens it at once.
OPEN_S = 2.0


class Doors:
    """OSC, page and hotkeys: built beside the first portrait, opened with the first frame.

    Their libraries and tables keep the interpreter busy for a quarter of a second; after the first
    frame that would make the next ones late. ``memory`` keeps what is chosen on the page, ``ports``
    what is open while a renderer is started again.
    """

    def __init__(
        self, stream: Stream, memory: Memory, *, open_page: bool, ports: KeptPorts | None = None
    ) -> None:
        self.refused: PortraitError | None = None
        self._stream = stream
        self._memory = memory
        self._open_page = open_page
        self._ports = KeptPorts() if ports is None else ports
        self._osc: Any = None
        self._panel: Any = None
        self._download: Download | None = None
        self._hotkeys: Hotkeys | None = None
        self._secrets: Secrets | None = None  # where other machines may open the page
        self._kept: list[Any] = []
        self._first_frame = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="doors", daemon=True)

    @property
    def page(self) -> str:
        """Where the page is; empty while it is not open."""
        panel = self._panel
        return str(panel.url) if panel is not None and panel.state()["listening"] else ""

    def build(self) -> None:
        """Begin to build them, in a thread of their own."""
        self._thread.start()

    def open(self) -> None:
        """Let them open; called by the render thread with its first frame."""
        self._first_frame.set()

    def keep(self, link: Link) -> None:
        """Note who listens, for the doors of a renderer that goes on in the place of this one."""
        door = self._osc.osc if self._osc is not None else None
        subscribers = [list(s) for s in door.subscribers()] if door is not None else []
        if subscribers != self._kept:
            self._kept = subscribers
            link.board.doors.write({"subscribers": subscribers})

    def resume(self, link: Link) -> None:
        """Let those listen again who listened to the doors before these."""
        self._kept = (link.board.doors.read() or {}).get("subscribers", [])

    def close(self) -> None:
        """Close what is open."""
        self._closing = True
        self._first_frame.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)
        for door in (self._panel, self._osc, self._hotkeys):
            if door is not None:
                door.stop()
        if self._download is not None:
            self._download.close()

    def _run(self) -> None:
        try:
            self._build(self._stream.config)
        except PortraitError as exc:  # the main thread ends the run with it
            self.refused = exc
            return
        except Exception as exc:  # the portrait lives on the camera all the same
            self._ports.settle()
            self._stream.problems.set("doors", f"Page and OSC could not be opened: {exc!r}")
            log.exception("Page and OSC could not be opened")
            return
        self._first_frame.wait()
        if not self._closing:
            try:
                self._open()
            finally:
                self._ports.settle()

    def _build(self, config: Config) -> None:
        if config.osc != "off" or config.vmc != "off":
            from control.osc.doors import OscDoors

            self._osc = OscDoors(self._stream, config, self._ports)
            for host, port in self._kept if self._osc.osc is not None else ():
                self._osc.osc.subscribe((host, port))
        if config.hotkeys:
            from control.hotkeys import Hotkeys

            self._hotkeys = Hotkeys(self._stream, config.hotkeys)
        if config.panel != "off":
            from control.panel.app import create_app
            from control.panel.download import Download
            from control.panel.names import is_this_machine
            from control.panel.server import PanelServer
            from control.panel.token import Gate, load_secrets

            host, port = parse_address(config.panel, "panel")
            gate = None
            if not is_this_machine(host):
                self._secrets = load_secrets(user_folder("state"), config.panel_token)
                gate = Gate(self._secrets)
            self._download = Download(config.weights)
            app = create_app(
                self._stream,
                osc=self._osc,
                gate=gate,
                memory=self._memory,
                download=self._download,
            )
            self._panel = PanelServer(app, host, port, ports=self._ports)

    def _open(self) -> None:
        if self._osc is not None:
            self._osc.start()
        if self._hotkeys is not None:
            self._hotkeys.start()
            self._stream.problems.set("hotkeys", self._hotkeys.message)
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
