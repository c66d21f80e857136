"""How each listed model file in a weights folder is: whole, missing, cut short, altered."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streamer.engines.liveportrait.manifest import Manifest, ModelFile, accepted, sha256
from streamer.errors import WeightsError


class State(StrEnum):
    """What was found of a file."""

    OK = "ok"
    ACCEPTED = "accepted"  # another hash than the listed one, which the user took knowingly
    UNLISTED = "unlisted"  # the user's own file in its place, for which no hash is published
    MISSING = "missing"
    LEFT_OUT = "left out"  # missing, and its licence forbids commercial use
    WRONG_SIZE = "wrong size"
    ALTERED = "altered"


@dataclass(frozen=True)
class Finding:
    """One listed file. ``place`` is the file that was looked at; its hash where it was needed."""

    file: ModelFile
    state: State
    place: Path
    size: int | None = None
    sha256: str | None = None

    @property
    def usable(self) -> bool:
        """Whether the engine may read it."""
        return self.state in (State.OK, State.ACCEPTED, State.UNLISTED)

    @property
    def fault(self) -> bool:
        """Whether the engine cannot start with this: damaged, or missing and needed."""
        if self.state in (State.MISSING, State.LEFT_OUT):
            return not self.file.optional
        return not self.usable


def examine(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Look at every official file, or at what lies in its place. Raises: `WeightsError`."""
    for file in manifest.official:
        found = examine_file(folder, manifest, file)
        if found.state in (State.MISSING, State.LEFT_OUT):
            found = _in_its_place(folder, manifest, file) or found
        yield found


def examine_file(folder: Path, manifest: Manifest, file: ModelFile) -> Finding:
    """Look at one file in its official place, or as it is listed. Raises: `WeightsError`."""
    place = folder / file.path
    if not place.is_file():
        return Finding(file, State.MISSING if file.commercial else State.LEFT_OUT, place)
    size, digest = _measure(place)
    if digest == file.sha256:
        state = State.OK
    elif digest == accepted(folder).get(file.path):
        state = State.ACCEPTED
    elif file.size is not None and size != file.size:
        state = State.WRONG_SIZE
    else:
        state = State.ALTERED
    return Finding(file, state, place, size, digest)


def _measure(place: Path) -> tuple[int, str]:
    try:
        return place.stat().st_size, sha256(place)
    except OSError as exc:
        raise WeightsError(f"{place} cannot be read: {exc.strerror or exc}.") from exc


def _in_its_place(folder: Path, manifest: Manifest, file: ModelFile) -> Finding | None:
    """Look at the flat ``.pth`` or the conversion that the engine reads where the file is not."""
    if not file.path.endswith(".pth"):
        return None
    flat = Path(file.path).name
    for name in (flat, str(Path(flat).with_suffix(".safetensors"))):
        place = folder / name
        if not place.is_file():
            continue
        listed = manifest.files.get(name)
        if listed is not None:
            return examine_file(folder, manifest, listed)
        size, digest = _measure(place)
        state = State.OK if digest == file.sha256 else State.UNLISTED
        return Finding(file, state, place, size, digest)
    return None
