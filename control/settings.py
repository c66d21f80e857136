"""Start-up choices from five places.

Defaults < living-portrait.yaml < what was remembered from the page < environment < flags.
"""

import os
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from streamer import Config, ConfigError
from streamer.whole_file import read_whole
from streamer.yaml_text import parse_yaml

FILE_NAME: Final = "living-portrait.yaml"
ENVIRONMENT_PREFIX: Final = "LIVING_PORTRAIT_"

# Variables with our prefix that say where files lie, which is no setting of the stream.
_PLACES: Final = {f"{ENVIRONMENT_PREFIX}CONFIG", f"{ENVIRONMENT_PREFIX}HOME"}

# Large enough for any settings file, small enough that a wrong path never fills the memory.
MAX_FILE_BYTES: Final = 64 * 1024

_FLOATS: Final = {"fps", "zoom", "offset_x", "offset_y", "idle", "seconds", "gpu_share", "delay"}
_PATHS: Final = {
    *("presets", "photos", "weights", "bakes", "report", "privacy_picture", "record", "take"),
}
_SWITCHES: Final = {"mirror", "paste_back"}
_SECRET: Final = {"panel_token", "stream"}
_WHOLE: Final = {"seed", "face", "cache_mb"}
_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"0", "false", "no", "off"}


def load_config(
    flags: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
    remembered: Mapping[str, Any] | None = None,
) -> Config:
    """Merge the five places and check the result.

    ``flags`` holds only what was typed, ``remembered`` what `control.remembered` found. ``file``
    defaults to ``living-portrait.yaml`` in the current folder, or to the one that
    ``LIVING_PORTRAIT_CONFIG`` names. Raises: `ConfigError`.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    if file is None and named:
        file = Path(named)
        if not file.is_file():
            raise ConfigError(f"{ENVIRONMENT_PREFIX}CONFIG names {file}, which does not exist.")
    file = Path(FILE_NAME) if file is None else file
    merged: dict[str, Any] = {}
    if file.is_file():
        merged.update(_from_file(file))
    merged.update(remembered or {})
    merged.update(_from_environment(environment))
    merged.update(flags)
    return Config(**merged)


def _names() -> list[str]:
    return [f.name for f in fields(Config)]


def _from_file(file: Path) -> dict[str, Any]:
    try:
        data = read_whole(file, MAX_FILE_BYTES)
        content = parse_yaml(data[:MAX_FILE_BYTES].decode("utf-8-sig"))
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror or exc}.") from exc
    except ValueError as exc:
        raise ConfigError(f"{file} cannot be read as YAML: {exc}.") from exc
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(
            f"{file} is larger than {MAX_FILE_BYTES} bytes; that is no settings file."
        )
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file} must hold lines such as 'photo: mona-lisa', not a list or text.")
    return {
        _known(key, str(file)): convert(str(key), v, f"{file}: {key}") for key, v in content.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in _PLACES:
            key = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            found[_known(key, "the environment", variable)] = convert(key, text, variable)
    return found


def _known(key: object, place: str, shown: str | None = None) -> str:
    names = _names()
    if isinstance(key, str) and key in names:
        return key
    close = get_close_matches(str(key), names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else f" Known keys: {', '.join(names)}."
    raise ConfigError(f"Unknown setting '{shown or key}' in {place}.{hint}")


def convert(key: str, value: Any, place: str) -> Any:
    """Turn a YAML value or a text into the type of the setting. Raises `ConfigError`."""
    try:
        if key in _FLOATS:
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        if key in _PATHS:
            path = Path(_text(value)).expanduser()
            if "\0" in str(path):
                raise ValueError
            return path
        if key in _SWITCHES:
            return _truth(value)
        if key in _WHOLE:
            return int(_text(value))
        if key == "hotkeys":
            return _hotkeys(value)
        if key in ("osc_allow", "osc_feedback"):
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(_text(part).strip() for part in parts)
        if key in ("panel", "osc", "oscquery", "vmc", "badge") and value is False:
            return "off"  # YAML reads a bare `off` as false
        if key == "stream":
            return None if value in (False, None, "", "off") else _text(value).strip()
        return _text(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last: ~nobody
        raise ConfigError(f"{place}: {_shown(key, value)} is not what '{key}' takes.") from None


def _shown(key: str, value: Any) -> str:
    if key in _SECRET:
        return "what is there"
    if isinstance(value, int) and value.bit_length() > 200:
        return "a very large number"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _hotkeys(value: Any) -> tuple[tuple[str, str], ...]:
    """Read a table of keys and what they do, or ``KEYS=ACTION, ...`` as one text, or ``off``."""
    if value in (False, None, "off", ""):
        return ()
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if isinstance(value, Mapping):
        return tuple((_text(keys).strip(), _text(action).strip()) for keys, action in value.items())
    pairs = [_text(part).rpartition("=") for part in value]
    if not all(keys and action for keys, _, action in pairs):
        raise ValueError
    return tuple((keys.strip(), action.strip()) for keys, _, action in pairs)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    return str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError
