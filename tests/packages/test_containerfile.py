"""The recipe for a container names files, routes and versions that are there."""

import fnmatch
import re
import shlex

from tests.packages.conftest import ROOT

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    lines = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    joined = lines.replace("\\\n", " ")
    return [(w, rest) for w, _, rest in (line.partition(" ") for line in joined.splitlines()) if w]


def of(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def copied() -> list[str]:
    words = [shlex.split(rest) for rest in of("COPY")]
    return [source for word in words if not word[0].startswith("--from") for source in word[:-1]]


def test_every_instruction_is_one() -> None:
    known = {
        *("FROM", "ARG", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }

    assert {word for word, _ in instructions()} == known


def test_what_is_copied_is_there_and_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]

    assert "*" in lines
    for source in copied():
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source
    assert set(allowed) <= set(copied())


def test_everything_that_the_wheel_is_built_from_is_copied() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    included = re.findall(r'(?m)^"([\w./]+)" = "streamer/data', project)

    assert {"control", "streamer", *included} <= set(copied())


def test_it_runs_as_a_user_of_its_own_that_may_use_cameras() -> None:
    assert of("USER") == ["portrait"]
    assert any("--groups video portrait" in run for run in of("RUN"))


def test_its_health_is_the_products_own_route() -> None:
    check = of("HEALTHCHECK")[0]
    code = re.search(r'"-c", "(.*)"\]', check)

    assert code is not None
    compile(code[1], "HEALTHCHECK", "exec")
    assert "'/health'" in code[1]
    assert "/health" in (ROOT / "control/panel/routes_fixed.py").read_text(encoding="utf-8")
    assert "LIVING_PORTRAIT_PANEL" in code[1]


def test_the_pinned_pytorch_is_what_it_asks_for() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")

    assert re.search(r"(?m)^torch==", pins)
    assert "grep '^torch==' constraints.txt" in TEXT
