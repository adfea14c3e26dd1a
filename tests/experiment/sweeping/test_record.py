"""What a sweep's folder remembers: a later request adds to it, or is refused with what differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trm.errors import CheckpointError, UsageError
from trm.experiment.session import Display
from trm.experiment.sweeping.record import Record, trials_of, wanted
from trm.experiment.sweeping.request import SweepRequest
from trm.experiment.sweeping.sweep import default_jobs, planned, read_sweep, run_sweep
from trm.experiment.sweeping.values import Choices, Range

pytest.importorskip("trm_tasks_arithmetic")

WIDTHS = Choices("model.hidden_dim", (16, 32))
STEPS = Choices("training.max_steps", (4,))


def request(*parameters: Choices | Range, **others: object) -> SweepRequest:
    return SweepRequest("arithmetic", "quick", parameters or (WIDTHS, STEPS), **others)  # type: ignore[arg-type]


def recorded(folder: Path, asked: SweepRequest) -> Record:
    record = Record(asked, trials_of(asked))
    record.write(folder)
    assert Record.read(folder) == record
    return record


def test_the_last_setting_changes_fastest() -> None:
    asked = request(WIDTHS, Choices("training.learning_rate", (0.001, 0.002)))
    assert [tuple(trial.values.values()) for trial in trials_of(asked)] == [
        (16, 0.001),
        (16, 0.002),
        (32, 0.001),
        (32, 0.002),
    ]


def test_another_grid_adds_its_trials(tmp_path: Path) -> None:
    before = recorded(tmp_path, request(seeds=(0,)))
    asked = request(Choices("model.hidden_dim", (32, 64)), STEPS, seeds=(1,))
    record = before.continued(asked, tmp_path)
    assert [(trial.number, trial.values["model.hidden_dim"], trial.seeds) for trial in record.trials] == [
        (0, 16, (0,)),
        (1, 32, (0, 1)),
        (2, 64, (1,)),
    ]
    assert [trial.number for trial in wanted(asked, record.trials)] == [1, 2]
    assert {item.name: item.values for item in record.request.varied} == {"model.hidden_dim": (16, 32, 64)}  # type: ignore[union-attr]


def test_a_default_that_is_written_out_is_the_same_trial(tmp_path: Path) -> None:
    before = recorded(tmp_path, request())
    record = before.continued(request(WIDTHS, STEPS, Choices("model.dropout", (0.0, 0.1))), tmp_path)
    assert [trial.number for trial in record.trials] == [0, 1, 2, 3]
    assert record.trials[2].values["model.dropout"] == 0.1


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (request(WIDTHS, Choices("training.max_steps", (5,))), "training.max_steps is 5, there 4"),
        (request(WIDTHS), "training.max_steps is the default, there 4"),
        (request(threads=2), "threads is 2, there 1"),
        (replace(request(), preset="long"), "preset is 'long', there 'quick'"),
        (request(init="none"), "init is 'none', there None"),
        (request(Range("model.dropout", 0.0, 0.5), STEPS, search=3), "is a grid"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, asked: SweepRequest, difference: str) -> None:
    with pytest.raises(UsageError, match=difference):
        recorded(tmp_path, request()).continued(asked, tmp_path)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (request(Range("model.dropout", 0.0, 0.5)), "a range needs --search N"),
        (request(STEPS, search=3), "--search needs a setting to search"),
        (request(metric="speed"), "has no metric 'speed'. Available: cell_accuracy"),
        (
            request(STEPS, Choices("model.hidden_dim", (17,)), Choices("model.mixing", ("relational", "attention"))),
            "With model.mixing=attention: ",
        ),
        (request(seeds=tuple(range(9000))), "The grid has 18,000 trainings"),
        (request(init="nowhere.safetensors"), "There is no checkpoint nowhere.safetensors"),
    ],
)
def test_everything_is_checked_before_the_first_training(tmp_path: Path, asked: SweepRequest, message: str) -> None:
    with pytest.raises((UsageError, CheckpointError), match=message):
        run_sweep(asked, tmp_path / "sweep", Display())
    assert not (tmp_path / "sweep").exists()


def test_a_preset_with_settings_of_its_own_survives_the_file(tmp_path: Path) -> None:
    from trm.config.overrides import find_preset
    from trm.plugins.registry import get_registry

    preset = replace(find_preset(get_registry().task("arithmetic"), "quick"), training={"max_steps": 7})
    recorded(tmp_path, replace(request(WIDTHS), preset=preset))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not empty and has no sweep"):
        planned(request(), tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1, "request": {}, "trials": []}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"sweep.json: it is not the record of a sweep"):
        read_sweep(tmp_path)


def test_jobs_share_the_cores() -> None:
    one = default_jobs(1, ["cpu"])
    assert one >= 1
    assert default_jobs(one, ["cpu"]) == 1
    assert default_jobs(10 * one, ["cpu"]) == 1
