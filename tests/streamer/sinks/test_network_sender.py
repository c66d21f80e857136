"""The process that sends a network stream is there at once."""

import json
import subprocess
import sys

from streamer.child_environment import child_environment
from streamer.sinks.network import SENDER

LIGHT = {"streamer", "streamer.sinks", "streamer.sinks.network_sender"}


def test_it_loads_nothing_of_the_product_but_its_own_modules() -> None:
    code = (
        "import json, sys, streamer.sinks.network_sender; "
        "print(json.dumps([m for m in sys.modules if m.partition('.')[0] in "
        "('streamer', 'control', 'numpy', 'cv2', 'av')]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=child_environment(),
        capture_output=True,
        check=True,
    )

    loaded = set(json.loads(done.stdout))
    assert loaded >= LIGHT
    assert {m.partition("streamer.sinks.network_")[1] for m in loaded - LIGHT} == {
        "streamer.sinks.network_"
    }


def test_an_order_that_makes_no_sense_is_told_and_ends_it() -> None:
    done = subprocess.run(SENDER, input=b"{}\n", env=child_environment(), capture_output=True)

    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[-1]["is"] == "failed"
    assert said[-1]["why"] == "other"
    assert done.returncode == 1
