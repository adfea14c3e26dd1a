"""The prose avoids phrases that read like a translation, and Markdown is wrapped at 100 columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from tests.support.paths import ROOT

PHRASES = (
    r"\bleft out,",
    r"symmetric images to vote over",
    r"no possible name of a file",
    r"has no rule to tell",
    r"the machine falls out",
    r"so cost few",
    r"\b(is|are) borne\b",
    r"nothing is lost of",
    r"fault in trm",
    r"can't be built without arguments",
    r"\bspoiled\b",
    r"nothing was chosen by them",
    r"\bgoing on with\b",
    r"\btrusts most\b",
    r"\b(is|are|was|were) told\b",
    r"of your own, from nothing",
    r"what makes the presets learn fast",
    r"a few ten thousand",
    r"where nothing else is said",
    r"\b(hears?|heard)\b",
    r"so that nothing",
    r"\bdata sets?\b",
)
"""Regular expressions; case and line breaks do not matter. One line per phrase that was rewritten."""

FORBIDDEN = re.compile("|".join(PHRASES), re.IGNORECASE)
WIDTH = 100

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
        *ROOT.glob("trm_tasks_*/README.md"),
        *ROOT.glob("plugins/*/README.md"),
    ]
)
PACKAGES = sorted(
    folder
    for folder in [ROOT / "trm", *ROOT.glob("trm/*"), *ROOT.glob("trm_tasks_*"), *ROOT.glob("plugins/*")]
    if folder.is_dir() and any(folder.rglob("*.py"))
)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _parameters(paths: list[Path]) -> list[ParameterSet]:
    return [pytest.param(path, id=_name(path)) for path in paths]


def _found(text: str) -> list[str]:
    return [match.group() for match in FORBIDDEN.finditer(" ".join(text.split()))]


def _strings(module: Path) -> Iterator[tuple[int, str]]:
    """The docstrings and other string literals of a module, with their line numbers."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _prose(page: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside code blocks, formulas, tables and images, with their numbers."""
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        mark = re.match(r"`{3,}|~{3,}|\$\$", text)
        if mark and fence in ("", mark.group()):
            fence = "" if fence else mark.group()
        elif not fence and not text.startswith(("|", "![", "<!--")):
            yield number, line


@pytest.mark.parametrize("page", _parameters(PAGES))
def test_pages_avoid_forbidden_phrases(page: Path) -> None:
    assert not _found(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", _parameters(PAGES))
def test_prose_is_wrapped(page: Path) -> None:
    long = [number for number, line in _prose(page) if len(line) > WIDTH and " " in line.strip()]
    assert not long, f"{_name(page)} has more than {WIDTH} columns in lines {long}"


@pytest.mark.parametrize("package", _parameters(PACKAGES))
def test_docstrings_and_messages_avoid_forbidden_phrases(package: Path) -> None:
    modules = package.glob("*.py") if package == ROOT / "trm" else package.rglob("*.py")
    problems = [
        f"{_name(module)}:{line}: {phrase}"
        for module in sorted(modules)
        for line, text in _strings(module)
        for phrase in _found(text)
    ]
    assert not problems, "\n".join(problems)
