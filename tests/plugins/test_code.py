"""An error in a plugin's code is reported with the plugin's name and its own line, in every command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.distributions import Ran, Site
from trm.errors import PluginError
from trm.plugins.code import blame, file_of, load

INIT = """
from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

CODE = "faulty.task:"
MODEL = {"mixing": "relational", "hidden_dim": 32, "mlp_multiple_of": 32, "n_recursions": 1, "n_supervision": 1}
PRESET = PresetSpec(name="only", summary="", model=MODEL, training={"max_steps": 2, "batch_size": 4})

@hookimpl
def trm_register_tasks():
    return [
        TaskSpec(
            name="faulty", summary="", config=CODE + "Config", describe=CODE + "describe",
            dataset=DatasetSpec(name="rows", summary="", build=CODE + "build"),
            augmentation=AugmentationSpec(name="none", summary="", factory=CODE + "Same"),
            metrics=(MetricSpec(name="speed", summary="", factory=CODE + "Speed"),),
            renderer=RendererSpec(name="row", summary="", factory=CODE + "Row"),
            presets=(PRESET,), parse=CODE + "parse", format=CODE + "write", check=CODE + "check",
            solvable=CODE + "solvable",
        )
    ]
"""
TASK = """
import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from trm import Structure
from trm.data import Description, PuzzleSet
from trm.evaluation import Share

def fail(what):
    if what == "FAULT":
        return {}["no such " + what]

class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    width: int = Field(4, description="cells")

def describe(config):
    fail("describe")
    structure = Structure(grid=(1, config.width), neighbours=[(0, 0), (0, 1)])
    return Description(vocab_size=3, seq_len=config.width, structure=structure)

def build(config, split, seed):
    fail("build")
    rows = np.random.default_rng([seed, split == "test"]).integers(1, 3, (16, config.width))
    return PuzzleSet(rows, rows[:, ::-1].copy(), describe(config))

def parse(text, config):
    fail("parse")
    return [np.array([int(cell) for cell in text])]

def write(tokens, config):
    fail("format")
    return "".join(map(str, tokens))

def check(inputs, answer, config):
    fail("check")

def solvable(inputs, config):
    fail("solvable")

class Same:
    def __init__(self, config):
        fail("augmentation")

    def apply(self, rng, inputs, labels):
        fail("apply")
        return inputs, labels, None

    def invert(self, predictions, token):
        return predictions

class Speed(Share):
    def count(self, batch):
        fail("metric")
        return 0, len(batch["predictions"])

class Row:
    def __init__(self, config):
        fail("renderer")

    def render(self, inputs, prediction=None, target=None):
        fail("render")
        return str(inputs)
"""
SOURCE = 'return {}["no such " + what]'


def install(site: Site, fault: str) -> Path:
    """Install the plugin that fails in one of its functions; the path of the failing file."""
    site.install("faulty", {"__init__.py": INIT, "task.py": TASK.replace("FAULT", fault)})
    return site.folder / "faulty" / "task.py"


def assert_named(ran: Ran, file: Path, fault: str) -> None:
    place = f"{file}, line {1 + TASK.splitlines().index('        ' + SOURCE)} (`{SOURCE}`)"
    assert ran.code == 1, ran
    assert "'faulty' of faulty 9.9" in ran.stderr
    assert place in ran.stderr
    assert f"KeyError: 'no such {fault}'" in ran.stderr
    assert "bug in trm" not in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("fault", "command"),
    [
        ("describe", "train faulty --output RUN"),
        ("build", "train faulty --output RUN"),
        ("augmentation", "train faulty --output RUN"),
        ("apply", "train faulty --output RUN"),
        ("metric", "train faulty --output RUN"),
        ("build", "data build faulty --output RUN"),
        ("build", "data info faulty"),
        ("renderer", "data info faulty"),
        ("render", "data info faulty"),
    ],
)
def test_the_plugins_line_is_named(site: Site, fault: str, command: str) -> None:
    file = install(site, fault)
    assert_named(site.trm(*command.replace("RUN", str(site.folder / "run")).split()), file, fault)


def test_the_plugins_line_is_named_by_commands_on_a_run(site: Site) -> None:
    install(site, "nothing")
    run = str(site.folder / "run")
    assert site.trm("train", "faulty", "--output", run, "--device", "cpu").code == 0
    commands = {
        "metric": ["evaluate", run],
        "build": ["evaluate", run],
        "parse": ["solve", "faulty", "1212", "--checkpoint", run],
        "solvable": ["solve", "faulty", "1212", "--checkpoint", run],
        "format": ["solve", "faulty", "1212", "--checkpoint", run, "--json"],
        "check": ["solve", "faulty", "1212", "--checkpoint", run],
    }
    for fault, command in commands.items():
        site.uninstall("faulty")
        file = install(site, fault)
        assert_named(site.trm(*command), file, fault)


def test_debug_shows_the_traceback(site: Site) -> None:
    install(site, "build")
    ran = site.trm("--debug", "data", "info", "faulty")
    assert ran.code == 1
    assert "Traceback (most recent call last)" in ran.stderr
    assert "bug in trm" not in ran.stderr


def test_an_exit_of_a_plugin_is_reported(site: Site) -> None:
    site.install("faulty", {"__init__.py": INIT, "task.py": TASK.replace('fail("build")', "raise SystemExit(0)")})
    ran = site.trm("data", "info", "faulty")
    assert ran.code == 1
    assert "Plugin 'faulty' of faulty 9.9 failed in" in ran.stderr
    assert "(`raise SystemExit(0)`): SystemExit: 0." in ran.stderr


def test_a_missing_file_is_the_plugins_error_if_the_plugin_opens_it(site: Site) -> None:
    code = TASK.replace('fail("build")', 'open("/no/such/file")')
    site.install("faulty", {"__init__.py": INIT, "task.py": code})
    assert '(`open("/no/such/file")`): FileNotFoundError:' in site.trm("data", "info", "faulty").stderr


def test_an_error_outside_of_plugins_is_a_bug(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("trm.cli.list_tasks.registry_with_warnings", fail)
    ran = site.trm("list-tasks")
    assert ran.code == 1
    assert ran.stderr == "Error: KeyError: 'x'. This is a bug in trm. --debug shows the traceback.\n"


def test_a_failing_describe_does_not_stop_the_list(site: Site) -> None:
    install(site, "describe")
    ran = site.trm("list-tasks", "-v", "--json")
    assert ran.code == 0
    rows = {row["task"]: row for row in json.loads(ran.stdout)}
    assert rows["faulty"]["positions"] is None
    assert rows["sudoku"]["positions"] == 81
    assert re.search(r"Warning: Plugin 'faulty' of faulty 9\.9 failed in .*task\.py, line \d+ .*: KeyError", ran.stderr)


BROKEN = "import json\n\n\ndef helper():\n    return json.loads('{')\n\n\nhelper()\n"


def test_doctor_shows_the_last_lines_of_a_plugin_that_cannot_be_imported(site: Site) -> None:
    site.install("broken", BROKEN)
    file = site.folder / "broken.py"
    ran = site.trm("doctor")
    assert ran.code == 0
    assert "Plugin 'broken' of broken 9.9 was not loaded: JSONDecodeError: " in ran.stdout
    assert f'File "{file}", line 8, in <module>\n        helper()' in ran.stdout
    assert f"File \"{file}\", line 5, in helper\n        return json.loads('{{')" in ran.stdout
    assert "decoder.py" not in ran.stdout
    assert "decoder.py" in site.trm("--debug", "doctor").stdout


def test_doctor_shows_the_line_of_a_syntax_error(site: Site) -> None:
    site.install("broken", {"__init__.py": "from broken import part\n", "part.py": "x = 1\ny = = 2\n"})
    ran = site.trm("doctor")
    assert "line 1, in <module>\n        from broken import part" in ran.stdout
    assert f'File "{site.folder}/broken/part.py", line 2, in <module>\n        y = = 2' in ran.stdout


def test_a_command_on_the_task_of_a_broken_plugin_names_the_line(site: Site) -> None:
    site.install("broken", BROKEN)
    ran = site.trm("train", "broken")
    assert ran.code == 1
    assert f"Raised in {site.folder / 'broken.py'}, line 5 (`return json.loads('{{')`)." in ran.stderr


def test_debug_shows_the_traceback_of_a_plugin_that_cannot_be_imported(site: Site) -> None:
    site.install("broken", BROKEN)
    assert "Traceback" not in site.trm("list-tasks").stderr
    assert "Traceback (most recent call last)" in site.trm("--debug", "list-tasks").stderr


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("json", "is not of the form 'package.module:attribute'"),
        ("json:no_such", "'json:no_such' cannot be loaded: module 'json' has no attribute 'no_such'"),
        ("no_such_module:x", "cannot be loaded: No module named 'no_such_module'"),
    ],
)
def test_references_that_lead_nowhere(reference: str, message: str) -> None:
    with pytest.raises(PluginError, match=re.escape(message)):
        load(reference)


def test_references_to_files() -> None:
    assert file_of("json:decoder.py").is_file()
    assert file_of("json:weights/none.safetensors").name == "none.safetensors"
    with pytest.raises(PluginError, match="cannot be found"):
        file_of("no_such_package:x")


def test_packages_that_the_core_uses_are_never_blamed(site: Site) -> None:
    """A plugin may refer to a class of the standard library, which does not make its errors the plugin's."""
    metric = "MetricSpec(name='m', task='sudoku', summary='', factory='json.decoder:JSONDecoder')"
    head = "from trm.hookspecs import hookimpl\nfrom trm.specs import MetricSpec\n"
    site.install("borrower", f"{head}@hookimpl\ndef trm_register_metrics():\n    return [{metric}]\n")
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("{")
    assert blame(raised.value, site.registry()) is None
