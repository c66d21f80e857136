"""The way from a bare Python to an environment that runs the product, step by step."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

from control.setup.agreement import BASE_DISK_MB, BASE_MB, SetupError, agree
from control.setup.environment import Environment
from control.setup.failures import fix_for, tail, venv_fix
from control.setup.order import Order, typed_again
from control.setup.pip import Pip, hub_environment, proxy_in_use
from control.setup.progress import Progress
from control.setup.project import known_extras, requirements
from control.setup.torch_builds import (
    Build,
    DriverTooOldError,
    IntelMacError,
    choose,
    find_card,
    pinned_version,
)
from control.setup.words import Words, system_language

# Every library with parts that are not Python: they fail where the system lacks something.
CHECK: Final = "import av, cv2, flask, numpy, PIL, psutil, yaml, streamer"
CHECK_TORCH: Final = (
    "import torch; c = torch.cuda.is_available(); m = torch.backends.mps.is_available(); "
    "print(torch.__version__, torch.cuda.get_device_name() if c else 'Apple GPU' if m else '', "
    "sep='|')"
)


def set_up(
    home: str, own: Mapping[str, str | bool], testing: bool, glance: Callable[[], str]
) -> int | None:
    """Make the environment, or bring it up to date; returns an exit code, None to go on.

    ``glance`` describes in one line what start.py compares at the next start.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    words = Words(system_language())
    environment = Environment(Path(home))
    if "--uninstall" in own or "--purge" in own:
        from control.setup.removal import uninstall

        return uninstall(environment, words, purge="--purge" in own, yes="--yes" in own)
    signal.signal(signal.SIGTERM, _leave)
    setup = Setup(environment, Order(own, testing), Progress(words), glance)
    try:
        setup.run()
    except SetupError as exc:
        print("\n".join(f"start.py: {line}" for line in exc.args if line), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstart.py: {words('stopped')}", file=sys.stderr)
        return 130
    return None


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


class Setup:
    """One run of all steps."""

    def __init__(
        self,
        environment: Environment,
        order: Order,
        progress: Progress,
        glance: Callable[[], str],
    ) -> None:
        self.environment = environment
        self.order = order
        self.progress = progress
        self.glance = glance
        self.words = progress.words
        self.build: Build | None = None
        self.torch = ""

    def run(self) -> None:
        """Do what is missing. Raises: `SetupError`."""
        environment, held = self.environment, False
        try:
            with environment.locked(lambda: self.progress.say(self.words("waiting"))) as lock:
                held = True
                self._inside(Pip(environment, lock, self.order.wheels, self.order.offline))
        except PermissionError as exc:
            key = "fix-denied" if environment.folder.exists() else "fix-readonly"
            path = exc.filename or environment.folder
            fix = self.words(key, path=path, folder=environment.home)
            raise SetupError(str(exc), fix) from exc
        except OSError as exc:
            raise SetupError(str(exc), self._fix(str(exc))) from exc
        finally:
            # Half an environment would look like a whole one.
            if held and not environment.python.exists() and environment.ours:
                environment.remove()

    def _inside(self, pip: Pip) -> None:
        environment, order = self.environment, self.order
        fingerprint, have, _ = environment.stamp()
        fresh = self._repair()
        have = set() if fresh else have
        current = fingerprint == environment.fingerprint() and not fresh
        wanted = order.extras | ({"neural"} if order.neural else set())
        if current and wanted <= have and not order.torch:
            environment.write_stamp(self.glance(), have)
            return
        # What was installed once stays: a change of versions must not take the engine away.
        self._choose_torch(have, again=not current)
        extras = (order.extras | have) & known_extras(environment.home)
        agree(
            self.order, self.progress, self.environment.folder, self.build, base=fresh or not have
        )
        self._prepare(fresh, "welcome" if not have else "add" if current else "renew")
        if fresh:
            self._make()
        environment.begin()
        self._packages(pip, extras)
        torch = {f"torch={self.torch}"} if self.torch else {h for h in have if "=" in h}
        self._check()
        environment.end()
        have = extras | torch | ({"neural"} & have) | {"base"}
        environment.write_stamp(self.glance(), have)
        if order.neural and not order.offline and "neural" not in have:
            self._weights()
        if order.neural:
            environment.write_stamp(self.glance(), have | {"neural"})
        self.progress.say(self.words("ready", elapsed=self.progress.elapsed()))

    def _repair(self) -> bool:
        """Return whether the environment must be made; clears one that cannot be used."""
        environment = self.environment
        if not environment.ours:
            trouble = environment.trouble()
            if trouble:
                text = self.words("fix-not-ours", folder=environment.folder, command=typed_again())
                raise SetupError(trouble, text)
            if not environment.stamp()[0]:
                self.progress.say(self.words("foreign", folder=environment.folder))
            return False
        if environment.cut_off:
            self.progress.say(self.words("cut-off"))
        elif environment.python.is_symlink() or environment.python.exists():
            trouble = environment.trouble()
            if not trouble:
                return False
            self.progress.say(self.words("broken", folder=environment.folder, reason=trouble))
        environment.clear()
        return True

    def _choose_torch(self, have: set[str], again: bool) -> None:
        """Settle the build of PyTorch, and its version as pip writes it."""
        before = next((h.removeprefix("torch=") for h in have if h.startswith("torch=")), "")
        asked = self.order.torch or (before.partition("+")[2] if again else "")
        if not (self.order.neural or (before and again)):
            return
        card = find_card()
        try:
            build = choose(asked, card)
        except DriverTooOldError as exc:
            name, driver = exc.card.name, exc.card.driver
            text = self.words("fix-driver", name=name, driver=driver, wanted=exc.wanted)
            raise SetupError(text) from exc
        except IntelMacError as exc:
            raise SetupError(self.words("fix-intel-mac")) from exc
        version = pinned_version(self.environment.home / "constraints.txt")
        torch = f"{version}+{build.tag}" if version and build.tag else version
        if torch != before or not before:
            self.build, self.torch = replace(build, version=torch), torch

    def _prepare(self, fresh: bool, key: str) -> None:
        """Count the steps and say what begins."""
        order = self.order
        steps = [fresh, order.wheels and not order.offline, self.build, True, True]
        self.progress.steps = sum(map(bool, steps)) + (order.neural and not order.offline)
        self.progress.say(self.words(key, folder=self.environment.folder))
        if self.environment.folder.exists():
            self.environment.log.unlink(missing_ok=True)

    def _make(self) -> None:
        with self.progress.step("step-environment") as step:
            self.environment.begin()
            made = self.environment.make()
            step.ok = made.returncode == 0
        if not step.ok:
            fix = venv_fix(made.stdout, self.words, self.environment.folder)
            raise SetupError(tail(made.stdout), fix)

    def _packages(self, pip: Pip, extras: set[str]) -> None:
        """Install PyTorch from its own index, then everything else."""
        order, pins = self.order, ("--constraint", "constraints.txt")
        torch = [f"torch=={self.torch}" if self.torch else "torch", "--no-deps"]
        if self.build and self.build.index:
            # Besides the usual index, so that a mirror of one's own goes on being asked.
            torch += ["--extra-index-url", self.build.index]
        if order.wheels and not order.offline:
            order.wheels.mkdir(parents=True, exist_ok=True)
            with self.progress.step("step-download", folder=order.wheels) as step:
                done, said = True, ""
                if self.build:
                    done, said = pip.download(step, order.wheels, *torch)
                if done:
                    what = requirements(self.environment.home, extras)
                    done, said = pip.download(step, order.wheels, *pins, *what)
                step.ok = done
            self._demand(done, said)
            pip.offline = True
        if self.build:
            with self.progress.step("step-torch", build=self.torch) as step:
                step.ok, said = pip.install(step, *torch)
            self._demand(step.ok, said)
        target = f".[{','.join(sorted(extras))}]" if extras else "."
        with self.progress.step("step-libraries") as step:
            step.ok, said = pip.install(step, *pins, "--editable", target)
        self._demand(step.ok, said)

    def _check(self) -> None:
        """Load every library once, so that what the system lacks is told here."""
        with self.progress.step("step-check") as step:
            code = f"{CHECK}; {CHECK_TORCH}" if self.build else CHECK
            python = str(self.environment.python)
            done = subprocess.run(
                [python, "-P", "-c", code],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            step.ok = done.returncode == 0
        self._demand(step.ok, done.stdout)
        if self.build:
            version, _, name = done.stdout.strip().rsplit("\n", 1)[-1].partition("|")
            key = "gpu-found" if name else "gpu-unseen"
            if name or self.build.accelerated:
                self.progress.say(self.words(key, version=version, name=name))

    def _weights(self) -> None:
        """Fetch the model files with the product's own command, which shows its own progress."""
        self.progress.say(
            f"[{self.progress.steps}/{self.progress.steps}] " + self.words("step-weights")
        )
        command = [str(self.environment.python), "-P", "-m", "control", "weights", "fetch"]
        command += ["--commercial-ok"] if "--commercial-ok" in self.order.own else []
        if subprocess.run(command, env=hub_environment(os.environ), check=False).returncode:
            raise SetupError(self.words("fix-weights"))

    def _demand(self, done: bool, said: str) -> None:
        """Raises: `SetupError` with the reason where a step failed."""
        if done:
            return
        if "Installing collected packages" not in said:
            self.environment.end()  # nothing was begun that must be done over
        log = self.words("log", path=self.environment.log) if self.environment.log.exists() else ""
        raise SetupError(*tail(said).splitlines(), log, self._fix(said))

    def _fix(self, said: str) -> str:
        order, words = self.order, self.words
        needed = BASE_DISK_MB + BASE_MB
        needed += self.build.size_mb + self.build.disk_mb if self.build else 0
        proxy = "" if order.offline else proxy_in_use(os.environ)
        fix = fix_for(said, words, self.environment.folder, needed, proxy)
        if not order.offline or "No matching distribution" not in said:
            return fix
        if not order.wheels:
            return words("fix-offline-where")
        package = said.rsplit("No matching distribution found for ", 1)[-1].split()[0]
        command = typed_again(without="--offline")
        return words("fix-no-wheel", package=package, folder=order.wheels, command=command)
