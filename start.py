#!/usr/bin/env python3
"""One command from a bare Python to a living portrait.

    python3 start.py                 make .venv, install, start the stream, open the page
    python3 start.py test            install what the tests need and run them all
    python3 start.py --photo me.jpg  anything else goes to the `living-portrait` command
    python3 start.py --uninstall     remove .venv again

Needs Python 3.11 or newer and nothing else. A second start installs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "living-portrait.stamp"
OLDEST = (3, 11)


def main(arguments):
    """Run; returns the exit code."""
    if sys.version_info < OLDEST:
        return fail(
            "Living Portrait needs Python {}.{} or newer; this is {}.{}.".format(
                *OLDEST, *sys.version_info[:2]
            ),
            "Install a newer one and run:  python3.11 start.py",
        )
    arguments = [a for a in arguments if a != "--yes"]  # nothing here asks a question so far
    if "--uninstall" in arguments:
        return uninstall()
    testing = arguments[:1] == ["test"]
    code = make_environment() or install("liveportrait,test" if testing else "")
    if code:
        return code
    if testing:
        os.chdir(HERE)
        return run([python(), "-m", "pytest", *arguments[1:]])
    helping = {"-h", "--help", "--version"} & set(arguments)
    starting = not helping and (not arguments or arguments[0].startswith("-"))
    return run([python(), "-m", "control", *(["run", "--open"] if starting else []), *arguments])


def python():
    """Return the environment's interpreter."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def make_environment():
    """Create .venv with pip, unless it is there."""
    if Path(python()).exists():
        return 0
    say("Making an environment of its own in .venv ...")
    made = subprocess.run(
        [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode == 0:
        return 0
    shutil.rmtree(VENV, ignore_errors=True)  # half an environment would look like a whole one
    return fail("Python could not make an environment:", tail(made.stdout), venv_advice())


def venv_advice():
    """Return the one command that gives this Python what it lacks."""
    version = "{}.{}".format(*sys.version_info[:2])
    if sys.platform.startswith("linux"):
        if shutil.which("apt-get"):
            return f"On Debian and Ubuntu, type:  sudo apt install python{version}-venv python3-pip"
        if shutil.which("dnf"):
            return "On Fedora, type:  sudo dnf install python3 python3-pip"
    return f"Install Python {version} with its venv and pip modules, then run start.py again."


def install(extras):
    """Install this folder with the given extras, unless that was done already."""
    wanted, have = fingerprint(), read_stamp()
    installed = have["extras"] if have["fingerprint"] == wanted else set()
    needed = {extra for extra in extras.split(",") if extra}
    if have["fingerprint"] == wanted and needed <= installed:
        return 0
    extras_now = ",".join(sorted(needed | installed))
    target = f".[{extras_now}]" if extras_now else "."
    say("Installing (once; a minute or two) ...")
    command = [
        *(python(), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"),
        *("--constraint", "constraints.txt", "--editable", target),
    ]
    if subprocess.call(command, cwd=HERE):
        return fail(
            "The installation stopped at the message above.",
            "Behind a proxy, set HTTPS_PROXY. The same command goes on from what is there.",
        )
    STAMP.write_text(wanted + "\n" + extras_now + "\n", encoding="utf-8")
    return 0


def fingerprint():
    """Return what the installation depends on: the project's needs and their versions."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def read_stamp():
    """Return what the last installation wrote down; empty when there was none."""
    try:
        lines = STAMP.read_text(encoding="utf-8").split("\n")
        return {"fingerprint": lines[0], "extras": set(lines[1].split(",")) - {""}}
    except (OSError, IndexError):
        return {"fingerprint": "", "extras": set()}


def uninstall():
    """Remove the environment that this program made."""
    if not STAMP.exists():
        return fail("There is no .venv here that start.py has made; nothing was removed.")
    shutil.rmtree(VENV)
    say("Removed .venv. Your photos, presets and settings are untouched.")
    return 0


def run(command):
    """Become the command where the system can; its paths are relative to where the user is."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def tail(output):
    """Return the end of a program's output, for an error message."""
    return "\n".join(output.decode("utf-8", "replace").strip().splitlines()[-5:])


def say(text):
    """Tell what happens next."""
    print(f"start.py: {text}", flush=True)


def fail(*lines):
    """Say what went wrong and what to type; returns the exit code."""
    print("\n".join(f"start.py: {line}" for line in lines if line), file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
