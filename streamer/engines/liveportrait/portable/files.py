"""The graph of one set of networks as files in the user's cache, written when first needed."""

import hashlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from streamer.engines.liveportrait.networks.generator import Generator
from streamer.engines.liveportrait.networks.warping import WarpingNetwork
from streamer.errors import EngineError
from streamer.resources import user_cache

log = logging.getLogger(__name__)

_DIGITS = 16  # of the weights' hash: enough that no two sets of weights meet


class GraphFiles:
    """The graph files of two networks. They are named after what is in them.

    The networks, which may be folded but not rewritten, are let go as soon as all ``precisions``
    are written.
    """

    def __init__(
        self,
        warping: WarpingNetwork,
        generator: Generator,
        precisions: Sequence[str] = ("float32",),
        folder: Path | None = None,
    ) -> None:
        self._networks: tuple[WarpingNetwork, Generator] | None = (warping, generator)
        self._precisions = tuple(precisions)
        self._folder = folder or user_cache() / "graphs"
        self._files: dict[str, Path] = {}
        self._lock = threading.Lock()

    def __call__(self, precision: str) -> Path:
        """Return the file of a precision; writing all of them takes about ten seconds each.

        Raises: `EngineError` where the onnx package is missing or the file cannot be written.
        """
        with self._lock:
            if self._networks is not None:
                self._files = self._written(*self._networks)
                self._networks = None
            return self._files[precision]

    def _written(self, warping: WarpingNetwork, generator: Generator) -> dict[str, Path]:
        from streamer.engines.liveportrait.portable import GRAPH_VERSION

        name = f"frame-v{GRAPH_VERSION}-{digest(warping, generator)}"
        files = {p: self._folder / f"{name}-{p}.onnx" for p in self._precisions}
        for precision, file in files.items():
            if not file.is_file():
                self._write(warping, generator, precision, file)
        return files

    def _write(
        self, warping: WarpingNetwork, generator: Generator, precision: str, file: Path
    ) -> None:
        try:
            from streamer.engines.liveportrait.portable.export import build, write
        except ImportError as exc:
            raise EngineError(
                f"Other backends than torch need the package {exc.name}. Install it: "
                "pip install 'living-portrait[onnx]'"
            ) from exc
        log.info("Writing the networks for other runtimes, once: %s", file)
        model = build(warping, generator, precision)  # type: ignore[arg-type]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write(model, file)
            for other in self._folder.glob(f"frame-*-{precision}.onnx"):
                if other != file:  # hundreds of MB that nobody would ever read again
                    other.unlink(missing_ok=True)
        except OSError as exc:
            raise EngineError(f"{file} cannot be written: {exc.strerror or exc}") from exc


def digest(*networks: nn.Module) -> str:
    """Return a hash of the networks' weights."""
    found = hashlib.blake2b(digest_size=_DIGITS // 2)
    for network in networks:
        for name, value in network.state_dict().items():
            found.update(f"{name} {tuple(value.shape)} {value.dtype} ".encode())
            found.update(value.detach().cpu().contiguous().numpy().data)
    return found.hexdigest()
