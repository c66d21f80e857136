"""Names and links that would lead out of the folders of photos and presets: none does."""

import contextlib
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from PIL import Image

from control.osc import OscDoor
from control.osc.subscribers import encode
from control.panel.app import create_app
from control.panel.openapi import document
from control.panel.routes_presets import EXAMPLE
from streamer import ConfigError, PhotoError, PresetError
from streamer.animation.preset_library import PresetLibrary
from streamer.engines.warp.sidecar import load_sidecar
from streamer.photo import read_photo
from streamer.photo_about import read_about, write_about
from streamer.photo_library import PhotoLibrary
from streamer.preset_files import PresetFiles
from streamer.resources import shipped
from streamer.sinks.camera_loopback import LoopbackCameras
from streamer.sinks.camera_system import CameraUnavailable
from tests.control.fakes import FakeStream

WAVE = "name: wave\nduration_ms: 900\nkeyframes: [{time: 0}, {time: 1}]\n"
SECRET = "the-secret-that-lies-outside"
OUTSIDE = (
    *("../secret", "..%2fsecret", "..%252fsecret", "%2e%2e/secret", "..\\secret", "..%5csecret"),
    *("/secret", "//secret", "secret\0.png", "secret%00.png", "./secret", "a/../../secret"),
    *("....//secret", "..;/secret", "．．／secret", "‥/secret", "..%c0%afsecret"),
    *("file:///secret", "C:\\secret", "\\\\host\\secret", "~/secret", "$HOME/secret"),
    *("..%e2%88%95secret", "%2e%2e%2fsecret", "..\u2215secret", "..\uff0fsecret", "\u2024/secret"),
    "secret",  # a good name, of nothing that is in a folder of ours
)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[FakeStream]:
    inside = tmp_path / "inside"
    inside.mkdir()
    fake = FakeStream(inside)
    Image.new("RGB", (96, 96), (1, 2, 3)).save(tmp_path / "secret.png")
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret.yaml").write_text(f"name: secret\nlabel: {SECRET}\n")
    yield fake
    fake.speaker.close()
    fake.preview.close()


@pytest.fixture
def client(stream: FakeStream) -> FlaskClient:
    return create_app(stream).test_client()


def named_routes() -> list[tuple[str, str]]:
    paths = document(create_app(FakeStream()))["paths"]
    return [(m.upper(), p) for p, methods in paths.items() for m in methods if "{" in p]


@pytest.mark.parametrize(("method", "path"), named_routes())
def test_no_name_in_an_address_reads_or_writes_outside(
    client: FlaskClient, tmp_path: Path, method: str, path: str
) -> None:
    before = state_of(tmp_path)

    for name in OUTSIDE[:-1] if "presets" in path else OUTSIDE:
        for spelt in (name, quote(name, safe=""), quote(quote(name, safe=""), safe="")):
            body = {"preset": {**EXAMPLE, "name": name}} if "presets" in path else {}
            # A route for files, too: what is no picture is not kept whatever its name.
            where = path.replace("{name}", spelt)
            answer = client.open(where, method=method, json=body)

            assert answer.status_code in (400, 404, 405, 409, 415, 422), (name, answer.data)
            assert SECRET not in answer.text
            answer.close()
    assert state_of(tmp_path) == before


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_in_a_body_reads_or_writes_outside(
    client: FlaskClient, stream: FakeStream, tmp_path: Path, name: str
) -> None:
    before = state_of(tmp_path)

    for method, path, body in (
        ("POST", "/photos", {"name": name}),
        ("POST", "/generate", {"expression": name}),
        ("PUT", "/idle", {"style": name}),
        ("PUT", "/engine", {"engine": name}),
        ("PUT", "/view", {"fill": name}),
        ("POST", "/presets/try", {"preset": {**EXAMPLE, "name": name}}),
    ):
        answer = client.open(path, method=method, json=body)
        if path == "/presets/try" and name == "secret":
            continue  # a good name for a preset; it is only played
        assert answer.status_code in (400, 404, 422), (path, answer.data)
        assert SECRET not in answer.text
    assert stream.photo == "mona-lisa"
    assert state_of(tmp_path) == before


def test_no_name_over_osc_reads_or_writes_outside(stream: FakeStream, tmp_path: Path) -> None:
    door = OscDoor(stream, "127.0.0.1", 7001)
    before = state_of(tmp_path)

    for name in OUTSIDE:
        plain = name.replace("\0", "")
        for action in ("trigger", "photo", "idle", "set", "release"):
            for datagram in (
                encode(f"/portrait/{action}", (plain,)),
                encode(f"/portrait/{action}/{plain}", ()),
            ):
                door._handle(datagram, ("127.0.0.1", 5000))
    door.stop()

    assert stream.photo == "mona-lisa"
    assert stream.controls.snapshot().cues == ()
    assert not any(line["code"] == "photo_asked" for line in door.monitor())
    assert state_of(tmp_path) == before


def test_a_photo_that_is_a_link_to_the_outside_is_not_in_the_library(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    Image.new("RGB", (96, 96)).save(tmp_path / "outside.png")
    (own / "link.png").symlink_to(tmp_path / "outside.png")
    (own / "hard.png").symlink_to("/dev/zero")
    (own / "sub").symlink_to(tmp_path)
    library = PhotoLibrary([], own)

    assert library.entries() == []
    for name in ("link", "hard", "sub/outside", "link.png"):
        with pytest.raises(PhotoError):
            library.find_name(name)
    with pytest.raises(PhotoError):
        library.remove("link")
    assert (tmp_path / "outside.png").exists()


def test_what_is_known_of_a_photo_is_not_read_or_written_through_a_link(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    Image.new("RGB", (96, 96)).save(own / "me.png")
    outside = tmp_path / "outside.yaml"
    outside.write_text(f"credit: {SECRET}\nmay_speak: true\n")
    (own / "me.about.yaml").symlink_to(outside)
    before = outside.read_text()

    about = read_about(own / "me.png")
    with pytest.raises(PhotoError, match="link"):
        write_about(own / "me.png", {"credit": "x"})

    assert SECRET not in str(about)
    assert not about["may_speak"]  # with most care
    assert outside.read_text() == before


def test_points_are_not_read_through_a_link(tmp_path: Path) -> None:
    photo = read_photo(shipped("photo") / "mona-lisa.jpg")
    (tmp_path / "own").mkdir()
    good = shipped("photo") / "mona-lisa.landmarks.yaml"
    inside = tmp_path / "own" / "there.landmarks.yaml"
    inside.write_bytes(good.read_bytes())
    (tmp_path / "own" / "me.landmarks.yaml").symlink_to(good)
    (tmp_path / "own" / "you.landmarks.yaml").symlink_to(inside)

    with pytest.raises(PhotoError, match="link"):
        load_sidecar(tmp_path / "own" / "me.landmarks.yaml", photo)
    assert load_sidecar(tmp_path / "own" / "you.landmarks.yaml", photo).points


def test_presets_are_neither_read_nor_written_nor_deleted_through_a_link(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    outside = tmp_path / "wave.yaml"
    outside.write_text(WAVE)
    before = outside.read_text()
    (own / "wave.yaml").symlink_to(outside)
    library = PresetLibrary([own])
    files = PresetFiles(library, shipped("presets"), own)

    assert "wave" not in library.presets
    assert "link" in library.problems[0]
    with pytest.raises(PresetError, match="link"):
        files.save(EXAMPLE)
    with pytest.raises(KeyError):
        files.delete("wave")
    assert outside.read_text() == before
    assert (own / "wave.yaml").is_symlink()


def test_a_link_within_the_folder_is_deleted_and_not_what_it_names(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "kept.txt").write_text(
        "name: wave\nduration_ms: 900\nkeyframes: [{time: 0}, {time: 1}]\n"
    )
    (own / "wave.yaml").symlink_to("kept.txt")
    library = PresetLibrary([own])

    PresetFiles(library, shipped("presets"), own).delete("wave")

    assert (own / "kept.txt").exists()
    assert not (own / "wave.yaml").is_symlink()


def test_a_preset_s_name_is_a_name(tmp_path: Path) -> None:
    files = PresetFiles(PresetLibrary([tmp_path / "own"]), shipped("presets"), tmp_path / "own")

    for name in (*OUTSIDE, "Smile", "a" * 33, "1a", "a-b", "a.b", "", "con/", "idle/x", "é"):
        if name != "secret":
            with pytest.raises(PresetError):
                files.save({**EXAMPLE, "name": name})
    assert not (tmp_path / "own").exists() or not list((tmp_path / "own").iterdir())


@pytest.mark.parametrize(
    "wanted",
    [
        "/etc/passwd",
        "/dev/sda",
        "/dev/watchdog",
        "/" + "a" * 5000,
        "a\0b",
        "../secret",
        "/proc/self/mem",
    ],
)
def test_nothing_but_a_virtual_camera_is_opened_as_a_camera(wanted: str) -> None:
    opened: list[object] = []
    cameras = LoopbackCameras(open_camera=lambda *args: opened.append(args))  # type: ignore[arg-type]

    with pytest.raises(CameraUnavailable):
        cameras.attach(wanted, 640, 360, 30.0)

    assert opened == []


def test_names_are_compared_in_one_spelling(tmp_path: Path) -> None:
    """A decomposed name must not be another file beside the composed one."""
    Image.new("RGB", (96, 96)).save(tmp_path / f"{unicodedata.normalize('NFD', '할머니')}.png")
    library = PhotoLibrary([tmp_path])

    for spelt in ("NFC", "NFD"):
        assert library.find_name(unicodedata.normalize(spelt, "할머니"))  # type: ignore[arg-type]


def state_of(folder: Path) -> dict[str, bytes | None]:
    """All files with their contents."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_the_token_s_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    from control.panel.token import FILE_NAME, load_secrets

    outside = tmp_path / "outside"
    outside.write_text("precious")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).symlink_to(outside)

    with contextlib.suppress(ConfigError):
        load_secrets(tmp_path / "state")

    assert outside.read_text() == "precious"
    assert os.access(outside, os.R_OK)
