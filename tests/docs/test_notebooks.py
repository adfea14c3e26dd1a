"""The notebooks of the documentation: their code compiles, the names that it uses exist, and it runs."""

from __future__ import annotations

import ast
import importlib
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import trm
from tests.support.paths import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.md"))
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CPU_SECONDS = 120
"""What a notebook may take on one thread."""

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def cells(notebook: Path) -> list[str]:
    return CELL.findall(notebook.read_text(encoding="utf-8"))


def used_names(code: str) -> Iterator[tuple[str, str]]:
    """Each name of `trm` in a cell, with the module that has it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "trm":
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "trm":
            yield "trm", node.attr


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["look-inside", "solve-and-watch", "your-own-puzzle"]


@each_notebook
def test_code_compiles_and_uses_public_names_that_exist(notebook: Path) -> None:
    assert len(cells(notebook)) >= 8
    names = [name for code in cells(notebook) for name in used_names(code)]
    assert names
    for module, name in names:
        assert hasattr(importlib.import_module(module), name), f"{module} has no {name}"
        assert module != "trm" or name in dir(trm)


@each_notebook
def test_a_notebook_names_its_format_for_sphinx_and_jupytext(notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    assert text.startswith("---\nfile_format: mystnb\n")
    assert "format_name: myst\n" in text


@pytest.mark.slow
@each_notebook
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jupytext, nbclient = pytest.importorskip("jupytext"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    book = jupytext.read(notebook)
    nbclient.NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU_SECONDS
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    pages = [page for page in map(_html, outputs) if page]
    assert len(pages) >= 4
    for page in pages:
        assert not re.search(r"(src|href)=[\"']?https?:", page), "an output loads something"


def _html(output: Any) -> str:
    return str(output.get("data", {}).get("text/html", ""))
