"""The neural engine: a photo encoded once, then a frame per face."""

import math
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import torch

from streamer.engines import Portrait
from streamer.engines.liveportrait.behind import Behind
from streamer.engines.liveportrait.devices import Torch, look
from streamer.engines.liveportrait.face_search import FaceSearch, Locate
from streamer.engines.liveportrait.failures import told
from streamer.engines.liveportrait.fast.forms import PLAIN, Forms
from streamer.engines.liveportrait.fast.graphs import Device
from streamer.engines.liveportrait.fast.proof import Proof
from streamer.engines.liveportrait.fast.recipes import Recipe, device_for, recipes_for
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.fast_way import Studio
from streamer.engines.liveportrait.frame_cache import FrameCache
from streamer.engines.liveportrait.manifest import read_manifest
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.portable.asked import parse_backend
from streamer.engines.liveportrait.portable.files import GraphFiles
from streamer.engines.liveportrait.portrait import NeuralPortrait, open_portrait
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.liveportrait.sessions import FaceModels, open_face_models
from streamer.engines.liveportrait.weights import load_networks
from streamer.errors import ConfigError, EngineError
from streamer.photo import Photo
from streamer.view import View

SPEEDS: Final = ("auto", "safe", "fast")

# How long a scene waits for its first faster form where it should not be drawn plainly: packing,
# recording and the trial take a second or two on a current card.
FIRST_STEP_S: Final = 20.0


class LivePortraitEngine:
    """Animates portraits with LivePortrait's networks.

    Faces are found by ``faces``, the ONNX models, or by ``locate`` where they are missing or the
    user has ``marked`` the face; ``face`` counts the faces of a photo from the largest.
    ``paste_back`` off shows the bare crop.

    ``speed``: ``safe`` draws with the plain form alone; ``auto`` begins with it and climbs to
    faster ones behind the picture; ``fast`` waits for the first of them. ``recipes`` and ``on``
    are those of the model's device if not given. ``problem`` is what the operator should know of
    that, or empty.
    """

    name = "liveportrait"

    def __init__(
        self,
        model: Model,
        *,
        faces: FaceModels | None = None,
        locate: Locate | None = None,
        marked: Callable[[Photo], bool] = lambda _: False,
        face: int = 0,
        paste_back: bool = True,
        torch_here: Torch | None = None,
        speed: str = "auto",
        fps: float = 30.0,
        gpu_share: float = 0.0,
        cache_mb: int = 512,
        weights_name: str = "",
        recipes: Sequence[Recipe] | None = None,
        on: Device | None = None,
    ) -> None:
        if speed not in SPEEDS:
            raise ConfigError(f"Unknown speed '{speed}'. Choose one of: {', '.join(SPEEDS)}.")
        self.device = str(model.device)
        self.speed = speed
        self.backend = ""
        self.parts: Mapping[str, str] = {}
        self._here = torch_here or look()
        self._model = model
        self._search = FaceSearch(faces or FaceModels(), locate, marked, face)
        self._paste_back = paste_back
        self._fps = fps
        self._shown: NeuralScene | None = None
        self._scenes: weakref.WeakSet[NeuralScene] = weakref.WeakSet()
        self._behind = Behind("faster-forms")
        self._studio: Studio | None = None
        if recipes is None:
            recipes = recipes_for(self.device)
        if recipes and speed != "safe":
            device = on or device_for(self.device)
            forms = Forms(
                model,
                device,
                recipes,
                turn=model.turn if device.exclusive else threading.Lock(),
                stopping=self._behind.stopping,
            )
            cache = FrameCache(cache_mb * 1_000_000)
            later = self._behind.later
            self._studio = Studio(forms, cache, later, self._tell, fps, gpu_share, weights_name)
        self._tell()

    @classmethod
    def load(
        cls,
        weights: Path,
        *,
        device: str = "auto",
        manifest: Path | None = None,
        locate: Locate | None = None,
        marked: Callable[[Photo], bool] = lambda _: False,
        face: int = 0,
        paste_back: bool = True,
        speed: str = "auto",
        fps: float = 30.0,
        gpu_share: float = 0.0,
        cache_mb: int = 512,
        backend: str = "auto",
    ) -> "LivePortraitEngine":
        """Read the model files of a folder, held against the hashes in ``manifest`` if given.

        ``backend`` is who shall draw where it has proven right: torch, or another runtime.
        Raises: `WeightsError`, `ConfigError` for device and backend, `EngineError` for a runtime
        that is missing.
        """
        other = parse_backend(backend)[0] not in ("auto", "torch")
        if other and speed == "safe":
            raise ConfigError(
                f"--speed safe draws with torch alone, not with --backend {backend}. Use --speed "
                "auto, or --backend torch."
            )
        here = look()
        picked = here.pick(device)
        listed = read_manifest(manifest) if manifest is not None else None
        with told(picked):
            networks = load_networks(weights, manifest=listed, device=picked)
            model = Model(networks, picked).prepared()
        recipes = None
        if other:
            from streamer.engines.liveportrait.portable.rungs import rungs

            recipes = rungs(backend, partial(GraphFiles, networks.warping, networks.generator))
        return cls(
            model,
            faces=open_face_models(weights),
            locate=locate,
            marked=marked,
            face=face,
            paste_back=paste_back,
            torch_here=here,
            speed=speed,
            fps=fps,
            gpu_share=gpu_share,
            cache_mb=cache_mb,
            weights_name=str(weights),
            recipes=recipes,
        )

    @property
    def face_provider(self) -> str:
        """Where the face models run, as onnxruntime answers."""
        return self._search.provider

    def open(self, photo: Photo) -> NeuralPortrait:
        """Find the face and encode it, once per photo. Raises `PhotoError`, `EngineError`."""
        return open_portrait(self._model, self._search, photo)

    def stage(self, portrait: Portrait, view: View) -> NeuralScene:
        """Draw the still photo at the view's size and prepare the face in it."""
        if not isinstance(portrait, NeuralPortrait):
            raise TypeError(f"a portrait of the liveportrait engine is needed, not {portrait!r}")
        scene = NeuralScene(
            self._model, portrait, view, paste_back=self._paste_back, studio=self._studio
        )
        self._scenes.add(scene)
        self._shown = scene
        if self._studio is not None:
            self._begin(scene, portrait.standing, self._studio)
        self._tell()
        return scene

    @property
    def fps(self) -> float:
        """The rate that scenes staged from now on are drawn for."""
        return self._fps

    @fps.setter
    def fps(self, fps: float) -> None:
        self._fps = fps
        if self._studio is not None:
            self._studio = replace(self._studio, fps=fps)

    @property
    def problem(self) -> str:
        """Why the networks do not run as fast as was asked for, or empty."""
        studio, scene = self._studio, self._shown
        if studio is None:
            if self.speed == "fast":
                return f"--speed fast: there is no faster form of the networks for {self.device}."
            return ""
        refused = studio.forms.refused
        if not refused:
            return ""
        form, why = next(iter(refused.items()))
        now = scene.form if scene is not None else PLAIN
        return f"The faster form {form} of the networks is not used ({why}); {now} draws."

    def figures(self) -> Mapping[str, object]:
        """Return how it runs right now."""
        studio, scene = self._studio, self._shown
        found: dict[str, object] = {
            "speed": self.speed,
            "form": scene.form if scene is not None else PLAIN,
            "problem": self.problem,
        }
        if studio is not None:
            found["proven"] = dict(studio.forms.proofs)
            found["refused"] = dict(studio.forms.refused)
        if scene is not None:
            found.update(scene.figures())
        return found

    def close(self) -> None:
        """Stop climbing, and give the memory of the device back."""
        self._behind.close()
        self._shown = None
        with suppress(RuntimeError):  # a lost device has nothing to give back
            if self._studio is not None:
                self._studio.cache.clear()
                self._studio.forms.close()
            if self.device.startswith("cuda"):
                torch.cuda.empty_cache()

    # --- faster forms

    def _begin(self, scene: NeuralScene, standing: Standing, studio: Studio) -> None:
        """Let a scene's portrait climb, and wait for the first step where that is worth it."""
        waited_for = self.speed == "fast" or studio.forms.proven
        if standing.current is not None:
            self._prepare(scene, studio)
        if not standing.begun:
            standing.begun = True
            self._behind.later(partial(studio.forms.climb, standing, self._risen))
            if waited_for:
                standing.risen.wait(timeout=FIRST_STEP_S)

    def _risen(self) -> None:
        """Let every scene follow its portrait."""
        if self._studio is not None:
            for scene in list(self._scenes):
                self._prepare(scene, self._studio)
        self._tell()

    def _prepare(self, scene: NeuralScene, studio: Studio) -> None:
        try:
            scene.prepare()
        except EngineError as exc:
            studio.forms.refuse(Proof("the frame on the device", math.nan, math.nan, str(exc)))

    def _tell(self) -> None:
        """Say what runs now, as it really is."""
        painter = self._shown.painter if self._shown is not None else None
        runs_on = self._model.runs_on if painter is None else painter.runs_on
        plain = f"torch {torch.__version__} {PLAIN}"
        self.backend = plain if painter is None else painter.backend
        layer = f"cpu: OpenCV {cv2.__version__}" if painter is None else self.device
        networks = self._here.describe(runs_on)
        self.parts = {"networks": networks, "face": self._search.described(), "paste_back": layer}
