"""Where a model file may lie in the weights folder, and which are missing; needs no torch."""

from pathlib import Path

from streamer.engines.liveportrait.manifest import Manifest


def places(folder: Path, path: str) -> tuple[Path, ...]:
    """Return where a file is looked for: official place, flat ``.pth``, flat safetensors."""
    official = folder / path
    flat = folder / official.name
    return official, flat, flat.with_suffix(".safetensors")


def missing(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files that the engine needs and that lie nowhere."""
    return [
        file.path
        for file in manifest.official
        if not file.optional and not any(place.is_file() for place in places(folder, file.path))
    ]
