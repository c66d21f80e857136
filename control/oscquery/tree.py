"""The address space as OSCQuery describes it, made from parameters, presets, photos and state.

Source: OSCQuery proposal (Vidvox/OSCQueryProposal), "Required attributes", "Optional attributes".
A switch is an int from 0 to 1, as most clients draw it; a press without a value is of type ``I``.
"""

from collections.abc import Mapping
from typing import Any, Final

from control.live import Live
from control.osc.addresses import words as words_for
from streamer import PARAMETERS

NONE, READ, WRITE, READ_WRITE = range(4)

ATTRIBUTES: Final = (
    *("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE"),
    *("DESCRIPTION", "TAGS", "CLIPMODE"),
)
EXTENSIONS: Final = {
    **dict.fromkeys(("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "CLIPMODE"), True),
    **dict.fromkeys(("LISTEN", "PATH_CHANGED", "UNIT", "EXTENDED_TYPE", "CRITICAL"), False),
}

Node = dict[str, Any]


def tree(stream: Live) -> Node:
    """Return the whole address space with the values of now. JSON-able."""
    state = stream.state()
    face: Mapping[str, float] = state.get("face") or {}
    idle = state.get("idle") or {}
    playing = state.get("playing") or ()
    presets = stream.presets.presets
    photos = [entry.name for entry in stream.photos.entries()]
    root = _container("Living Portrait")
    portrait = _add(root, "portrait", _container("Everything that the portrait understands"))

    trigger = _add(portrait, "trigger", _container(words_for("trigger/NAME")))
    for name, preset in presets.items():
        words = f"{preset.emoji} {_both(preset.label)}".strip()
        if preset.mode in ("hold", "loop"):
            # It lasts until it is released, so it is a switch and no button.
            on = int(name in playing)
            _add(trigger, name, _method("i", words, READ_WRITE, [on], (0, 1), clip=True))
        else:
            _add(trigger, name, _method("I", words, WRITE))

    set_ = _add(portrait, "set", _container(words_for("set/PARAM")))
    release = _add(portrait, "release", _container(words_for("release/PARAM")))
    shown = _add(portrait, "state", _container("What the face does now"))
    for name, p in PARAMETERS.items():
        words = f"{_both(p.label)}: {_both(p.meaning)}"
        value = [round(face.get(name, 0.0), 4)]
        ends = (p.low, p.high)
        tags: list[str] = [p.group]
        _add(set_, name, _method("f", words, READ_WRITE, value, ends, clip=True, tags=tags))
        _add(release, name, _method("I", words, WRITE, tags=tags))
        _add(shown, name, _method("f", words, READ, value, ends, tags=tags))

    strength = [float(idle.get("strength", 1.0))]
    words = words_for("idle")
    life = _method("f", words, READ_WRITE, strength, (0.0, 1.0), clip=True)
    _add(portrait, "idle", life)
    for style in stream.presets.idle_styles:
        _add(life, style, _method("I", "Style of idle life", WRITE))
    photo = _method("s", "The portrait", READ_WRITE, [str(state.get("photo") or "")])
    photo["RANGE"] = [{"VALS": photos}]
    _add(portrait, "photo", photo)
    paused = [int(bool(state.get("paused")))]
    words = words_for("pause")
    _add(portrait, "pause", _method("i", words, READ_WRITE, paused, (0, 1), clip=True))
    covered = [int(bool(state.get("privacy")))]
    words = words_for("privacy")
    _add(portrait, "privacy", _method("i", words, READ_WRITE, covered, (0, 1), clip=True))
    _add(portrait, "stop", _method("I", words_for("stop"), WRITE))
    _add(portrait, "reset", _method("I", words_for("reset"), WRITE))
    _add(portrait, "say", _method("s", words_for("say"), WRITE))
    port = (1, 65535)
    _add(portrait, "subscribe", _method("i", words_for("subscribe"), WRITE, None, port))
    _add(portrait, "unsubscribe", _method("i", words_for("unsubscribe"), WRITE, None, port))
    plays = _method("s", "The presets that play", READ, [", ".join(playing)])
    _add(portrait, "playing", plays)
    for name in presets:
        lit = [int(name in playing)]
        _add(plays, name, _method("i", "1 while it plays", READ, lit, (0, 1)))
    fps = [round(float(state.get("fps") or 0.0), 1)]
    _add(portrait, "fps", _method("f", "Frames a second", READ, fps))
    _number(root, "")
    return root


def find(root: Node, path: str) -> Node | None:
    """Return the node at a path, or `None`."""
    node: Node | None = root
    for part in path.split("/"):
        if part and node is not None:
            node = node.get("CONTENTS", {}).get(part)
    return node


def _container(words: str) -> Node:
    return {"ACCESS": NONE, "DESCRIPTION": words, "CONTENTS": {}}


def _method(
    kind: str,
    words: str,
    access: int,
    value: list[Any] | None = None,
    ends: tuple[float, float] | None = None,
    *,
    clip: bool = False,
    tags: list[str] | None = None,
) -> Node:
    node: Node = {"TYPE": kind, "ACCESS": access, "DESCRIPTION": words}
    if value is not None:
        node["VALUE"] = value
    if ends is not None:
        node["RANGE"] = [{"MIN": ends[0], "MAX": ends[1]}]
    if clip:
        node["CLIPMODE"] = ["both"]
    if tags:
        node["TAGS"] = tags
    return node


def _add(parent: Node, name: str, node: Node) -> Node:
    parent.setdefault("CONTENTS", {})[name] = node
    return node


def _number(node: Node, path: str) -> None:
    """Write every node's own address into it."""
    node["FULL_PATH"] = path or "/"
    for name, child in node.get("CONTENTS", {}).items():
        _number(child, f"{path}/{name}")


def _both(labels: Mapping[str, str]) -> str:
    """English and Korean, as nobody says which language a client shows."""
    return " / ".join(dict.fromkeys(text for text in labels.values() if text))
