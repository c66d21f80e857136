"""Controls: the one way into the render thread, and Wishes: what it reads.

Doors (OSC, page, command line) write from any thread; the render loop takes one snapshot per
frame. The latest value wins, so a burst of slider moves can never build a queue.
"""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Protocol

from streamer.parameters import PARAMETERS

# How many cues a snapshot carries. The animator takes each new cue at the next frame; more than
# this many presses within one frame are not a performance, and the oldest of them are dropped.
MAX_CUES = 64

# How many sources of external drive are remembered. More than two at once are not seen in
# practice; beyond this the one that wrote longest ago is forgotten.
MAX_SOURCES = 8


# The name under which a text is said: of the cue, in `playing`, for a release.
SPEECH: Final = "say"

# The source of what a microphone drives.
VOICE: Final = "mic"


class Spoken(Protocol):
    """A text that was prepared for the animator (`streamer.speech.speech`)."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def sounds(self) -> str:
        """Its sounds, as a take keeps them."""

    @property
    def performance(self) -> object:
        """How it is played."""


@dataclass(frozen=True)
class Cue:
    """One press or release of a preset.

    ``serial`` grows by one with every cue. ``strength`` is 0..1 for a press; a release has
    ``strength`` 0. ``length_s`` overrides the preset's own length. ``at`` is the stream time in
    seconds; ``None`` means "now", and the animator takes the time of the frame before.
    ``name`` ``""`` with ``strength`` 0 releases everything that plays. ``spoken`` is what a cue of
    the name `SPEECH` says.
    """

    serial: int
    name: str
    strength: float = 1.0
    length_s: float | None = None
    at: float | None = None
    source: str = ""
    spoken: Spoken | None = None


@dataclass(frozen=True)
class Driven:
    """One parameter's value from outside; ``serial`` tells a renewed value from an old one."""

    value: float
    serial: int


@dataclass(frozen=True)
class Wishes:
    """What the operator wants now: an immutable snapshot, replaced whole.

    ``driven`` holds, for each source, what it last gave; whether that is still fresh is for the
    animator to say, which knows the time.
    """

    held: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    driven: Mapping[str, Mapping[str, Driven]] = field(default_factory=lambda: MappingProxyType({}))
    cues: tuple[Cue, ...] = ()
    idle_style: str = "calm"
    idle_strength: float = 1.0
    paused: bool = False


class Wishing(Protocol):
    """Whoever is asked once per frame what is wished."""

    def snapshot(self) -> Wishes:
        """Return the wishes for this frame, without waiting."""


class Controls:
    """Collects wishes from all doors. All methods may be called from any thread."""

    def __init__(self, wishes: Wishes | None = None) -> None:
        self._lock = threading.Lock()
        self._wishes = wishes or Wishes()
        self._serial = max((cue.serial for cue in self._wishes.cues), default=0)
        self._drive_serial = max(
            (d.serial for given in self._wishes.driven.values() for d in given.values()), default=0
        )

    def snapshot(self) -> Wishes:
        """Return the current wishes, without waiting."""
        return self._wishes

    def set(self, name: str, value: float) -> float:
        """Hold one parameter at a value, clamped to its range; returns the clamped value.

        Raises: `KeyError` for an unknown name, `ValueError` for NaN or infinity.
        """
        clamped = PARAMETERS[name].clamp(value)
        with self._lock:
            held = MappingProxyType({**self._wishes.held, name: clamped})
            self._wishes = replace(self._wishes, held=held)
        return clamped

    def free(self, name: str) -> None:
        """Give one held parameter back. Raises `KeyError` for an unknown name."""
        PARAMETERS[name]
        with self._lock:
            held = {k: v for k, v in self._wishes.held.items() if k != name}
            self._wishes = replace(self._wishes, held=MappingProxyType(held))

    def reset(self) -> None:
        """Give all held parameters back."""
        with self._lock:
            self._wishes = replace(self._wishes, held=MappingProxyType({}))

    def drive(self, source: str, values: Mapping[str, float]) -> None:
        """Give parameters to an outside source, for as long as it renews them.

        A value is good for `streamer.animation.drive.RENEWED_WITHIN_S`; a source calls again and
        again, with any part of what it drives. Values are clamped. Raises: `KeyError` for an
        unknown name, `ValueError` for NaN or infinity; nothing is changed then.
        """
        clamped = {name: PARAMETERS[name].clamp(value) for name, value in values.items()}
        with self._lock:
            self._drive_serial += 1
            given = {name: Driven(v, self._drive_serial) for name, v in clamped.items()}
            sources = dict(self._wishes.driven)
            # The newest writer last, so that the first one is the one to forget.
            sources[source] = MappingProxyType({**sources.pop(source, {}), **given})
            for old in list(sources)[:-MAX_SOURCES]:
                del sources[old]
            self._wishes = replace(self._wishes, driven=MappingProxyType(sources))

    def undrive(self, source: str) -> None:
        """Forget what a source gave: its parameters glide back at once, not after a while."""
        with self._lock:
            sources = {name: v for name, v in self._wishes.driven.items() if name != source}
            self._wishes = replace(self._wishes, driven=MappingProxyType(sources))

    def trigger(
        self,
        name: str,
        strength: float = 1.0,
        length_s: float | None = None,
        *,
        at: float | None = None,
        source: str = "",
    ) -> None:
        """Play a preset. A strength of 0 releases it. The caller has checked the name.

        Raises: `ValueError` for a strength or length that is no finite number.
        """
        if not math.isfinite(strength):
            raise ValueError(f"strength must be a finite number, got {strength}")
        if length_s is not None and not (math.isfinite(length_s) and length_s > 0):
            raise ValueError(f"length must be a positive number of seconds, got {length_s}")
        self._cue(name, strength, length_s, at, source, None)

    def say(
        self,
        spoken: Spoken,
        strength: float = 1.0,
        *,
        at: float | None = None,
        source: str = "",
    ) -> None:
        """Say a text that was prepared; it takes over from what is being said.

        Raises: `ValueError` for a strength that is no finite number.
        """
        if not math.isfinite(strength):
            raise ValueError(f"strength must be a finite number, got {strength}")
        self._cue(SPEECH, strength, None, at, source, spoken)

    def _cue(
        self,
        name: str,
        strength: float,
        length_s: float | None,
        at: float | None,
        source: str,
        spoken: Spoken | None,
    ) -> None:
        with self._lock:
            self._serial += 1
            strength = min(max(strength, 0.0), 1.0)
            cue = Cue(self._serial, name, strength, length_s, at, source, spoken)
            cues = (*self._wishes.cues, cue)[-MAX_CUES:]
            self._wishes = replace(self._wishes, cues=cues)

    def release(self, name: str, *, at: float | None = None, source: str = "") -> None:
        """Let a held or looping preset go back to rest."""
        self.trigger(name, 0.0, at=at, source=source)

    def stop(self, *, source: str = "") -> None:
        """Release everything that plays."""
        self.trigger("", 0.0, source=source)

    def idle(self, *, strength: float | None = None, style: str | None = None) -> None:
        """Set the strength (0..1) or the style of idle life. Raises `ValueError`."""
        with self._lock:
            if strength is not None:
                if not math.isfinite(strength):
                    raise ValueError(f"idle strength must be a finite number, got {strength}")
                clamped = min(max(strength, 0.0), 1.0)
                self._wishes = replace(self._wishes, idle_strength=clamped)
            if style is not None:
                self._wishes = replace(self._wishes, idle_style=style)

    def pause(self, paused: bool) -> None:
        """Freeze the face, or let it go on from where it froze."""
        with self._lock:
            self._wishes = replace(self._wishes, paused=paused)
