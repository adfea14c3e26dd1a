"""`trm doctor --benchmark`: the report on a machine whose rates a test makes up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests.support.command import refused, trm
from trm.config import TRMConfig
from trm.devices import Backend
from trm.experiment.experiment import Experiment
from trm.experiment.speed import machine, workload
from trm.experiment.speed.machine import MachineSpeed, PresetSpeed, PresetTime
from trm.experiment.speed.workload import Workload

pytest.importorskip("trm_tasks_sudoku")


class Machine:
    """Stands for `measure_machine`, and keeps what it was asked for."""

    def __call__(self, backend: Backend, measured: Sequence[Any], estimated: Sequence[Any]) -> MachineSpeed:
        self.device, self.measured, self.estimated = backend.name, list(measured), list(estimated)
        mini = Workload(Experiment.from_preset("sudoku", "mini"), TRMConfig(vocab_size=5, context_length=16), 1e6)
        return MachineSpeed(
            "a machine",
            2,
            {"fp32": {1: 50e9, 2: 91e9}, "bf16": {1: 0.25e9}},
            [PresetSpeed(mini, "fp32", 8, {1: 230.0, 2: 12.0})],
            [
                PresetTime("sudoku:mini", 400, 0.03, "sudoku:mini"),
                PresetTime("sudoku:hard", 22_000, 0.5, "sudoku:mini", "hard-1"),
                PresetTime("maze:paper", None, 12.0, "sudoku:mini"),
            ],
            ["arc:quick has no estimate: no reason."],
        )


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(machine, "measure_machine", found)
    return found


def test_the_report_for_people(measured: Machine) -> None:
    done = trm("doctor --benchmark --device cpu")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0].endswith(f"torch {torch.__version__}, on a machine")
    for line in (
        "fp32 50 91",
        "bf16 0.25",
        "sudoku:mini fp32 230 12 1 thread",
        "Best number of threads for sudoku:mini: --threads 1",
        "sudoku:mini 400 12 s sudoku:mini",
        "sudoku:hard 22,000 3.1 h, after hard-1 sudoku:mini",
        "maze:paper 3.3 h per 1,000 steps sudoku:mini",
        "arc:quick has no estimate: no reason.",
    ):
        assert line in lines
    assert "an estimate" in done.out
    assert "Generating the data, scoring" in done.out
    assert (done.code, done.err) == (0, "")


def test_the_measured_presets_are_those_that_plugins_name_and_those_asked_for(measured: Machine) -> None:
    trm("doctor --benchmark --device cpu --preset sudoku:hard --preset sudoku:mini")
    assert {("sudoku", "quick"), ("sudoku", "paper")} <= set(measured.measured[:-2])
    assert len(measured.measured) <= 5
    assert measured.measured[-2:] == [("sudoku", "hard"), ("sudoku", "mini")]
    assert measured.device == "cpu"
    assert ("sudoku", "sixteen") in measured.estimated


def test_json_is_one_document(measured: Machine) -> None:
    report = json.loads(trm("doctor --benchmark --json").out)
    assert report["matrix_gflops"]["fp32"] == {"1": 50.0, "2": 91.0}
    assert report["presets"][0]["samples_times_steps_per_second"] == {"1": 230.0, "2": 12.0}
    assert report["presets"][0]["best_threads"] == 1
    assert [time["seconds"] for time in report["training_times"]] == [12.0, 11_000.0, None]
    assert report["torch"] == torch.__version__


def test_the_report_fits_a_narrow_terminal(measured: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, trm("doctor --benchmark").out.splitlines()[2:])) <= 100


def test_ctrl_c_ends_it_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workload, "puzzle_flops", lambda config, description: 1e6)
    monkeypatch.setattr(machine, "multiply_rate", interrupt)
    before = torch.get_num_threads()
    done = trm("doctor --benchmark --json --device cpu")
    assert (done.code, done.out, done.err.strip()) == (130, "", "Interrupted.")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--preset sudoku:mini", "--preset needs --benchmark."),
        ("--device cpu", "--device needs --benchmark."),
        (
            "--benchmark --preset sudoku",
            "--preset sudoku: expected TASK:PRESET. `trm list-tasks -v` lists the presets.",
        ),
    ],
)
def test_careless_options_are_refused(options: str, message: str) -> None:
    refused(trm(f"doctor {options}"), message)


def test_unknown_presets_and_devices_are_refused_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "measure_machine", pytest.fail)
    assert "has no preset 'nano'" in trm("doctor --benchmark --preset sudoku:nano").err
    assert "There is no task 'sudo'" in trm("doctor --benchmark --preset sudo:mini").err
    assert trm("doctor --benchmark --device gpu").code == 2
