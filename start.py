#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""One command from a bare Python to a living portrait.

    python3 start.py                  make .venv, install, start the stream, open the page
    python3 start.py --neural         the same with the neural engine: PyTorch for this machine's
                                      graphics card and the model files; asks before it downloads
    python3 start.py test             install what the tests need and run them all
    python3 start.py --photo me.jpg   anything else goes to the `living-portrait` command
    python3 start.py --uninstall      remove what this made; --purge removes your own files, too

    --yes           download without asking
    --wheels DIR    keep what is downloaded in DIR, and take from there what lies there
    --offline       install without a network, from --wheels DIR
    --torch WHICH   PyTorch's build for --neural: cpu, cu126, cu130, default, or an index's address
    --commercial-ok leave out the model files that are for non-commercial research only

Needs Python 3.11 or newer and nothing else. A second start installs nothing. Behind a proxy, set
HTTPS_PROXY or PIP_PROXY; a network's own certificate, PIP_CERT; a mirror, PIP_INDEX_URL.
"""

# Old Pythons must get as far as the message that they are too old, and a second start should take
# no time: nothing here needs more than `os` and `sys`; the rest lies in control/setup.
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(HERE, ".venv")
STAMP = os.path.join(VENV, "living-portrait.stamp")
OLDEST = (3, 11)
NEWEST_TRIED = 14  # of 3, where another Python is looked for
AGAIN = "LIVING_PORTRAIT_STARTED_AGAIN"
OWN = ("--yes", "--neural", "--uninstall", "--purge", "--offline", "--commercial-ok")
OWN_WITH_VALUE = ("--wheels", "--torch")


def main(arguments):
    """Run; returns the exit code."""
    if sys.version_info < OLDEST:
        return start_with_another_python(arguments)
    own, words = split(arguments)
    testing = words[:1] == ["test"]
    helping = words[:1] in (["-h"], ["--help"])
    prepared = ready(own, testing)
    if helping:
        print(__doc__)
        if not prepared:
            return 0  # to read this, nothing need be installed
    if not prepared:
        sys.path.insert(0, HERE)
        from control.setup.steps import set_up

        code = set_up(HERE, own, testing, glance)
        if code is not None:
            return code
    if testing:
        os.chdir(HERE)
        return become([python(), "-m", "pytest"] + words[1:])
    starting = not helping and (not words or words[0].startswith("-")) and "--version" not in words
    # -P: a folder called `control` where the user stands must not be taken for the program.
    return become([python(), "-P", "-m", "control"] + ["run", "--open"] * starting + words)


def split(arguments):
    """Return start.py's own words, as a dict, and what goes to the product."""
    own, words = {}, list(arguments)
    end = words.index("--") if "--" in words else len(words)
    at = 0
    while at < end:
        name, _, value = words[at].partition("=")
        if name in OWN and not value:
            own[name] = True
        elif name in OWN_WITH_VALUE and (value or at + 1 < end):
            own[name] = value or words[at + 1]
            if not value:
                del words[at]
                end -= 1
        else:
            at += 1
            continue
        del words[at]
        end -= 1
    return own, words


def python():
    """Return the environment's interpreter."""
    return os.path.join(
        VENV, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python"))
    )


def ready(own, testing):
    """Return whether everything asked for is there, as far as times and sizes of files tell.

    What is not sure is looked at closely by control/setup.
    """
    if set(own) - {"--yes", "--neural", "--commercial-ok"}:
        return False
    try:
        with open(STAMP, "rb") as file:
            lines = file.read().decode("utf-8").split("\n")
        same = lines[1] == glance() and os.path.exists(python())
        have = lines[2].split(",")
    except (OSError, IndexError, ValueError):
        return False
    return same and ("test" in have or not testing) and ("neural" in have or "--neural" not in own)


def glance():
    """Return in one line what the installation depends on, as far as it can be seen at once."""
    seen = [HERE, os.path.realpath(python())]
    for name in ("pyproject.toml", "constraints.txt"):
        facts = os.stat(os.path.join(HERE, name))
        seen.append("%s %d %d" % (name, facts.st_size, facts.st_mtime * 1000))
    return "|".join(seen)


def become(command):
    """Become the command where the system can; its paths are relative to where the user is."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    import subprocess

    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the product has had it, too, and ends in order


def start_with_another_python(arguments):
    """Start again with a newer Python of this machine, or say how to get one."""
    versions = OLDEST + tuple(sys.version_info[:2])
    fail("Living Portrait needs Python %d.%d or newer; this is %d.%d." % versions)
    fail("Python %d.%d 이상이 필요합니다. 지금 것은 %d.%d입니다." % versions)
    if os.name == "nt":
        fail("-> winget install Python.Python.3.12      py -3.12 start.py")
        return 1
    for path in newer_pythons() if not os.environ.get(AGAIN) else ():
        fail("-> " + path)
        os.environ[AGAIN] = "1"  # a name that lies must not go round forever
        os.execv(path, [path, os.path.abspath(__file__)] + arguments)
    if sys.platform == "darwin":
        fail("-> brew install python@3.12      python3.12 start.py      (https://www.python.org)")
    else:
        fail("-> sudo apt install python3.12 python3.12-venv      python3.12 start.py")
        fail("-> sudo dnf install python3.12                      python3.12 start.py")
    return 1


def newer_pythons():
    """Yield the Pythons on this machine that are new enough, the newest first."""
    import subprocess

    question = "import sys; sys.exit(sys.version_info < %r)" % (OLDEST,)
    for minor in range(NEWEST_TRIED, OLDEST[1] - 1, -1):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            path = os.path.join(folder, "python3.%d" % minor)
            try:
                # By running it: version managers put names there that lead nowhere.
                with open(os.devnull, "w") as nothing:
                    if subprocess.call([path, "-c", question], stdout=nothing, stderr=nothing) == 0:
                        yield path
            except OSError:
                continue


def fail(text):
    """Say what went wrong."""
    sys.stderr.write("start.py: " + text + "\n")


def keep_window_open(code):
    """Let a message be read in a window that a double click opened and its end would close."""
    import ctypes

    here = ctypes.windll.kernel32.GetConsoleProcessList((ctypes.c_uint * 4)(), 4)
    if code and here <= 2:  # this Python and its launcher, no command prompt
        sys.stderr.write("\nEnter ...")
        sys.stderr.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    if os.name == "nt":
        keep_window_open(exit_code)
    sys.exit(exit_code)
