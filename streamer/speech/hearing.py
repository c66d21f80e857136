"""Where a voice comes from while the stream runs: a microphone, or a wave file in its place."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from streamer.errors import SpeechError
from streamer.speech.listening import HOP_S, Samples
from streamer.speech.voice import Voice
from streamer.speech.wave_file import read_wave

log = logging.getLogger(__name__)

DEFAULT: Final = "default"
INSTALL: Final = "pip install 'living-portrait[mic]'"

# Blocks that wait to be heard: a second. Older ones would come too late for the mouth.
MAX_WAITING: Final = 100
# A microphone that was pulled out is looked for again this often.
RETRY_S: Final = 2.0
# No block for this long, and the microphone is gone.
MUTE_S: Final = 1.5
STOP_S: Final = 3.0

MakeVoice = Callable[[float], Voice]
Say = Callable[[str], None]


class Hearing(Protocol):
    """Something that is listened to, from `start` to `stop`."""

    def start(self) -> None:
        """Begin to listen, in a thread."""

    def stop(self) -> None:
        """End it; calling it twice is harmless."""


def open_hearing(source: str, make_voice: MakeVoice, say: Say) -> Hearing:
    """Return the microphone or wave file that ``--mic`` names; nothing is heard yet.

    ``make_voice`` is given the rate; ``say`` hears what is wrong, ``""`` when it is right again.
    Raises: `SpeechError`.
    """
    if is_wave(source):
        samples, rate = read_wave(Path(source))
        return WaveHearing(samples, rate, make_voice(rate))
    return Microphone(source, make_voice, say)


def is_wave(source: str) -> bool:
    """Say whether a source is a wave file."""
    return Path(source).suffix.lower() in (".wav", ".wave")


class WaveHearing:
    """Plays a wave file to a voice at its own pace, once, without a sound."""

    def __init__(
        self,
        samples: Samples,
        rate: int,
        voice: Voice,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._samples = samples
        self._rate = rate
        self._voice = voice
        self._now = now
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        begin = self._now()
        heard = 0
        while heard < len(self._samples):
            due = round((self._now() - begin) * self._rate)
            if due > heard:
                self._voice.feed(self._samples[heard:due])
                heard = due
            if self._stop.wait(HOP_S):
                break
        self._voice.rest()


class Microphone:
    """Listens to a microphone of this machine; one that was pulled out is looked for again.

    ``device`` is ``default``, a number, or a part of a device's name. Raises: `SpeechError` when
    it is built, if there is no such microphone.
    """

    def __init__(
        self, device: str, make_voice: MakeVoice, say: Say, *, library: Any = None
    ) -> None:
        self._library = _sounddevice() if library is None else library
        self._device = device
        self._say = say
        self._make_voice = make_voice
        self._blocks: queue.Queue[Samples] = queue.Queue(MAX_WAITING)
        self._stop = threading.Event()
        self._index, self._rate, self.name = self._find()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._index, self._rate, self.name = self._find()
                self._listen()
            except (SpeechError, self._library.PortAudioError) as exc:
                self._say(f"The microphone is not heard: {exc} It is tried again by itself.")
                log.debug("microphone", exc_info=True)
            if not self._stop.wait(RETRY_S):
                self._look_again()

    def _listen(self) -> None:
        voice = self._make_voice(self._rate)
        stream = self._library.InputStream(
            device=self._index,
            channels=1,
            samplerate=self._rate,
            blocksize=round(self._rate * HOP_S),
            dtype="float32",
            latency="low",
            callback=self._take,
        )
        try:
            with stream:
                log.info("Microphone: %s, %g Hz.", self.name, self._rate)
                self._hear(voice)
        finally:
            voice.rest()

    def _hear(self, voice: Voice) -> None:
        mute_s, told = 0.0, False
        while not self._stop.is_set():
            try:
                block = self._blocks.get(timeout=0.1)
            except queue.Empty:
                mute_s += 0.1
                if mute_s >= MUTE_S:
                    raise SpeechError(f"'{self.name}' gives no sound any more.") from None
                continue
            if not told:
                self._say("")
            mute_s, told = 0.0, True
            voice.feed(block)

    def _take(self, data: Samples, frames: int, when: Any, status: Any) -> None:
        """Called by PortAudio's own thread, which must never wait."""
        block = data[:, 0].copy()
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self._blocks.get_nowait()
            self._blocks.put_nowait(block)

    def _look_again(self) -> None:
        """PortAudio lists devices once; only a new start of the library sees a new one."""
        for step in ("_terminate", "_initialize"):
            getattr(self._library, step, lambda: None)()

    def _find(self) -> tuple[int, float, str]:
        """Return index, rate and name. Raises: `SpeechError`."""
        inputs = [
            (index, device)
            for index, device in enumerate(self._library.query_devices())
            if device["max_input_channels"] > 0
        ]
        if not inputs:
            raise SpeechError(
                "This machine has no microphone. Connect one, or try --mic FILE.wav with a "
                "recording."
            )
        chosen = self._choose(inputs)
        if chosen is None:
            listed = ", ".join(f"{index} '{device['name']}'" for index, device in inputs)
            raise SpeechError(
                f"There is no microphone '{self._device}'. There are: {listed}. "
                "Give a number or a part of the name: --mic NUMBER|NAME."
            )
        index, device = chosen
        return index, float(device["default_samplerate"]), str(device["name"])

    def _choose(self, inputs: list[tuple[int, Any]]) -> tuple[int, Any] | None:
        wanted = self._device.strip().casefold()
        if wanted in (DEFAULT, ""):
            usual = self._library.default.device[0]
            return next((pair for pair in inputs if pair[0] == usual), inputs[0])
        for index, device in inputs:
            if wanted == str(index) or wanted in str(device["name"]).casefold():
                return index, device
        return None


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as exc:
        raise SpeechError(f"The microphone needs the package sounddevice: {INSTALL}") from exc
    except OSError as exc:
        raise SpeechError(
            "The microphone needs the library PortAudio, which is not on this machine. "
            "On Debian and Ubuntu: sudo apt install libportaudio2"
        ) from exc
    return sounddevice
