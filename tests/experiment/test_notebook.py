"""A training in a notebook: its live view, its interruption, and its resumption."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import trm
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.fit import TrainedRun
from trm.experiment.notebook import NotebookMonitor, notebook_display
from trm.experiment.resumption import FinishedRun
from trm.experiment.session import Display
from trm.render.notebook import CellOutput
from trm.training import Interrupted
from trm.training.monitor import TrainingView


class Output(CellOutput):
    """Keeps what it was filled with."""

    def __init__(self) -> None:
        self.fills: list[tuple[str, str]] = []

    def fill(self, html: str, plain: str) -> None:
        self.fills.append((html, plain))


class Watching(Display):
    """Shows trainings in an `Output`; sends SIGINT after a step, if one is given."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.output, self.interrupt_after = Output(), interrupt_after

    def monitor(self, experiment: Experiment) -> NotebookMonitor:
        display = self

        class Monitor(NotebookMonitor):
            def step(self, training: TrainingView, progress: float) -> None:
                super().step(training, progress)
                if training.step == display.interrupt_after:
                    os.kill(os.getpid(), signal.SIGINT)

        return Monitor(experiment, lambda: self.output)


def train(folder: Path, display: Display, monkeypatch: pytest.MonkeyPatch) -> TrainedRun:
    pytest.importorskip("trm_tasks_sudoku")
    monkeypatch.setenv("TRM_CACHE", str(folder / "cache"))
    settings: dict[str, Any] = {"train_puzzles": 40, "test_puzzles": 10}
    training = {"max_steps": 4, "batch_size": 4, "precision": "fp32", "log_interval": 1, "eval_interval": 2}
    return trm.train(
        "sudoku", "mini", settings=settings, training=training, output=folder / "run", device="cpu", display=display
    )


def test_the_view_ends_with_scores_curves_and_no_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    display = Watching()
    run = train(tmp_path, display, monkeypatch)
    html, plain = display.output.fills[-1]
    assert "Training sudoku, preset mini: 18,722 parameters on" in html
    assert 'aria-valuenow="100"' in html
    assert "finished, 4 steps" in html
    assert html.count("<svg") == 2
    assert f"{run.scores['cell_accuracy']:.2%}" in html
    assert plain.splitlines()[0].endswith("s")
    assert "finished, 4 steps" in plain
    shown = run._repr_html_()
    assert "4 steps" in shown
    assert shown.count("<svg") == 2


def test_an_interruption_leaves_a_run_that_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    display = Watching(interrupt_after=2)
    with pytest.raises(Interrupted) as caught:
        train(tmp_path, display, monkeypatch)
    folder = tmp_path / "run"
    message = (
        f"The training was interrupted. Its state is saved in {folder}/checkpoints/step_2. "
        f"Resume it with trm.resume({str(folder)!r})."
    )
    assert str(caught.value) == message
    assert caught.value._render_traceback_() == [message]
    assert "interrupted, 2 steps" in display.output.fills[-1][0]
    with pytest.raises(UsageError, match=r"contains a run\. Resume it with trm\.resume\("):
        train(tmp_path, Watching(), monkeypatch)
    again = Watching()
    assert trm.resume(folder, device="cpu", display=again)["steps"] == 4
    assert "finished, 4 steps" in again.output.fills[-1][0]
    finished = trm.resume(folder, device="cpu", display=Display())
    assert isinstance(finished, FinishedRun)
    assert "cell_accuracy" in finished.scores
    assert "4 steps" in finished._repr_html_()
    with pytest.raises(UsageError, match="different training"):
        trm.resume(folder, training={"batch_size": 8}, display=Display())


def test_outside_of_a_notebook_nothing_is_displayed() -> None:
    assert notebook_display() is None


def test_puzzles_and_tasks_show_themselves() -> None:
    pytest.importorskip("trm_tasks_sudoku")
    task = trm.Task.named("sudoku", {"size": 4, "clues": 6, "test_puzzles": 5})
    html = task._repr_html_()
    assert "Task sudoku" in html
    assert "4 × 4" in html
    assert "quick" in html
    shown = task.puzzles("test", 0)._repr_html_()
    assert "5 puzzles" in shown
    assert shown.count("<table") == 4
    assert "and 3 more" in shown


INTERRUPTED = """
import os, pathlib, signal, threading, time
import trm

def stop():
    while not pathlib.Path("run/metrics.jsonl").is_file():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=stop).start()
sizes = {"train_puzzles": 40, "test_puzzles": 10}
trm.train("sudoku", "mini", settings=sizes, training={"max_steps": 100_000, "log_interval": 5}, output="run")
"""


@pytest.mark.slow
def test_a_kernel_is_interrupted_and_the_run_resumes(tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    resume = 'run = trm.resume("run", training={"max_steps": int(trm.load("run").checkpoint.step) + 2})\nrun'
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (INTERRUPTED, resume)])
    client = nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    view, *_, error = (output for output in book.cells[0].outputs if output.output_type != "stream")
    assert "interrupted, " in view.data["text/html"]
    assert error.traceback[0].startswith("The training was interrupted. Its state is saved in run/checkpoints/step_")
    shown = [output.data["text/html"] for output in book.cells[1].outputs if output.output_type == "display_data"]
    assert len([html for html in shown if "finished, " in html]) == 1
    assert not [html for html in shown if html and "finished, " not in html], "a bar was left behind"
    assert "Run run" in book.cells[1].outputs[-1].data["text/html"]
