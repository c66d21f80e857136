"""Write a ready page for Companion, TouchOSC or Stream Deck with the presets that are here."""

import argparse
import locale
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from control.commands.flags import typed
from control.export.board import GRIDS, LANGUAGES, Board, Language, make_board
from control.settings import load_config
from control.translations.console import say
from streamer import ConfigError, parse_address
from streamer.stream import Stream

TARGETS: Final = {
    "companion": "living-portrait.companionconfig",
    "touchosc": "living-portrait.tosc",
    "streamdeck": "living-portrait.streamDeckProfile",
}

# Where each listens for the state: any free port would do; these are the ones it is told of.
TOUCHOSC_PORT: Final = 9000  # TouchOSC's own default
COMPANION_PORT: Final = 7002


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `export`."""
    add = parser.add_argument
    suppress = argparse.SUPPRESS
    add("target", choices=list(TARGETS))
    add("--language", choices=LANGUAGES, help="of the labels (the system's)")
    add("--out", type=Path, metavar="FILE", help="where to write it")
    add("--host", default="127.0.0.1", help="the machine on which the portrait runs (this one)")
    add("--port", type=int, help="its OSC port (that of the settings, or 7001)")
    add("--keys", type=int, default=15, choices=list(GRIDS), help="keys of the device (15)")
    add("--feedback-port", type=int, metavar="PORT", help="where the state comes back")
    add(
        "--plugin",
        default="timebutt",
        choices=["timebutt", "shells", "jwetzell"],
        help="Stream Deck's OSC plug-in (timebutt)",
    )
    add("--picture", type=Path, metavar="FILE.svg", help="draw what it looks like, too")
    add("--presets", default=suppress, type=Path, metavar="DIR", help="your own presets")
    add("--photos", default=suppress, type=Path, metavar="DIR", help="your own photos")


def execute(options: argparse.Namespace) -> int:
    """Write the file or files and say what to do with them."""
    config = load_config(typed(options, "presets", "photos"))
    for name in ("port", "feedback_port"):
        port = getattr(options, name)
        if port is not None and not 1 <= port <= 65535:
            flag = name.replace("_", "-")
            raise ConfigError(f"--{flag} is {port}; a port is 1 to 65535. Try --{flag} 7001.")
    if options.port is None:
        options.port = 7001 if config.osc == "off" else parse_address(config.osc, "osc")[1]
    stream = Stream(config)
    language: Language = options.language or _system_language()
    board = make_board(stream.presets.presets.values(), stream.photos.entries(), language)
    out = options.out or Path(TARGETS[options.target])
    files = _files(options, board, out)
    for path, content in files:
        _write(path, content)
        print(f"written: {path}")
    if options.picture is not None:
        _write(options.picture, _picture(options, board).encode())
        print(f"drawn: {options.picture}")
    for line in _next_steps(options, files):
        say(line)
    return 0


def _files(options: argparse.Namespace, board: Board, out: Path) -> list[tuple[Path, bytes]]:
    from control.export.companion import companion_pages
    from control.export.streamdeck import streamdeck_profile
    from control.export.touchosc import touchosc_layout

    columns, rows = GRIDS[options.keys]
    if options.target == "touchosc":
        port = options.feedback_port or TOUCHOSC_PORT
        return [(out, touchosc_layout(board, receive_port=port))]
    if options.target == "streamdeck":
        profile = streamdeck_profile(
            board,
            columns=columns,
            rows=rows,
            host=options.host,
            port=options.port,
            plugin=options.plugin,
        )
        return [(out, profile)]
    made = companion_pages(
        board,
        columns=columns,
        rows=rows,
        host=options.host,
        port=options.port,
        listen_port=options.feedback_port or COMPANION_PORT,
    )
    names = [out, *(out.with_stem(f"{out.stem}-{n}") for n in range(2, len(made) + 1))]
    return list(zip(names, made, strict=True))


def _picture(options: argparse.Namespace, board: Board) -> str:
    from control.export.picture import keys_picture, layout_picture

    if options.target == "touchosc":
        return layout_picture(board)
    if options.target == "streamdeck":
        from control.export.streamdeck import board_for

        board = board_for(board, options.plugin)
    columns, rows = GRIDS[options.keys]
    return keys_picture(board, columns, rows, "Living Portrait")


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise ConfigError(f"{path} could not be written: {exc.strerror}. Try --out FILE.") from exc


def _system_language() -> Language:
    name = locale.getlocale()[0] or ""
    return "ko" if name.lower().startswith(("ko", "korean")) else "en"


def _next_steps(
    options: argparse.Namespace, files: Sequence[tuple[Path, bytes]]
) -> tuple[str, ...]:
    """What to do now, in the fewest words; docs/controllers.md has the pictures."""
    if options.target == "companion":
        port = options.feedback_port or COMPANION_PORT
        each = "each file: " if len(files) > 1 else ""
        return (
            f"Companion: Import / Export > Import, {each}choose the page that it replaces.",
            f"Keys light up while they play after the key 'Lights on', or with --osc-feedback "
            f"{options.host}:{port} at the portrait's start.",
        )
    if options.target == "touchosc":
        port = options.feedback_port or TOUCHOSC_PORT
        return (
            f"TouchOSC: open the file; Connections > OSC > Connection 1: UDP, host {options.host}, "
            f"send port {options.port}, receive port {port}.",
            "Other machines may send with --osc 0.0.0.0:PORT --osc-allow ADDRESS.",
        )
    from control.export.streamdeck import PLUGINS

    return (
        f"Install the plug-in first: {PLUGINS[options.plugin].where}.",
        "Then open the file: the Stream Deck program imports it as a new profile.",
    )
