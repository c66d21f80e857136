"""Write the networks that draw a frame as one ONNX file, in plain operators, for other runtimes."""

import argparse
from pathlib import Path

from control.commands.flags import typed
from control.settings import load_config
from control.translations.console import say
from streamer import ConfigError, EngineError
from streamer.resources import weights_folder, weights_list

MOST_AT_ONCE = 64


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `export-onnx`."""
    parser.add_argument(
        "--weights", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="where the files lie"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file (living-portrait.onnx)")
    parser.add_argument(
        "--batch", default="dynamic", metavar="dynamic|N", help="faces drawn at once (dynamic)"
    )
    parser.add_argument(
        "--half",
        action="store_true",
        help="float16 but for what must not be rounded; half as large",
    )


def execute(options: argparse.Namespace) -> int:
    """Build, check and write the file."""
    folder = weights_folder(load_config(typed(options, "weights")).weights)
    batch = _batch(options.batch)
    out: Path = options.out or Path("living-portrait.onnx")
    if not out.parent.is_dir():
        raise ConfigError(f"The folder for {out} does not exist. Create it first.")
    export(folder, out, batch=batch, half=options.half)
    return 0


def export(folder: Path, out: Path, *, batch: int | None, half: bool, listed: bool = True) -> None:
    """Write the file and tell what is in it.

    ``listed`` holds the model files against their published hashes first.
    Raises: `WeightsError`, `EngineError`.
    """
    try:
        from streamer.engines.liveportrait.manifest import read_manifest
        from streamer.engines.liveportrait.networks.generator import Generator
        from streamer.engines.liveportrait.networks.warping import WarpingNetwork
        from streamer.engines.liveportrait.portable.export import build, write
        from streamer.engines.liveportrait.portable.graph import OPSET
        from streamer.engines.liveportrait.weights import GENERATOR, WARPING, load_checkpoint
    except ImportError as exc:
        raise EngineError(
            f"Writing ONNX needs a library that is missing ({exc.name}). Install it: "
            "pip install 'living-portrait[liveportrait,onnx]'"
        ) from exc
    manifest = read_manifest(weights_list()) if listed else None
    warping = load_checkpoint(folder, WARPING, WarpingNetwork, manifest)
    generator = load_checkpoint(folder, GENERATOR, Generator, manifest)
    model = build(warping, generator, "float16" if half else "float32", batch=batch)
    try:
        found = write(model, out)
    except OSError as exc:
        raise EngineError(f"{out} cannot be written: {exc.strerror or exc}.") from exc
    say(f"{out}: {out.stat().st_size / 1e6:.0f} MB, ONNX opset {OPSET}, checked")
    for value in (*model.graph.input, *model.graph.output):
        shape = ", ".join(d.dim_param or str(d.dim_value) for d in value.type.tensor_type.shape.dim)
        print(f"  {value.name} ({shape})")
    operators = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
    print(f"{found.total()} nodes: {operators}")


def _batch(text: str) -> int | None:
    if text == "dynamic":
        return None
    if text.isdecimal() and 1 <= int(text) <= MOST_AT_ONCE:
        return int(text)
    raise ConfigError(f"--batch takes 'dynamic' or 1 to {MOST_AT_ONCE}, not '{text}'.")
