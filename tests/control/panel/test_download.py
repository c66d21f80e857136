"""The model files' download as the page runs it, off a local hub."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from control.panel.download import Download
from control.panel.progress import StoppedError, Tally
from streamer.engines.liveportrait.hub import Hub
from tests.fakes import FakeClock
from tests.hub_server import HubServer
from tests.waiting import wait_until

REPOSITORY = "hub/models"
NETWORK = "networks/one.pth"
FACES = "faces/faces.onnx"
FILES = {NETWORK: bytes(range(256)) * 2000, FACES: b"faces" * 40}
TOTAL = sum(map(len, FILES.values()))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    with HubServer(REPOSITORY, dict(FILES)) as running:
        yield running


def listed_in(folder: Path) -> Path:
    """Write a list of model files; the first one's exact size is not known."""
    lines = [f'repository = {{ id = "{REPOSITORY}" }}']
    for path, data in FILES.items():
        needed = path == NETWORK
        lines += ["[[file]]", f'network = "{Path(path).stem}"', f'path = "{path}"']
        lines += [f'licence = "{"MIT" if needed else "research only"}"']
        lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"']
        lines += [f"commercial = {str(needed).lower()}", f"optional = {str(not needed).lower()}"]
        lines += [f"about = {len(data) + 1000}" if needed else f"size = {len(data)}"]
    path = folder / "MANIFEST.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def download(tmp_path: Path, server: HubServer) -> Iterator[Download]:
    made = Download(
        tmp_path / "weights",
        listed=listed_in(tmp_path),
        hub=lambda m: Hub(m.repository, m.revision, endpoint=server.endpoint),
    )
    yield made
    if server.stalled is not None:
        server.stalled.set()
    made.close()


def ended(download: Download) -> dict[str, Any]:
    """Wait for the end and return the figures."""
    wait_until(lambda: download.progress["status"] in ("done", "failed", "stopped"))
    return download.progress


def test_what_is_missing_is_told_with_its_size_before_anything_is_asked(
    download: Download, server: HubServer
) -> None:
    assert [(f["path"], f["size"], f["there"]) for f in download.files()] == [
        (NETWORK, len(FILES[NETWORK]) + 1000, False),
        (FACES, len(FILES[FACES]), False),
    ]
    assert server.seen == []
    assert download.progress["status"] == "idle"


def test_everything_comes_and_the_figures_end_at_the_true_size(download: Download) -> None:
    download.start()

    progress = ended(download)

    assert progress["status"] == "done"
    assert (progress["done_bytes"], progress["total_bytes"]) == (TOTAL, TOTAL)
    assert all(file["there"] for file in download.files())


def test_files_for_research_only_are_left_out_when_asked(
    download: Download, server: HubServer
) -> None:
    download.start(commercial_only=True)

    assert ended(download)["status"] == "done"
    assert [path for path, _ in server.gets()] == [NETWORK]


def test_a_second_start_joins_the_first(download: Download, server: HubServer) -> None:
    server.stalled = threading.Event()
    download.start()
    wait_until(lambda: download.progress["status"] == "fetching")
    download.start()
    server.stalled.set()

    assert ended(download)["status"] == "done"
    assert [span for _, span in server.gets()] == [None, None]


def test_a_stop_keeps_what_came_and_the_next_start_goes_on(
    download: Download, server: HubServer
) -> None:
    server.stalled = threading.Event()
    download.start()
    wait_until(lambda: any(part.stat().st_size > 100_000 for part in parts(download)))
    download.stop()
    assert download.progress["status"] == "stopping"
    server.stalled.set()

    assert ended(download)["status"] == "stopped"
    download.start()
    assert ended(download)["status"] == "done"
    assert [span is None for path, span in server.gets() if path == NETWORK] == [True, False]


def parts(download: Download) -> list[Path]:
    return list(download.folder.rglob("*.part"))


def test_a_broken_connection_is_told_and_a_stop_does_not_wait_for_the_next_try(
    download: Download, server: HubServer
) -> None:
    server.cuts = [1000] + [0] * 20  # then not a byte more: the waits between tries grow

    download.start()
    wait_until(lambda: "trying again" in download.progress["message"])
    download.stop()

    assert ended(download)["status"] == "stopped"


def test_another_program_that_fetches_is_waited_for_and_a_stop_ends_the_wait(
    download: Download,
) -> None:
    download.folder.mkdir(parents=True)
    with FileLock(download.folder / ".fetch.lock"):
        download.start()
        wait_until(lambda: "waiting for it" in download.progress["message"])
        download.stop()

        assert ended(download)["status"] == "stopped"


def test_what_went_wrong_stands_in_the_figures_and_another_start_tries_again(
    download: Download, server: HubServer
) -> None:
    server.status = 404
    download.start()

    progress = ended(download)
    assert (progress["status"], "has no networks/one.pth" in progress["message"]) == (
        "failed",
        True,
    )
    server.status = 0
    download.start()
    assert ended(download)["status"] == "done"


def test_speed_and_time_left_are_those_of_the_last_seconds() -> None:
    clock = FakeClock()
    tally = Tally({"a": 1000, "b": 1000}, lambda: False, clock)

    tally.start("a", 1000, 200)  # what an earlier download left is no speed
    for position in range(300, 1001, 100):
        clock.sleep(1.0)
        tally.at(position)
        tally.figures()
    tally.done()

    figures = tally.figures()
    assert (figures.done_bytes, figures.speed, figures.left_s) == (1000, 100, 10.0)


def test_a_stalled_download_shows_that_it_stalls() -> None:
    clock = FakeClock()
    tally = Tally({"a": 1000}, lambda: False, clock)
    tally.start("a", 1000, 0)
    tally.at(500)

    clock.sleep(1.0)
    assert (tally.figures().done_bytes, tally.figures().speed) == (500, 500)
    for _ in range(10):
        clock.sleep(1.0)
        figures = tally.figures()

    assert (figures.done_bytes, figures.speed, figures.left_s) == (500, 0, None)


def test_a_thousand_chunks_are_few_figures() -> None:
    clock = FakeClock()
    tally = Tally({"a": 1000}, lambda: False, clock)
    told = set()

    tally.start("a", 1000, 0)
    for position in range(1000):
        clock.sleep(0.001)
        tally.at(position)
        told.add(tally.figures())

    assert len(told) <= 3


def test_a_stop_is_noticed_with_the_next_chunk() -> None:
    tally = Tally({"a": 10}, lambda: True, lambda: 0.0)
    tally.start("a", 10, 0)

    with pytest.raises(StoppedError):
        tally.at(5)
