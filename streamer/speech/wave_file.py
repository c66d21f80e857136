"""A wave file as a voice: read whole, as samples of one channel."""

import wave
from pathlib import Path
from typing import Final

import numpy as np

from streamer.errors import SpeechError
from streamer.speech.listening import Samples

# Ten minutes of the best sound; longer ones are not tests of a mouth.
MAX_BYTES: Final = 256 * 1024 * 1024
RATES: Final = (8000, 192_000)


def read_wave(path: Path) -> tuple[Samples, int]:
    """Return samples and their rate a second; several channels become one.

    Raises: `SpeechError`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpeechError(f"{path} is larger than {MAX_BYTES // 2**20} MB. Use a shorter one.")
        with wave.open(str(path), "rb") as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except OSError as exc:
        raise SpeechError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except (wave.Error, EOFError) as exc:
        raise SpeechError(
            f"{path} is no wave file that can be read here ({exc or 'it ends too early'}). "
            f"Convert it: ffmpeg -i {path.name} -ac 1 -c:a pcm_s16le voice.wav"
        ) from exc
    if not RATES[0] <= rate <= RATES[1]:
        raise SpeechError(f"{path} has {rate} samples a second; {RATES[0]} to {RATES[1]} work.")
    whole = len(data) // (width * channels) * width * channels
    sound = _numbers(data[:whole], width).reshape(-1, channels).mean(axis=1)
    if not len(sound):
        raise SpeechError(f"{path} holds no sound.")
    return sound.astype(np.float32), rate


def _numbers(data: bytes, width: int) -> Samples:
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    if width == 3:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(parts), 4), np.uint8)
        wide[:, 1:] = parts
        return wide.view("<i4").ravel().astype(np.float32) / 2.0**31
    numbers = np.frombuffer(data, "<i2" if width == 2 else "<i4")
    return numbers.astype(np.float32) / 2.0 ** (8 * width - 1)
