"""Every file that the program reads as text: who reads it, and which error it may end in."""

import json
import math
import re
import struct
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control.instances import Instances
from control.panel.token import FILE_NAME, load_secrets
from control.remembered import recall
from control.settings import load_config
from streamer import ConfigError, PhotoError, PortraitError, PresetError, TakeError, WeightsError
from streamer.animation.idle_style import load_idle_style
from streamer.animation.performance import prepare
from streamer.animation.preset_writing import as_text, face_at, written
from streamer.animation.presets import load_preset
from streamer.engines.baked.clip_file import decode, open_clip
from streamer.engines.baked.store import read_bake
from streamer.engines.liveportrait.manifest import ACCEPTED, accepted, read_manifest
from streamer.engines.warp.sidecar import load_sidecar
from streamer.parameters import PARAMETERS, neutral_face
from streamer.photo import Photo
from streamer.photo_about import ABOUT_SUFFIX, read_about, write_about
from streamer.resources import shipped
from streamer.takes import read_take
from streamer.yaml_text import parse_yaml
from tests.fuzz.documents import as_json, as_yaml

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.0)

TAKE = """\
take: 1
settings:
  photo: "mona-lisa"
  seed: 7
  fps: 30.0
events:
  - {t: 0.0, set: {smile: 0.5, wink: null}}
  - {t: 0.5, trigger: "smile", strength: 1.0, length_s: 2.0, source: "page"}
  - {t: 0.7, drive: {head_yaw: 3.5}, source: "vmc 127.0.0.1"}
  - {t: 0.8, undrive: "vmc 127.0.0.1"}
  - {t: 1.0, idle: 0.5}
  - {t: 1.1, style: "calm"}
  - {t: 1.2, pause: true}
  - {t: 1.3, photo: "mona-lisa"}
  - {t: 1.4, view: {fit: "face", zoom: 1.2}}
  - {t: 1.5, stop: true}
length_s: 4.0
"""
SETTINGS = """\
photo: mona-lisa
engine: warp
size: 1280x720
fps: 30
mirror: yes
seed: 7
offset_x: 0.1
panel: 127.0.0.1:8000
osc_allow: [192.168.0.0/24]
osc_feedback: 127.0.0.1:9000
hotkeys: {F9: smile, ctrl+1: wink}
photos: ~/photos
"""
CHOICES = """{"photo": "mona-lisa", "size": "1280x720", "fps": 30.0, "mirror": true, "idle": 0.5,
"fill": "blur", "zoom": 1.0, "style": "calm", "camera": "auto"}"""
BAKE = json.dumps(
    {
        "identity": {
            "photo": "a" * 64,
            "source": "warp",
            "face": 1,
            "marks": "",
            "drawing": "warp",
            "weights": "",
        },
        "photo": "mona-lisa",
        "rest": REST,
        "plate": {
            "side_px": 512,
            "photo_from_plate": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            "framing": {"center_x": 1.0, "eye_y": 2.0, "crown_y": 0.0, "chin_y": 3.0},
        },
        "clips": {"smile.clip": 40},
        "styles": ["eco"],
    }
)
CLIP = json.dumps(
    {
        "name": "smile",
        "parameters": list(PARAMETERS),
        "faces": [list(REST.values())] * 2,
        "spans": [[0, 10, 0], [10, 10, 0]],
    }
)
TOKEN = '{"token": "abcdefghijklmnop", "key": "' + "ab" * 32 + '"}'


def _shipped(pattern: str, folder: str = "presets", name: str = "") -> tuple[str, ...]:
    """The shipped files of a kind; a preset's ``name`` must be that of its file."""
    texts = [path.read_text() for path in sorted(shipped(folder).glob(pattern))]
    return tuple(re.sub(r"(?m)^name: .*$", f"name: {name}", text) for text in texts)


@dataclass(frozen=True)
class Reader:
    """One kind of file. ``named``: its complaints name the file."""

    file: str
    seeds: tuple[str, ...]
    read: Callable[[Path], object]
    error: type[PortraitError] | None
    named: bool = True
    load: Callable[[str], Any] = parse_yaml
    dump: Callable[[Any], str] = as_yaml


def _preset(path: Path) -> None:
    preset = load_preset(path)
    prepare(preset)
    for place in (0.0, 0.3, 1.0):
        for name, value in face_at(preset, REST, place).items():
            parameter = PARAMETERS[name]
            assert math.isfinite(value)
            assert parameter.low <= value <= parameter.high
    # What the page's editor would write of it reads the same.
    path.write_text(as_text(written(preset)))
    assert len(load_preset(path).keyframes) == len(preset.keyframes)


def _about(path: Path) -> None:
    photo = path.with_name("me.png")
    about = read_about(photo)
    assert set(about) <= {"label", "credit", "terms", "demo", "may_speak"}
    write_about(photo, {"may_speak": False})
    assert not read_about(photo)["may_speak"]


def _token(path: Path) -> None:
    known = load_secrets(path.parent)
    assert len(known.token) >= 12
    assert len(known.key) >= 32
    assert load_secrets(path.parent) == known


def _choices(path: Path) -> None:
    recalled = recall(path)
    load_config({}, environment={}, file=Path("/nowhere"), remembered=recalled.choices)
    json.dumps(recalled.choices, default=str)


def _clip(path: Path) -> None:
    """The faces' header is JSON; it is put into a clip whose pictures are there."""
    if path.is_file():
        head = path.read_bytes()
        path.write_bytes(b"LPCLIP1\n" + struct.pack("<I", len(head)) + head + b"\0" * 20)
    try:
        clip = open_clip(path)
    except ValueError as exc:
        raise PortraitError(str(exc)) from exc
    for number in range(len(clip.values)):
        picture = clip.read(number)
        assert picture is None or decode(picture) is None
    clip.close()


def readers(photo: Photo) -> dict[str, Reader]:
    """Return all of them; sidecars belong to ``photo``."""
    return {
        "preset": Reader("smile.yaml", _shipped("*.yaml", name="smile"), _preset, PresetError),
        "idle style": Reader(
            "calm.yaml", _shipped("idle/*.yaml", name="calm"), load_idle_style, PresetError
        ),
        "take": Reader("take.yaml", (TAKE,), read_take, TakeError),
        "sidecar": Reader(
            "me.landmarks.yaml",
            _shipped("*.landmarks.yaml", "photo"),
            lambda path: load_sidecar(path, photo),
            PhotoError,
        ),
        "about": Reader(f"me{ABOUT_SUFFIX}", _shipped("*.about.yaml", "photo"), _about, PhotoError),
        "settings": Reader(
            "living-portrait.yaml",
            (SETTINGS,),
            lambda path: load_config({}, environment={}, file=path),
            ConfigError,
            named=False,  # what is checked with all other settings names the setting
        ),
        "choices": Reader("choices.json", (CHOICES,), _choices, None, False, json.loads, as_json),
        "token": Reader(FILE_NAME, (TOKEN,), _token, None, False, json.loads, as_json),
        "model files": Reader(
            "MANIFEST.toml",
            _shipped("MANIFEST.toml", "weights"),
            read_manifest,
            WeightsError,
            False,
            tomllib.loads,
            as_json,
        ),
        "bake": Reader(
            "bake.json",
            (BAKE,),
            lambda path: read_bake(path.parent),
            None,
            False,
            json.loads,
            as_json,
        ),
        "clip": Reader("smile.clip", (CLIP,), _clip, PortraitError, True, json.loads, as_json),
        "instance": Reader(
            "123.json",
            ('{"pid": 123, "born": "9", "camera": "", "page": "", "started": 1.0}',),
            lambda path: Instances(path.parent, born_of=lambda _: None).others(),
            None,
            False,
            json.loads,
            as_json,
        ),
        "accepted model files": Reader(
            ACCEPTED,
            ('{"a/b.pth": "00"}',),
            lambda path: accepted(path.parent),
            WeightsError,
            False,
            json.loads,
            as_json,
        ),
    }
