"""Model files off a hub: every way in which a download goes wrong, against a real server."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamer.engines.liveportrait.fetch import TRIES, fetch
from streamer.engines.liveportrait.hub import Hub, LostConnectionError
from streamer.engines.liveportrait.manifest import Manifest, accepted, read_manifest
from streamer.errors import WeightsError
from tests.hub_server import HubServer

REPOSITORY = "hub/models"
LARGE = "networks/large.pth"
SMALL = "networks/small.pth"
FACES = "faces/faces.onnx"
FILES = {LARGE: bytes(range(256)) * 1200, SMALL: b"small" * 50, FACES: b"faces" * 40}


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.started: list[tuple[str, int]] = []
        self.positions: list[int] = []
        self.finished = 0

    def say(self, text: str) -> None:
        self.said.append(text)

    def start(self, path: str, size: int, have: int) -> None:
        self.started.append((path, have))

    def at(self, position: int) -> None:
        self.positions.append(position)

    def done(self) -> None:
        self.finished += 1


def write_manifest(file: Path, files: dict[str, bytes] = FILES) -> Path:
    lines = [f'repository = {{ id = "{REPOSITORY}" }}']
    for path, data in files.items():
        free = "true" if path != FACES else "false"
        lines += ["[[file]]", f'network = "{Path(path).stem}"', f'path = "{path}"']
        lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"', f"commercial = {free}"]
        lines += ['licence = "MIT"' if path != FACES else 'licence = "no commerce"']
        lines += [f"size = {len(data)}" if path != LARGE else "", f"optional = {path == FACES}"]
    file.write_text("\n".join(lines).replace("True", "true").replace("False", "false"))
    return file


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(write_manifest(tmp_path / "MANIFEST.toml"))


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer(REPOSITORY, dict(FILES)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture
def get(folder: Path, manifest: Manifest, server: HubServer) -> Callable[..., Heard]:
    def run(**choices: Any) -> Heard:
        heard = Heard()
        with Hub(REPOSITORY, "main", endpoint=choices.pop("endpoint", server.endpoint)) as hub:
            fetch(folder, manifest, hub, heard, sleep=lambda _: None, **choices)
        return heard

    return run


def content(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.part"))


def test_all_files_come_as_real_files_and_a_second_time_none(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    heard = get()

    assert content(folder) == FILES
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert not parts(folder)
    assert heard.finished == 3
    assert heard.positions[-1] == len(FILES[FACES])
    assert {path for _, path, _, _ in server.seen} == set(FILES)  # and nothing else was asked

    before = len(server.seen)
    assert get().started == []
    assert len(server.seen) == before  # so it also works offline


def test_the_licence_is_told_before_its_files_come_and_they_can_be_left_out(
    get: Callable[..., Heard], folder: Path
) -> None:
    assert get(commercial_only=True).said == []
    assert FACES not in content(folder)

    heard = get()

    assert "faces.onnx: no commerce" in heard.said[0]
    assert heard.started == [(FACES, 0)]


def test_a_cut_connection_is_gone_on_with_from_the_byte_that_was_reached(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    server.cuts = [100_000, 50_000]

    heard = get()

    assert content(folder) == FILES
    assert [span for path, span in server.gets() if path == LARGE] == [
        *(None, "bytes=100000-", "bytes=150000-")
    ]
    assert "broke at 0.1 of 0.3 MB" in heard.said[1]


def test_a_download_that_was_given_up_goes_on_at_the_next_start(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    server.cuts = [70_000, *[0] * TRIES]
    with pytest.raises(LostConnectionError, match="goes on"):
        get()
    assert content(folder) == {}
    server.cuts = []
    server.seen.clear()

    heard = get()

    assert heard.started[0] == (LARGE, 70_000)
    assert (LARGE, "bytes=70000-") in server.gets()
    assert content(folder) == FILES


def test_a_server_without_ranges_begins_anew(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    server.knows_ranges = False
    server.cuts = [100_000]

    get()

    assert content(folder) == FILES


def test_what_is_damaged_on_its_way_is_thrown_away_and_the_old_file_stays(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    old = folder / LARGE
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    server.damaged = True

    with pytest.raises(WeightsError, match="damaged on its way"):
        get()
    assert old.read_bytes() == b"old"
    assert not parts(folder)

    server.damaged = False
    get()
    assert content(folder) == FILES


def test_another_file_than_the_listed_one_is_not_even_read_unless_its_hash_is_accepted(
    get: Callable[..., Heard], folder: Path, server: HubServer, manifest: Manifest
) -> None:
    other = b"other" * 60
    digest = hashlib.sha256(other).hexdigest()
    server.files[SMALL] = other

    with pytest.raises(WeightsError, match=f"--accept-sha256 {digest}"):
        get()
    assert server.gets() == []
    with pytest.raises(WeightsError, match="another file"):
        get(accept=["0" * 64])

    get(accept=[digest])

    assert (folder / SMALL).read_bytes() == other
    assert accepted(folder) == {SMALL: digest}
    manifest.check(folder, SMALL)  # the engine takes it, too
    assert get().started == []


def test_a_mirror_that_names_no_hash_is_held_against_the_list_all_the_same(
    get: Callable[..., Heard], folder: Path, server: HubServer
) -> None:
    server.claims_hash = False
    other = bytes(len(FILES[SMALL]))
    server.files[SMALL] = other

    with pytest.raises(WeightsError, match=hashlib.sha256(other).hexdigest()):
        get()

    assert content(folder) == {LARGE: FILES[LARGE]}
    assert not parts(folder)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "has no networks/large.pth"),
        (401, "HF_TOKEN"),
        (500, "HTTP 500"),
        (200, "HF_ENDPOINT"),
    ],
)
def test_a_refusal_says_what_to_look_at(
    get: Callable[..., Heard], server: HubServer, status: int, says: str
) -> None:
    server.status = status

    with pytest.raises(WeightsError, match=says):
        get()


def test_a_hub_that_is_not_there_is_named_with_what_to_check(
    get: Callable[..., Heard], folder: Path
) -> None:
    with pytest.raises(WeightsError, match=r"127\.0\.0\.1:9: .*HTTPS_PROXY"):
        get(endpoint="http://127.0.0.1:9")

    assert content(folder) == {}


def test_too_little_room_is_said_before_anything_is_read(
    get: Callable[..., Heard], server: HubServer
) -> None:
    with pytest.raises(WeightsError, match="10 MB free, 34 MB are needed"):
        get(free_bytes=lambda _: 10_000_000)

    assert server.gets() == []


def test_a_disk_that_fills_up_keeps_what_came(
    get: Callable[..., Heard], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Heard, position: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Heard, "at", full)
        with pytest.raises(WeightsError, match="is full"):
            get()
    assert parts(folder)

    assert get().started[0][1] > 0
    assert content(folder) == FILES


def test_a_folder_that_cannot_be_made_is_named(get: Callable[..., Heard], folder: Path) -> None:
    folder.write_text("a file")

    with pytest.raises(WeightsError, match="cannot be written"):
        get()


def test_the_token_goes_to_the_hub_and_not_to_its_storage(
    get: Callable[..., Heard], server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")

    get()

    assert {token for method, _, _, token in server.seen if method == "HEAD"} == {
        "Bearer hf_secret"
    }
    assert {token for method, _, _, token in server.seen if method == "GET"} == {None}
