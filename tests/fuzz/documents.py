"""Small text files without end: those that ship with the program, spoilt; and old tricks."""

import copy
import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

# What stands where something else is expected.
NASTY: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 1e-320, 2**63, 10**400, float("nan")),
    *(float("inf"), float("-inf"), "", " ", "no", "nan", "1_000", "50%", "1e400%", "999999%"),
    *(
        "a" * 20_000,
        "\u0000",
        "\n",
        "\x1b[31m",
        "🙂" * 20,
        "\u202egnp",
        "\ud7ff",
        "../../etc/passwd",
    ),
    *("/dev/zero", "~nobody-here/x", "{where}", "%s", [], {}, [[]], [None] * 300, {"": {}}),
    *({"smile": {"smile": {}}}, [1, 2, 3], [0.1, 0.9], ["a"] * 3, {"en": "x" * 50, "ko": 3}),
)

# What stands in the text.
TOKENS: Final = (
    *("&a ", "*a", "!!python/object/apply:os.system ", "!!binary ", "!x ", "? ", "- ", ": ", "|\n"),
    *(
        ">\n",
        "{",
        "}",
        "[",
        "]",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "%TAG ! tag:x,2000:\n",
        "#",
        "<<: ",
    ),
    *("'", '"', "\t", "\r", "\x00", "\x85", "\u2028", "\ufeff", "=", "~", ".inf", ".nan", "0o7"),
    *(
        "0x" + "f" * 999,
        "1" * 999,
        "1:59" * 90,
        "2001-99-99",
        "0001-01-01 00:00:00 +23:59",
        "1e999",
    ),
    *("\\ud800", '"\\ud800"', '"\\U00110000"', "null", "yes", "\u00a0", "９", "1__0", "0b_", "0x_"),
)

_LETTERS: Final = "abcdefghij"
_BOMB: Final = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in itertools.pairwise(_LETTERS)
)
TRICKS: Final[tuple[bytes, ...]] = tuple(
    text if isinstance(text, bytes) else text.encode()
    for text in (
        "",
        " ",
        "\ufeff",
        "null",
        "[]",
        "just text",
        "42",
        b"\xff\xfe\x00",
        "name: x".encode("utf-16"),
        b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",  # a pickle
        b"PK\x03\x04" + b"\0" * 60,
        _BOMB,
        "name: " + "[" * 30_000,
        "name: " + "{a: " * 15_000,
        "- " * 30_000,
        "? " * 30_000,
        "name: " + "[" * 30_000 + "]" * 30_000,
        "duration_ms: 1" + "0" * 60_000,
        "duration_ms: 0x" + "f" * 60_000,
        "duration_ms: " + "1:" * 30_000 + "1",
        "duration_ms: " + "1:" * 30_000 + "1.5",
        "duration_ms: 1" + "_" * 60_000,
        "name: 0001-01-01 00:00:00 +23:59",
        "name: 2001-02-30",
        "name: =",
        "<<: {name: smile}",
        "<<: [1]",
        "? [a, b]\n: c",
        "? {a: b}\n: c",
        "1: a\ntrue: b\nnull: c\n1.5: d",
        "a: 1\na: 2",
        "name: !!python/object/apply:os.system ['true']",
        "name: !!python/name:os.system",
        "!!set {a, b}",
        "name: !!binary aGVsbG8=",
        "name: &a [*a]",
        "--- a\n--- b",
        "%YAML 9.9\n---\na: 1",
        "name: |\n" + " a\n" * 20_000,
        "name: '" + "\\" * 60_000 + "'",
        'name: "' + "\\x41" * 15_000 + '"',
        "#" * 60_000,
        "\n" * 60_000,
        ",".join(f"k{i}: 1" for i in range(8000)),
        "{" + ",".join(f"k{i}: 1" for i in range(7000)) + "}",
        "a" * 70_000,
        '{"fps": 1' + "0" * 400 + "}",
        '{"fps": 1' + "0" * 5000 + "}",
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[" * 60_000,
        '{"photo": "\\ud800", "size": "\\u0000", "zoom": NaN, "idle": Infinity}',
        '{"token": [], "key": {}}',
        '{"token": "aaaaaaaaaaaaaaaa", "key": "zz"}',
        '{"token": "aaaaaaaaaaaaaaaa", "key": "00"}',
        "a = " + "[" * 20_000,
        "a = 1" + "0" * 30_000,
        "[" + "a." * 20_000 + "b]",
        "[repository]\nid = 'x'\n[[file]]\nsize = inf\nnetwork = 'a'\npath = 'b'\nsha256 = 'c'\n"
        "licence = 'd'\ncommercial = true",
        "[repository]\nid = 3\n[[file]]\nsize = 'x'\nnetwork = 1\npath = '../../etc'\n"
        "sha256 = 1\nlicence = 1\ncommercial = 2",
    )
)


class Documents:
    """An endless row of files' contents; the same for the same seed. ``seeds`` are good ones."""

    def __init__(
        self,
        seed: int,
        seeds: tuple[str, ...],
        load: Callable[[str], Any],
        dump: Callable[[Any], str],
    ) -> None:
        self._chance = random.Random(seed)
        self._seeds = seeds
        self._load, self._dump = load, dump

    def __iter__(self) -> Iterator[bytes]:
        yield from TRICKS
        yield from (seed.encode() for seed in self._seeds)
        while True:
            text = self._chance.choice(self._seeds)
            if self._chance.random() < 0.5:
                yield self._structure(text).encode(errors="replace")
            else:
                yield self._letters(text)

    def _structure(self, text: str) -> str:
        """The same document with one to three of its values, keys or items changed."""
        document = self._load(text)
        for _ in range(self._chance.randint(1, 3)):
            holder, key = self._place(document)
            if holder is None:
                return self._dump(copy.deepcopy(self._chance.choice(NASTY)))
            self._change(holder, key)
        return self._dump(document)

    def _place(self, document: Any) -> tuple[Any, Any]:
        """Anywhere in a document: the collection and the key or index."""
        places: list[tuple[Any, Any]] = []
        waiting = [document]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                places += [(one, key) for key in one]
                waiting += one.values()
            elif isinstance(one, list):
                places += [(one, index) for index in range(len(one))]
                waiting += one
        return self._chance.choice(places) if places else (None, None)

    def _change(self, holder: Any, key: Any) -> None:
        pick = self._chance.choice
        roll = self._chance.random()
        if roll < 0.6:
            holder[key] = copy.deepcopy(pick(NASTY))
        elif roll < 0.7:
            del holder[key]
        elif isinstance(holder, list):
            more = pick((1, 2, 300)) if len(holder) < 50 else 1
            holder[key:key] = [copy.deepcopy(holder[key]) for _ in range(more)]
        elif roll < 0.85:
            holder[pick(("", "Name", "times", "smile ", "a" * 500, "🙂", "\u0000", "<<"))] = holder[
                key
            ]
        else:
            holder[key] = -holder[key] if isinstance(holder[key], int | float) else [holder[key]]

    def _letters(self, text: str) -> bytes:
        """The same text with something put in, taken out, doubled or swapped."""
        chance = self._chance
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, len(text))
            match chance.randint(0, 4):
                case 0:
                    text = text[:at] + chance.choice(TOKENS) + text[at:]
                case 1:
                    text = text[:at] + text[at + chance.randint(1, 12) :]
                case 2:
                    lines = text.splitlines(keepends=True) or [""]
                    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
                    text = "".join(lines)
                case 3:
                    lines = text.splitlines(keepends=True)
                    chance.shuffle(lines)
                    text = "".join(lines)
                case _:
                    text = text[:at]
        data = bytearray(text.encode(errors="replace"))
        if data and chance.random() < 0.15:
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)


class _Plain(yaml.SafeDumper):
    """Writes every value out: anchors are refused anyway."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False))


def as_json(value: Any) -> str:
    return json.dumps(value)
