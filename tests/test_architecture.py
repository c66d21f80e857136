"""The arrows between the parts point one way; read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*ROOT.glob("streamer/**/*.py"), *ROOT.glob("control/**/*.py")])

# Which imports a part must never hold, by the beginning of the module's name.
FORBIDDEN = {
    "streamer": ("control",),
    "streamer.animation": (
        "streamer.engines",
        "streamer.sinks",
        "streamer.stream",
        "streamer.loop",
    ),
    "streamer.engines": (
        *("streamer.animation", "streamer.sinks", "streamer.stream", "streamer.loop"),
        *("streamer.controls", "streamer.baking"),
    ),
    # The only engine that knows others: it plays what they drew, and moves it with the warp field.
    "streamer.engines.baked": ("streamer.engines.choice", "streamer.engines.liveportrait.engine"),
    "streamer.baking": ("streamer.sinks", "streamer.stream", "streamer.loop", "streamer.stage"),
    "streamer.engines.warp": ("streamer.engines.liveportrait",),
    "streamer.engines.liveportrait": ("streamer.engines.warp",),
    "streamer.sinks": (
        "streamer.animation",
        "streamer.engines",
        "streamer.stream",
        "streamer.loop",
    ),
    "streamer.loop": ("streamer.stream",),
    # The sender's process draws nothing and serves nobody.
    "streamer.sending": (
        *("streamer.animation", "streamer.engines", "streamer.stream", "streamer.loop"),
        "streamer.stage",
    ),
    "control.supervisor": ("streamer.stream", "control.commands", "control.panel", "control.osc"),
}

# Who alone may import a heavy or outward library.
ONLY = {
    "torch": ("streamer.engines.liveportrait",),
    "onnxruntime": ("streamer.engines.liveportrait",),
    "pyvirtualcam": ("streamer.sinks",),
    "flask": ("control.panel", "control.oscquery"),
    "waitress": ("control.panel", "control.oscquery"),
    "pythonosc": ("control.osc",),
    "zeroconf": ("control.oscquery",),
    "ray": ("streamer.baking.cluster",),
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, *, at_import: bool = False) -> Iterator[str]:
    """Yield the modules that a file imports; ``at_import`` leaves out those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy: set[ast.AST] = set()
    if at_import:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                lazy.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in lazy:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow points"
            yield node.module or ""


def within(module: str, part: str) -> bool:
    return module == part or module.startswith(part + ".")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_arrow_points_back(path: Path) -> None:
    name = name_of(path)

    for part, forbidden in FORBIDDEN.items():
        if within(name, part):
            wrong = [m for m in imports(path) if any(within(m, f) for f in forbidden)]
            # The registry of engines is the one place that names them all, inside functions.
            assert not wrong, f"{name} must not import {', '.join(wrong)}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_libraries_stay_in_their_part(path: Path) -> None:
    name = name_of(path)

    for library, parts in ONLY.items():
        if any(within(m, library) for m in imports(path)):
            assert any(within(name, part) for part in parts), f"{name} must not import {library}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert text, f"{path} has no docstring"
    assert len(text.splitlines()[0]) > 20


def test_the_first_frame_waits_for_no_web_server() -> None:
    """What `run` imports at the start holds neither flask nor torch."""
    import subprocess
    import sys

    code = (
        "import sys, control.cli; "
        "print([m for m in ('flask', 'waitress', 'torch', 'onnxruntime', 'av', 'rich', "
        "'huggingface_hub', 'playwright') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
