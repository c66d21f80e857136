"""The speaker: texts from any door become cues, prepared beside the thread of the frames."""

import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from streamer.controls import SPEECH, Controls
from streamer.keep_going import KeepGoing
from streamer.speech import espeak
from streamer.speech.speech import Speech, speech_of
from streamer.speech.text import cleaned

STOP_S: Final = 2.0


def prepare(text: str) -> Speech:
    """Prepare a text with the best ear that is installed. Raises: `SpeechError`."""
    return speech_of(text, espeak.listener(espeak.find()))


class _Job(NamedTuple):
    text: str
    strength: float
    source: str


class Speaker:
    """Says texts; a new one takes over from the one before.

    `say` prepares and returns; `say_soon` returns at once and lets a short thread prepare, where
    the newest text wins. ``allowed`` raises what speaks against it. Every method may be called
    from any thread.
    """

    def __init__(self, controls: Controls, allowed: Callable[[], None]) -> None:
        self._controls = controls
        self._allowed = allowed
        self._lock = threading.Lock()
        self._saying = threading.Lock()  # held while one is prepared, so that they stay in order
        self._next: _Job | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def say(self, text: str, *, strength: float = 1.0, source: str = "") -> Speech:
        """Say a text and return what became of it. Raises: `SpeechError`, `ConsentError`."""
        self._allowed()
        with self._saying:
            speech = prepare(text)
            self._controls.say(speech, strength, source=source)
        return speech

    def say_soon(self, text: str, *, strength: float = 1.0, source: str = "") -> str:
        """Say a text in a moment; returns it cleaned. Raises: `SpeechError`, `ConsentError`."""
        self._allowed()
        text = cleaned(text)
        with self._lock:
            if not self._closed:
                self._next = _Job(text, strength, source)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="speech", daemon=True)
                    self._thread.start()
        return text

    def hush(self, *, source: str = "") -> None:
        """Stop speaking."""
        with self._lock:
            self._next = None
        self._controls.release(SPEECH, source=source)

    def close(self) -> None:
        """Drop what waits, and let what is being prepared end."""
        with self._lock:
            self._closed = True
            self._next = None
            thread = self._thread
        if thread is not None:
            thread.join(STOP_S)

    def _run(self) -> None:
        going = KeepGoing("The speech")
        while True:
            with self._lock:
                job, self._next = self._next, None
                if job is None:
                    self._thread = None
                    return
            with going, self._saying:
                speech = prepare(job.text)
                self._controls.say(speech, job.strength, source=job.source)
