"""Every picture of the corpus, through every way that a picture comes in by."""

import os
import unicodedata
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from control.panel.server import PanelServer
from streamer.errors import PhotoError
from streamer.photo import read_photo
from streamer.photo_import import MAX_STEM, keep
from tests.control.fakes import FakeStream
from tests.fuzz.pictures import corpus, formats, measured

ALL = list(corpus(large=False))
# Slices and spoilt bytes are many, and differ only to the decoders.
WHOLE = [one for one in ALL if "/16 of" not in one.name and "spoilt at" not in one.name]
# A server takes its time for each: of all that are turned, one way.
SERVED = [one for one in WHOLE if not one.name.startswith("turned") or "turned 6" in one.name]


def test_every_picture_is_upright_or_refused_by_name_in_bounded_memory() -> None:
    told = {picture.name: measured(picture) for picture in ALL}

    assert not {name: fate for name, (fate, _, _) in told.items() if fate.startswith("WRONG")}
    # The largest of these has 0.3 MB of pixels; the bombs would be gigabytes.
    assert sum(mb for _, _, mb in told.values()) < 300


def test_what_is_refused_leaves_nothing_in_the_folder_and_the_rest_is_kept_as_it_is(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own"
    for picture in WHOLE:
        data = picture.make()
        before = sorted(own.iterdir()) if own.exists() else []
        try:
            kept = keep(own, f"{picture.name}.png", data, (), None)
        except PhotoError as exc:
            assert picture.fate != "upright", (picture.name, exc)
            assert (sorted(own.iterdir()) if own.exists() else []) == before
            continue
        assert picture.fate != "refused", picture.name
        assert kept.read_bytes() == data
        assert kept.parent == own
        assert kept.stat().st_mode & 0o777 == 0o600
    assert own.stat().st_mode & 0o777 == 0o700


def sent(server: PanelServer, name: str, data: bytes, find: bool = False) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        how = "find" if find else "by-hand"
        headers = {"Content-Type": "application/octet-stream"}
        connection.request("PUT", f"/photos/{name}?face={how}", body=data, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_running_server_answers_each_with_201_or_the_reason(
    server: PanelServer, stream: FakeStream
) -> None:
    for picture in SERVED:
        status, said = sent(server, quote(f"{picture.name}.png", safe=""), picture.make())

        assert status in ((201,) if picture.fate == "upright" else (201, 413, 422)), (
            picture.name,
            status,
            said,
        )
        assert picture.fate != "refused" or status != 201, picture.name
    # And every one that was taken can be shown.
    for entry in stream.photos.own.entries():
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", f"/photos/{quote(entry.name, safe='')}/thumbnail")
        answer = connection.getresponse()
        assert answer.status == 200, (entry.name, answer.read())
        assert answer.read().startswith(b"\xff\xd8")
        connection.close()


def test_a_bomb_that_lies_in_the_folder_is_not_drawn_as_a_thumbnail(
    server: PanelServer, stream: FakeStream
) -> None:
    """A file may be put there by hand; it is judged as any other when it is shown."""
    own = stream.photos.own._own
    assert own is not None
    own.mkdir(parents=True)
    wicked = [one for one in WHOLE if one.fate == "refused"]
    for index, picture in enumerate(wicked):
        (own / f"wicked-{index}.png").write_bytes(picture.make())

    for index, picture in enumerate(wicked):
        for what in ("thumbnail", "image", "landmarks"):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request("GET", f"/photos/wicked-{index}/{what}")
            answer = connection.getresponse()
            said = answer.read().decode()
            connection.close()
            refused = answer.status == 422 or (what == "landmarks" and '"landmarks":null' in said)
            assert refused, (picture.name, what, answer.status, said)


NAMES = [
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/passwd",
    "C:\\Windows\\system.ini",
    "nul\0byte.png",
    "two\nlines.png",
    "a" * 300 + ".png",
    "각" * 300,
    unicodedata.normalize("NFD", "할머니.png"),
    "..",
    ".",
    ".hidden",
    "-rf.png",
    "con.png",
    "a.landmarks",
    "a.about.yaml",
    "%2e%2e%2f",
    "＂．．／＂",
    "\u202egnp.exe",
    "\ud800",
    " ",
    "$(reboot).png",
    "`id`.png",
    "<script>.png",
    "a" * 200 + "/" * 200,
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_leads_out_of_the_folder_or_says_what_it_is_not(name: str, tmp_path: Path) -> None:
    own = tmp_path / "own"

    kept = keep(own, name, formats()["png"](), (), None)

    assert kept.parent == own
    assert kept.suffix == ".png"
    assert kept.name.isprintable()
    assert not kept.name.startswith(".")
    assert len(kept.stem) <= MAX_STEM
    assert unicodedata.is_normalized("NFC", kept.name)
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_leads_out_over_http(name: str, server: PanelServer, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*") if "own" not in path.parts}

    status, said = sent(server, quote(name, safe="", errors="replace"), formats()["png"]())

    assert status in (201, 400, 404, 405, 422), said
    assert {p for p in tmp_path.rglob("*") if "own" not in p.parts} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "null.png").symlink_to("/dev/null")
    (tmp_path / "to pipe.png").symlink_to("pipe.png")
    (tmp_path / "nowhere.png").symlink_to("not there")
    (tmp_path / "circle.png").symlink_to("circle.png")
    (tmp_path / "memory.png").symlink_to("/proc/self/maps")

    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(PhotoError, match=path.stem):
            read_photo(path)
    for path in ("nul\0.png", "a" * 5000, "/dev/zero", "/dev/stdin", "", "."):
        with pytest.raises(PhotoError):
            read_photo(Path(path))


def test_a_picture_that_grows_while_it_is_read_is_read_to_the_limit_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "grows.png"
    Image.new("RGB", (96, 96)).save(path)
    monkeypatch.setattr("streamer.photo.MAX_FILE_BYTES", path.stat().st_size)
    assert read_photo(path)

    with path.open("ab") as file:
        file.write(b"more")

    with pytest.raises(PhotoError, match="at most"):
        read_photo(path)
