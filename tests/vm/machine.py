"""Boot the virtual machine and run the tests that are only for its inside."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

HERE: Final = Path(__file__).resolve().parent
LABEL: Final = "Living Portrait"

# All tests of one driver run in one boot; emulated, they take about four minutes. A machine that
# is busy with other work takes twice as long.
TIMEOUT_S: Final = 1500


def command(driver_suite: str | None, *pytest_args: str, browser: bool = False) -> list[str]:
    """Return the command line that runs ``inside_*.py`` in a machine of its own."""
    tests = [] if any(Path(arg.split("::")[0]).exists() for arg in pytest_args) else [str(HERE)]
    suite = ["--driver-suite", driver_suite] if driver_suite else []
    return [
        *(sys.executable, str(HERE / "vcam-vm"), *suite),
        *("--label", LABEL, "--timeout", str(TIMEOUT_S)),
        # Nothing but the tests' own folder for temporary files is written, and that in memory.
        "--no-share",
        *("--env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"),
        *("--env", f"PORTRAIT_VM_BROWSER={int(browser)}"),
        *("--env", f"PORTRAIT_VM_BUSY={int(_busy())}"),
        *("--env", "OPENCV_LOG_LEVEL=ERROR"),  # else each try at a camera that is not there yet
        *("--env", f"NPY_DISABLE_CPU_FEATURES={_emulated_badly()}"),
        *("--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("-o", "python_files=inside_*.py", *tests, *pytest_args),
    ]


def _emulated_badly() -> str:
    """Name numpy's code paths that QEMU's emulated processor gets wrong.

    A masked AVX2 load (``np.minimum`` uses one for the last elements) may end at the last byte of
    a page. QEMU 7.2 reads the masked part as well, and where no page follows the process dies of a
    segmentation fault; a real processor does not. Shown with an array before a guard page.
    """
    dispatched = np._core._multiarray_umath.__cpu_dispatch__  # type: ignore[attr-defined]
    return " ".join(name for name in ("X86_V3", "AVX2", "FMA3") if name in dispatched)


def _busy() -> bool:
    """Whether other work has this machine, so that rates in an emulated one mean little."""
    return os.getloadavg()[0] > 0.75 * (os.cpu_count() or 1)


def run(driver_suite: str | None, *pytest_args: str, browser: bool = False) -> int:
    """Run the tests and pass their output on.  Returns pytest's exit status."""
    line = command(driver_suite, *pytest_args, browser=browser)
    return subprocess.run(line, cwd=HERE.parents[1], check=False).returncode
