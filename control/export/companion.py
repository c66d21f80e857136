"""Pages for Bitfocus Companion: one file a page, with the connection that they need.

The files are of version 4, which Companion 3.0 writes and every later one takes; a newer version
would shut older ones out. They are of type "page", so an import never touches anything else.
Source of the format: bitfocus/companion (MIT), shared-lib/lib/Model/ExportModelv4.ts and
ButtonModel.ts of 3.5; of the actions and feedbacks: companion-module-generic-osc 2.8.3.
"""

import json
import uuid
from typing import Any, Final

from control.export.board import COLOURS, INK, LIT, Board, Key, Page, pages

# The names by which a second import recognises the connection of the first.
LABEL: Final = "living-portrait"
CONNECTION: Final = "living-portrait-osc"
_IDS: Final = uuid.UUID("6f0c5b5e-52a6-4f0c-8d0a-0d7c4e0f9b11")


def companion_pages(
    board: Board, *, columns: int, rows: int, host: str, port: int, listen_port: int
) -> list[bytes]:
    """Return one file for each page. Numbers come back to ``listen_port``."""
    laid = pages(board, columns, rows)
    connection = {
        "label": LABEL,
        "instance_type": "generic-osc",
        "enabled": True,
        "isFirstInit": False,
        "lastUpgradeIndex": -1,
        "sortOrder": 0,
        "config": {
            "host": host,
            "targetPort": str(port),
            "protocol": "udp",
            "listen": True,
            "feedbackPort": str(listen_port),
        },
    }
    files = []
    for number, page in enumerate(laid, start=1):
        name = "Living Portrait" + (f" {number}/{len(laid)}" if len(laid) > 1 else "")
        content = {
            "version": 4,
            "type": "page",
            "page": {
                "name": name,
                "controls": _controls(page, number),
                "gridSize": {
                    "minColumn": 0,
                    "maxColumn": columns - 1,
                    "minRow": 0,
                    "maxRow": rows - 1,
                },
            },
            "instances": {CONNECTION: connection},
            "oldPageNumber": number,
        }
        files.append(json.dumps(content, ensure_ascii=False, indent=1).encode())
    return files


def _controls(page: Page, number: int) -> dict[str, dict[str, Any]]:
    """Row -> column -> control, as Companion keeps them."""
    controls: dict[str, dict[str, Any]] = {}
    for (column, row), key in page.items():
        controls.setdefault(str(row), {})[str(column)] = _control(key, number)
    return controls


def _control(key: Key, number: int) -> dict[str, Any]:
    if key.kind in ("back", "next"):
        return {"type": "pageup" if key.kind == "back" else "pagedown"}
    return {
        "type": "button",
        "style": {
            # Companion reads \n as it is typed, with the backslash.
            "text": f"{key.emoji}\\n{key.label}",
            "textExpression": False,
            "size": "auto",
            "png64": None,
            "alignment": "center:center",
            "pngalignment": "center:center",
            "color": _number(INK),
            "bgcolor": _number(COLOURS[key.kind]),
            "show_topbar": "default",
        },
        "options": {"relativeDelay": False, "rotaryActions": False, "stepAutoProgress": True},
        "feedbacks": _feedbacks(key, number),
        "steps": {
            "0": {
                "action_sets": {
                    "down": [_action(key, number, "down", key.value)],
                    "up": [_action(key, number, "up", 0.0)] if key.held else [],
                },
                "options": {"runWhileHeld": []},
            }
        },
    }


def _action(key: Key, number: int, edge: str, value: float | None) -> dict[str, Any]:
    if value is None:
        name, options = "send_blank", {}
    elif value == int(value):
        name, options = "send_int", {"int": str(int(value))}
    else:
        name, options = "send_float", {"float": f"{value:g}"}
    return {
        "id": _id(number, key.kind, key.name, edge),
        "action": name,
        "instance": CONNECTION,
        "options": {"path": key.address, **options},
        "delay": 0,
    }


def _feedbacks(key: Key, number: int) -> list[dict[str, Any]]:
    if key.lit_by is None:
        return []
    address, value = key.lit_by
    return [
        {
            "id": _id(number, key.kind, key.name, "lit"),
            "type": "osc_feedback_float",
            "instance_id": CONNECTION,
            "options": {"path": address, "arguments": f"{value:g}", "comparison": "equal"},
            "isInverted": False,
            "style": {"color": _number(INK), "bgcolor": _number(LIT)},
        }
    ]


def _id(*parts: object) -> str:
    """An id that is the same at every export, so that two exports can be compared."""
    return uuid.uuid5(_IDS, "/".join(map(str, parts))).hex[:21]


def _number(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
