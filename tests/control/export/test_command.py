"""`living-portrait export`, as a person types it."""

import json
import zipfile
import zlib
from pathlib import Path

import pytest

from control.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVING_PORTRAIT_HOME", str(tmp_path / "home"))
    return tmp_path


def test_companion_pages_are_written_and_explained(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "companion", "--language", "ko", "--keys", "6", "--port", "7005"]) == 0

    written = sorted(folder.glob("living-portrait*.companionconfig"))
    pages = [json.loads(path.read_text(encoding="utf-8")) for path in written]
    assert len(pages) > 3
    assert "웃어봐" in written[0].read_text(encoding="utf-8") or "웃어봐" in str(pages)
    assert "Import" in capsys.readouterr().out


def test_your_own_presets_are_exported_too(folder: Path) -> None:
    own = folder / "presets"
    own.mkdir()
    (own / "salute.yaml").write_text(
        "name: salute\nlabel: {en: Salute, ko: 경례}\nemoji: 🫡\nduration_ms: 900\n"
        "keyframes:\n  - {time: 0.0, params: {}}\n  - {time: 0.5, params: {head_pitch: 3}}\n"
        "  - {time: 1.0, params: {}}\n",
        encoding="utf-8",
    )

    assert main(["export", "touchosc", "--presets", str(own), "--out", "mine.tosc"]) == 0

    text = zlib.decompress((folder / "mine.tosc").read_bytes()).decode()
    assert "/portrait/trigger/salute" in text


def test_a_stream_deck_profile_and_its_picture_are_written(folder: Path) -> None:
    assert main(["export", "streamdeck", "--picture", "deck.svg", "--language", "en"]) == 0

    assert zipfile.is_zipfile(folder / "living-portrait.streamDeckProfile")
    assert "Smile" in (folder / "deck.svg").read_text(encoding="utf-8")


def test_a_port_that_is_none_and_a_folder_that_is_not_there_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "touchosc", "--port", "70000"]) == 1
    assert "70000" in capsys.readouterr().err
    assert main(["export", "touchosc", "--out", str(folder / "no" / "x.tosc")]) == 1
    assert "--out" in capsys.readouterr().err
