"""The documents as the tests read them: headings, links, blocks of code, tables."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ROOT / "README.md"
KOREAN = ROOT / "README.ko.md"
FENCE = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
SHELL = ("sh", "bash", "console")
# Programs whose command lines are looked for in sentences, too.
INLINE = r"living-portrait|python3 start\.py|curl|oscsend|(?:\.venv/bin/)?python -m"


def documents() -> list[Path]:
    """Every document that a reader may open."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language and its text."""

    path: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


def blocks(path: Path, *languages: str) -> list[Block]:
    """Return the fenced blocks of these languages, of all where none is named."""
    text = path.read_text(encoding="utf-8")
    found = [
        Block(path, text[: match.start()].count("\n") + 1, match[2], dedent(match[3]))
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


@dataclass(frozen=True)
class Command:
    """One command line of a document."""

    path: Path
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line} {self.text.split('  ')[0][:60]}"


def commands(path: Path) -> Iterator[Command]:
    """Yield every command line of the shell blocks, and those that stand in a sentence."""
    for block in blocks(path, *SHELL, "powershell"):
        text = block.text.replace("\\\n", "  ")
        for number, line in enumerate(text.splitlines(), block.line + 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield Command(path, number, line.strip().removeprefix("$ "))
    for number, line in enumerate(prose(path).splitlines(), 1):
        for code in re.findall(rf"`((?:{INLINE}) [^`]+)`", line):
            spoken_of = re.fullmatch(r"living-portrait \w+", code)  # a command's name alone
            if not spoken_of and not re.search(r"[…]|COMMAND|CHECKOUT|ARCHIVE", code):
                yield Command(path, number, code)


def prose(path: Path) -> str:
    """Return a document without its blocks of code, line for line."""
    text = path.read_text(encoding="utf-8")
    return FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def headings(path: Path) -> list[tuple[int, str]]:
    """Return (level, text) of every heading."""
    found = re.findall(r"^(#+) (.+)$", prose(path), re.MULTILINE)
    return [(len(marks), text.strip()) for marks, text in found]


def anchors(path: Path) -> set[str]:
    """Return what may stand after ``#``, as GitHub makes it from headings."""
    seen: dict[str, int] = {}
    found = set()
    for _, text in headings(path):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(anchor, -1) + 1
        seen[anchor] = count
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def links(path: Path) -> list[str]:
    """Return the targets of all links and pictures."""
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    return [unquote(target) for target in re.findall(r"\]\(([^()\s]+(?:\([^()]*\))?)\)", text)]


def flat(text: str) -> str:
    """Return a text on one line, without what Markdown adds."""
    return " ".join(re.sub(r"[*`\\]", "", text).split())
