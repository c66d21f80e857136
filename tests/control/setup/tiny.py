"""A project as small as can be that start.py installs for real, with no network."""

import shutil
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

PYPROJECT = """
[build-system]
requires = []
build-backend = "tiny_backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1.0"
dependencies = [{needs}]

[project.optional-dependencies]
liveportrait = ["torch"]
test = ["pytest"]
"""

BACKEND = """
import os, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("tiny.pth", os.getcwd() + "\\n")
        needs = "".join(f"Requires-Dist: {n}\\n" for n in os.environ.get("TINY_NEEDS", "").split())
        text = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n" + needs
        text += "Provides-Extra: liveportrait\\nRequires-Dist: torch; extra == 'liveportrait'\\n"
        wheel.writestr("tiny-1.0.dist-info/METADATA", text)
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
"""

LIBRARIES = ("av", "cv2", "flask", "numpy", "PIL", "psutil", "yaml")

# Stands in for the product: says what it was started with.
PRODUCT = "import sys\nprint('product', *sys.argv[1:])\n"

RESOURCES = """
import os
from pathlib import Path

def user_places():
    home = Path(os.environ["LIVING_PORTRAIT_HOME"])
    return [("photos", home / "photos"), ("weights", Path(__file__).parent.parent / "weights")]
"""


def make_project(folder: Path) -> Path:
    """Write the project into a folder, with the real start.py and control/setup."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "start.py", folder)
    (folder / "control").mkdir()
    shutil.copy(ROOT / "control/__init__.py", folder / "control")
    shutil.copytree(ROOT / "control/setup", folder / "control/setup")
    (folder / "control/__main__.py").write_text(PRODUCT)
    (folder / "streamer").mkdir()
    (folder / "streamer/__init__.py").write_text("")
    (folder / "streamer/resources.py").write_text(RESOURCES)
    for name in LIBRARIES:
        (folder / f"{name}.py").write_text("")
    (folder / "pyproject.toml").write_text(PYPROJECT.format(needs=""))
    (folder / "tiny_backend.py").write_text(BACKEND)
    (folder / "constraints.txt").write_text("torch==2.13.0\n")
    return folder


def make_wheel(folder: Path, name: str, version: str, code: str = "") -> Path:
    """Write a wheel with one module."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path
