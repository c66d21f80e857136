"""What is printed for a phone can be read by one, and the names this machine answers to."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from control.panel.invitation import invitation
from control.panel.names import READ_AGAIN_S, Names, is_this_machine, reachable_at
from tests.fakes import FakeClock

TOKEN = "Md4tkCBqFWi-KgPI8kpIww"


def picture_of(printed: str) -> np.ndarray:
    """Draw what a terminal would: white where a half block is."""
    rows = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in printed.splitlines() if "\x1b" in line]
    halves = [[c in signs for c in row] for row in rows for signs in ("█▀", "█▄")]
    small = np.array(halves, np.uint8) * 255
    large = np.kron(small, np.ones((8, 8), np.uint8))
    return np.asarray(cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255))


@pytest.mark.parametrize("address", ["192.168.0.10", "10.11.12.13", "2001:db8::1234:5678"])
def test_a_phone_reads_the_link_off_the_terminal(address: str) -> None:
    printed = invitation([address], 8000, TOKEN)

    read, *_ = cv2.QRCodeDetector().detectAndDecode(picture_of(printed))
    host = f"[{address}]" if ":" in address else address
    assert read == f"http://{host}:8000/?token={TOKEN}"
    assert read in printed


def test_all_addresses_are_told_and_scripts_not_forgotten() -> None:
    printed = invitation(["192.168.0.10", "10.0.0.2"], 8000, TOKEN, picture=False)

    assert "http://10.0.0.2:8000/" in printed
    assert f"Authorization: Bearer {TOKEN}" in printed
    assert "\x1b" not in printed


def test_a_machine_without_a_network_says_so() -> None:
    assert "no network address" in invitation([], 8000, TOKEN)


def test_a_token_is_not_written_where_nobody_sits(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "control", "run", "--camera", "none", "--engine", "warp"),
            *("--osc", "off", "--panel", "0.0.0.0:0", "--seconds", "0.5", "--size", "320x180"),
            *("--panel-token", TOKEN, "--verbose"),
        ],
        env={"LIVING_PORTRAIT_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    printed = run.stdout + run.stderr
    assert "panel-token.json" in printed
    assert TOKEN not in printed


# --- names


def test_a_page_for_all_addresses_answers_to_all_of_this_machines_names() -> None:
    names = Names(
        own=lambda: {"192.168.0.10", "studio", "studio.local", "fd00::2"}, now=FakeClock()
    )
    assert "192.168.0.10" not in names

    names.add("0.0.0.0")

    for name in ("192.168.0.10", "studio", "STUDIO.local", "fd00::2", "FD00:0::2"):
        assert name in names
    for name in ("192.168.0.11", "evil.example", "0.0.0.0", "", "studio.evil.example"):
        assert name not in names


def test_new_addresses_are_noticed_but_not_looked_for_at_every_request() -> None:
    clock, looked = FakeClock(), []
    own = {"192.168.0.10"}
    names = Names(own=lambda: looked.append(1) or set(own), now=clock)  # type: ignore[func-returns-value]
    names.add("::")
    assert "10.0.0.5" not in names

    own.add("10.0.0.5")  # it has joined another network
    for _ in range(100):
        assert "10.0.0.5" not in names
    clock.at += READ_AGAIN_S

    assert "10.0.0.5" in names
    assert len(looked) == 2


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.10", False),
        ("::ffff:192.168.0.10", False),
        ("example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_which_addresses_are_this_machine_s(address: str | None, local: bool) -> None:
    assert is_this_machine(address) is local


def test_others_are_not_sent_to_the_loopback_address() -> None:
    assert not [address for address in reachable_at("0.0.0.0") if is_this_machine(address)]
    assert reachable_at("192.168.0.10") == ["192.168.0.10"]
