"""The tables of the documents, each made from the table in the code that the product runs by."""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Final, Literal

from control.cli import build_parser
from control.osc.addresses import RECEIVED, SENT
from control.panel.app import create_app
from control.panel.openapi import Operation, operation_of
from control.settings import ENVIRONMENT_PREFIX
from streamer import PARAMETERS, Config
from streamer.animation.preset_library import PresetLibrary
from streamer.resources import shipped, weights_list
from streamer.stream import Stream

# What a group of routes is called; a module that is not here has its own first words.
ROUTE_GROUPS: Final = {
    "control.panel.routes_fixed": "For other programs",
    "control.panel.routes_control": "The face",
    "control.panel.routes_say": "Speech",
    "control.panel.routes_photos": "Photos",
    "control.panel.routes_landmarks": "The points of a face",
    "control.panel.routes_presets": "Presets",
    "control.panel.routes_choices": "Engine, camera, privacy",
    "control.panel.routes_weights": "Model files",
    "control.panel.routes_live": "Live",
    "control.panel.routes_token": "Signing in from another machine",
    "control.panel.app": "This description",
}
# What each network of the list is for.
MODEL_FILES: Final = {
    "appearance": "what the face looks like",
    "motion": "where it looks and what it does",
    "warping": "moving it",
    "generator": "drawing it",
    "stitching": "shoulders, lids, lips",
    "landmarks_203": "fine points of the face",
    "face_detector": "finding the face",
    "landmarks_106": "points of the face",
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar inside a cell is escaped."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


@cache
def library() -> PresetLibrary:
    return PresetLibrary([shipped("presets")])


def parameters() -> str:
    rows = []
    for p in PARAMETERS.values():
        rest = "the photo's own" if p.neutral is None else number(p.neutral)
        unit = " deg" if p.unit == "deg" else ""
        words = (f"{p.label[code]}: {p.meaning[code]}" for code in ("en", "ko"))
        rows.append([f"`{p.name}`", f"{number(p.low)} … {number(p.high)}{unit}", rest, *words])
    return markdown(("name", "range", "at rest", "English", "한국어"), rows)


def presets() -> str:
    rows = [
        [
            f"`{p.name}`",
            f"{p.emoji} {p.label['en']} · {p.label['ko']}",
            p.mode,
            f"{p.duration_s:g} s",
            "yes" if p.speaks else "",
            p.description,
        ]
        for p in library().presets.values()
    ]
    return markdown(("name", "label", "mode", "length", "speaks", "what it does"), rows)


def idle_styles() -> str:
    rows = [
        [f"`{s.name}`", f"{s.label['en']} · {s.label['ko']}", s.description]
        for s in library().idle_styles.values()
    ]
    return markdown(("name", "label", "how it lives"), rows)


def osc() -> str:
    rows = [[f"`/portrait/{a.path}`", a.takes[0], a.does[0]] for a in RECEIVED]
    return markdown(("address", "arguments", "does"), rows)


def osc_basic(language: Literal["en", "ko"]) -> str:
    """The addresses that one begins with."""
    index = ("en", "ko").index(language)
    head = (("address", "arguments", "does"), ("주소", "인자", "하는 일"))[index]
    rows = [[f"`/portrait/{a.path}`", a.takes[index], a.does[index]] for a in RECEIVED if a.basic]
    return markdown(head, rows)


def osc_sent() -> str:
    return markdown(("address", "value"), [[f"`/portrait/{path}`", text] for path, text in SENT])


def http() -> str:
    """Every route, in groups: what it takes, does, and may answer beside success."""
    app = create_app(Stream(Config(camera="none")))
    groups: dict[str, list[Sequence[str]]] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        described = operation_of(view)
        if described is None or rule.endpoint == "page":
            continue
        path = re.sub(r"<(?:\w+:)?\w+>", "NAME", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            groups.setdefault(_group(view), []).append(_route(method, path, described))
    order = [title for title in ROUTE_GROUPS.values() if title in groups]
    order += [title for title in groups if title not in order]
    head = ("route", "takes", "does", "else")
    return "\n\n".join(f"### {title}\n\n{markdown(head, groups[title])}" for title in order)


def _group(view: Any) -> str:
    module = view.__module__
    words = (sys.modules[module].__doc__ or module).splitlines()[0]
    return ROUTE_GROUPS.get(module, words.split(":")[0].rstrip("."))


def _route(method: str, path: str, described: Operation) -> Sequence[str]:
    return (
        f"`{method} {path}`",
        "<br>".join(_taken(described)),
        described.summary,
        " ".join(str(status) for status in sorted({*described.problems, *described.also})),
    )


def _taken(described: Operation) -> list[str]:
    taken = []
    if described.upload:
        kinds = " or ".join(f"`{media}`" for media in described.upload)
        taken.append(f"a file of up to {described.max_bytes // 2**20} MB, {kinds}")
    elif described.body is not None and (described.body.get("properties") or described.example):
        example = described.example or {}
        taken.append(f"`{json.dumps(_short(example), ensure_ascii=False)}`" if example else "")
        more = [name for name in described.body.get("properties", {}) if name not in example]
        if more and len(more) < len(PARAMETERS) - 3:
            taken.append("also " + ", ".join(f"`{name}`" for name in more))
    for name, schema in described.query.items():
        values = " or ".join(f"`{value}`" for value in schema.get("enum", ()))
        taken.append(f"`?{name}=` {values or 'a ' + _KINDS.get(schema.get('type', ''), 'value')}")
    return [part for part in taken if part]


_KINDS: Final = {"string": "text", "integer": "whole number", "number": "number"}


def _short(example: Any) -> Any:
    """A preset or a set of points has a document of its own."""
    if isinstance(example, Mapping):
        return {
            key: {"name": value["name"], "…": "…"} if key == "preset" else value
            for key, value in example.items()
        }
    return example


def flags_of(command: str) -> dict[str, argparse.Action]:
    """Return the flags of a command by the name of what they set."""
    parsers: Any = build_parser()._subparsers
    parser = parsers._group_actions[0].choices[command]
    return {a.dest: a for a in parser._actions if any(f[:2] == "--" for f in a.option_strings)}


def settings() -> str:
    """Every key of the settings file, with its flag, its default and what it is."""
    flags = flags_of("run")
    rows = []
    for field in fields(Config):
        flag = flags.get(field.name)
        long = next((f for f in flag.option_strings if f[:2] == "--"), "") if flag else ""
        takes = flag.metavar if flag and isinstance(flag.metavar, str) else ""
        rows.append(
            [
                f"`{field.name}`",
                (f"`{long} {takes}`" if takes else f"`{long}`") if long else "",
                _default(field.default),
                re.sub(r" \([^()]*\)$", "", (flag.help or "")) if flag else "",
            ]
        )
    text = markdown(("key", "flag", "default", "what it is"), rows)
    return f"{text}\n\nIn the environment `photo` is `{ENVIRONMENT_PREFIX}PHOTO`, and so on."


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return f"`{value}`" if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def model_files() -> str:
    manifest = tomllib.loads(weights_list().read_text(encoding="utf-8"))
    rows = []
    for file in manifest["file"]:
        size = file.get("size") or file["about"]
        about = "" if "size" in file else "about "
        licence = file["licence"] if file["commercial"] else f"**{file['licence']}**"
        meaning = MODEL_FILES[file["network"]]
        if file.get("optional"):
            meaning += "; may be missing"
        megabytes = f"{size / 1e6:.1f}" if size < 1e7 else f"{size / 1e6:.0f}"
        rows.append([f"`{file['path']}`", f"{about}{megabytes} MB", meaning, licence])
    return markdown(("file", "size", "for", "licence"), rows)
