"""The documentation covers every hook, spec, setting, check and command, and its examples run."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.support.paths import ROOT
from trm import config, hookspecs
from trm.cli.main import COMMANDS, cli
from trm.plugins.registry import HOOKS
from trm.specs import PresetSpec
from trm.testing import CHECKS

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
generated = runpy.run_path(str(DOCS / "generate.py"))["generated"]
GENERATED = [path for path in PAGES if "<!-- generated: " in path.read_text()]


@pytest.fixture(scope="module")
def hooks_page() -> str:
    return (REFERENCE / "hooks.md").read_text()


@pytest.mark.parametrize("page", GENERATED, ids=lambda path: path.name)
def test_committed_references_are_what_the_generator_writes(page: Path) -> None:
    assert generated(page.read_text()) == page.read_text(), "run `python docs/generate.py` and commit the result"


def test_the_references_that_describe_code_are_generated() -> None:
    modules = [f"api-{name}.md" for name in ("data", "evaluation", "render", "testing", "training")]
    names = [*modules, "commands.md", "conformance.md", "hooks.md", "python-api.md", "settings.md"]
    assert [path.name for path in GENERATED] == names


@pytest.mark.parametrize(
    ("page", "titles"),
    [
        ("api-data.md", ["PuzzleSet.padded", "Description.unpack", "Augmentation.apply", "Augmentation.invert"]),
        ("api-evaluation.md", ["Metric.reset", "Metric.update", "Metric.compute", "Metric.merge"]),
        ("api-render.md", ["Renderer.render"]),
        ("python-api.md", ["Mixer.__call__", "Backend.autocast", "Task.check"]),
    ],
)
def test_classes_and_protocols_are_documented_with_their_methods(page: str, titles: list[str]) -> None:
    text = (REFERENCE / page).read_text()
    for title in titles:
        section = text.split(f"#### {title}\n")[1].split("\n### ")[0].split("\n#### ")[0]
        assert len(section) > 35, title


def test_every_hook_is_documented_with_prose_and_all_fields_of_its_spec(hooks_page: str) -> None:
    declared = {name for name in vars(hookspecs) if name.startswith("trm_")}
    assert declared == set(HOOKS)
    for name, spec in HOOKS.items():
        prose = inspect.getdoc(getattr(hookspecs, name))
        assert prose
        assert len(prose) > 60, f"{name} is hardly documented"
        assert f"## {name}\n" in hooks_page
        _check_fields(spec, hooks_page)
    _check_fields(PresetSpec, hooks_page)


def _check_fields(spec: type, page: str) -> None:
    section = page.split(f"Fields of `{spec.__name__}`:")[1].split("\n## ")[0]
    for field in dataclasses.fields(spec):
        row = next(line for line in section.splitlines() if line.startswith(f"| `{field.name}` |"))
        assert len(row.split("|")[3].strip()) > 3, f"{spec.__name__}.{field.name} has no description"


def test_hooks_are_mentioned_where_authors_look() -> None:
    text = "".join(
        (DOCS / page).read_text() for page in ("tutorial.md", "reference/plugins.md", "reference/machines.md")
    )
    for name in HOOKS:
        assert name in text, name


def test_every_check_is_listed() -> None:
    page = (REFERENCE / "conformance.md").read_text()
    assert all(f"| `{name}` | " in page for name in CHECKS)


def test_every_setting_has_a_description() -> None:
    for model in (config.TRMConfig, config.TrainingConfig, config.Structure):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_command_and_option_has_help() -> None:
    """`docs/generate.py` writes what Click knows, so what has help is documented."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        _check_help(name, command)


def _check_help(name: str, command: click.Command) -> None:
    assert command.help, f"trm {name} has no help"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"trm {name} {parameter.opts[-1]} has no help"
    if isinstance(command, click.Group):
        for sub_name, sub_command in command.commands.items():
            _check_help(f"{name} {sub_name}", sub_command)


def test_the_index_links_to_every_page() -> None:
    links = set(re.findall(r"\]\(([\w/-]+\.md)\)", (DOCS / "index.md").read_text()))
    assert links == {path.relative_to(DOCS).as_posix() for path in PAGES} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_commands_on_the_pages_exist(page: Path) -> None:
    for word in re.findall(r"(?:^|`)trm ([a-z][a-z-]*)", page.read_text(), re.MULTILINE):
        assert word in COMMANDS, f"{page.name} has `trm {word}`"


def test_python_on_the_model_page_runs() -> None:
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", (DOCS / "explanation" / "model.md").read_text(), re.MULTILINE | re.DOTALL
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("myst_nb")
    built = tmp_path / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-n", str(DOCS), str(built)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "trm_register_tasks" in (built / "reference" / "hooks.html").read_text()
    assert "check-task" in (built / "reference" / "commands.html").read_text()
    assert '<a href="look-inside.ipynb" download>' in (built / "notebooks" / "look-inside.html").read_text()
    assert json.loads((built / "notebooks" / "look-inside.ipynb").read_text())["nbformat"] == 4
