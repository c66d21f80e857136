"""Reading small YAML files that people write: safely, and with errors that say what to change.

Anything wrong with a file's content is a `PresetError` that names the file and the field, what
was found and what was expected.
"""

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from streamer.errors import PresetError
from streamer.whole_file import read_whole
from streamer.yaml_text import YamlError, parse_yaml

# A preset of a hundred keyframes has about 10 kB. What breaks if this grows: only patience.
MAX_BYTES: Final = 64 * 1024


def read_mapping(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Read a file that holds one YAML mapping with text keys.

    Raises: `PresetError` for everything that can be wrong with the file or its content.
    """
    try:
        content = parse_yaml(_read_text(path, max_bytes))
    except YamlError as exc:
        raise PresetError(f"{path}: {exc}.") from exc
    if not isinstance(content, dict):
        raise PresetError(f"{path}: expected lines such as 'name: value', found no mapping.")
    return content


def check_keys(
    mapping: Any, where: str, known: Collection[str], required: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return ``mapping`` if it is one and has only known keys. Raises `PresetError`."""
    if not isinstance(mapping, Mapping):
        raise wrong(where, mapping, f"a mapping of {', '.join(known)}")
    for key in mapping:
        if key not in known:
            raise PresetError(
                f"{where}: unknown field {shown(key)}.{did_you_mean(key, known)} "
                f"Known fields: {', '.join(known)}."
            )
    for key in required:
        if key not in mapping:
            raise PresetError(f"{where}: the field '{key}' is missing.")
    return mapping


def number(value: Any, where: str, low: float, high: float, unit: str = "") -> float:
    """Return a finite number inside the range. Raises `PresetError`."""
    span = f"a number from {low:g} to {high:g}{f' {unit}' if unit else ''}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(where, value, span)
    if not (low <= value <= high):  # also refuses NaN, infinity, and integers beyond a float
        raise wrong(where, value, span, verdict="out of range" if _finite(value) else "")
    return float(value)


def text(value: Any, where: str, longest: int) -> str:
    """Return printable text of one line. Raises `PresetError`."""
    if not isinstance(value, str):
        hint = " Put it in quotes." if value is not None else ""
        raise PresetError(f"{where}: found {shown(value)}, expected text.{hint}")
    printable = all(c.isprintable() or c in "\u200d\ufe0f" for c in value)
    if not (value.strip() and printable and len(value) <= longest):
        raise wrong(where, value, f"1 to {longest} printable characters on one line")
    return value.strip()


def choice(value: Any, where: str, options: Collection[str]) -> str:
    """Return one of the options. Raises `PresetError` with the nearest one."""
    if not isinstance(value, str) or value not in options:
        hint = did_you_mean(value, options)
        raise PresetError(
            f"{where}: found {shown(value)}, expected one of {', '.join(options)}.{hint}"
        )
    return value


def labels(value: Any, where: str, fallback: str) -> dict[str, str]:
    """Return the label in every language of the page; a missing one falls back to the other."""
    if value is None:
        return {"en": fallback, "ko": fallback}
    given = check_keys(value, where, ("en", "ko"))
    read = {lang: text(given[lang], f"{where}.{lang}", 40) for lang in given}
    any_label = next(iter(read.values()), fallback)
    return {lang: read.get(lang, any_label) for lang in ("en", "ko")}


def wrong(where: str, value: Any, expected: str, *, verdict: str = "") -> PresetError:
    """Return the error: what was found and what was expected."""
    said = f" is {verdict}" if verdict else ""
    return PresetError(f"{where}: found {shown(value)}{said}, expected {expected}.")


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Return the question about the closest known name, or nothing."""
    close = difflib.get_close_matches(str(name)[:60].lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def shown(value: Any) -> str:
    """Return the value as an error message shows it, short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"'{str(value).lower()}' (yes/no)"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a very large number"
    if isinstance(value, str):
        quoted = value if value.isprintable() else repr(value)[1:-1]
        return f"'{quoted if len(quoted) <= 60 else quoted[:57] + '...'}'"
    if isinstance(value, (list, Mapping)):
        return "a list" if isinstance(value, list) else "a mapping"
    return str(value)[:60]


def _read_text(path: Path, max_bytes: int) -> str:
    try:
        raw = read_whole(path, max_bytes)
    except OSError as exc:
        raise PresetError(f"{path}: cannot be read: {exc.strerror or exc}.") from exc
    except ValueError as exc:  # a NUL character in the path
        raise PresetError(f"{str(path)!r}: cannot be read: {exc}.") from exc
    if len(raw) > max_bytes:
        raise PresetError(f"{path}: larger than {max_bytes // 1024} kB; it is meant to be small.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise PresetError(
            f"{path}: byte {exc.start} is not UTF-8. Save the file as UTF-8 text."
        ) from exc


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return True
