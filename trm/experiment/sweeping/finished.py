"""What a run of a sweep ended with: its scores on the split that settings are chosen by, or why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm.evaluation.options import SearchOptions
from trm.experiment.evaluator import EvaluationOptions, evaluate
from trm.experiment.experiment import Experiment
from trm.experiment.loaded import LoadedModel
from trm.experiment.session import Session
from trm.experiment.sweeping.record import PlannedRun
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder
from trm.storage.atomic import write_json
from trm.storage.locks import RunLock
from trm.storage.untrusted_input import as_number, read_json

VALIDATION = "validation.json"
"""A file in a run folder: the scores of the last checkpoint on the validation split."""


@dataclass(frozen=True)
class RunResult:
    """A training of a sweep: one combination of values with one seed.

    Attributes:
        seed: its seed.
        folder: the run folder.
        state: "complete", "running", "interrupted", "failed" or "waiting" (not started).
        scores: the scores that combinations are compared by, by metric; empty unless it is complete.
        test: the final scores on the test puzzles.
        puzzles: the number of puzzles that `scores` is measured on.
        seconds: training time, without evaluation and saving.
        parameters: number of parameters of the model.
        error: why it failed.
        log: the file with its output.
    """

    seed: int
    folder: Path
    state: str
    scores: Mapping[str, float] = field(default_factory=dict)
    test: Mapping[str, float] = field(default_factory=dict)
    puzzles: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    error: str | None = None
    log: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "seed": self.seed,
            "run": str(self.folder),
            "state": self.state,
            "scores": dict(self.scores),
            "test": dict(self.test),
            "puzzles": self.puzzles,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "error": self.error,
            "log": str(self.log) if self.log else None,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> RunResult:
        """The inverse of `as_json`."""
        values = {name: value for name, value in saved.items() if name != "run"}
        log = Path(values.pop("log")) if values.get("log") else None
        return cls(folder=Path(saved["run"]), **{**values, "log": log})


def failure_text(result: RunResult) -> str:
    """Why a run failed, and where to read more."""
    return f"{(result.error or 'for an unknown reason').rstrip('.')}. Its log is {result.log}"


def read_result(planned: PlannedRun, split: str) -> RunResult:
    """The result of a run, which need not have begun."""
    run, seed, log = planned.folder, planned.seed, planned.log if planned.log.exists() else None
    summary = complete_summary(run)
    scores, puzzles = (None, None) if summary is None else _scores(run, summary, split)
    if summary is not None and scores is not None:
        return RunResult(
            seed,
            run,
            "complete",
            scores,
            summary["final_metrics"],
            puzzles,
            as_number(summary.get("seconds")),
            summary.get("parameters"),
            log=log,
        )
    error = _read(planned.failure).get("error")
    if RunLock(run).is_held():
        state = "running"
    elif error is not None:
        state = "failed"
    else:
        state = "interrupted" if (run / "config.json").exists() else "waiting"
    return RunResult(seed, run, state, error=error if state == "failed" else None, log=log)


def complete_summary(run: Path) -> dict[str, Any] | None:
    """The summary of a run that has reached its end; None for any other."""
    summary = RunFolder(run).read_summary()
    return summary if summary is not None and "test_puzzles" in summary else None


def is_complete(run: Path, split: str) -> bool:
    """Whether a run has reached its end and has the scores that combinations are compared by."""
    summary = complete_summary(run)
    return summary is not None and _scores(run, summary, split)[0] is not None


def write_validation(run: Path, experiment: Experiment, session: Session) -> None:
    """Score the last checkpoint of a finished run on the validation split, and keep the scores in the run folder."""
    checkpoint = locate(run / "latest")
    loaded = LoadedModel(checkpoint, experiment, session)
    score = evaluate(loaded, experiment, EvaluationOptions(split="validation"), SearchOptions())
    write_json(
        run / VALIDATION,
        {
            "step": checkpoint.step,
            "metrics": dict(score.metrics),
            "puzzles": score.puzzles,
            "data": score.data.as_json(),
        },
    )


def _scores(run: Path, summary: Mapping[str, Any], split: str) -> tuple[Mapping[str, float] | None, int | None]:
    """The scores on a split, and its number of puzzles. The validation scores must be of the run's last step."""
    if split == "test":
        return summary["final_metrics"], summary["test_puzzles"]
    saved = _read(run / VALIDATION)
    steps = summary["stages"][-1]["steps"] if "stages" in summary else summary["steps"]
    return (saved["metrics"], saved["puzzles"]) if saved.get("step") == steps else (None, None)


def _read(path: Path) -> dict[str, Any]:
    """A small file of ours; nothing if it is missing or damaged, so that it is written again."""
    try:
        saved = read_json(path)
    except (OSError, ValueError):
        return {}
    return saved if isinstance(saved, dict) else {}
