"""The glue of the fast networks as Triton kernels, a single pass over memory each.

The modules in here import triton, which is not everywhere: ask `available` first. Every kernel has
a plain twin in torch, which it is held against.

Block sizes are constants: a program works on 1024 values (32 pixels by 32 channels), which four
warps hold in eight registers each and which are read and written in whole sectors of 32 bytes. Such
kernels wait for memory alone, so trying others out would cost start-up time and gain little.
"""

import os
import shutil
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def unloadable() -> str | None:
    """Return None where triton can be imported, else why not. Imports it."""
    if find_spec("triton") is None:
        return "triton is not installed"
    try:
        import triton
    except Exception as exc:
        return f"triton cannot be loaded ({type(exc).__name__}: {str(exc).splitlines()[0]})"
    if int(triton.__version__.split(".")[0]) < 3:
        return f"triton {triton.__version__} is too old; 3 is needed"
    return None


def available() -> str | None:
    """Return None where kernels can be compiled and started, else why not. Imports triton."""
    return unloadable() or _missing_tool()


def _missing_tool() -> str | None:
    """Say what triton lacks to build what starts its kernels: a small C program, on first use.

    On Windows it brings a compiler along. Source: triton 3.6, runtime/build.py.
    """
    if sys.platform == "win32":
        return None
    if not os.environ.get("CC") and not shutil.which("gcc") and not shutil.which("clang"):
        return "triton needs a C compiler; install gcc"
    scheme = sysconfig.get_default_scheme().replace("posix_local", "posix_prefix")
    header = Path(sysconfig.get_paths(scheme)["include"]) / "Python.h"
    if not header.exists():
        return f"triton needs Python's headers ({header}); install python3-dev"
    return None
