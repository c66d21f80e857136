"""One download of the model files at a time, in a thread, the same for every page."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from control.panel.progress import Progress, Status, StoppedError, Tally
from streamer import PortraitError
from streamer.engines.liveportrait.manifest import Manifest, ModelFile, read_manifest
from streamer.engines.liveportrait.places import places
from streamer.resources import weights_folder, weights_list

if TYPE_CHECKING:
    from streamer.engines.liveportrait.hub import Hub

STOP_S: Final = 5.0


def open_hub(manifest: Manifest) -> "Hub":
    """Return the hub that `living-portrait weights fetch` asks."""
    from streamer.engines.liveportrait.hub import Hub

    return Hub(manifest.repository, manifest.revision)


class Download:
    """The model files of one folder: what is there, and the download of the rest.

    ``chosen`` is the folder of ``--weights``. Every method may be called from any thread. ``now``
    counts seconds.
    """

    def __init__(
        self,
        chosen: Path | None = None,
        *,
        listed: Path | None = None,
        hub: "Callable[[Manifest], Hub]" = open_hub,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.chosen = chosen
        self.folder = weights_folder(chosen)
        self._listed = weights_list() if listed is None else listed
        self._hub = hub
        self._now = now
        self._lock = threading.Lock()
        self._ended = Progress()
        self._tally: Tally | None = None  # of the download under way
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def progress(self) -> dict[str, Any]:
        """Return the figures, JSON-able."""
        with self._lock:
            return asdict(self._figures())

    def files(self) -> list[dict[str, Any]]:
        """Return every file of the list, its size as far as known, and whether it is there.

        Raises: `WeightsError` for a damaged list.
        """
        return [
            {
                "path": file.path,
                "size": _size(file),
                "licence": file.licence,
                "commercial": file.commercial,
                "optional": file.optional,
                "there": self._there(file),
            }
            for file in read_manifest(self._listed).official
        ]

    def start(self, *, commercial_only: bool = False) -> None:
        """Begin, unless one is under way. Raises: `WeightsError` for a damaged list."""
        manifest = read_manifest(self._listed)
        with self._lock:
            if self._tally is not None:
                return
            self._stop = threading.Event()
            sizes = {
                file.path: _size(file) or 0
                for file in manifest.official
                if (file.commercial or not commercial_only) and not self._there(file)
            }
            self._tally = Tally(sizes, self._stop.is_set, self._now)
            self._thread = threading.Thread(
                target=self._run,
                args=(manifest, self._tally, self._stop, commercial_only),
                name="weights",
                daemon=True,
            )
            self._thread.start()

    def stop(self) -> None:
        """Let it end soon; what came stays."""
        self._stop.set()

    def close(self) -> None:
        """Stop and wait for the end; a network that does not answer is left to itself."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(STOP_S)

    def _run(
        self, manifest: Manifest, tally: Tally, stop: threading.Event, commercial_only: bool
    ) -> None:
        from streamer.engines.liveportrait.fetch import fetch

        def sleep(seconds: float) -> None:
            if stop.wait(seconds):
                raise StoppedError

        status: Status = "failed"
        message = ""
        try:
            with self._hub(manifest) as hub:
                fetch(
                    self.folder, manifest, hub, tally, commercial_only=commercial_only, sleep=sleep
                )
            status = "done"
        except StoppedError:
            status = "stopped"
        except PortraitError as exc:
            message = str(exc)
        except Exception as exc:
            message = f"{type(exc).__name__}: {exc}"
            raise  # a bug keeps its traceback
        finally:
            with self._lock:
                self._tally = None
                self._ended = replace(
                    tally.figures(), status=status, file="", speed=0.0, left_s=None, message=message
                )

    def _figures(self) -> Progress:
        if self._tally is None:
            return self._ended
        figures = self._tally.figures()
        return replace(figures, status="stopping") if self._stop.is_set() else figures

    def _there(self, file: ModelFile) -> bool:
        return any(place.is_file() for place in places(self.folder, file.path))


def _size(file: ModelFile) -> int | None:
    return file.size if file.size is not None else file.about
