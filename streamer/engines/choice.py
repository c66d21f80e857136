"""Which engine draws: the one that was asked for, or the best one that this machine can run."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from streamer.config import Config
from streamer.engines import Engine
from streamer.engines.liveportrait.devices import check_device
from streamer.engines.needs import (
    Need,
    accelerator_need,
    install_command,
    torch_need,
    weights_need,
)
from streamer.errors import ConfigError, EngineError, WeightsError
from streamer.resources import bakes_folder, weights_folder, weights_list

ENGINES: Final = ("liveportrait", "baked", "warp")


@dataclass(frozen=True)
class Options:
    """What was asked for. ``weights`` None is the usual place; ``face`` counts from 1.

    ``gpu_share`` is the largest share of the time that the networks may take on the device, 0 for
    as much as the frame rate needs; ``cache_mb`` bounds the frames kept in memory;
    ``backend`` is the runtime that shall draw. ``photo`` is the one to begin with, where it is
    known; ``bakes`` is where baked frames lie, None the user's own folder.
    """

    engine: str = "auto"
    device: str = "auto"
    weights: Path | None = None
    face: int = 1
    paste_back: bool = True
    speed: str = "auto"
    gpu_share: float = 0.0
    cache_mb: int = 512
    backend: str = "auto"
    fps: float = 30.0
    photo: Path | None = None
    bakes: Path | None = None

    @classmethod
    def of(cls, config: Config) -> "Options":
        """Return those among all settings; ``photo`` is not looked for yet."""
        names = [f.name for f in fields(cls) if f.name != "photo"]
        return cls(**{name: getattr(config, name) for name in names})


@dataclass(frozen=True)
class Understudy:
    """An engine that can take over from one that fails; opened only then."""

    name: str
    open: Callable[[], Engine]


@dataclass(frozen=True)
class Choice:
    """The engine picked. ``why`` is one line; ``problem`` is what keeps a better one away.

    ``understudies`` are the engines to step down to, the next safer one first: a faster form of
    an engine has its plain form before `warp`. The CPU is none of them: the networks take seconds
    per frame there, which looks frozen.
    """

    engine: Engine
    why: str
    understudies: tuple[Understudy, ...] = ()
    problem: str = ""


def choose_engine(options: Options) -> Choice:
    """Open the engine asked for; ``auto`` picks.

    Only the engine chosen is imported, and torch only where the neural one can be used: importing
    it takes longer than `warp` takes to its first frame.
    Raises: `ConfigError`, `EngineError`, `WeightsError`.
    """
    check_device(options.device)
    if options.engine == "warp":
        return Choice(_warp(options), "Engine: warp, as asked.")
    if options.engine == "liveportrait":
        return _asked_for(options)
    if options.engine == "baked":
        return _baked_as_asked(options)
    if options.engine == "auto":
        return _best(options)
    raise ConfigError(
        f"Unknown engine '{options.engine}'. Choose one of: auto, {', '.join(ENGINES)}."
    )


def _asked_for(options: Options) -> Choice:
    torch, weights = torch_need(), weights_need(options.weights)
    if not torch.ok:
        then = "" if weights.ok else f" Then get the model files: {weights.fix}"
        raise EngineError(
            f"The engine liveportrait cannot start: {torch.found}. Install it: {torch.fix}{then}"
        )
    if not weights.ok:
        raise WeightsError(
            f"The engine liveportrait cannot start: {weights.found}. Get the model files: "
            f"{weights.fix}"
        )
    return _neural(options, "as asked")


def _best(options: Options) -> Choice:
    """Pick: the neural engine where all for it is there, frames baked with it, the built-in one."""
    lacking = [need for need in (torch_need(), weights_need(options.weights)) if not need.ok]
    try:
        if not lacking:
            accelerator = accelerator_need(options.device)
            if accelerator.ok:
                return _neural(
                    options, "since model files and an accelerator are here; or --engine warp"
                )
            lacking = [accelerator]
    except (EngineError, WeightsError) as exc:  # there, but broken: the portrait lives all the same
        why = "liveportrait is here but cannot start."
        baked = _baked_before(options, why)
        return baked or Choice(
            _warp(options),
            f"Engine: warp, built in, since {why}",
            problem=f"The engine liveportrait cannot start, warp is used: {exc}",
        )
    told = _told(lacking)
    return _baked_before(options, told) or Choice(
        _warp(options), f"Engine: warp, built in, since {told}"
    )


def _baked_as_asked(options: Options) -> Choice:
    """Play what was baked of the photo. Raises: `EngineError` if that is nothing."""
    from streamer.engines.baked.ready import ready

    if options.photo is not None and ready(options.photo, options) is None:
        raise EngineError(
            f"The engine baked cannot start: '{options.photo.stem}' has not been baked, or not "
            "from what is here now. Bake it: living-portrait bake --photo "
            f'"{options.photo.stem}"'
        )
    return _baked(options, "as asked")


def _baked_before(options: Options, why_not_live: str) -> Choice | None:
    """Play the networks' own frames where all of them are there."""
    if options.photo is None or not bakes_folder(options.bakes).is_dir():
        return None
    from streamer.engines.baked.ready import ready

    bake = ready(options.photo, options)
    if bake is None or bake.identity.source != "liveportrait" or not bake.complete:
        return None
    return _baked(options, f"since this photo was baked and {why_not_live}")


def _baked(options: Options, why: str) -> Choice:
    from streamer.engines.baked.engine import BakedEngine

    engine = BakedEngine(
        bakes_folder(options.bakes),
        weights=weights_folder(options.weights),
        face=options.face,
        fps=options.fps,
    )
    return Choice(
        engine,
        f"Engine: baked, frames drawn before, {why.rstrip('.')}.",
        (Understudy("warp", lambda: _warp(options)),),
    )


def _told(lacking: list[Need]) -> str:
    found = " and ".join(need.found for need in lacking)
    fixes = ", then: ".join(need.fix for need in lacking)
    slow = " (seconds per frame)" if lacking[0].subject == "accelerator" else ""
    return f"{found}. For liveportrait: {fixes}{slow}"


def _warp(options: Options) -> Engine:
    from streamer.engines.warp.engine import WarpEngine

    return WarpEngine(face=options.face - 1)


def _neural(options: Options, why: str) -> Choice:
    """Load the neural engine; faces are found by the built-in one where no models for it are."""
    try:
        from streamer.engines.liveportrait.engine import LivePortraitEngine
    except (ImportError, OSError) as exc:
        raise EngineError(
            f"The libraries of the engine liveportrait cannot be loaded ({exc}). Install them: "
            f"{install_command()}"
        ) from exc
    from streamer.engines.warp.locate import is_marked, locate

    face = options.face - 1
    engine = LivePortraitEngine.load(
        weights_folder(options.weights),
        device=options.device,
        manifest=weights_list(),
        locate=lambda photo: locate(photo, face=face),
        marked=is_marked,
        face=face,
        paste_back=options.paste_back,
        speed=options.speed,
        fps=options.fps,
        gpu_share=options.gpu_share,
        cache_mb=options.cache_mb,
        backend=options.backend,
    )
    return Choice(
        engine,
        f"Engine: liveportrait on {engine.parts['networks']}, {why}.",
        (Understudy("warp", lambda: _warp(options)),),
    )
