"""What `support` packs holds no token, no photo, no name: planted everywhere, found nowhere."""

import json
import os
import socket
import stat
import time
import unicodedata
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from control.cli import main
from control.panel.token import load_secrets
from control.scrubbing import Scrubber, of_this_machine
from streamer.resources import user_folder

TOKEN = "correct-horse-battery-staple"
STREAM_KEY = "live_4711_QwErTz"
KOREAN = "우리 할머니"
PERSON = "Jane Q Public"
LABEL = "Aunt Marjorie"
OTHER = "Bartholomew"


def everything(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as opened:
        return {info.filename: opened.read(info).decode() for info in opened.infolist()}


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put tokens, photos and names wherever the product keeps or takes any; return them."""
    home = tmp_path / "home" / "tamsin"
    photos = user_folder("photos")
    state = user_folder("state")
    elsewhere = home / "portraits"
    for folder in (photos, state / "logs", elsewhere):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.setenv(name, "tamsin")
    monkeypatch.setenv("LIVING_PORTRAIT_PANEL_TOKEN", TOKEN)
    monkeypatch.setenv("LIVING_PORTRAIT_STREAM", f"rtmp://stream.example/app/{STREAM_KEY}")
    monkeypatch.setattr(socket, "gethostname", lambda: "tamsins-laptop.lan")
    made = load_secrets(state)
    picture = Image.new("RGB", (300, 300), "gray")
    for name in (f"{KOREAN}.jpg", f"{PERSON}.png", "grandpa_1.jpeg"):
        picture.save(photos / name)
    (photos / "grandpa_1.about.yaml").write_text(f"label: {{en: {LABEL}, ko: {LABEL}}}")
    picture.save(elsewhere / f"{OTHER}.jpg")
    (state / "choices.json").write_text(json.dumps({"photo": KOREAN}))
    (tmp_path / "living-portrait.yaml").write_text(
        f"photos: {elsewhere}\nmic: Tamsin's Headset\nhotkeys: {{f13: 'photo:{KOREAN}'}}\n"
        "osc_allow: [192.168.0.7]\nphoto: mona-lisa\n"
    )
    monkeypatch.chdir(tmp_path)
    decomposed = unicodedata.normalize("NFD", KOREAN)
    lines = [
        f"As chosen on the page before: photo {KOREAN}, engine warp. (--fresh starts without.)",
        "As chosen on the page before: photo Someone Removed. (--fresh starts without.)",
        f"{home}/Desktop/Uncle Theodore.JPG: no face was found; {home}",
        f"The photo '{PERSON}' cannot be read; '{decomposed}를' neither.",
        f"GET /photos/{quote(KOREAN)}/image?token={made.token} 200",
        f"GET /photos/{quote(decomposed)}/image 200",
        f"http://obs:{made.token}@192.168.0.10:8000/preview.mjpg",
        "Authorization: Bearer abcdefgh12345678",
        f"living-portrait run --panel-token {TOKEN} --stream rtmp://h/app/{STREAM_KEY}",
        f"Sending to srt://relay.example:9000?passphrase={STREAM_KEY}",
        f'Traceback: File "{home}/portrait/control/cli.py", line 3',
        json.dumps({"photo": KOREAN, "label": LABEL, "host": "tamsins-laptop"}),
        repr(f"{OTHER}.jpg") + " and Eleanor.webp vanished; photo mona-lisa shown",
        "tamsin@tamsins-laptop TAMSIN",
        "12:00:00 INFO frame 17: all right",
    ]
    (state / "logs" / "living-portrait.log").write_text("\n".join(lines), encoding="utf-8")
    (state / "logs" / "living-portrait.log.1").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "id_ed25519").write_text("PRIVATE KEY")
    (state / "logs" / "stolen.log").symlink_to(tmp_path / "id_ed25519")
    return [
        *(TOKEN, made.token, made.key.hex(), STREAM_KEY, "abcdefgh12345678", "PRIVATE KEY"),
        *(KOREAN, decomposed, quote(KOREAN), quote(decomposed), json.dumps(KOREAN)[1:-1]),
        *(PERSON, "grandpa_1", LABEL, OTHER, "Theodore", "Eleanor", "Someone Removed"),
        *("tamsin", str(home)),
    ]


def test_nothing_that_was_planted_is_in_the_file(
    planted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.zip"

    assert main(["support", "--out", str(out), "--no-readback"]) == 0

    files = everything(out)
    for name, text in files.items():
        for word in planted:
            assert word.casefold() not in text.casefold(), f"{word!r} is in {name}:\n{text}"
    assert {name.partition("/")[2] for name in files} == {
        *("README.txt", "versions.txt", "settings.txt", "presets.txt"),
        *("doctor.txt", "doctor.json", "logs/living-portrait.log", "logs/living-portrait.log.1"),
    }


def test_what_helps_is_still_there(planted: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.zip"
    main(["support", "--out", str(out), "--no-readback"])
    files = {name.partition("/")[2]: text for name, text in everything(out).items()}

    log = files["logs/living-portrait.log"]
    assert "12:00:00 INFO frame 17: all right" in log
    assert "photo mona-lisa shown" in log
    assert "~/portrait/control/cli.py" in log
    assert "engine warp. (--fresh" in log
    assert "panel_token: <removed>" in files["settings.txt"]
    assert "osc_allow: ('192.168.0.7',)" in files["settings.txt"]
    assert "size: 1280x720" in files["settings.txt"]
    assert "numpy" in files["versions.txt"]
    assert "own photos: " in files["README.txt"]
    assert {f["subject"] for f in json.loads(files["doctor.json"])} >= {"camera", "photo", "log"}


def test_the_file_says_what_is_inside_and_that_nothing_was_sent(
    planted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["support", "--no-readback"]) == 0

    out = capsys.readouterr().out
    written = next(tmp_path.glob(f"living-portrait-support-{time.strftime('%Y')}-*.zip"))
    assert str(written) in out
    assert "doctor.json" in out
    assert "Nothing was sent." in out
    if os.name == "posix":
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_damaged_settings_file_is_told_not_stumbled_over(
    planted: list[str], tmp_path: Path
) -> None:
    (tmp_path / "living-portrait.yaml").write_text("fps: many")

    assert main(["support", "--out", str(tmp_path / "r.zip"), "--no-readback"]) == 0

    files = everything(tmp_path / "r.zip")
    assert "'many' is not what 'fps' takes" in files["living-portrait-support/settings.txt"]


def test_a_place_that_cannot_be_written_is_said_with_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["support", "--out", str(tmp_path / "no" / "r.zip"), "--no-readback"]) == 1

    assert "Type: living-portrait support --out" in capsys.readouterr().err


def test_short_names_take_no_words_apart() -> None:
    scrub = Scrubber({"me": "<photo>"}, kept=["mona-lisa"])

    assert scrub("some camera: me, me.jpg, ME and mona-lisa.jpg") == (
        "some camera: <photo>, <photo>, <photo> and mona-lisa.jpg"
    )


def test_the_users_words_are_known_on_this_machine() -> None:
    assert of_this_machine()[str(Path.home())] == "~"
