"""Threads have one heap between them."""

import platform
import subprocess
import sys

import pytest

# A heap of its own reserves at least 64 MB of addresses; a thread's stack has 8 MB or so.
CODE = """
import sys, threading
import psutil
from streamer.heap import share_one_heap
if sys.argv[1] == "one":
    assert share_one_heap()
def work():
    bytearray(100_000)
    met.wait()
    met.wait()
met = threading.Barrier(7)
before = psutil.Process().memory_info().vms
workers = [threading.Thread(target=work) for _ in range(6)]
[worker.start() for worker in workers]
met.wait()
print((psutil.Process().memory_info().vms - before) // 6_000_000)
met.wait()
[worker.join() for worker in workers]
"""


def mb_per_thread(heaps: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE, heaps], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's heaps")
def test_threads_get_no_heaps_of_their_own() -> None:
    assert mb_per_thread("one") < 20
    assert mb_per_thread("many") >= 50, "what this is tried against"
