"""The core knows no puzzle: no import of a plugin, no name of a task in its code. Needs no torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.paths import ROOT

TASKS = "|".join(path.name.removeprefix("trm_tasks_") for path in ROOT.glob("trm_tasks_*"))
EXAMPLES = ROOT / "trm/cli/help.py"
"""The examples in the help of each command: prose as well."""

MODULES = sorted(path for path in (ROOT / "trm").rglob("*.py") if "template" not in path.parts and path != EXAMPLES)


def _docstrings(tree: ast.Module) -> set[int]:
    """What is prose: examples in it may name a task."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    firsts = [node.body[0] for node in ast.walk(tree) if isinstance(node, owners) and node.body]
    return {id(first.value) for first in firsts if isinstance(first, ast.Expr)}


def _named(tree: ast.Module) -> Iterator[str]:
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from re.findall(rf"(?<![\w-])(?:{TASKS}|trm_tasks_[a-z]\w*)(?![\w-])", node.value)
        elif isinstance(node, ast.ImportFrom):
            yield from re.findall(r"^trm_tasks_\w+", node.module or "")
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("trm_tasks_"))
        elif isinstance(node, ast.Name):
            yield from re.findall(rf"^(?:{TASKS})$", node.id)


def test_no_module_names_a_task() -> None:
    named = {str(path): list(_named(ast.parse(path.read_text(encoding="utf-8")))) for path in MODULES}
    assert len(named) > 100
    assert {path: names for path, names in named.items() if names} == {}


def test_a_named_task_is_found() -> None:
    code = '"""sudoku"""\nimport trm_tasks_arc\nfrom trm_tasks_maze.text import parse\nx = "sudoku"\narithmetic = x\n'
    assert sorted(_named(ast.parse(code))) == ["arithmetic", "sudoku", "trm_tasks_arc", "trm_tasks_maze"]
