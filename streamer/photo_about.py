"""What is known about a photo: ``<stem>.about.yaml`` beside it, read with care, written whole."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from streamer.errors import PhotoError
from streamer.whole_file import leads_out, read_whole, write_whole
from streamer.yaml_text import parse_yaml

log: Final = logging.getLogger(__name__)

ABOUT_SUFFIX: Final = ".about.yaml"
MAX_ABOUT_BYTES: Final = 16 * 1024
LANGUAGES: Final = ("en", "ko")
# Long enough for a name or a line of credit, short enough for a button and a caption.
MAX_LABEL: Final = 60
MAX_CREDIT: Final = 200
MAX_CONSENT: Final = 200

_TEXTS: Final = ("credit", "terms", "consent")
_FLAGS: Final = ("demo", "may_speak")
_KNOWN: Final = ("label", *_TEXTS, *_FLAGS)


def about_path(photo: Path) -> Path:
    """Return where a photo's about file lies."""
    return photo.with_name(photo.stem + ABOUT_SUFFIX)


def label_from(photo: Path) -> Mapping[str, str]:
    """Return what people read where no about file says it: the file's name."""
    text = photo.stem.replace("-", " ").replace("_", " ").strip() or photo.stem
    text = text[0].upper() + text[1:]
    return MappingProxyType(dict.fromkeys(LANGUAGES, text))


def read_about(photo: Path) -> dict[str, Any]:
    """Read the about file of a photo, the name alone where there is none.

    A wrong file is reported, and the picture treated with most care: a demo that does not speak.
    """
    path = about_path(photo)
    try:
        return {"label": label_from(photo), **_checked(path, photo)}
    except FileNotFoundError:
        return {"label": label_from(photo)}
    except (OSError, ValueError) as exc:
        problem = " ".join(str(exc).split())
        log.warning("%s: %s. The picture is shown as a demo and does not speak.", path, problem)
        return {"label": label_from(photo), "demo": True, "may_speak": False}


def write_about(photo: Path, changes: Mapping[str, Any]) -> None:
    """Change some keys of a photo's about file; the others stay.

    ``label`` (by language, empty gives the file's name back), ``credit``, ``consent`` and
    ``may_speak`` can be changed. Raises: `PhotoError` for a text that is too long or has signs
    that are not shown, for a file that is wrong already, and from the disk.
    """
    path = about_path(photo)
    try:
        about = _document(path) if path.exists() else {}
        _check(about)
        for key, value in changes.items():
            if key == "label":
                label = {k: _line(f"label.{k}", v, MAX_LABEL) for k, v in value.items()}
                about["label"] = {k: v for k, v in label.items() if v}
            elif key == "credit":
                about["credit"] = _line("credit", value, MAX_CREDIT)
            elif key == "consent":
                about["consent"] = consent_line(value)
            elif key == "may_speak":
                about["may_speak"] = value
            else:
                raise ValueError(f"{key} cannot be changed here")
        about = {key: about[key] for key in _KNOWN if about.get(key) not in (None, "", {})}
        _check(about)
    except (OSError, ValueError) as exc:
        problem = " ".join(str(exc).split())
        raise PhotoError(f"'{path.name}' was not written: {problem}.") from exc
    try:
        write_whole(path, yaml.safe_dump(about, allow_unicode=True, sort_keys=False).encode())
    except OSError as exc:
        raise PhotoError(f"'{path}' could not be written ({exc.strerror}).") from exc


def consent_line(text: str) -> str:
    """Check what is said of who agreed. Raises `ValueError`."""
    return _line("consent", text, MAX_CONSENT)


def _line(key: str, text: str, longest: int) -> str:
    """One line of text that can be shown."""
    text = text.strip()
    if len(text) > longest:
        raise ValueError(f"{key} has {len(text)} signs; at most {longest} fit")
    if not text.isprintable():
        raise ValueError(f"{key} must be one line of text")
    return text


def _document(path: Path) -> dict[str, Any]:
    if leads_out(path):
        raise ValueError("a link that leads out of the folder is not followed")
    data = read_whole(path, MAX_ABOUT_BYTES)
    if len(data) > MAX_ABOUT_BYTES:
        raise ValueError(f"larger than {MAX_ABOUT_BYTES // 1024} kB")
    document = parse_yaml(data.decode("utf-8-sig"))
    if not isinstance(document, dict):
        raise ValueError(f"holds no keys; expected {', '.join(_KNOWN)}")
    return document


def _check(document: Mapping[str, Any]) -> None:
    """Raise `ValueError` with the key for anything that is not as expected."""
    unknown = [str(key) for key in document if key not in _KNOWN]
    if unknown:
        raise ValueError(f"{unknown[0][:60]} is not known; known are {', '.join(_KNOWN)}")
    for key in _TEXTS:
        if key in document and not isinstance(document[key], str):
            raise ValueError(f"{key} must be text")
    for key in _FLAGS:
        if key in document and not isinstance(document[key], bool):
            raise ValueError(f"{key} must be true or false")
    label = document.get("label", {})
    if not isinstance(label, dict) or not all(
        isinstance(k, str) and isinstance(v, str) for k, v in label.items()
    ):
        raise ValueError("label must hold texts by language, such as {en: Me, ko: 나}")


def _checked(path: Path, photo: Path) -> dict[str, Any]:
    document = _document(path)
    _check(document)
    label = MappingProxyType({**label_from(photo), **document.get("label", {})})
    return {**document, "label": label}
