"""`trm.extras`: every optional dependency is imported in one place, and its absence is reported in the same words."""

import ast
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import trm
from tests.support import command
from trm import TinyRecursiveModel, TRMConfig
from trm.cli.main import main
from trm.errors import UsageError
from trm.extras import EXTRAS, extra_module

PACKAGE = Path(trm.__file__).parent


def optional_imports(path: Path) -> Iterator[str]:
    """The optional modules that a file imports itself, outside `if TYPE_CHECKING`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hints = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hints:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_no_module_imports_an_optional_dependency_itself() -> None:
    own = {
        (path.relative_to(PACKAGE.parent).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in optional_imports(path)
        if name in EXTRAS
    }
    assert own == {("trm/training/tracking.py", "wandb")}


def test_the_table_agrees_with_the_distribution() -> None:
    try:
        requirements = [Requirement(text) for text in importlib.metadata.requires("trm") or ()]
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("trm is not installed")
    for extra, package in EXTRAS.values():
        wanted = [item for item in requirements if canonicalize_name(item.name) == canonicalize_name(package)]
        assert any(item.marker and item.marker.evaluate({"extra": extra}) for item in wanted), package


def test_doctor_lists_the_packages_of_every_extra() -> None:
    extras = json.loads(command.trm("doctor --json").out)["extras"]
    assert {(extra, package) for extra, packages in extras.items() for package in packages} == set(EXTRAS.values())


@pytest.mark.parametrize("module", EXTRAS)
def test_each_missing_extra_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    extra, package = EXTRAS[module]
    with pytest.raises(UsageError) as problem:
        extra_module(module, "This")
    assert str(problem.value) == f"This needs {package}: pip install 'trm[{extra}]'."


def test_a_broken_extra_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    (tmp_path / "wandb.py").write_text("import no_such_package")
    with pytest.raises(UsageError, match=r"This needs wandb, which needs no_such_package: pip install 'trm\[wandb\]'."):
        extra_module("wandb", "This")
    (tmp_path / "wandb.py").write_text("from sys import no_such_name")
    with pytest.raises(UsageError, match="This needs wandb, which cannot be imported: cannot import name"):
        extra_module("wandb", "This")


@pytest.fixture
def weights(tmp_path: Path) -> str:
    """A run folder with untrained weights of no task."""
    from trm.config import RunConfig
    from trm.runs.run_folder import RunFolder

    config = TRMConfig(
        vocab_size=4, hidden_dim=16, num_layers=1, num_heads=2, context_length=5, mlp_multiple_of=16, n_supervision=1
    )
    run = RunFolder.create(tmp_path / "run", RunConfig(model=config))
    run.save_checkpoint(1, {"model.safetensors": dict(TinyRecursiveModel(config).state_dict())}, {})
    return str(run.path)


NEEDED_FIRST = {"--gif": "PIL", "onnx": "onnx"}
"""Modules that some arguments need as well. A message names the first one that is missing."""


@pytest.mark.parametrize(
    ("missing", "arguments", "message"),
    [
        ("PIL", ["trace", "arithmetic", "--png", "a.png"], "--png needs Pillow: pip install 'trm[plot]'."),
        ("matplotlib", ["trace", "arithmetic", "--gif", "a.gif"], "--gif needs matplotlib: pip install 'trm[plot]'."),
        ("matplotlib", ["plot", "RUN", "--output", "a.png"], "--output needs matplotlib: pip install 'trm[plot]'."),
        ("matplotlib", ["evaluate", "RUN", "--all-checkpoints", "--plot", "a.png"],
         "--plot needs matplotlib: pip install 'trm[plot]'."),
        ("onnxscript", ["export", "RUN", "--format", "onnx", "--output", "a.onnx"],
         "Export to ONNX needs onnxscript: pip install 'trm[onnx]'."),
        ("wandb", ["train", "arithmetic", "--track", "wandb", "--output", "new"],
         "--track wandb needs wandb: pip install 'trm[wandb]'."),
        ("tensorboard", ["train", "arithmetic", "--track", "tensorboard", "--output", "new"],
         "--track tensorboard needs tensorboard: pip install 'trm[tensorboard]'."),
    ],
)  # fmt: skip
def test_every_command_names_the_extra_before_it_works_or_writes(
    missing: str,
    arguments: list[str],
    message: str,
    weights: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    for argument, earlier in NEEDED_FIRST.items():
        if argument in arguments:
            pytest.importorskip(earlier)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as end:
        main([weights if argument == "RUN" else argument for argument in arguments])
    assert capsys.readouterr().err.strip().endswith(message)
    assert end.value.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
