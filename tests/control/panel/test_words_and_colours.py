"""The page's words in both languages, and the contrast of its colours."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

import control.panel

PANEL = Path(control.panel.__file__).parent
STATIC = PANEL / "static"
LANGUAGES = ("en", "ko")


def words(language: str) -> dict[str, str]:
    read = json.loads((STATIC / "i18n" / f"{language}.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def used_keys() -> set[str]:
    page = "".join(p.read_text(encoding="utf-8") for p in (PANEL / "templates").rglob("*.html"))
    keys = set(re.findall(r'data-t="(\w+)"', page)) | set(re.findall(r'l\("(\w+)"\)', page))
    for script in (STATIC / "js").glob("*.js"):
        keys |= set(re.findall(r'\bt\("(\w+)"', script.read_text(encoding="utf-8")))
    return keys


def test_both_languages_have_the_same_words_and_blanks() -> None:
    en, ko = words("en"), words("ko")

    assert list(en) == list(ko)
    for key in en:
        assert set(re.findall(r"\{\w+\}", en[key])) == set(re.findall(r"\{\w+\}", ko[key])), key
        assert en[key].strip()
        assert ko[key].strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_the_page_uses_is_there(language: str) -> None:
    assert used_keys() - set(words(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_that_the_stream_may_be_in_has_its_words(language: str) -> None:
    from control.panel.progress import RUNNING
    from control.panel.routes_choices import ENGINES
    from streamer.animation.easing import EASINGS
    from streamer.animation.presets import CHANNELS, MODES
    from streamer.config import SPEEDS
    from streamer.engines.liveportrait.devices import DEVICES
    from streamer.engines.needs import glance
    from streamer.sinks.camera import Status
    from streamer.sinks.camera_system import Reason
    from streamer.sinks.network import Status as Sending
    from streamer.sinks.network_advice import REASONS

    known = words(language)

    assert {f"reason_{reason}" for reason in get_args(Reason) if reason} <= set(known)
    assert {f"camera_{status}" for status in (*get_args(Status), "off")} <= set(known)
    assert {f"stream_{status}" for status in get_args(Sending)} <= set(known)
    assert {f"stream_reason_{reason}" for reason in REASONS} <= set(known)
    assert {f"mode_{mode}" for mode in MODES if mode != "once"} <= set(known)
    assert {f"engine_choice_{engine}" for engine in ENGINES} <= set(known)
    assert {f"device_{device}" for device in DEVICES} <= set(known)
    assert {f"speed_{speed}" for speed in SPEEDS} <= set(known)
    assert {f"weights_{status}" for status in RUNNING} <= set(known)
    assert {f"channel_{channel}" for channel in CHANNELS} <= set(known)
    assert {f"curve_{easing}" for easing in EASINGS} <= set(known)
    assert {f"editor_{kind}_hint" for kind in ("new", "own", "covers", "shipped")} <= set(known)
    assert {f"need_{need.subject}" for need in glance(None)} <= set(known)


def test_no_word_is_left_over() -> None:
    # put together from the state
    built = re.compile(
        r"(camera|channel|curve|device|editor|engine|help|mode|need|part|point|points_source|reason|size"
        r"|speed|stream|weights)_[\w-]+"
    )

    unused = {key for key in words("en") if key not in used_keys() and not built.fullmatch(key)}

    scripts = "".join(s.read_text(encoding="utf-8") for s in (STATIC / "js").glob("*.js"))
    assert {key for key in unused if f'"{key}"' not in scripts} == set()


def themes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\n\s*\}", (STATIC / "page.css").read_text(), re.DOTALL)
    dark, light = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block)) for block in blocks)
    return {"dark": dark, "light": {**dark, **light}}


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * d for d in digits)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """Source: WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("text", "ground"),
        ("text", "card"),
        ("text", "raised"),
        ("text", "raised-hover"),
        ("text", "bad-soft"),
        ("soft", "ground"),
        ("soft", "card"),
        ("soft", "raised"),
        ("accent", "card"),
        ("accent", "raised"),
        ("accent", "accent-soft"),
        ("soft", "accent-soft"),
        ("bad", "raised"),
        ("on-accent", "accent"),
    ],
)
def test_text_can_be_read_on_its_ground(theme: str, ink: str, paper: str) -> None:
    colors = themes()[theme]

    assert contrast(colors[ink], colors[paper]) >= 4.5  # WCAG AA


def test_the_page_holds_no_inline_script_or_style() -> None:
    for template in (PANEL / "templates").rglob("*.html"):
        page = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), template.name
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), template.name
    for script in (STATIC / "js").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert "innerHTML" not in text, f"{script.name}: what people send must stay text"
        assert "http://" not in text, f"{script.name}: nothing is fetched from elsewhere"
