"""What modules import: the contracts that `lint-imports` cannot state. Needs no torch."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

LIGHT = {
    "errors": set[str](),
    "specs": {"trm.errors"},
    "presets": set[str](),
    "progress": set[str](),
    "hookspecs": {"pluggy", "trm.specs"},
}
"""The modules that every command loads, with what they may import besides the standard library."""

PUBLIC = {"trm", "trm.data", "trm.errors", "trm.evaluation", "trm.hookspecs", "trm.presets", "trm.render", "trm.specs",
          "trm.testing", "trm.training"}  # fmt: skip
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/src/*") if path.is_dir())
CORE = sorted(path for path in (ROOT / "trm").rglob("*.py") if path != ROOT / "trm" / "__init__.py")


def imported(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The modules that a file imports, imports inside functions included, each with the names that it takes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or "", [alias.name for alias in node.names]


@pytest.mark.parametrize("name", LIGHT)
def test_the_plugin_contract_imports_the_standard_library_only(name: str) -> None:
    modules = {module for module, _ in imported(ROOT / "trm" / f"{name}.py")}
    heavy = {module for module in modules if module.partition(".")[0] not in sys.stdlib_module_names}
    assert heavy <= LIGHT[name]


def test_the_core_takes_only_the_version_and_its_own_modules_from_trm() -> None:
    modules = {path.stem for path in (ROOT / "trm").iterdir() if path.suffix in ("", ".py")}
    for path in CORE:
        if path.parts[-2:] == ("trm", "utils.py"):
            continue
        for module, names in imported(path):
            if module == "trm":
                assert set(names) <= modules | {"__version__"}, path


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_plugins_import_only_public_modules(plugin: Path) -> None:
    used = {module for path in plugin.rglob("*.py") for module, _ in imported(path)}
    assert {module for module in used if module == "trm" or module.startswith("trm.")} <= PUBLIC


def test_the_plugins_were_found() -> None:
    assert [plugin.name for plugin in PLUGINS] == [
        "trm_tasks_my_task",
        "trm_tasks_colouring",
        "trm_tasks_cube",
        "trm_tasks_diagonal",
        "trm_tasks_futoshiki",
        "trm_tasks_killer",
        "trm_tasks_lights_out",
        "trm_tasks_nonogram",
        "trm_tasks_reasoning_gym",
        "trm_tasks_sat",
    ]
    assert len(CORE) > 100


TASK_REFERENCES = ("build", "describe", "parse", "fit", "format", "solvable", "evaluate", "solve", "symmetry_class")


def test_only_task_resolves_the_references_of_a_task() -> None:
    """Commands, the conformance kit and the Python API go through `Task`."""
    resolving = {str(path.relative_to(ROOT)) for path in CORE if set(_loaded_fields(path)) & set(TASK_REFERENCES)}
    assert resolving == {"trm/experiment/task.py"}


def _loaded_fields(path: Path) -> Iterator[str]:
    """The NAME of every `load(x.NAME)`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
            yield from (argument.attr for argument in node.args if isinstance(argument, ast.Attribute))
