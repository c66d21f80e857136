"""What model files there are: the table ``weights/MANIFEST.toml``, and a file held against it."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from streamer.errors import WeightsError
from streamer.whole_file import read_whole

FETCH: Final = "living-portrait weights fetch"
ACCEPTED: Final = "accepted.json"  # in the weights folder: path -> SHA-256 that the user took
MAX_LIST_BYTES: Final = 1 << 20
_BLOCK: Final = 1 << 22  # bytes hashed at a time


@dataclass(frozen=True)
class ModelFile:
    """One model file. ``path`` is relative to the weights folder; ``size`` in bytes where known.

    ``about`` is a rounded size for people where the exact one is not published. The engine runs
    without a file that is ``optional``.
    """

    network: str
    path: str
    sha256: str
    licence: str
    commercial: bool
    size: int | None = None
    optional: bool = False
    about: int | None = None


@dataclass(frozen=True)
class Manifest:
    """All model files by path, and the hub repository that has the official ones.

    ``revision`` is a commit of the repository, or a branch; then the hashes alone pin the content.
    """

    repository: str
    files: Mapping[str, ModelFile]
    official: tuple[ModelFile, ...]
    revision: str = "main"

    def check(self, folder: Path, path: str) -> None:
        """Hold a file against its size and hash; a path that is not listed passes.

        A hash that the user has accepted for this path passes, too.

        Raises: `WeightsError` that tells truncated from altered, with both values.
        """
        entry = self.files.get(path)
        if entry is None:
            return
        file = folder / path
        taken = accepted(folder).get(path)
        found = file.stat().st_size
        if taken is None and entry.size is not None and found < entry.size:
            raise WeightsError(
                f"{file} is cut short: {found:,} of {entry.size:,} bytes. Get it again: {FETCH}"
            )
        digest = sha256(file)
        if digest not in (entry.sha256, taken):
            raise WeightsError(
                f"{file} is not the published file: its SHA-256 is {digest}, expected "
                f"{entry.sha256}. Get it again: {FETCH}"
            )


def read_manifest(path: Path) -> Manifest:
    """Read a ``MANIFEST.toml``. Raises: `WeightsError`."""
    try:
        table = tomllib.loads(_text(path))
        official = tuple(_entry(item) for item in table["file"])
        conversions = tuple(_entry(item) for item in table.get("conversion", ()))
        repository = str(table["repository"]["id"])
        revision = str(table["repository"].get("revision", "main"))
    except OSError as exc:
        raise WeightsError(f"The list of model files cannot be read: {exc}") from exc
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
        raise WeightsError(f"{path} is not a list of model files: {str(exc)[:200]}") from exc
    return Manifest(
        repository,
        MappingProxyType({file.path: file for file in (*official, *conversions)}),
        official,
        revision,
    )


def accepted(folder: Path) -> Mapping[str, str]:
    """Return path -> SHA-256 of files that are not the listed ones but were taken knowingly.

    Raises: `WeightsError`.
    """
    try:
        table = json.loads(_text(folder / ACCEPTED))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:
        raise WeightsError(f"{folder / ACCEPTED} cannot be read ({exc}); delete it.") from exc
    if not isinstance(table, dict):
        raise WeightsError(f"{folder / ACCEPTED} is no table of hashes; delete it.")
    return {str(path): str(digest) for path, digest in table.items()}


def _text(path: Path) -> str:
    return read_whole(path, MAX_LIST_BYTES)[:MAX_LIST_BYTES].decode("utf-8")


def sha256(path: Path) -> str:
    """Return the file's SHA-256 as hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _entry(item: Mapping[str, Any]) -> ModelFile:
    size, about = item.get("size"), item.get("about")
    return ModelFile(
        network=str(item["network"]),
        path=str(item["path"]),
        sha256=str(item["sha256"]),
        licence=str(item["licence"]),
        commercial=bool(item["commercial"]),
        size=None if size is None else int(size),
        optional=bool(item.get("optional", False)),
        about=None if about is None else int(about),
    )
