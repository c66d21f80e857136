"""Write the tables of the documents from the code that they describe, or check them.

    python -m benchmarks.references [--check]

A document says where a table goes: between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks import reference_tables as tables

ROOT: Final = Path(__file__).resolve().parent.parent
BLOCK: Final = re.compile(r"<!-- table: ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)
TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "parameters": tables.parameters,
    "presets": tables.presets,
    "idle-styles": tables.idle_styles,
    "osc": tables.osc,
    "osc-sent": tables.osc_sent,
    "osc-basic": lambda: tables.osc_basic("en"),
    "osc-basic-ko": lambda: tables.osc_basic("ko"),
    "http": tables.http,
    "settings": tables.settings,
    "model-files": tables.model_files,
}


def documents() -> Iterator[Path]:
    """Every document that may hold a table."""
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").glob("*.md"))


def filled(text: str) -> str:
    """Return a document with its tables as the code has them. Raises `KeyError`."""
    return BLOCK.sub(
        lambda found: f"<!-- table: {found[1]} -->\n{TABLES[found[1]]()}\n<!-- end -->", text
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what differs")
    check = parser.parse_args().check
    differ = 0
    for path in documents():
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if after == before:
            continue
        differ += 1
        if check:
            print(f"{path.relative_to(ROOT)} differs from the code", file=sys.stderr)
        else:
            path.write_text(after, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    if check and differ:
        print("Type: python -m benchmarks.references", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
