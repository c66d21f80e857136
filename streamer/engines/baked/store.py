"""Where bakes lie, what each was made from, and which of them may be played.

    bakes/<photo>-<hash of the photo's file>/<source>-<hash of all it was made from>/
        bake.json      what it was made from, and which clips belong to it
        *.clip         see `clip_file`

A frame is kept under its face, never under a preset's name: whatever happens to presets and idle
styles, a picture is only ever shown for the face that it was drawn for. What else it depends on
(photo, landmarks, model files, engine, format) is the identity, part of the folder's name.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamer.engines.baked.clip_file import LOG_SUFFIX, QUALITY, SUFFIX
from streamer.engines.baked.plate import Plate
from streamer.engines.liveportrait.manifest import accepted, read_manifest
from streamer.engines.liveportrait.places import missing
from streamer.engines.warp.locate import sidecar_of
from streamer.engines.warp.sidecar import MAX_FILE_BYTES
from streamer.errors import WeightsError
from streamer.parameters import PARAMETERS, Face
from streamer.photo import MAX_SIDE, Photo
from streamer.view import Framing
from streamer.whole_file import read_whole, write_whole
from streamer.yaml_text import parse_yaml

# To be raised when files are written in another way, so that older ones are not read.
FORMAT: Final = 1

# To be raised when the networks' way of drawing changes; golden values hold it in place.
NEURAL_DRAWING: Final = 1

SOURCES: Final = ("liveportrait", "warp")
_LIST: Final = "bake.json"
_MAX_LIST_BYTES: Final = 1 << 20

# The modules that make the built-in engine's pictures out of a face with its points.
_WARP: Final = Path(__file__).resolve().parents[1] / "warp"
_WARP_MODULES: Final = (
    *("cavity", "curves", "depth", "engine", "expression", "eyeball", "eyes", "face_frame"),
    *("field", "jaw", "mouth", "patches", "pixels", "pose"),
)


@dataclass(frozen=True)
class Identity:
    """All that a frame depends on besides its face. ``photo``: SHA-256 of the file."""

    photo: str
    source: str
    face: int
    marks: str
    drawing: str
    weights: str
    format: int = FORMAT
    quality: int = QUALITY

    @property
    def key(self) -> str:
        """A short name of it."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def identify(photo: Photo, source: str, face: int, weights: Path) -> Identity:
    """Say what a bake of this photo would be made from, here and now. ``face`` counts from 1.

    Raises: `WeightsError` for a damaged list of model files.
    """
    neural = source == "liveportrait"
    return Identity(
        photo=photo.key,
        source=source,
        face=face,
        marks=_marks(photo),
        drawing=f"networks {NEURAL_DRAWING}" if neural else _warp_drawing(),
        weights=_weights(weights) if neural else "",
    )


def _marks(photo: Photo) -> str:
    """Return what was said of where the face is, by the user or by a file beside the photo."""
    marked = photo.marked
    if marked is None:
        path = sidecar_of(photo)
        if path is None:
            return ""
        try:
            data = read_whole(path, MAX_FILE_BYTES)[:MAX_FILE_BYTES]
            marked = parse_yaml(data.decode("utf-8-sig"))
        except (OSError, ValueError):  # told when the face is looked for
            return "unreadable"
    text = json.dumps(marked, sort_keys=True, default=_plain_value)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain_value(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _warp_drawing() -> str:
    """The built-in engine is its source: a bake of it takes a minute, so any change counts."""
    digest = hashlib.sha256()
    for name in _WARP_MODULES:
        digest.update((_WARP / f"{name}.py").read_text(encoding="utf-8").encode())
    return f"warp {digest.hexdigest()[:12]}"


def _weights(folder: Path) -> str:
    """Name the model files by their listed hashes, which are held against them when loaded."""
    from streamer.resources import weights_list

    taken = accepted(folder)
    manifest = read_manifest(weights_list())
    lines = [f"{f.path} {taken.get(f.path, f.sha256)}" for f in manifest.official if not f.optional]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Bake:
    """One bake: what it was made from, and its clips, file name -> number of frames."""

    folder: Path
    identity: Identity
    photo: str
    rest: Face
    plate: Plate
    clips: Mapping[str, int] = field(default_factory=dict)
    styles: tuple[str, ...] = ()

    @property
    def lacking(self) -> list[str]:
        """The clips that are not there yet."""
        return [name for name in self.clips if not (self.folder / name).is_file()]

    @property
    def complete(self) -> bool:
        """Whether all clips are there."""
        return bool(self.clips) and not self.lacking

    @property
    def frames(self) -> int:
        """How many frames it has, or will have."""
        return sum(self.clips.values())

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        return sum(path.stat().st_size for path in self.folder.glob("*") if path.is_file())

    def write(self) -> None:
        """Write the list. Raises: `OSError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        table = {
            "identity": asdict(self.identity),
            "photo": self.photo,
            "rest": self.rest,
            "plate": {
                "side_px": self.plate.side_px,
                "photo_from_plate": self.plate.photo_from_plate.tolist(),
                "framing": asdict(self.plate.framing),
            },
            "clips": dict(self.clips),
            "styles": list(self.styles),
        }
        write_whole(self.folder / _LIST, json.dumps(table, indent=1).encode())

    def tidy(self) -> None:
        """Delete clips of presets that have changed since: they will not be asked for again."""
        for path in [*self.folder.glob(f"*{SUFFIX}"), *self.folder.glob(f"*{LOG_SUFFIX}")]:
            if path.with_suffix(SUFFIX).name not in self.clips:
                path.unlink(missing_ok=True)


def folder_of(bakes: Path, photo: Photo, identity: Identity) -> Path:
    """Return where a bake lies."""
    name = re.sub(r"[^\w-]", "_", photo.name)[:40]
    return bakes / f"{name}-{identity.photo[:12]}" / f"{identity.source}-{identity.key}"


def read_bake(folder: Path) -> Bake | None:
    """Read a bake's list; None if there is none that this version understands."""
    try:
        table: dict[str, Any] = json.loads(read_whole(folder / _LIST, _MAX_LIST_BYTES))
        plate = table["plate"]
        matrix = np.array(plate["photo_from_plate"], np.float64)
        side_px = int(plate["side_px"])
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or not 0 < side_px <= MAX_SIDE:
            return None
        return Bake(
            folder=folder,
            identity=Identity(**table["identity"]),
            photo=str(table["photo"]),
            rest={name: PARAMETERS[name].clamp(float(table["rest"][name])) for name in PARAMETERS},
            plate=Plate(side_px, matrix, Framing(**plate["framing"])),
            clips={_plain(name): int(n) for name, n in table["clips"].items()},
            styles=tuple(str(name) for name in table.get("styles", ())),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        return None
    except RecursionError:  # depth without end
        return None


def _plain(name: str) -> str:
    if Path(name).name != name or not name.endswith(SUFFIX):
        raise ValueError(f"{name!r} is no clip of this folder")
    return name


def all_bakes(bakes: Path) -> Iterator[Bake]:
    """Yield everything that was baked, whatever became of what it was made from."""
    for path in sorted(bakes.glob(f"*/*/{_LIST}")):
        bake = read_bake(path.parent)
        if bake is not None:
            yield bake


def playable(bakes: Path, photo: Photo, face: int, weights: Path) -> Bake | None:
    """Return the best bake of this photo that is true to what is here now: networks, then size.

    Where the model files are not on this machine, a bake of any of them will do: it was made
    elsewhere, to be played here.
    """
    found: list[Bake] = []
    for source in SOURCES:
        here = _identity(photo, source, face, weights)
        for bake in all_bakes(bakes):
            there = bake.identity
            if here is None or there.photo != photo.key or there.source != source:
                continue
            if source == "liveportrait" and _absent(weights):
                here = Identity(**{**asdict(here), "weights": there.weights})
            if there == here and any((bake.folder / name).is_file() for name in bake.clips):
                found.append(bake)
    return max(found, key=_rank, default=None)


def _identity(photo: Photo, source: str, face: int, weights: Path) -> Identity | None:
    try:
        return identify(photo, source, face, weights)
    except WeightsError:
        return None


def _absent(weights: Path) -> bool:
    from streamer.resources import weights_list

    try:
        return bool(missing(weights, read_manifest(weights_list())))
    except WeightsError:
        return True


def _rank(bake: Bake) -> tuple[bool, bool, int]:
    return bake.identity.source == "liveportrait", bake.complete, bake.frames


def remove(bakes: Sequence[Bake]) -> int:
    """Delete bakes; returns how many bytes that freed. Raises: `OSError`."""
    freed = 0
    for bake in bakes:
        freed += bake.size_bytes
        shutil.rmtree(bake.folder)
        if not any(bake.folder.parent.iterdir()):
            bake.folder.parent.rmdir()
    return freed
