"""`trm plot`, `trm compare`, the live view and the trackers."""

import io
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.cli.main import main
from trm.config import RunConfig
from trm.data import Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.errors import TRMError
from trm.evaluation import ExactAccuracy
from trm.experiment.live import LiveMonitor, solved_puzzle
from trm.progress import progress
from trm.render.chart import SYMBOLS, chart
from trm.render.scene import sparkline
from trm.runs.run_folder import RunFolder
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.tracking import Monitors, TensorBoardMonitor, WandbMonitor, tracked

MODEL = TRMConfig(
    vocab_size=4, hidden_dim=16, num_layers=1, num_heads=2, context_length=5, n_recursions=1, T_steps=1,
    n_supervision=2, mlp_multiple_of=16,
)  # fmt: skip


def train(
    monitor: Monitor, folder: Path | None = None, steps: int = 12, learning_rate: float = 1e-2
) -> tuple[Trainer, PuzzleSet]:
    """A short training on copying five tokens."""
    torch.manual_seed(0)
    tokens = torch.randint(0, 4, (40, 5)).numpy()
    puzzles = PuzzleSet(inputs=tokens, labels=tokens, description=Description(vocab_size=4, seq_len=5))
    training = TrainingConfig(
        batch_size=4, max_steps=steps, learning_rate=learning_rate, warmup_steps=2, log_interval=4, eval_interval=4
    )
    run = RunFolder.create(folder, RunConfig(model=MODEL, training=training)) if folder else None
    trainer = Trainer(TinyRecursiveModel(MODEL), training, "cpu", run=run, monitor=monitor)
    trainer.fit(GroupSampler(puzzles, seed=0), lambda limit: puzzles.batches(8), {"exact_accuracy": ExactAccuracy()})
    return trainer, puzzles


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("runs")
    train(Monitor(), folder / "one")
    train(Monitor(), folder / "two", steps=8, learning_rate=2e-2)
    return str(folder / "one"), str(folder / "two")


def command(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == code


def test_plot_draws_every_run_with_a_symbol_of_its_own(
    runs: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    command("plot", *runs)
    shown = capsys.readouterr().out
    assert shown.startswith("loss\n")
    assert "exact accuracy" in shown
    for symbol in SYMBOLS[:2]:
        assert shown.count(symbol) > 10
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot_writes_a_picture(
    runs: tuple[str, str], suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"curves.{suffix}"
    command("plot", *runs, "--x", "time", "--metric", "loss", "--output", str(path))
    head = path.read_bytes()[:200]
    assert head.startswith(b"\x89PNG") if suffix == "png" else b"<?xml" in head
    assert "minutes" in capsys.readouterr().out


def test_chart_goes_through_its_points() -> None:
    text = chart("t", {"up": [(0, 0.0), (10, 1.0)], "none": []}, "steps", 50).plain.splitlines()
    rows = [line[10:] for line in text[1:13]]
    assert rows[0].rstrip().endswith("●")
    assert rows[-1].startswith("●")
    assert sum(row.count("●") for row in rows) == 40
    assert "none" not in "".join(text)
    assert "no points yet" in chart("t", {"none": []}, "steps", 50).plain
    assert "●" in chart("t", {"one": [(3, 0.5)]}, "steps", 50).plain


def test_a_chart_of_equal_values_begins_at_zero() -> None:
    text = chart("valid", {"run": [(400, 1.0)]}, "steps", 50).plain.splitlines()
    assert [line.split()[0] for line in (text[1], text[12], text[14])] == ["1", "0", "0"]
    assert text[14].split()[-2:] == ["400", "steps"]


def test_a_run_that_is_just_being_written_can_be_read(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "running"
    copy.mkdir()
    for name in ("config.json", "metrics.jsonl"):
        (copy / name).write_bytes((Path(runs[0]) / name).read_bytes())
    with open(copy / "metrics.jsonl", "a") as file:
        file.write('{"step": 99, "ep')
    command("compare", str(copy), runs[1], "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["results"]["state"] == ["interrupted", "finished"]
    assert report["results"]["step"] == [12, 8]
    with open(copy / "metrics.jsonl", "a") as file:
        file.write("\n")
    command("plot", str(copy), code=2)
    assert "metrics.jsonl, line" in capsys.readouterr().err


def test_compare_has_what_differs_and_nothing_else(runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command("compare", *runs, "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["settings"] == {"training.max_steps": [12, 8], "training.learning_rate": [1e-2, 2e-2]}
    scores = [json.loads((Path(run) / "summary.json").read_text())["final_metrics"]["exact_accuracy"] for run in runs]
    assert report["results"]["exact_accuracy"] == scores
    command("compare", *runs)
    table = capsys.readouterr().out
    assert "training.max_steps" in table
    assert "training.batch_size" not in table
    command("compare", *runs, "--all")
    assert "training.batch_size" in capsys.readouterr().out
    command("compare", runs[0], runs[0])
    assert "was given more than once and is shown once." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["plot", "nowhere"], "There is no run folder nowhere.", 2),
        (["compare", "nowhere"], "There is no run folder nowhere.", 2),
        (["plot", "RUN", "--metric", "los"], "--metric los: no run has this quantity. Did you mean 'loss'?", 2),
        (["plot", "RUN", "--output", "curves.txt"], "use a name that ends in .png, .svg, .pdf, .csv or .json", 2),
        (["plot", "RUN", "--output", "/nowhere/c.svg"], "Cannot write /nowhere/c.svg", 2),
        (["plot", "RUN", "--steps", "3"], "--steps goes with --kind convergence, trajectory or messages, not with", 2),
    ],
)
def test_what_is_wrong_is_said(
    runs: tuple[str, str], arguments: list[str], message: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    command(*(runs[0] if argument == "RUN" else argument for argument in arguments), code=code)
    assert message in capsys.readouterr().err


class _Task:
    """What the live view needs of a task."""

    name = "copying"

    def renderer(self) -> Any:
        from trm.render.tokens import TokenRenderer

        return TokenRenderer()


class _Experiment:
    """What the live view needs of an experiment."""

    task = _Task()
    preset = "none"


def test_the_live_view_shows_everything_and_changes_nothing() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    live = LiveMonitor(console, _Experiment())  # type: ignore[arg-type]
    watched, _ = train(live, steps=60)
    alone, _ = train(Monitor(), steps=60)
    for name, value in alone.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    last = shown[shown.rindex("copying, preset none") :]
    for part in ("100%", "left", "loss", "exact_accuracy", "exact so far", "examples a second"):
        assert part in last
    assert "the last puzzle solved in training" in last


def test_the_live_view_is_readable_at_40_columns() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=40, height=40)
    train(LiveMonitor(console, _Experiment()), steps=60)  # type: ignore[arg-type]
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    last = shown[shown.rindex("copying, preset none") :]
    assert "…" not in last
    assert re.search(r"100% \d:\d\d:\d\d left 0:00:00", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last))
    for part in ("solved in training", "examples a second", "exact_accuracy"):
        assert part in last


def test_the_live_view_shows_how_far_scoring_is() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    live = LiveMonitor(console, _Experiment())  # type: ignore[arg-type]
    trainer, _ = train(Monitor(), steps=2)
    now = 0.0
    live.jobs.clock = lambda: now
    with live.running(trainer.state), progress("Scoring", 1000) as advance:
        now = 10.0
        advance(250)
        live.live.refresh()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())  # type: ignore[attr-defined]
    assert re.search("Scoring ━[━╸╺]+ 250 of 1,000 puzzles, 25/s, 30 s left", shown)


def test_a_solved_puzzle_is_one_that_is_right() -> None:
    trainer, puzzles = train(Monitor(), steps=60)
    puzzle = solved_puzzle(trainer.state)
    assert puzzle is not None
    assert puzzle.labels is not None
    assert (puzzle.inputs == puzzle.labels).all()
    assert any((puzzle.inputs == row).all() for row in puzzles.inputs)


def test_sparkline_goes_from_bottom_to_top() -> None:
    assert sparkline([0.0, 0.5, 1.0, 7.0]) == "▁▅██"
    assert len(sparkline([0.3] * 99, 40)) == 40


def test_several_monitors_are_each_told_everything(capsys: pytest.CaptureFixture[str]) -> None:
    train(Monitors([PrintMonitor(), PrintMonitor()]))
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("training ") for line in lines) == 2
    assert sum("loss" in line for line in lines) == 6
    assert sum("  test  " in line for line in lines) == 6


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    train(Monitor())
    assert capsys.readouterr().out == ""


def test_tensorboard_gets_every_number(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(TensorBoardMonitor(tmp_path))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [4, 8, 12]
    assert [event.step for event in events.Scalars("test/exact_accuracy")] == [4, 8, 12]


def test_wandb_run_is_one_over_sessions_and_ends_with_its_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package itself needs a server, so what it is told is looked at, by a stand-in of the three calls."""
    told: list[Any] = []
    run = types.SimpleNamespace(
        log=lambda values, step: told.append((step, values)), finish=lambda exit_code: told.append(exit_code)
    )

    def init(**settings: Any) -> Any:
        told.append(settings)
        return run

    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(init=init))
    config = RunConfig(model=MODEL)
    train(WandbMonitor(tmp_path, config))
    first, second = told[0], told[-1]
    assert second == 0
    assert [item[0] for item in told[1:-1]] == [4, 4, 8, 8, 12, 12]
    assert first["config"]["model"]["hidden_dim"] == 16
    told.clear()
    with pytest.raises(ZeroDivisionError), WandbMonitor(tmp_path, config).running(None):  # type: ignore[arg-type]
        raise ZeroDivisionError
    assert told[0]["id"] == first["id"]
    assert told[-1] == 1


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_tracker_that_is_not_installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TRMError, match=rf"--track {name} needs {name}: pip install 'trm\[{name}\]'."):
        tracked(Monitor(), [name], tmp_path / "run", RunConfig(model=MODEL))
    assert not (tmp_path / "run").exists()
