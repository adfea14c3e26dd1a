"""`trm.register`: parts from a notebook or a script. Needs no torch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import trm
from trm.errors import PluginError, UsageError
from trm.hookspecs import hookimpl
from trm.plugins.code import load
from trm.plugins.registry import Registry, get_registry
from trm.specs import DatasetSpec, MetricSpec, TaskSpec


class Config:
    """Stands for the settings of a task."""


def describe(config: Any) -> None: ...


def build(config: Any, split: str, seed: int) -> None: ...


@pytest.fixture
def registry() -> Iterator[Registry]:
    get_registry.cache_clear()
    yield get_registry()
    get_registry.cache_clear()


def task(name: str = "flood", **fields: Any) -> TaskSpec:
    dataset = DatasetSpec(name="random", summary="", build=fields.pop("build", build))
    return TaskSpec(
        **{"name": name, "summary": "", "config": Config, "describe": describe, "dataset": dataset} | fields
    )


def test_functions_and_classes_become_references(registry: Registry) -> None:
    trm.register(task(check=describe, metrics=(MetricSpec(name="wet", summary="", factory=Config),)))
    spec = registry.task("flood")
    assert (spec.config, spec.check) == (f"{__name__}:Config", f"{__name__}:describe")
    assert load(spec.describe) is load(describe) is describe
    assert registry.part(DatasetSpec, "flood", "random").build == f"{__name__}:build"
    assert registry.part(MetricSpec, "flood", "wet").factory == f"{__name__}:Config"


def test_references_as_text_stay(registry: Registry) -> None:
    trm.register(task(config="m:C", describe="m:d", build="m:b"))
    assert registry.task("flood").config == "m:C"


def test_a_task_can_be_registered_again_with_other_parts(registry: Registry) -> None:
    before = len(registry.plugins)
    trm.register(task(metrics=(MetricSpec(name="wet", summary="", factory=Config),)))
    trm.register(task(summary="again", metrics=(MetricSpec(name="dry", summary="", factory=Config),)))
    assert registry.task("flood").summary == "again"
    assert {"wet", "dry"} & set(registry.parts(MetricSpec, "flood")) == {"dry"}
    assert len(registry.plugins) == before + 1
    assert not [problem for problem in registry.problems if "flood" in str(problem)]


def test_a_part_for_another_task(registry: Registry) -> None:
    trm.register(task(), MetricSpec(name="wet", task="flood", summary="", factory=Config))
    assert "wet" in registry.parts(MetricSpec, "flood")
    with pytest.raises(UsageError, match=r"no task 'floood'\. Did you mean 'flood'"):
        trm.register(MetricSpec(name="wet", task="floood", summary="", factory=Config))


def test_a_module_with_hooks(registry: Registry) -> None:
    module: Any = ModuleType("chess_plugin")
    module.trm_register_tasks = hookimpl(lambda: [task("chess")])
    trm.register(module)
    assert registry.task("chess").describe == f"{__name__}:describe"


def test_names_of_installed_parts_are_refused_and_nothing_changes(registry: Registry) -> None:
    trm.register(task())
    entries = list(registry.entries)
    clash = MetricSpec(name="exact_accuracy", summary="", factory=Config)
    with pytest.raises(UsageError, match="metric 'exact_accuracy' is registered by plugin 'trm' of trm"):
        trm.register(task(metrics=(clash,)))
    assert registry.entries == entries


def test_what_has_no_name_is_refused(registry: Registry) -> None:
    def inner(config: Any) -> None: ...

    for function in (lambda config: None, inner):
        with pytest.raises(PluginError, match=r"describe is '.*', which cannot be found by its name in module"):
            trm.register(task(describe=function))
    assert "flood" not in registry.tasks()


@pytest.mark.parametrize("part", ["flood", 5, SimpleNamespace()])
def test_what_is_no_plugin_is_refused(registry: Registry, part: object) -> None:
    with pytest.raises(PluginError, match=r"has no function that is marked with trm\.hookspecs\.hookimpl"):
        trm.register(part)


def test_a_cache_needs_code_in_a_file(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook: Any = ModuleType("notebook_cells")
    monkeypatch.setitem(sys.modules, "notebook_cells", notebook)
    dataset = DatasetSpec(name="random", summary="", build="notebook_cells:build", cache=True)
    with pytest.raises(UsageError, match="'random' has cache=True, but its code is in no file"):
        trm.register(task(dataset=dataset))
    notebook.__file__ = "cells.py"
    trm.register(task(dataset=dataset))
