"""Training with several seeds: each is an ordinary run, and the same call continues after an interruption."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.fit import fit
from trm.experiment.score_series import Summary
from trm.experiment.seeds import fit_seeds
from trm.experiment.session import Session

pytest.importorskip("trm_tasks_arithmetic")

SETTINGS = ["task.train_examples=40", "task.test_examples=12", "training.max_steps=3", "training.batch_size=4"]


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    return Experiment.from_preset("arithmetic", sets=SETTINGS)


def test_each_seed_is_the_run_it_would_be_alone(experiment: Experiment, tmp_path: Path) -> None:
    trained = fit_seeds(experiment, Session.open("cpu"), tmp_path / "seeds", (0, 1))
    alone = fit(experiment, Session.open("cpu"), tmp_path / "alone")
    assert alone is not None
    assert trained.summaries[0]["final_metrics"] == alone.scores
    assert [summary["seed"] for summary in trained.summaries] == [0, 1]
    values = [summary["final_metrics"]["cell_accuracy"] for summary in trained.summaries]
    cells = next(summary for summary in trained.scores() if summary.metric == "cell_accuracy")
    assert (cells.mean, cells.spread) == pytest.approx((np.mean(values), np.std(values, ddof=1)))


def test_finished_seeds_are_kept_and_missing_ones_trained(experiment: Experiment, tmp_path: Path) -> None:
    session, folder = Session.open("cpu"), tmp_path / "seeds"
    whole = fit_seeds(experiment, session, folder, (0, 1))
    kept = (folder / "seed_0/metrics.jsonl").stat().st_mtime_ns
    shutil.rmtree(folder / "seed_1")
    assert fit_seeds(experiment, session, folder, (0, 1)).scores() == whole.scores()
    assert (folder / "seed_0/metrics.jsonl").stat().st_mtime_ns == kept


def test_a_run_that_was_killed_before_its_summary_was_complete_is_resumed(
    experiment: Experiment, tmp_path: Path
) -> None:
    folder = tmp_path / "seeds"
    whole = fit_seeds(experiment, Session.open("cpu"), folder, (0,))
    path = folder / "seed_0/summary.json"
    summary = json.loads(path.read_text())
    path.write_text(json.dumps({name: summary[name] for name in ("final_metrics", "steps", "seconds", "parameters")}))
    again = fit_seeds(experiment, Session.open("cpu"), folder, (0,))
    assert again.summaries[0]["test_puzzles"] == whole.summaries[0]["test_puzzles"] == 12


def test_runs_with_other_settings_are_refused(experiment: Experiment, tmp_path: Path) -> None:
    fit_seeds(experiment, Session.open("cpu"), tmp_path / "seeds", (0,))
    other = Experiment.from_preset("arithmetic", sets=[*SETTINGS, "training.learning_rate=0.002"])
    with pytest.raises(UsageError, match="seed_0 is a run with other settings"):
        fit_seeds(other, Session.open("cpu"), tmp_path / "seeds", (0,))


def test_the_interval_of_shares_stays_between_0_and_1() -> None:
    summary = Summary.of("exact_accuracy", [0.2, 0.9])
    assert summary.interval == (0.0, 1.0)
    assert Summary.of("moves", [20.0, 90.0]).interval[1] > 90


def test_the_stages_of_a_preset_have_the_seed_too() -> None:
    pytest.importorskip("trm_tasks_sudoku")
    experiment = Experiment.from_preset("sudoku", "hard").with_seed(3)
    assert experiment.earlier is not None
    assert (experiment.seed, experiment.earlier().seed) == (3, 3)
