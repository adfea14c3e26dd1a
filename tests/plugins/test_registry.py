"""What the loader accepts, refuses and reports. Needs no torch."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from tests.support.distributions import Site
from trm.errors import PluginError, UsageError
from trm.plugins.registry import load_registry
from trm.specs import AugmentationSpec, BackendSpec, DatasetSpec, MetricSpec, RendererSpec

HEAD = """
from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, BackendSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = dict(config="m:C", describe="m:d")
"""
INLINE = """
@hookimpl
def trm_register_tasks():
    return [
        TaskSpec(
            name="chess",
            summary="",
            **CODE,
            dataset=DatasetSpec(name="games", summary="", build="m:build"),
            datasets=(DatasetSpec(name="studies", summary="", build="m:studies"),),
            augmentation=AugmentationSpec(name="mirror", summary="", factory="m:Mirror"),
            metrics=(MetricSpec(name="mates", summary="", factory="m:Mates"), "exact_accuracy"),
            renderer=RendererSpec(name="board", summary="", factory="m:Board"),
        )
    ]
"""
SEPARATE = """
@hookimpl
def trm_register_tasks():
    return [
        TaskSpec(
            name="chess", summary="", **CODE, dataset="games", augmentation="mirror", metrics=("mates", "exact_accuracy"),
            renderer="board",
        )
    ]

@hookimpl
def trm_register_datasets():
    return [
        DatasetSpec(name="games", task="chess", summary="", build="m:build"),
        DatasetSpec(name="studies", task="chess", summary="", build="m:studies"),
    ]

@hookimpl
def trm_register_augmentations():
    return [AugmentationSpec(name="mirror", task="chess", summary="", factory="m:Mirror")]

@hookimpl
def trm_register_metrics():
    return [MetricSpec(name="mates", task="chess", summary="", factory="m:Mates")]

@hookimpl
def trm_register_renderers():
    return [RendererSpec(name="board", task="chess", summary="", factory="m:Board")]
"""


def task(name: str, parts: str = "dataset='d'") -> str:
    """A plugin with one task."""
    spec = f"TaskSpec(name={name!r}, summary='', **CODE, {parts})"
    return f"{HEAD}\n@hookimpl\ndef trm_register_tasks():\n    return [{spec}]\n"


def hook(kind: str, *specs: str) -> str:
    """A plugin with one hook."""
    return f"{HEAD}\n@hookimpl\ndef trm_register_{kind}():\n    return [{', '.join(specs)}]\n"


def metric(name: str, of: str) -> str:
    return f"MetricSpec(name={name!r}, task={of!r}, summary='', factory='m:M')"


@pytest.mark.parametrize("code", [INLINE, SEPARATE], ids=["one hook", "a hook for each kind"])
def test_parts_in_a_task_and_parts_from_hooks_are_the_same(site: Site, code: str) -> None:
    site.install("chessplugin", HEAD + code)
    registry = site.registry()
    assert not registry.problems
    spec = registry.task("chess")
    assert (spec.dataset_name, spec.augmentation_name, spec.renderer_name) == ("games", "mirror", "board")
    assert spec.metric_names == ("mates", "exact_accuracy")
    assert list(registry.parts(DatasetSpec, "chess")) == ["games", "studies"]
    assert list(registry.parts(AugmentationSpec, "chess")) == ["mirror"]
    assert "mates" in registry.parts(MetricSpec, "chess")
    assert "board" in registry.parts(RendererSpec, "chess")
    dataset = registry.part(DatasetSpec, "chess", "games")
    assert dataset.task == "chess"
    assert registry.owner(dataset).distribution == "chessplugin"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (task("my chess"), "The task name 'my chess' is invalid. Use lower-case letters"),
        (task("Chess"), "The task name 'Chess' is invalid"),
        (task("chess:hard"), "The task name 'chess:hard' is invalid"),
        (task("../chess"), "The task name '../chess' is invalid"),
        (
            task("chess", "dataset='d', presets=(PresetSpec(name='a b', summary=''),)"),
            "The preset name 'a b' is invalid",
        ),
        (
            task("chess", "dataset=DatasetSpec(name='d', task='go', summary='', build='m:b')"),
            "TaskSpec 'chess' contains DatasetSpec 'd' of task 'go'. Remove its task.",
        ),
        (
            task("chess", "dataset=DatasetSpec(name='../d', summary='', build='m:b')"),
            "The dataset name '../d' is invalid",
        ),
        (
            hook("metrics", "MetricSpec(name='m', summary='', factory='m:M')"),
            "MetricSpec 'm' names no task. Set task to a task's name or to '*', or put the spec into a TaskSpec.",
        ),
        (
            hook("backends", "BackendSpec(name='auto', summary='', factory='m:B')"),
            "The backend name 'auto' is reserved.",
        ),
    ],
)
def test_invalid_specs_are_refused_when_the_plugin_loads(site: Site, code: str, reason: str) -> None:
    site.install("chessplugin", code)
    (problem,) = site.registry().problems
    assert problem.fatal
    assert str(problem).startswith("Plugin 'chessplugin' of chessplugin 9.9 was not loaded: ")
    assert reason in problem.reason
    assert not [entry for entry in site.registry().entries if entry.plugin.name == "chessplugin"]


@pytest.mark.parametrize(
    "code",
    [
        *(
            hook("metrics", metric(name, of))
            for name in ("cell_accuracy", "exact_accuracy")
            for of in ("*", "sudoku", "x")
        ),
        task("x", f"dataset='d', metrics=({metric('exact_accuracy', '')},)"),
        hook("renderers", "RendererSpec(name='tokens', task='sudoku', summary='', factory='m:R')"),
        hook("backends", "BackendSpec(name='cpu', summary='', factory='m:B', priority=99)"),
    ],
)
def test_built_in_names_cannot_be_replaced(site: Site, code: str) -> None:
    site.install("impostor", code)
    registry = site.registry()
    (problem,) = registry.problems
    assert problem.fatal
    assert problem.plugin.distribution == "impostor"
    assert "is built in and cannot be replaced. Choose another name." in problem.reason
    for name in ("cell_accuracy", "exact_accuracy"):
        assert registry.owner(registry.part(MetricSpec, "sudoku", name)).name == "trm"
    assert registry.owner(registry.part(RendererSpec, "sudoku", "tokens")).name == "trm"
    assert registry.owner(registry.backend("cpu")).name == "trm"


@pytest.mark.parametrize(("one", "other"), [("sudoku", "sudoku"), ("*", "sudoku"), ("sudoku", "*"), ("*", "*")])
def test_two_parts_of_one_name_are_an_error_that_names_both(site: Site, one: str, other: str) -> None:
    site.install("aplugin", hook("metrics", metric("speed", one)))
    site.install("bplugin", hook("metrics", metric("speed", other)))
    registry = site.registry()
    (problem,) = registry.problems
    assert str(problem) == (
        f"Plugin 'bplugin' of bplugin 9.9 has a problem: the metric 'speed' of task {other!r} is also registered by "
        "'aplugin' of aplugin 9.9, so neither can be used. Uninstall one of the two, or choose with TRM_PLUGINS."
    )
    assert "speed" not in registry.parts(MetricSpec, "sudoku")
    with pytest.raises(PluginError, match=r"by 'aplugin' of aplugin 9\.9 and by 'bplugin' of bplugin 9\.9"):
        registry.part(MetricSpec, "sudoku", "speed")


def test_a_part_that_another_plugin_has_for_its_own_task(site: Site) -> None:
    """The name of sudoku's own metric, for another task, is no clash; for every task it is."""
    site.install("fine", task("x", f"dataset='d', metrics=({metric('valid', '')},)"))
    assert not site.registry().problems
    site.install("greedy", hook("metrics", metric("valid", "*")))
    clashes = [str(problem) for problem in site.registry().problems]
    assert len(clashes) == 2
    assert "trm-tasks-sudoku" in "".join(clashes)
    assert "'fine' of fine" in "".join(clashes)


@pytest.mark.parametrize("kind", ["tasks", "backends"])
def test_two_tasks_or_devices_of_one_name(site: Site, kind: str) -> None:
    code = task("x", "dataset=DatasetSpec(name='d', summary='', build='m:b')")
    if kind == "backends":
        code = hook("backends", "BackendSpec(name='x', summary='', factory='m:B')")
    site.install("aplugin", code)
    site.install("bplugin", code)
    registry = site.registry()
    (problem,) = registry.problems  # the tasks' datasets add no second one
    assert "is also registered by 'aplugin' of aplugin 9.9" in problem.reason
    with pytest.raises(PluginError, match=r"by 'aplugin' of aplugin 9\.9 and by 'bplugin' of bplugin 9\.9"):
        registry.task("x") if kind == "tasks" else registry.backend("x")
    assert "x" not in registry.tasks()
    assert "x" not in [spec.name for spec in registry.backends() if isinstance(spec, BackendSpec)]


def test_one_plugin_with_a_name_twice(site: Site) -> None:
    site.install("twice", hook("metrics", metric("speed", "sudoku"), metric("speed", "*")))
    (problem,) = site.registry().problems
    assert problem.reason == "it registers the metric 'speed' of task '*' twice."


def test_a_part_for_a_task_that_does_not_exist_is_a_warning(site: Site) -> None:
    site.install("metrics", hook("metrics", metric("speed", "sudokuu"), metric("pace", "*")))
    registry = site.registry()
    (problem,) = registry.problems
    assert not problem.fatal
    assert problem.reason == (
        "its metric 'speed' is for the task 'sudokuu', which no loaded plugin registers. Did you mean 'sudoku'?"
    )
    assert "pace" in registry.parts(MetricSpec, "sudoku")
    ran = site.trm("list-tasks")
    assert ran.code == 0
    assert "Did you mean 'sudoku'?" in ran.stderr


def test_of_two_distributions_with_one_entry_point_the_first_is_loaded(site: Site) -> None:
    """Whatever order their folders are found in."""
    for first, second in itertools.permutations(("alpha", "beta")):
        for name in (first, second):
            site.install(name, task(f"{name}-task"), entry_point="chess")
        registry = site.registry()
        (problem,) = registry.problems
        assert problem.plugin.distribution == "beta"
        assert problem.reason.startswith(
            "alpha 9.9 has a plugin of the same name, and only the distribution that comes"
        )
        assert "alpha-task" in registry.tasks()
        assert "beta-task" not in registry.tasks()
        for name in (first, second):
            site.uninstall(name)


def test_an_entry_point_called_trm_is_refused(site: Site) -> None:
    site.install("impostor", task("x"), entry_point="trm")
    (problem,) = site.registry().problems
    assert problem.reason == "'trm' is the name of the built-in plugin. Rename the entry point."


def test_an_unknown_part_gets_the_nearest_names(site: Site) -> None:
    with pytest.raises(UsageError, match=r"Task 'sudoku' has no metric 'valed'\. Did you mean 'valid'\?"):
        site.registry().part(MetricSpec, "sudoku", "valed")


def test_strict_plugins_make_a_warning_an_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("metrics", hook("metrics", metric("speed", "sudokuu")))
    monkeypatch.setenv("TRM_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="no loaded plugin registers"):
        load_registry()


def test_shipped_weights_that_are_missing_are_named_by_doctor(site: Site) -> None:
    pytest.importorskip("torch")
    preset = "PresetSpec(name='only', summary='', weights='chessplugin:weights/gone.safetensors')"
    site.install("chessplugin", {"__init__.py": task("chess", f"dataset='d', presets=({preset},)")})
    path = Path("chessplugin") / "weights" / "gone.safetensors"
    ran = site.trm("doctor")
    assert f"Weights of preset 'only' of task 'chess': {site.folder / path} does not exist." in ran.stdout
    assert "Reinstall 'chessplugin' of chessplugin 9.9." in ran.stdout


def test_a_second_plugin_of_one_name_is_reported_only_by_commands_that_list_plugins(site: Site) -> None:
    for name in ("alpha", "beta"):
        site.install(name, task(f"{name}-task"), entry_point="chess")
    for command in (("list-tasks",), ("doctor",)):
        ran = site.trm(*command)
        assert (ran.stdout + ran.stderr).count("has a plugin of the same name") == 1
    assert site.trm("data", "info", "nothing").stderr.count("has a plugin of the same name") == 0


def test_a_distribution_that_is_installed_twice_is_reported_in_one_line(site: Site) -> None:
    """A stale version beside the installed one, as an interrupted upgrade leaves it. Python itself ignores one of them."""
    site.install("chess", task("chess"))
    stale = site.folder / "chess-9.8.dist-info"
    shutil.copytree(site.folder / "chess-9.9.dist-info", stale)
    (stale / "METADATA").write_text("Metadata-Version: 2.1\nName: chess\nVersion: 9.8\n")
    for command in (("list-tasks",), ("doctor",)):
        ran = site.trm(*command)
        lines = [line for line in (ran.stdout + ran.stderr).splitlines() if "chess is installed 2 times" in line]
        assert len(lines) == 1
        assert f"9.8 in {site.folder}" in lines[0]
        assert f"9.9 in {site.folder}" in lines[0]
    assert "installed 2 times" not in site.trm("data", "info", "nothing").stderr
