"""Idle styles: how a face lives when nobody asks anything of it, read from YAML.

The defaults are the style ``calm``. Sources of the numbers: each style's fields name theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from streamer.animation.presets import check_name
from streamer.animation.yaml_file import check_keys, labels, number, read_mapping, text


def _field(default: float, low: float, high: float, unit: str = "") -> float:
    """A number of a style with its range."""
    value: float = field(default=default, metadata={"low": low, "high": high, "unit": unit})
    return value


@dataclass(frozen=True)
class BlinkStyle:
    """Blinks. ``spread`` skews the intervals, ``vary`` is the share by which each part differs.

    Sources: 17 a minute at rest, log-normal: Bentivoglio et al. 1997. Down faster than up: Sforza
    et al. 2008. Asymmetric and fully closed looks most natural: Trutoiu et al. 2011; so few are
    ``partial``, fewer than on people. 26 a minute while ``talking``: Bentivoglio et al. 1997.
    """

    per_minute: float = _field(17.0, 0.0, 60.0)
    spread: float = _field(0.5, 0.0, 1.0)
    close_ms: float = _field(85.0, 40.0, 400.0, "ms")
    shut_ms: float = _field(45.0, 0.0, 1000.0, "ms")
    open_ms: float = _field(185.0, 60.0, 1000.0, "ms")
    vary: float = _field(0.15, 0.0, 0.5)
    double: float = _field(0.08, 0.0, 0.6)
    partial: float = _field(0.12, 0.0, 0.6)
    talking: float = _field(26.0, 0.0, 60.0)


@dataclass(frozen=True)
class GazeStyle:
    """Where the eyes go: bouts at the viewer and short ones away, each of several fixations.

    ``away_x``, ``away_y`` and ``near_x``, ``near_y`` are in the units of the gaze parameters.
    ``head`` is the share of a look away that the head goes along with.
    Sources: mutual gaze in bouts of about 2.2 s, Rogers et al. 2018; a share of about 75 % at the
    partner while listening; pupil noise looks natural, Duchowski/Krejtz et al. 2018.
    """

    viewer_s: float = _field(2.9, 0.5, 30.0, "s")
    away_s: float = _field(0.9, 0.3, 10.0, "s")
    fixation_s: float = _field(0.75, 0.2, 5.0, "s")
    near_x: float = _field(1.2, 0.0, 8.0)
    near_y: float = _field(2.2, 0.0, 16.0)
    away_x: float = _field(9.0, 0.0, 25.0)
    away_y: float = _field(8.0, 0.0, 40.0)
    lower: float = _field(2.0, -30.0, 30.0)
    noise: float = _field(0.25, 0.0, 2.0)
    head: float = _field(0.15, 0.0, 1.0)


@dataclass(frozen=True)
class BreathStyle:
    """Breath. ``inhale`` and ``rest`` are shares of the cycle; ``lift`` is in ``shift_y``'s units.

    Sources: 12-20 a minute, inhaling about 40 % of the cycle, a rest after exhaling: clinical
    pages. The size is what a head-and-shoulders picture shows: 0.2-0.6 % of the frame's height.
    """

    per_minute: float = _field(14.0, 4.0, 40.0)
    vary: float = _field(0.08, 0.0, 0.3)
    inhale: float = _field(0.36, 0.1, 0.6)
    rest: float = _field(0.24, 0.0, 0.5)
    lift: float = _field(0.011, 0.0, 0.05)
    pitch: float = _field(0.35, 0.0, 2.0, "deg")


@dataclass(frozen=True)
class SwayStyle:
    """Sway of the head, and now and then a new posture. Angles in degrees, about the largest.

    Source: a tenth of Live2D's idle sway; a new posture every 5-10 s as talkinghead does.
    """

    yaw: float = _field(1.5, 0.0, 8.0, "deg")
    pitch: float = _field(0.7, 0.0, 5.0, "deg")
    roll: float = _field(0.9, 0.0, 5.0, "deg")
    shift: float = _field(0.004, 0.0, 0.03)
    period_s: float = _field(6.5, 2.0, 30.0, "s")
    posture_s: float = _field(9.0, 2.0, 60.0, "s")


@dataclass(frozen=True)
class MoodStyle:
    """What the face slowly drifts through: a hint of a smile, the brows, the lids.

    ``smile`` and ``eyebrow`` are the largest drift in the parameters' units; ``lids`` is how far
    the eyes are open, as a share of the photo's own, ``lids_drift`` how much that wanders.
    ``asymmetry`` is how far one lid may sink below the other, in units of ``wink``.
    """

    smile: float = _field(0.05, 0.0, 0.5)
    eyebrow: float = _field(0.9, 0.0, 10.0)
    lids: float = _field(1.0, 0.4, 1.3)
    lids_drift: float = _field(0.02, 0.0, 0.2)
    asymmetry: float = _field(0.8, 0.0, 6.0)


@dataclass(frozen=True)
class ActingStyle:
    """How presets are acted: ``vary`` is by how much one press differs from the next."""

    vary: float = _field(0.08, 0.0, 0.3)


@dataclass(frozen=True)
class LoopStyle:
    """Idle life in a few loops that repeat exactly, so that their frames can be kept.

    Their lengths are spread evenly from ``shortest_s`` to ``longest_s``. Such a style sets
    ``acting.vary``, ``blink.partial`` and ``mood.asymmetry`` to 0: they would make more faces.
    """

    count: float = _field(3.0, 1.0, 8.0)
    shortest_s: float = _field(8.0, 4.0, 30.0, "s")
    longest_s: float = _field(10.0, 4.0, 30.0, "s")


@dataclass(frozen=True)
class IdleStyle:
    """One way to be alive, under its name; without end unless it has ``loops``."""

    name: str
    label: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    description: str = ""
    blink: BlinkStyle = BlinkStyle()
    gaze: GazeStyle = GazeStyle()
    breath: BreathStyle = BreathStyle()
    sway: SwayStyle = SwayStyle()
    mood: MoodStyle = MoodStyle()
    acting: ActingStyle = ActingStyle()
    loops: LoopStyle | None = None


_SECTIONS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "blink": BlinkStyle,
        "gaze": GazeStyle,
        "breath": BreathStyle,
        "sway": SwayStyle,
        "mood": MoodStyle,
        "acting": ActingStyle,
        "loops": LoopStyle,
    }
)
_FIELDS: Final = ("name", "label", "description", *_SECTIONS)


def load_idle_style(path: Path) -> IdleStyle:
    """Read one style; what the file does not name is as in ``calm``. Raises `PresetError`."""
    where = str(path)
    found = check_keys(read_mapping(path), where, _FIELDS, ("name",))
    name = check_name(found["name"], path)
    description = found.get("description")
    return IdleStyle(
        name=name,
        label=MappingProxyType(
            labels(found.get("label"), f"{where}: label", name.replace("_", " ").capitalize())
        ),
        description="" if description is None else text(description, f"{where}: description", 300),
        **{
            section: _section(kind, found[section], f"{where}: {section}")
            for section, kind in _SECTIONS.items()
            if section in found
        },
    )


def _section(kind: type[Any], value: Any, where: str) -> Any:
    known = {f.name: f.metadata for f in fields(kind)}
    given = check_keys(value, where, known)
    return kind(
        **{
            name: number(
                found,
                f"{where}.{name}",
                known[name]["low"],
                known[name]["high"],
                known[name]["unit"],
            )
            for name, found in given.items()
        }
    )
