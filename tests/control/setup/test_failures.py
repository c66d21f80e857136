"""What pip and venv write leads to the line that helps; the texts are those of real runs."""

from pathlib import Path

import pytest

from control.setup.failures import fix_for, tail
from control.setup.words import Words

RETRY = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
NONE = "\nERROR: No matching distribution found for numpy>=1.26\n"

SAID = {
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
        "The disk is full"
    ),
    RETRY + "'ProxyError('Cannot connect to proxy.', NewConnectionError(refused))'" + NONE: (
        "The proxy http://p:1 could not"
    ),
    "OSError('Tunnel connection failed: 407 Proxy Authentication Required')": "NAME:PASSWORD@HOST",
    RETRY + "'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))'" + NONE: (
        "PIP_CERT="
    ),
    RETRY + "'NameResolutionError(\"Failed to resolve 'pypi.org'\")'" + NONE: "HTTPS_PROXY=",
    RETRY + "'ReadTimeoutError(\"Read timed out. (read timeout=15)\")'" + NONE: "HTTPS_PROXY=",
    "ERROR: HTTP error 403 while getting https://x/simple": "(HTTP 403)",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.": "came damaged",
    "OSError: [Errno 30] Read-only file system: '/usr/share/x/.venv'": "Copy the whole folder",
    "ERROR: [Errno 13] Permission denied: '/x/.venv/lib'": "/x/.venv/lib may not be written to",
    "ERROR: No matching distribution found for torch==2.13.0+cu130": "torch==2.13.0+cu130 is not",
    "ERROR: Failed building wheel for pyvirtualcam": "pyvirtualcam is not to be had",
    "ImportError: libGL.so.1: cannot open shared object file: No such file": "lacks libGL.so.1",
    "ImportError: DLL load failed while importing _C: module not found": "vc_redist",
    "PermissionError: [WinError 32] The process cannot access the file": "A file is in use",
    "HINT: https://pip.pypa.io/warnings/enable-long-paths": "near the top of the disk",
    "something new": "not known to start.py",
}


@pytest.mark.parametrize("said", SAID, ids=list(SAID.values()))
def test_a_known_end_leads_to_its_line(said: str, tmp_path: Path) -> None:
    proxy = "http://p:1" if "ProxyError" in said else ""

    assert SAID[said] in fix_for(said, Words("en"), tmp_path, 580, proxy)


@pytest.mark.parametrize("said", SAID, ids=list(SAID.values()))
def test_the_same_is_said_in_korean(said: str, tmp_path: Path) -> None:
    text = fix_for(said, Words("ko"), tmp_path, 580, "")

    assert any("가" <= sign <= "힣" for sign in text)
    assert "{" not in text


def test_the_lines_that_name_the_error_are_shown() -> None:
    said = (
        "Collecting x\n  WARNING: Retrying (1)\n  ERROR: No matching distribution found for x\n\n"
        "error: subprocess-exited-with-error\n× pip subprocess did not run\nnote: not pip's fault\n"
    )

    assert tail(said) == "WARNING: Retrying (1)\nERROR: No matching distribution found for x"
    assert tail("a\n\nb\nModuleNotFoundError: x\n") == "ModuleNotFoundError: x"


def test_where_no_line_does_the_end_is_shown() -> None:
    assert tail("a\n\nb\n\n\nc\n", 2) == "b\nc"
