"""A search: what it samples, which trials count, and how workers share them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.sweeps import kill, start, wait_until
from trm.errors import UsageError
from trm.experiment.session import Display
from trm.experiment.sweeping.record import Record
from trm.experiment.sweeping.request import SweepRequest
from trm.experiment.sweeping.search import OWNER, VALUES, SearchSource, counted, read_search, sampler, suggested
from trm.experiment.sweeping.storage import open_study, quiet_optuna
from trm.experiment.sweeping.sweep import read_sweep
from trm.experiment.sweeping.tally import Tally
from trm.experiment.sweeping.values import Choices, Range

optuna = pytest.importorskip("optuna")
pytest.importorskip("trm_tasks_arithmetic")

SEARCH = SweepRequest(
    "arithmetic",
    "quick",
    (
        Range("model.hidden_dim", 16, 64, 16, whole=True),
        Range("training.learning_rate", 1e-4, 1e-2, log=True),
        Choices("training.betas", ([0.9, 0.95], [0.8, 0.9])),
        Choices("training.max_steps", (4,)),
    ),
    search=2,
)


@pytest.fixture
def study(tmp_path: Path) -> Any:
    with quiet_optuna():
        yield open_study(SEARCH, tmp_path, None)


def source(study: Any, folder: Path) -> SearchSource:
    return SearchSource(SEARCH, study, optuna, folder, Tally(SEARCH, Display(), 2))


def test_values_depend_on_the_number_of_the_trial_alone(study: Any) -> None:
    found = []
    for number in (0, 0, 1):
        study.sampler = sampler(optuna, SEARCH, number)
        trial = study.ask()
        found.append([suggested(trial, item) for item in SEARCH.parameters])
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    assert found[0] == found[1] != found[2]
    width, rate, betas, steps = found[0]
    assert width in (16, 32, 48, 64)
    assert 1e-4 <= rate <= 1e-2
    assert betas in SEARCH.parameters[2].values  # type: ignore[union-attr]
    assert steps == 4


def test_workers_share_the_number_of_trials(study: Any, tmp_path: Path) -> None:
    one, two = source(study, tmp_path / "one"), source(study, tmp_path / "two")
    runs = [one.next(), two.next()]
    assert [run.trial.number for run in runs if run] == [0, 1]
    assert one.next() is two.next() is None
    one.release()
    two.release()


def test_a_later_worker_continues_what_nobody_holds(study: Any, tmp_path: Path) -> None:
    dead, alive = source(study, tmp_path), source(study, tmp_path)
    first, second = dead.next(), alive.next()
    assert first is not None
    assert second is not None
    assert first.trial.number != second.trial.number  # the folder is locked
    dead.release()
    later = source(study, tmp_path)
    again = later.next()
    assert again is not None
    assert again.trial == first.trial
    assert later.next() is None
    later.release()
    alive.release()


def test_a_failed_trial_counts_until_it_is_tried_again(study: Any, tmp_path: Path) -> None:
    worker = source(study, tmp_path)
    run = worker.next()
    assert run is not None
    worker.ended(run, "no memory")
    assert worker.next() is not None
    assert worker.next() is None
    shown = read_search(Record(SEARCH), tmp_path, study)
    assert [trial.state for trial in shown.trials] == ["failed", "running"]
    assert any("1 combination still running" in note for note in shown.notes())
    worker.release()
    later = source(study, tmp_path)
    numbers = [later.next() for _ in range(2)]
    assert [one.trial.number for one in numbers if one] == [1, 2]
    assert dict(numbers[1].trial.values) == dict(run.trial.values)  # type: ignore[union-attr]
    assert later.next() is None
    assert [frozen.number for frozen in counted(study.trials, optuna.trial.TrialState)] == [1, 2]
    later.release()


def test_a_trial_that_another_worker_was_faster_with_is_not_counted(study: Any, tmp_path: Path) -> None:
    for number in (0, 1):
        trial = study.ask()
        trial.set_user_attr(OWNER, "elsewhere:/runs")
        trial.set_user_attr(VALUES, json.dumps({"number": number}))
    assert source(study, tmp_path).next() is None
    assert len(study.trials) == 2


def test_a_storage_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with quiet_optuna(), pytest.raises(UsageError, match="Cannot open the storage nosuch://x"):
        open_study(SEARCH, tmp_path, "nosuch://x")


@pytest.mark.slow
def test_two_workers_on_one_storage_with_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    line = (
        "arithmetic --set task.train_examples=60 --set task.test_examples=20 --set training.max_steps=30 --jobs 1 "
        "--set training.save_interval=2 --set training.batch_size=4 --set model.hidden_dim=16..48:16 "
        "--set training.learning_rate=1e-4..1e-2:log --search 4 --storage shared.journal"
    )
    one, two = (start([*line.split(), "-o", name], tmp_path) for name in ("one", "two"))
    wait_until(lambda: any(tmp_path.glob("one/trial-*/seed_0/checkpoints/step_*")), one)
    kill(one)
    said = two.communicate(timeout=600)[0]
    assert two.returncode == 0, said
    again = start([*line.split(), "-o", "one"], tmp_path)
    said = again.communicate(timeout=600)[0]
    assert again.returncode == 0, said
    monkeypatch.chdir(tmp_path)
    found = [read_sweep(Path(name)) for name in ("one", "two")]
    assert [[trial.state for trial in result.trials] for result in found] == [["complete"] * 4] * 2
    assert [trial.mean for trial in found[0].ranked] == [trial.mean for trial in found[1].ranked]
    assert all(list(tmp_path.glob(f"{name}/trial-*/seed_0/summary.json")) for name in ("one", "two"))
