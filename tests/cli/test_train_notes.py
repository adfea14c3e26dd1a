"""What `trm train` says before the first step, and which display gives advice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support.command import trm
from trm.cli.display import CommandDisplay
from trm.experiment.experiment import Experiment
from trm.experiment.session import Session
from trm.render.console import Console
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.thread_advice import ThreadAdvice
from trm.training.tracking import Monitors

pytest.importorskip("trm_tasks_sudoku")

COST = "Preset mini takes 30 s on a busy core."


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """The sessions of the trainings, which do nothing."""
    found: list[Session] = []
    monkeypatch.setattr("trm.experiment.fit.fit", lambda _, session, *__, **___: found.append(session))
    return found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", COST),
        ("--seed 3", COST),
        ("--json", COST),
        ("--quiet", ""),
        ("--max-steps 20", ""),
        ("--set task.clues=7", ""),
        ("--augmentation none", ""),
    ],
)
def test_the_cost_of_an_unchanged_preset_is_said_first(
    sessions: list[Session], tmp_path: Path, options: str, said: str
) -> None:
    done = trm(f"train sudoku --preset mini --device cpu --output {tmp_path / 'run'} {options}")
    assert len(sessions) == 1
    assert (done.code, done.out, done.err.strip()) == (0, "", said)


def test_a_preset_without_a_cost_says_nothing(sessions: list[Session], tmp_path: Path) -> None:
    assert trm(f"train sudoku --preset grid-hard --init none --device cpu -o {tmp_path / 'run'}").err == ""


def shown(options: str, sessions: list[Session], folder: Path) -> Monitor:
    trm(f"train sudoku --preset mini --device cpu --output {folder / 'run'} {options}")
    return sessions[-1].display.monitor(Experiment.from_preset("sudoku", "mini"))


def test_advice_on_threads_is_given_unless_their_number_is(sessions: list[Session], tmp_path: Path) -> None:
    monitor = shown("", sessions, tmp_path)
    assert isinstance(monitor, Monitors)
    assert [type(part) for part in monitor.monitors] == [PrintMonitor, ThreadAdvice]
    assert isinstance(shown("--threads 1", sessions, tmp_path), PrintMonitor)
    assert type(shown("--quiet", sessions, tmp_path)) is Monitor


def test_advice_is_shown_where_the_training_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr with --json, whose document has stdout to itself."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    monitor = CommandDisplay(Console(stderr=True), advise=True).monitor(Experiment.from_preset("sudoku", "mini"))
    monitor.note("One thread is faster here.")
    assert (out.getvalue(), err.getvalue()) == ("", "One thread is faster here.\n")
