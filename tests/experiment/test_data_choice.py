"""A setting of the task that the chosen data does not read is refused, or chooses the dataset that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

import trm
from trm.cli.main import main
from trm.errors import DataError, UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.source import DataSource

pytest.importorskip("trm_tasks_sudoku")
pytest.importorskip("trm_tasks_maze")
pytest.importorskip("trm_tasks_arithmetic")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The error of a command that must exit with 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("task", "dataset", "setting", "reader"),
    [
        ("sudoku", "generated", "csv=/nowhere", "extreme"),
        ("sudoku", "extreme", "clues=30", "generated"),
        ("sudoku", "extreme", "style=hard", "generated"),
        ("maze", "generated", "csv=/nowhere", "maze-hard"),
        ("maze", "maze-hard", "min_walls=0.3", "generated"),
        ("maze", "maze-hard", "train_puzzles=7", "generated"),
    ],
)
@pytest.mark.parametrize("command", ["train", "evaluate", "data info", "data build"])
def test_a_dataset_that_does_not_read_a_setting_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, task: str, dataset: str, setting: str, reader: str
) -> None:
    output = ["--output", str(tmp_path / "out")] if command == "data build" else []
    error = refused(capsys, *command.split(), task, "--dataset", dataset, "--set", f"task.{setting}", *output)
    name = setting.partition("=")[0]
    assert f"Dataset '{dataset}' does not read task.{name}; dataset '{reader}' does." in error
    assert f"use --dataset {reader}." in error


@pytest.mark.parametrize("command", ["train", "evaluate", "data info"])
@pytest.mark.parametrize(
    ("task", "setting", "readers"),
    [
        ("sudoku", "csv=/nowhere", "'extreme'"),
        ("sudoku", "test_puzzles=7", "'generated' or 'extreme'"),
        ("arithmetic", "test_examples=7", "'uniform'"),
    ],
)
def test_a_folder_of_arrays_reads_no_setting_of_a_dataset(
    capsys: pytest.CaptureFixture[str], command: str, task: str, setting: str, readers: str
) -> None:
    error = refused(capsys, *command.split(), task, "--data", "/nowhere", "--set", f"task.{setting}")
    name = setting.partition("=")[0]
    assert f"task.{name} has no effect on the arrays in /nowhere: only dataset {readers} reads it." in error


@pytest.mark.parametrize("command", ["train", "evaluate", "data info", "data build"])
def test_the_only_dataset_that_reads_a_setting_is_chosen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    """Once chosen, it misses the file: nothing is scored on other puzzles."""
    output = ["--output", str(tmp_path / "out")] if command == "data build" else []
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "sudoku", "--set", "task.csv=/nowhere", *output])
    shown = capsys.readouterr()
    assert ended.value.code in (1, 2)
    assert "exact_accuracy" not in shown.out
    assert "Using dataset 'extreme', which reads task.csv." in shown.err
    assert "/nowhere" in shown.err


def test_several_settings_that_no_dataset_reads_together_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'generated' does not read task\.csv; dataset 'extreme' does"):
        Experiment.from_preset("sudoku", None, ["task.csv=/nowhere", "task.clues=30"])


def test_settings_that_every_dataset_reads_and_unchanged_values_are_accepted() -> None:
    sets = ["task.size=9", "task.min_backtracks=3", "task.style=plain", "task.csv=none"]
    experiment = Experiment.from_preset("sudoku", "quick", sets, dataset="extreme")
    assert (experiment.task.dataset, experiment.notes) == ("extreme", ())


def test_a_preset_may_be_used_with_another_dataset() -> None:
    """Its own settings are not the user's: `hard` sets a style, which only generated puzzles have."""
    assert Experiment.from_preset("sudoku", "hard", dataset="extreme").task.dataset == "extreme"


def test_python_calls_refuse_and_choose_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not read task\.csv"):
        trm.train("sudoku", settings={"csv": "/nowhere"}, dataset="generated", output=tmp_path / "run")
    solver = trm.load("sudoku", device="cpu")
    with pytest.raises(UsageError, match=r"does not read task\.clues"):
        solver.evaluate(source=DataSource(dataset="extreme", settings=["clues=3"]), limit=2)
    with pytest.raises(DataError, match="/nowhere"):
        solver.evaluate(source=DataSource(settings=["csv=/nowhere"]), limit=2)


def test_a_run_on_a_folder_of_arrays_goes_back_to_the_dataset_that_reads_the_setting(tmp_path: Path) -> None:
    run = Experiment.from_preset("sudoku", "mini", data=tmp_path)
    chosen = DataSource(settings=["clues=7"]).applied_to(run)
    assert (chosen.task.data, chosen.task.dataset) == (None, "generated")
    assert chosen.notes == ("Using dataset 'generated', which reads task.clues.",)
    assert DataSource(settings=["size=6"]).applied_to(run).task.data == tmp_path


def test_datasets_declare_fields_of_their_tasks(tmp_path: Path) -> None:
    """Every setting of these tasks that decides the puzzles is declared; what is left describes the puzzle itself."""
    from trm.plugins.code import config_class_of
    from trm.plugins.registry import get_registry
    from trm.specs import DatasetSpec

    registry, common = get_registry(), {}
    for task in ("sudoku", "maze", "arc", "arithmetic"):
        if task in registry.tasks():
            read = {name for spec in registry.parts(DatasetSpec, task).values() for name in spec.reads or ()}
            common[task] = set(config_class_of(registry.task(task)).model_fields) - read
    expected = {
        "sudoku": {"size"},
        "maze": {"size", "width"},
        "arc": {"side", "interchangeable"},
        "arithmetic": {"operation", "digits"},
    }
    assert common == {task: expected[task] for task in common}
