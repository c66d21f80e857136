"""A drawing of an exported page as SVG: what it looks like before anybody has imported it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from control.export.board import COLOURS, LIT, Board, Key, pages
from control.export.touchosc import HEIGHT, TABS, WIDTH, Node, layout

CELL: Final = 112
GAP: Final = 12
MARGIN: Final = 24
TITLE: Final = 40
LINE: Final = 1.25  # of the font size

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    w: float
    h: float
    colour: Colour | None
    lines: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    radius: int = 14


def keys_picture(board: Board, columns: int, rows: int, title: str) -> str:
    """Return all pages of keys, one below the other."""
    boxes: list[_Box] = []
    titles: list[tuple[float, float, str]] = []
    y = float(MARGIN)
    laid = pages(board, columns, rows)
    for number, page in enumerate(laid, start=1):
        titles.append((MARGIN, y + 24, f"{title} · {number}/{len(laid)}"))
        y += TITLE
        for row in range(rows):
            for column in range(columns):
                place = (MARGIN + column * (CELL + GAP), y + row * (CELL + GAP))
                boxes.append(_key_box(page.get((column, row)), *place))
        y += rows * (CELL + GAP) + MARGIN
    width = 2 * MARGIN + columns * (CELL + GAP) - GAP
    return _svg(width, y, boxes, titles)


def layout_picture(board: Board) -> str:
    """Return the pages of a TouchOSC layout, one below the other."""
    boxes: list[_Box] = []
    titles: list[tuple[float, float, str]] = []
    y = float(MARGIN)
    for page in layout(board, 0).children[0].children:
        boxes.append(_Box(MARGIN, y, WIDTH, HEIGHT, (20, 22, 28), radius=8))
        titles.append((MARGIN + 16, y + 33, page.text))
        for node in page.children:
            boxes.extend(_node_boxes(node, MARGIN, y + TABS))
        y += HEIGHT + MARGIN
    return _svg(WIDTH + 2 * MARGIN, y, boxes, titles)


def _key_box(key: Key | None, x: float, y: float) -> _Box:
    if key is None:
        return _Box(x, y, CELL, CELL, (14, 14, 17))
    return _Box(x, y, CELL, CELL, COLOURS[key.kind], (key.emoji, key.label), (34, 15))


def _node_boxes(node: Node, x: float, y: float) -> list[_Box]:
    left, top, w, h = node.frame
    lines = (node.text,) if node.text else ()
    sizes = (18,) * len(lines)
    colour = node.colour if node.background else None
    if colour == LIT:
        colour = (74, 60, 30)  # a light that is off
    boxes = [_Box(x + left, y + top, w, h, colour, lines, sizes, radius=6)]
    if node.kind == "FADER":
        tall = h > w
        knob = 14
        if tall:
            at = (1.0 - node.start) * (h - knob)
            boxes.append(_Box(x + left, y + top + at, w, knob, (235, 238, 245), radius=3))
        else:
            at = node.start * (w - knob)
            boxes.append(_Box(x + left + at, y + top, knob, h, (235, 238, 245), radius=3))
    return boxes


def _svg(
    width: float, height: float, boxes: Sequence[_Box], titles: Sequence[tuple[float, float, str]]
) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="system-ui, \'Noto Sans CJK KR\', '
        f"'Noto Color Emoji', sans-serif\">",
        f'<rect width="{width:g}" height="{height:g}" fill="#0b0c10"/>',
    ]
    for box in boxes:
        if box.colour is not None:
            parts.append(
                f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.w:g}" height="{box.h:g}" '
                f'rx="{box.radius}" fill="#{"".join(f"{c:02x}" for c in box.colour)}"/>'
            )
        parts.extend(_lines(box))
    parts += [
        f'<text x="{x:g}" y="{y:g}" font-size="17" fill="#c8ccd6">{escape(text)}</text>'
        for x, y, text in titles
    ]
    return "\n".join([*parts, "</svg>", ""])


def _lines(box: _Box) -> list[str]:
    """The text of a box, centred; what is too long for a line takes two."""
    rows: list[tuple[str, int]] = []
    for text, size in zip(box.lines, box.sizes, strict=True):
        rows.extend((part, size) for part in _wrapped(text, (box.w - 8) / size))
    y = box.y + box.h / 2 - sum(size * LINE for _, size in rows) / 2
    parts = []
    for text, size in rows:
        y += size * LINE
        fitted = min(size, int((box.w - 8) / max(_wide(text), 1.0)))
        parts.append(
            f'<text x="{box.x + box.w / 2:g}" y="{y - size * 0.32:g}" font-size="{fitted}" '
            f'fill="#ffffff" text-anchor="middle">{_with_emoji(text)}</text>'
        )
    return parts


def _wrapped(text: str, room: float) -> list[str]:
    """Break a line at the space nearest its middle, if it needs more room."""
    spaces = [i for i, sign in enumerate(text) if sign == " "]
    if _wide(text) <= room or not spaces:
        return [text]
    middle = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return [text[:middle], text[middle + 1 :]]


def _wide(text: str) -> float:
    """How wide a text is. Units: font sizes, roughly."""
    return sum(1.0 if ord(sign) > 0x2E80 else 0.58 for sign in text)


def _with_emoji(text: str) -> str:
    """A sign at the beginning is drawn in colour, whatever the other fonts have for it."""
    sign, space, rest = text.partition(" ")
    if not sign or ord(sign[0]) < 0x2190 or 0x3000 <= ord(sign[0]) < 0xE000:
        return escape(text)
    return f"<tspan font-family=\"'Noto Color Emoji', emoji\">{sign}</tspan>{space}{escape(rest)}"
