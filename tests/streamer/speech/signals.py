"""Small sounds made in the test, and how alike two courses are."""

import shutil
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Course = npt.NDArray[np.float64]
RATE = 16_000


def voice(
    seconds: float, pitch: float = 120.0, formants: tuple[float, ...] = (700.0, 1200.0)
) -> Course:
    """A vowel: harmonics of a pitch, strong near the formants. -20 dB or so."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(t))
    for k in range(1, int(4000 / pitch)):
        hz = k * pitch
        level = sum(1.0 / (1.0 + ((hz - f) / 90.0) ** 2) for f in formants)
        sound += level * np.sin(2 * np.pi * hz * t + k)
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.01)
    return 0.1 * sound / np.sqrt(np.mean(sound**2)) * edge


def silence(seconds: float) -> Course:
    return np.zeros(int(seconds * RATE))


def noise(seconds: float, level: float) -> Course:
    return level * np.random.default_rng(1).standard_normal(int(seconds * RATE))


def write_wave(path: Path, samples: npt.NDArray[Any], rate: int = RATE, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def spoken(text: str, language: str, path: Path) -> Path:
    """Let espeak-ng say a text into a wave file; skips the test where it is missing."""
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed: sudo apt install espeak-ng")
    subprocess.run([program, "-v", language, "-s", "165", "-w", str(path), text], check=True)
    return path


def envelope(samples: npt.NDArray[Any], rate: int, fps: float) -> Course:
    """The loudness at each frame's time: RMS in a window of 60 ms about it, so without a lag."""
    window = np.hanning(int(rate * 0.06) + 2)[1:-1]
    power = np.convolve(samples.astype(np.float64) ** 2, window / window.sum(), "same")
    at = (np.arange(int(len(samples) / rate * fps)) * rate / fps).astype(int)
    loud: Course = np.sqrt(power[at])
    return loud


def best_lag(sound: Course, mouth: Course, fps: float) -> tuple[float, float]:
    """Return the best correlation and its lag in s; above 0 the mouth is late."""
    found = []
    for lag in range(int(-0.2 * fps), int(0.3 * fps) + 1):
        a = sound[max(0, -lag) : len(sound) - max(0, lag)]
        b = mouth[max(0, lag) : len(mouth) - max(0, -lag)]
        n = min(len(a), len(b))
        found.append((float(np.corrcoef(a[:n], b[:n])[0, 1]), lag / fps))
    return max(found)
