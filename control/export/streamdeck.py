"""A profile for Elgato's Stream Deck program: a zip with a manifest for each page.

Elgato's program sends no OSC itself; each key is an action of one of the OSC plug-ins, which must
be installed. They send on the press alone, so a preset of mode hold or loop plays until the stop
key. Source of the format, which Elgato does not publish: data-enabler/streamdeck-profile-generator
(MIT), and of the settings: the plug-ins' own sources.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from control.export.board import Board, Key, pages

_IDS: Final = uuid.UUID("0f2f6f6a-8f0e-4b64-9a3c-5a1d0a6c7e21")
_NO_DATE: Final = (2024, 1, 1, 0, 0, 0)  # the same board gives the same bytes
_SYSTEM: Final = "com.elgato.streamdeck.page"

# The page's folder is its UUID in base 32 with these digits, and a Z.
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTVW"


@dataclass(frozen=True)
class Plugin:
    """One OSC plug-in: its action, and how it keeps address and value."""

    name: str
    action: str
    action_name: str
    version: str
    where: str
    settings: Callable[[str, int, Key], dict[str, Any]]


def _timebutt(host: str, port: int, key: Key) -> dict[str, Any]:
    # It always sends a value: a number as an int, everything else as a text. The door reads a
    # text such as "0.5" as a number, and passes an empty one over.
    value: int | str = ""
    if key.value is not None:
        value = int(key.value) if key.value == int(key.value) else f"{key.value:g}"
    return {"ipAddress": host, "port": port, "command": key.address, "value": value}


def _shells(host: str, port: int, key: Key) -> dict[str, Any]:
    return {
        "Name": key.address,
        "IP": host,
        "Port": port,
        "StringValue": "",
        "IntValue": 0,
        "FloatValue": 1.0 if key.value is None else key.value,
        "SendString": False,
        "SendInt": False,
        "SendFloat": key.value is not None,
    }


def _jwetzell(host: str, port: int, key: Key) -> dict[str, Any]:
    # It sends no arguments: an address alone is a press.
    return {
        "host": host,
        "port": str(port),
        "address": key.address,
        "protocol": "udp",
        "slip": False,
    }


PLUGINS: Final[dict[str, Plugin]] = {
    "timebutt": Plugin(
        "osc",
        "com.nils-tijtgat.osc.send-osc-command",
        "Send OSC Command",
        "1.0.0.0",
        "Elgato Marketplace: «osc» by Nils Tijtgat (Windows, macOS)",
        _timebutt,
    ),
    "shells": Plugin(
        "Send OSC Command",
        "de.shells.osc.pluginaction",
        "Send OSC Command",
        "2.0.0",
        "github.com/shells-dw/StreamDeck-OSC (Windows)",
        _shells,
    ),
    "jwetzell": Plugin(
        "osc",
        "com.jwetzell.osc.send",
        "Send OSC",
        "0.1.0.0",
        "github.com/jwetzell/streamdeck-osc (Windows, macOS)",
        _jwetzell,
    ),
}


def board_for(board: Board, plugin: str) -> Board:
    """Return the board without the keys that would do nothing here."""
    # Nothing listens, so there is nobody to subscribe; a strength needs an argument.
    kinds = ("idle",) if plugin == "jwetzell" else ()
    actions = (k for k in board.actions if k.name != "subscribe" and k.kind not in kinds)
    return replace(board, actions=tuple(actions))


def streamdeck_profile(
    board: Board, *, columns: int, rows: int, host: str, port: int, plugin: str
) -> bytes:
    """Return the profile. Raises `KeyError` for a plug-in that is not in `PLUGINS`."""
    sender = PLUGINS[plugin]
    laid = pages(board_for(board, plugin), columns, rows)
    ids = [str(uuid.uuid5(_IDS, f"page {number}")) for number in range(len(laid))]
    root = f"{str(uuid.uuid5(_IDS, 'profile')).upper()}.sdProfile"
    files: dict[str, Any] = {
        f"{root}/manifest.json": {
            "Name": "Living Portrait",
            "Pages": {"Current": ids[0], "Pages": ids},
            "Version": "2.0",
        }
    }
    for page_id, page in zip(ids, laid, strict=True):
        keys = {
            f"{column},{row}": _action(key, sender, host, port, f"{page_id}/{column},{row}")
            for (column, row), key in page.items()
        }
        files[f"{root}/Profiles/{folder_of(page_id)}/manifest.json"] = {
            "Controllers": [{"Actions": keys, "Type": "Keypad"}]
        }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(content, ensure_ascii=False, indent=1))
    return data.getvalue()


def folder_of(page_id: str) -> str:
    """Return the folder of a page."""
    bits = uuid.UUID(page_id).int << 2  # 128 bits, filled up to 26 digits of 5
    return "".join(_DIGITS[bits >> shift & 31] for shift in range(125, -1, -5)) + "Z"


def _action(key: Key, sender: Plugin, host: str, port: int, seed: str) -> dict[str, Any]:
    if key.kind in ("back", "next"):
        turn = "previous" if key.kind == "back" else "next"
        kind = {
            "Name": f"{turn.title()} Page",
            "Plugin": {"Name": "Pages", "UUID": _SYSTEM, "Version": "1.0"},
            "Settings": {},
            "UUID": f"{_SYSTEM}.{turn}",
        }
    else:
        kind = {
            "Name": sender.action_name,
            "Plugin": {
                "Name": sender.name,
                "UUID": sender.action.rpartition(".")[0],
                "Version": sender.version,
            },
            "Settings": sender.settings(host, port, key),
            "UUID": sender.action,
        }
    return {
        "ActionID": str(uuid.uuid5(_IDS, seed)),
        "LinkedTitle": False,
        "State": 0,
        "States": [
            {
                "Title": f"{key.emoji}\n{key.label}",
                "ShowTitle": True,
                "TitleAlignment": "middle",
                "FontSize": 12,
            }
        ],
        **kind,
    }
