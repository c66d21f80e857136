"""Rules that hold for every test."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

# Commands answer in the language of the system. Tests read English, on a Korean system, too.
os.environ["LC_ALL"] = "C.UTF-8"

# What runs whole programs, real clients or threads against a clock. The machine may be busy with
# something else for a moment; what is wrong with the program is wrong three times in a row.
REAL_TIME = (
    "attacks/test_running.py",
    "control/hotkeys/test_keyboard.py",
    "control/osc/test_clients.py",
    "control/osc/test_door.py",
    "control/oscquery",
    "control/panel/test_server.py",
    "control/panel/test_wire.py",
    "control/test_cli.py",
    "control/test_run.py",
    "control/test_supervisor.py",
    "control/test_taking_over.py",
    "control/test_whole.py",
    "faults",
    "fuzz/test_http.py",
    "streamer/baking/test_worker.py",
    "streamer/sending",
    "streamer/sinks/test_network.py",
    "test_docs_commands.py",
    "test_start.py",
)
TRIES_MORE = 2

# Pools that libraries keep for the life of the process.
LIBRARY_THREADS = ("pydevd", "asyncio", "ThreadPoolExecutor", "OnnxRuntime", "playwright")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try what depends on a real clock again; pytest's last line counts how often that was done."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here)
        if any(place.is_relative_to(path) for path in REAL_TIME):
            item.add_marker("real_time")
        if item.get_closest_marker("real_time") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_MORE))


@pytest.fixture(autouse=True)
def no_thread_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread of the product running."""
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith(LIBRARY_THREADS)
    ]
    for thread in left:
        thread.join(timeout=30.0)
    still = [thread.name for thread in left if thread.is_alive()]
    assert not still, f"threads left running: {', '.join(still)}"


@pytest.fixture(autouse=True)
def own_cache_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the user's cache, settings and photos out of the tests, and the tests out of theirs."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("LIVING_PORTRAIT_HOME", str(folder / "living-portrait"))
