"""A layout for TouchOSC: a compressed XML document with a page of keys and pages of faders.

Every control sends with one message and follows with another one, since a parameter is set and
shown at different addresses. The layout's connection 1 must point to this program.
Source of the format, which Hexler does not publish: documents made by TouchOSC's editor, as
AlbertoV5/tosclib (MIT) describes them.
"""

import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.etree import ElementTree

from control.export.board import COLOURS, LIT, Board, Fader, Key, word

WIDTH: Final = 1024
HEIGHT: Final = 768
TABS: Final = 52
GAP: Final = 10
_IDS: Final = uuid.UUID("b2a0b9d4-3a63-4a0d-8b3e-6a4f1c6d7e10")

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]

_DARK: Final[Colour] = (20, 22, 28)
_GREY: Final[Colour] = (90, 96, 110)
_CLEAR: Final[Colour] = (0, 0, 0)


@dataclass(frozen=True)
class Osc:
    """One message of a control: its address, and what travels in it.

    ``value`` is the control's own (``x``, scaled to ``low`` .. ``high``), a constant number, or
    nothing. ``on`` says at which change it is sent; a message that is not sent is followed.
    """

    path: str
    value: Literal["x"] | int | None = "x"
    low: float = 0.0
    high: float = 1.0
    on: Literal["ANY", "RISE", ""] = "ANY"
    follow: bool = False


@dataclass(frozen=True)
class Node:
    """One control."""

    kind: Literal["GROUP", "PAGER", "BUTTON", "FADER", "LABEL"]
    name: str
    frame: Rect
    colour: Colour
    text: str = ""
    start: float = 0.0
    interactive: bool = True
    background: bool = True
    messages: tuple[Osc, ...] = ()
    children: tuple["Node", ...] = field(default=())


def touchosc_layout(board: Board, *, receive_port: int) -> bytes:
    """Return the layout; the state comes back to ``receive_port``."""
    root = ElementTree.Element("lexml", version="3")
    root.append(_element(layout(board, receive_port), "root"))
    text = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return zlib.compress(text, 9)


def layout(board: Board, receive_port: int) -> Node:
    """Return the document as a tree of controls, for the file and for its picture."""
    language = board.language
    groups = ("eyes", "mouth", "head")
    pages = [
        _page(word("presets", language), _keys(board, receive_port)),
        *(
            _page(word(g, language), _faders([f for f in board.faders if f.group == g], language))
            for g in groups
        ),
    ]
    pager = Node("PAGER", "pages", (0, 0, WIDTH, HEIGHT), _DARK, children=tuple(pages))
    return Node("GROUP", "Living Portrait", (0, 0, WIDTH, HEIGHT), _DARK, children=(pager,))


def _page(title: str, children: Iterable[Node]) -> Node:
    frame = (0, TABS, WIDTH, HEIGHT - TABS)
    return Node("GROUP", title, frame, _DARK, text=title, children=tuple(children))


def _keys(board: Board, receive_port: int) -> list[Node]:
    """Presets and photos as keys, and a bottom row: stop, actions, idle life."""
    keys = [*board.presets, *board.photos]
    height, bottom = HEIGHT - TABS, 110
    columns = 4 if len(keys) <= 16 else 6 if len(keys) <= 36 else 8
    rows = max(1, -(-len(keys) // columns))
    nodes: list[Node] = []
    for index, key in enumerate(keys):
        cell = _cell(index, columns, rows, (0, 0, WIDTH, height - bottom))
        nodes.extend(_key(key, cell))
    row = (0, height - bottom, WIDTH, bottom)
    actions = [board.stop, *(key for key in board.actions if key.kind == "switch")]
    for index, key in enumerate(actions):
        nodes.extend(_key(key, _cell(index, 2 * len(actions), 1, row), receive_port))
    x, y, w, h = _cell(1, 2, 1, row)
    nodes.append(_label("idle", word("idle", board.language), (x, y, w, 28)))
    idle = (Osc("/portrait/idle"), Osc("/portrait/idle", follow=True))
    frame = (x, y + 30, w, h - 30)
    nodes.append(Node("FADER", "idle life", frame, COLOURS["idle"], start=1.0, messages=idle))
    return nodes


def _key(key: Key, frame: Rect, receive_port: int = 0) -> list[Node]:
    """A key, its text, and a light on top that follows the state without touching the key."""
    x, y, w, h = frame
    if key.name == "subscribe":
        messages = [Osc(key.address, receive_port, on="RISE")]
    elif key.kind == "preset":
        messages = [Osc(key.address)]  # 1 on the press, 0 when let go
    else:
        messages = [Osc(key.address, None, on="RISE")]
    nodes = [
        Node("BUTTON", key.name, frame, COLOURS[key.kind], messages=tuple(messages)),
        _label(f"{key.name} text", f"{key.emoji} {key.label}", (x, y + 14, w, h - 14)),
    ]
    if key.lit_by is not None:
        light = (Osc(key.lit_by[0], follow=True),)
        frame = (x + 6, y + 6, w - 12, 8)
        nodes.append(
            Node("BUTTON", f"{key.name} light", frame, LIT, interactive=False, messages=light)
        )
    return nodes


def _faders(faders: Sequence[Fader], language: Literal["en", "ko"]) -> list[Node]:
    nodes: list[Node] = []
    for index, fader in enumerate(faders):
        x, y, w, h = _cell(index, len(faders), 1, (0, 0, WIDTH, HEIGHT - TABS))
        span = fader.high - fader.low
        messages = (
            Osc(fader.set_address, low=fader.low, high=fader.high),
            Osc(fader.state_address, low=fader.low, high=fader.high, follow=True),
        )
        nodes += [
            _label(f"{fader.name} text", fader.label, (x, y, w, 40)),
            Node(
                "FADER",
                fader.name,
                (x + w // 2 - 40, y + 44, 80, h - 44 - 66),
                COLOURS["preset"],
                start=(fader.at_rest - fader.low) / span,
                messages=messages,
            ),
            Node(
                "BUTTON",
                f"{fader.name} release",
                (x, y + h - 58, w, 58),
                _GREY,
                messages=(Osc(fader.release_address, None, on="RISE"),),
            ),
            _label(f"{fader.name} release text", word("release", language), (x, y + h - 58, w, 58)),
        ]
    return nodes


def _label(name: str, text: str, frame: Rect) -> Node:
    return Node("LABEL", name, frame, _CLEAR, text=text, interactive=False, background=False)


def _cell(index: int, columns: int, rows: int, area: Rect) -> Rect:
    """One cell of a table that fills an area, with a gap around each."""
    x, y, w, h = area
    column, row = index % columns, index // columns
    left, right = w * column // columns, w * (column + 1) // columns
    top, bottom = h * row // rows, h * (row + 1) // rows
    return (x + left + GAP // 2, y + top + GAP // 2, right - left - GAP, bottom - top - GAP)


# --- the document


def _element(node: Node, place: str) -> ElementTree.Element:
    """Write one control and what is in it; ``place`` names it for good, so that ids stay."""
    element = ElementTree.Element("node", ID=str(uuid.uuid5(_IDS, place)), type=node.kind)
    _properties(ElementTree.SubElement(element, "properties"), node)
    _values(ElementTree.SubElement(element, "values"), node)
    if node.messages:
        messages = ElementTree.SubElement(element, "messages")
        for message in node.messages:
            _osc(ElementTree.SubElement(messages, "osc"), message)
    if node.children:
        children = ElementTree.SubElement(element, "children")
        for index, child in enumerate(node.children):
            children.append(_element(child, f"{place}/{index} {child.name}"))
    return element


def _properties(parent: ElementTree.Element, node: Node) -> None:
    def add(kind: str, key: str, value: object) -> None:
        prop = ElementTree.SubElement(parent, "property", type=kind)
        _text(prop, "key", key)
        if isinstance(value, dict):
            inner = ElementTree.SubElement(prop, "value")
            for name, part in value.items():
                _text(inner, name, part)
        else:
            _text(prop, "value", int(value) if isinstance(value, bool) else value)

    x, y, w, h = node.frame
    red, green, blue = (round(part / 255, 6) for part in node.colour)
    add("s", "name", node.name)
    add("r", "frame", {"x": x, "y": y, "w": w, "h": h})
    add("c", "color", {"r": red, "g": green, "b": blue, "a": 1})
    add("b", "background", node.background)
    add("b", "visible", True)
    add("b", "interactive", node.interactive)
    add("b", "outline", node.background)
    add("f", "cornerRadius", 4)
    if node.kind == "BUTTON":
        add("i", "buttonType", 0)  # momentary
        add("b", "press", True)
        add("b", "release", True)
    elif node.kind == "FADER":
        tall = node.frame[3] > node.frame[2]
        add("i", "orientation", 0 if tall else 1)
        add("i", "response", 0)  # absolute
        add("b", "grid", False)
        add("b", "bar", True)
        add("b", "cursor", True)
    elif node.kind == "LABEL":
        add("i", "textSize", 18)
        add("i", "textAlignH", 2)  # centred
        add("c", "textColor", {"r": 1, "g": 1, "b": 1, "a": 1})
    elif node.kind == "PAGER":
        add("b", "tabbar", True)
        add("b", "tabLabels", True)
        add("i", "tabbarSize", TABS)
        add("i", "textSizeOff", 18)
        add("i", "textSizeOn", 18)
    elif node.text:  # a page
        add("s", "tabLabel", node.text)


def _values(parent: ElementTree.Element, node: Node) -> None:
    def add(key: str, default: object) -> None:
        value = ElementTree.SubElement(parent, "value")
        for name, part in (
            ("key", key),
            ("locked", 0),
            ("lockedDefaultCurrent", 0),
            ("default", default),
            ("defaultPull", 0),
        ):
            _text(value, name, part)

    if node.kind in ("BUTTON", "FADER"):
        add("x", f"{node.start:g}")
    if node.kind == "LABEL":
        add("text", node.text)
    if node.kind == "PAGER":
        add("page", 0)
    add("touch", "false")


def _osc(parent: ElementTree.Element, message: Osc) -> None:
    _text(parent, "enabled", 1)
    _text(parent, "send", int(not message.follow))
    _text(parent, "receive", int(message.follow))
    _text(parent, "feedback", 0)  # what is received is never sent on
    _text(parent, "connections", "00001")  # connection 1
    triggers = ElementTree.SubElement(parent, "triggers")
    if not message.follow:
        trigger = ElementTree.SubElement(triggers, "trigger")
        _text(trigger, "var", "x")
        _text(trigger, "condition", message.on)
    _partial(ElementTree.SubElement(parent, "path"), "CONSTANT", "STRING", message.path)
    arguments = ElementTree.SubElement(parent, "arguments")
    if message.value == "x":
        _partial(arguments, "VALUE", "FLOAT", "x", message.low, message.high)
    elif message.value is not None:
        _partial(arguments, "CONSTANT", "INTEGER", message.value)


def _partial(
    parent: ElementTree.Element,
    kind: str,
    conversion: str,
    value: object,
    low: float = 0,
    high: float = 1,
) -> None:
    partial = ElementTree.SubElement(parent, "partial")
    for name, part in (
        ("type", kind),
        ("conversion", conversion),
        ("value", value),
        ("scaleMin", f"{low:g}"),
        ("scaleMax", f"{high:g}"),
    ):
        _text(partial, name, part)


def _text(parent: ElementTree.Element, name: str, value: object) -> None:
    ElementTree.SubElement(parent, name).text = str(value)
