"""Reads from the source every sentence that a user may be told."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Folders and files whose sentences are not said in Korean by the catalogue, and why.
ELSEWHERE = {
    "control/setup/": "has both languages in its texts.py",
    "control/commands/bench.py": "prints a table of figures",
    "control/export/": "writes labels for controllers, in the language asked for",
    "control/autostart/": "writes files for the system",
    "control/osc/verdicts.py": "has both languages itself",
    "control/osc/addresses.py": "is the reference of OSC addresses, for documents and programs",
    "control/oscquery/tree.py": "describes addresses to programs",
    "control/panel/shapes.py": "describes the interface to programmers",
    "control/panel/schemas.py": "describes the interface to programmers",
    "control/panel/openapi.py": "describes the interface to programmers",
    "control/support_files.py": "writes a report that others read",
    "control/scrubbing.py": "takes things out of a report that others read",
    "streamer/parameters.py": "has labels in both languages",
    "streamer/film_mark.py": "writes into films",
    "streamer/speech/latin.py": "is a table of sounds",
    "streamer/engines/liveportrait/networks/": "raises only what would be a fault of the program",
    "streamer/engines/liveportrait/fast/": "tells programmers why a faster form was refused",
    "streamer/engines/liveportrait/portable/": "tells programmers why another runtime was refused",
    "streamer/engines/liveportrait/failures.py": "looks for words of PyTorch's",
    "streamer/sending/": "is a process without words of its own",
    "streamer/baking/jobs.py": "raises only what would be a fault of the program",
}
# Calls whose texts are for programmers, programs, or the command line's own help.
NOT_SAID = {
    *(
        "add",
        "add_argument",
        "add_parser",
        "operation",
        "ArgumentParser",
        "basicConfig",
        "Parameter",
    ),
    *("text", "name_text", "number", "whole", "truth", "yes_or_no", "point", "anything", "mapping"),
    *("listed", "takes", "gives", "read_body", "compile", "Response", "jsonify", "debug", "uses"),
    *("Slots", "Chance", "Thread", "blocks", "any", "fromkeys", "replace", "split", "reason"),
    *("Proof", "prove", "Recipe", "form", "guarded", "_table", "_reported", "from_points"),
    # What is raised with these is a fault of the program.
    *("TypeError", "AssertionError", "AttributeError", "RuntimeError"),
}
# Commands, code and patterns: nothing to translate.
NO_SENTENCE = re.compile(
    r":? ?living-portrait |taskkill |kill |py |python3? |pip install |sudo |--engine live"
    r"|\"?\{\d\}\" -m |'?\{\d\}'? --|Callable\[|Idle \||Standby \||list\[|np\.|event: "
    r"|Content-Type: |default-src|<|\{\"|%\(asctime|/portrait/"
)
NAMES = {
    "Living Portrait",
    "Living Portrait ({0})",
    "OBS Virtual Camera",
    "v4l2 loopback",
    "noise x",
    "noise y",
    "preset editor",
    "Authorization: Bearer {0}",
    "0..1, or a style's name",
    "# Written by Living Portrait. Edit it freely: an edited file is never overwritten.",
    # The command line's own help.
    "get what is missing or damaged from the hub",
    "hold the files against their published sizes and hashes",
}
# What a function puts around its text before anybody is told.
WRAPPED = {"fail": "\0: \0 %s."}
BLANK = "\0"


def sentences() -> dict[str, str]:
    """Return every sentence, with its blanks numbered, and where it stands."""
    found: dict[str, str] = {}
    for path in sorted([*ROOT.glob("control/**/*.py"), *ROOT.glob("streamer/**/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(tuple(ELSEWHERE)):
            continue
        for line, sentence in _said(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(sentence, f"{name}:{line}")
    return found


def _said(node: ast.AST, wrapped: str = "") -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, (ast.Assert, ast.Compare)):
        return
    if isinstance(node, ast.Call):
        function = node.func
        called = getattr(function, "attr", None) or getattr(function, "id", "")
        if called in NOT_SAID:
            return
        wrapped = WRAPPED.get(called, "")
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        for text in alternatives(node):
            sentence = numbered(wrapped % text if wrapped else text).strip()
            if is_prose(sentence):
                yield node.lineno, sentence
        for value in getattr(node, "values", []):
            if isinstance(value, ast.FormattedValue):
                yield from _said(value.value)
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _said(child, wrapped)


def alternatives(node: ast.AST) -> list[str]:
    """Return the texts that a literal may be, with a mark for what is filled in.

    Where one of two texts is chosen inside of it (``face{'s' if many else ''}``), there are two.
    """
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        branches = [alternatives(branch) or [BLANK] for branch in (node.body, node.orelse)]
        return [text for branch in branches for text in branch]
    if isinstance(node, ast.FormattedValue):
        return alternatives(node.value) if isinstance(node.value, ast.IfExp) else [BLANK]
    if isinstance(node, ast.JoinedStr):
        return ["".join(chosen) for chosen in product(*map(alternatives, node.values))]
    return []


def numbered(text: str) -> str:
    """Number the blanks of an f-string, and of a log's ``%s``."""
    count = iter(range(100))
    return re.sub(rf"{BLANK}|%[srdg]", lambda _: f"{{{next(count)}}}", text)


def is_prose(text: str) -> bool:
    """Say whether it is for people: two words at least, and no command."""
    return (
        bool(re.search(r"[A-Za-z]{2,}", re.sub(r"`[^`]*`", "", text)))
        and " " in re.sub(r"\{\d\}|[:,.'\"()%–-]", "", text).strip()
        and not NO_SENTENCE.match(text)
        and text not in NAMES
    )


if __name__ == "__main__":
    for sentence, where in sentences().items():
        print(where, repr(sentence))
