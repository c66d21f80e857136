"""What people, controllers and intruders do to a portrait in an hour, drawn from one seed."""

import http.client
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.latency import datagram
from benchmarks.soak_product import Measured, Product

# How many of these in ten minutes, on average.
RATES: Final = {
    "osc_trigger": 120,
    "osc_set": 200,
    "osc_release": 40,
    "http_trigger": 60,
    "http_parameters": 30,
    "idle": 10,
    "say": 8,
    "pause": 4,
    "privacy": 4,
    "view": 15,
    "photo": 12,
    "engine": 3,
    "preview_viewer": 20,
    "events_viewer": 20,
    "stuck_viewer": 2,
    "page": 15,
    "generate": 3,
    "bad_osc": 40,
    "bad_http": 40,
    "broken_preset": 4,
}
# These hit the whole program; so rarely that each is over before the next. A renderer that is
# killed begins anew, so that is done at first: the one that lives on from then shows what grows.
HARD: Final = ("kill", "stall", "hang")
HARD_EVERY_S: Final = 120.0
LATER: Final = ("stall",)

# Now and then all rests, in one and the same state: only then can memory be compared. A scene's
# caches fill with 12 MB, another one is prepared beside it, and the standby loop is drawn.
REST_EVERY_S: Final = 75.0
REST_S: Final = 15.0

STALL_S: Final = 4.0
BACK_S: Final = 60.0

PRESETS: Final = ("smile", "wink", "blink", "surprise", "nod", "think", "look_left", "kiss")
SLIDERS: Final = {"smile": (-0.3, 1.3), "head_yaw": (-25.0, 25.0), "eyeball_x": (-30.0, 30.0)}
STYLES: Final = ("calm", "lively", "attentive", "sleepy")
PHOTOS: Final = ("mona-lisa", "sample-image")
TEXTS: Final = ("Hello there, how are you today?", "안녕하세요, 반갑습니다")

PRESET: Final = """\
name: soaked
label: {en: Soaked, ko: 흠뻑}
emoji: "*"
duration_ms: 800
keyframes:
  - {time: 0.0, params: {}}
  - {time: 0.5, params: {smile: 0.6}}
  - {time: 1.0, params: {}}
"""


class Deeds:
    """Does things at random times until `close`.

    ``kill_s``: for so long the renderer is also killed and hung, later only stalled; 0 never.
    """

    def __init__(self, product: Product, seed: int, *, kill_s: float) -> None:
        self._product = product
        self._random = random.Random(seed)
        self._kill_s = kill_s
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        """Answers that should not be, by what was done and what came."""
        self.hits: list[tuple[float, str]] = []
        """When something hard was done, on the monotonic clock (s)."""
        self.back_s: list[float] = []
        """How long the page was away after each."""
        self.rests: list[tuple[float, dict[str, Measured]]] = []
        """The processes at the end of each rest, with its time."""
        self._busy = threading.Event()  # while the renderer is down, refusals are no fault

    def start(self) -> None:
        """Begin."""
        self._spawn("soak-deeds", self._run)
        if self._kill_s:
            self._spawn("soak-hard", self._run_hard)

    def close(self) -> None:
        """Stop, and wait for the viewers to leave."""
        self._end.set()
        for thread in self._threads:
            thread.join(timeout=BACK_S + 10.0)

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        names, weights = list(RATES), list(RATES.values())
        pause_s = 600.0 / sum(weights)
        rest_at = time.monotonic() + REST_EVERY_S
        while not self._end.wait(self._random.expovariate(1.0 / pause_s)):
            if time.monotonic() >= rest_at:
                self._try("rest", self._rest)
                rest_at = time.monotonic() + REST_EVERY_S
            name = self._random.choices(names, weights)[0]
            self._try(name, getattr(self, f"_{name}"))

    def _try(self, name: str, deed: Callable[[], None]) -> None:
        self.done[name] += 1
        try:
            deed()
        except (OSError, http.client.HTTPException) as exc:
            if not self._busy.is_set() and not self._end.is_set():
                self.wrong[f"{name}: {type(exc).__name__}"] += 1

    def _expect(self, allowed: tuple[int, ...], method: str, path: str, body: Any = None) -> None:
        status, answer = self._product.ask(method, path, body)
        # While the renderer starts, and at the bound of long answers, 503 is the right one.
        if status not in (*allowed, 503):
            self.wrong[f"{method} {path}: {status} {answer[:120].decode(errors='replace')}"] += 1

    def _rest(self) -> None:
        hits = len(self.hits)
        view = {"fit": "face", "zoom": 1.0, "mirror": False}
        self._expect((200,), "PUT", "/view", view)
        self._expect((200,), "PUT", "/idle", {"style": "calm", "strength": 1.0})
        for path in ("/stop", "/reset"):
            self._expect((200,), "POST", path)
        self._expect((200,), "POST", "/photos", {"name": PHOTOS[0]})
        if not self._end.wait(REST_S) and len(self.hits) == hits and not self._busy.is_set():
            self.rests.append((time.monotonic(), self._product.processes()))

    # --- people and controllers

    def _osc_trigger(self) -> None:
        address = f"/portrait/trigger/{self._random.choice(PRESETS)}"
        self._product.send(datagram(address, round(self._random.uniform(0.3, 1.0), 2)))

    def _osc_set(self) -> None:
        name = self._random.choice(list(SLIDERS))
        value = self._random.uniform(*SLIDERS[name])
        self._product.send(datagram(f"/portrait/set/{name}", value))

    def _osc_release(self) -> None:
        self._product.send(datagram("/portrait/reset"))

    def _http_trigger(self) -> None:
        body = {"strength": round(self._random.uniform(0.3, 1.0), 2)}
        self._expect((200,), "POST", f"/trigger/{self._random.choice(PRESETS)}", body)

    def _http_parameters(self) -> None:
        self._expect((200,), "PUT", "/parameters", {"smile": self._random.choice((None, 0.4))})

    def _idle(self) -> None:
        style = self._random.choice(STYLES)
        body = {"style": style, "strength": self._random.choice((0.5, 1.0))}
        self._expect((200,), "PUT", "/idle", body)

    def _say(self) -> None:
        # 409 with the photo of a person who has not agreed.
        self._expect((200, 409), "POST", "/say", {"text": self._random.choice(TEXTS)})

    def _pause(self) -> None:
        self._expect((200,), "PUT", "/pause", {"paused": True})
        self._end.wait(1.0)
        self._expect((200,), "PUT", "/pause", {"paused": False})

    def _privacy(self) -> None:
        self._expect((200,), "PUT", "/privacy", {"privacy": True})
        self._end.wait(1.0)
        self._expect((200,), "PUT", "/privacy", {"privacy": False})

    def _view(self) -> None:
        body = {
            "fit": self._random.choice(("face", "cover", "contain")),
            "zoom": round(self._random.uniform(0.8, 1.5), 2),
            "mirror": self._random.random() < 0.3,
        }
        self._expect((200,), "PUT", "/view", body)

    def _photo(self) -> None:
        self._expect((200, 409), "POST", "/photos", {"name": self._random.choice(PHOTOS)})

    def _engine(self) -> None:
        self._expect((200, 409), "PUT", "/engine", {"engine": "warp"})

    def _page(self) -> None:
        for path in ("/", "/snapshot.jpg", "/health", "/parameters", "/osc"):
            self._expect((200,), "GET", path)

    def _preview_viewer(self) -> None:
        self._watch("/preview.mjpg", self._random.uniform(3.0, 40.0))

    def _events_viewer(self) -> None:
        self._watch("/events", self._random.uniform(3.0, 60.0))

    def _stuck_viewer(self) -> None:
        self._watch("/preview.mjpg", 30.0, read=False)

    def _generate(self) -> None:
        def run() -> None:
            body = {"expression": "smile", "fps": 10, "width": 320}
            self._try("generated", lambda: self._expect((200,), "POST", "/generate", body))

        self._spawn("soak-generate", run)

    def _watch(self, path: str, seconds: float, *, read: bool = True) -> None:
        """Watch for a while and go without a word, as a closed tab does."""

        def run() -> None:
            address = ("127.0.0.1", self._product.page)
            try:
                with socket.create_connection(address, timeout=2.0) as viewer:
                    viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                    viewer.settimeout(1.0)
                    until = time.monotonic() + seconds
                    while time.monotonic() < until and not self._end.is_set():
                        if not read:
                            self._end.wait(0.5)
                            continue
                        try:
                            if not viewer.recv(1 << 16):
                                return
                        except TimeoutError:
                            continue
            except OSError:
                return  # the renderer is away; the deeds before and after say so

        self._spawn("soak-viewer", run)

    # --- rubbish

    def _bad_osc(self) -> None:
        kind = self._random.randrange(4)
        if kind == 0:
            self._product.send(self._random.randbytes(self._random.randrange(1, 200)))
        elif kind == 1:
            self._product.send(datagram("/portrait/set/smile", float("nan")))
        elif kind == 2:
            self._product.send(datagram("/portrait/trigger/no-such-preset"))
        else:
            good = bytearray(datagram("/portrait/set/smile", 0.5))
            good[self._random.randrange(len(good))] ^= 1 << self._random.randrange(8)
            self._product.send(bytes(good))

    def _bad_http(self) -> None:
        kind = self._random.randrange(4)
        if kind == 0:
            self._expect((404,), "POST", "/trigger/no-such-preset")
        elif kind == 1:
            self._expect((400, 422), "PUT", "/parameters", {"smile": "wide"})
        elif kind == 2:
            status, _ = self._product.ask("GET", "/state", headers={"Host": "evil.example"})
            if status != 403:
                self.wrong[f"foreign host: {status}"] += 1
        else:
            address = ("127.0.0.1", self._product.page)
            with socket.create_connection(address, timeout=2.0) as raw:
                raw.sendall(self._random.randbytes(300) + b"\r\n\r\n")
                raw.settimeout(2.0)
                raw.recv(4096)

    def _broken_preset(self) -> None:
        file = Path(self._product.home) / "presets" / "soaked.yaml"

        def run() -> None:
            file.write_text(PRESET.replace("smile: 0.6", "smle: wide"), encoding="utf-8")
            self._end.wait(3.0)
            file.write_text(PRESET, encoding="utf-8")
            self._end.wait(3.0)
            self._try("mended", lambda: self._expect((200,), "POST", "/trigger/soaked"))

        if not any(thread.name == "soak-preset" for thread in self._threads if thread.is_alive()):
            self._spawn("soak-preset", run)

    # --- what hits the whole program

    def _run_hard(self) -> None:
        until, turn = time.monotonic() + self._kill_s, 0
        pause_s = min(HARD_EVERY_S, self._kill_s / 4)
        while not self._end.wait(pause_s):
            kinds = HARD if time.monotonic() < until else LATER
            kind, turn = kinds[turn % len(kinds)], turn + 1
            pause_s = pause_s if kinds == HARD else HARD_EVERY_S
            renderer = self._product.processes().get("renderer")
            if renderer is None:
                self.done["no renderer of its own: nothing killed"] += 1
                continue
            self.done[kind] += 1
            self._busy.set()
            try:
                self._hit(kind, renderer.pid)
            finally:
                self._busy.clear()

    def _hit(self, kind: str, pid: int) -> None:
        at = time.monotonic()
        self.hits.append((at, kind))
        try:
            process = psutil.Process(pid)
            if kind == "kill":
                process.kill()
            else:
                process.send_signal(signal.SIGSTOP)
            if kind == "stall":
                self._end.wait(STALL_S)
                process.send_signal(signal.SIGCONT)
        except psutil.NoSuchProcess:
            return
        until = at + BACK_S
        time.sleep(0.5)
        while not self._end.is_set():
            state = self._product.state()
            gone = kind != "stall" and state is not None and state["processes"]["renderer"] == pid
            if state is not None and not gone:
                self.back_s.append(time.monotonic() - at)
                return
            if time.monotonic() > until:
                self.wrong[f"{kind}: the page was not back after {BACK_S:g} s"] += 1
                return
            self._end.wait(0.25)
        if kind == "hang":  # nobody waits for it any more
            try:
                process.send_signal(signal.SIGCONT)
            except psutil.NoSuchProcess:
                return
