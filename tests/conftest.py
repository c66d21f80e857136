"""Rules that hold for every test."""

import threading
from collections.abc import Iterator

import pytest

# Pools that libraries keep for the life of the process.
LIBRARY_THREADS = ("pydevd", "asyncio", "ThreadPoolExecutor", "OnnxRuntime", "playwright")


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
        thread.join(timeout=2.0)
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
