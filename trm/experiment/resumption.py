"""Resuming a run: from which checkpoint, and under which settings.

Every setting that differs from the saved run is named. It is refused unless the training stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm.config import RunConfig, TrainingConfig
from trm.config.overrides import Overrides, validated
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.fit import TrainedRun, fit, interruptible
from trm.experiment.preparing import run_folder_class
from trm.experiment.session import Session
from trm.experiment.summarized import SummarizedRun
from trm.plugins.code import config_class_of
from trm.runs.checkpoint_folder import can_resume, newest_good, read_run_config
from trm.runs.locate import task_spec
from trm.runs.run_folder import RunFolder, step_number

ENDS = ("num_epochs", "max_steps")
SAFE = (
    *ENDS,
    "max_skipped_steps",
    "log_interval",
    "eval_interval",
    "eval_examples",
    "eval_batch_size",
    "n_supervision_eval",
    "eval_answer",
    "save_interval",
    "keep_checkpoints",
)
"""Training settings that no step depends on: when training ends, and what is logged, scored and kept."""


@dataclass(frozen=True)
class FinishedRun(SummarizedRun):
    """A run that had reached its end before it was to be resumed; as a mapping, its `summary.json`.

    Attributes:
        folder: the run folder.
        step: the step of its last checkpoint.
        summary: its `summary.json`.
    """

    summary: Mapping[str, Any] = field(repr=False)
    step: int

    def __str__(self) -> str:
        scores = ", ".join(f"{name} {value:.2%}" for name, value in self.summary["final_metrics"].items())
        return (
            f"The run in {self.folder} is finished after {self.step:,} steps: {scores or 'no scores'} on "
            f"{self.summary['test_puzzles']:,} test puzzles.\n"
            f"Score it again with: trm evaluate {self.folder}\n"
            f"Train it further with: trm train --resume {self.folder} --set training.max_steps={2 * self.step}"
        )


def resume(
    folder: Path,
    session: Session,
    *,
    task: str | None = None,
    sets: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    trackers: Sequence[str] = (),
) -> TrainedRun | FinishedRun | None:
    """Resume a run from its latest checkpoint, or from the newest undamaged one.

    A run whose training has not begun yet resumes, or begins, the training of the preset that it starts from first.

    Args:
        folder: the run folder.
        session: the device, the processes and the display.
        task: the task that the run must be of. Default: any.
        sets: `--set` items; they may change only what no step depends on.
        given: further options that were asked for, by the name of their field in `RunConfig`.
        trackers: names in `trm.training.tracking.TRACKERS`.

    Returns:
        The finished run; None in every process but the first. A run that has reached its end is returned as it is, unless
        the end is changed.

    Raises:
        CheckpointError: the folder is not a run, or none of its checkpoints is whole.
        UsageError: a setting would make it a different training.
        Interrupted: SIGINT or SIGTERM arrived; the state is saved.
    """
    saved = read_run_config(folder)
    if task is not None and task != saved.task:
        raise UsageError(f"The run in {folder} belongs to task {saved.task!r}, not {task!r}.")
    if saved.training is None:
        raise UsageError(f"{folder} has imported weights and no training to resume; train from them with --init.")
    processes = session.processes
    run = run_folder_class(processes)(folder)
    with run.locked(), interruptible(run):
        chosen = processes.broadcast(lambda: str(_checkpoint(run, saved, session) or ""))
        checkpoint = Path(chosen) if chosen else None
        if checkpoint is not None and not can_resume(checkpoint):
            raise UsageError(
                f"{folder} has weights without the state of their training, so it cannot be resumed. Start a new run from "
                f"them: trm train {saved.task} --init {folder}"
            )
        step = step_number(checkpoint) if checkpoint else 0
        changed, notes = changed_run(saved, sets, given or {}, step)
        summary = json.loads(processes.broadcast(lambda: json.dumps(_final_summary(run, step, saved, changed))))
        if summary is not None:
            return FinishedRun(folder=folder, summary=summary, step=step)
        experiment = Experiment.from_run(changed)
        for note in [*notes, *version_notes(saved, experiment.versions())]:
            session.display.note(note)
        run.drop_summary()
        if changed != saved:
            run.write_config(changed)
        if checkpoint is None and saved.starts_from is not None:
            resume(run.stage(saved.starts_from), session, trackers=trackers)
            processes.barrier()  # the first process writes the weights that all start from
        return fit(experiment, session, folder, trackers=trackers, resumed=(run, checkpoint))


def _checkpoint(run: RunFolder, saved: RunConfig, session: Session) -> Path | None:
    """The checkpoint to resume from, with a note if it is not simply the latest."""
    if not run.checkpoints():
        if saved.starts_from is not None:
            session.display.note(
                f"Preset {saved.preset} has not begun yet: resuming {saved.starts_from}, from which it starts."
            )
        else:
            session.display.note("This run has no checkpoint yet: starting at its first step.")
        return None
    checkpoint, problems = newest_good(run.path)
    for problem in problems:
        session.display.note(f"Warning: {problem}")
    if problems:
        session.display.note(f"Resuming from {checkpoint}, the newest undamaged checkpoint.")
    return checkpoint


def _final_summary(run: RunFolder, step: int, saved: RunConfig, changed: RunConfig) -> dict[str, Any] | None:
    """The summary of a run that has reached its end; None if it has not, or if its end is changed."""
    summary = run.read_summary()
    if (
        summary is None
        or "test_puzzles" not in summary
        or any(_end(saved, name) != _end(changed, name) for name in ENDS)
    ):
        return None
    steps = summary["stages"][-1]["steps"] if "stages" in summary else summary.get("steps")
    return summary if steps == step else None


def _end(run: RunConfig, name: str) -> int | None:
    end: int | None = getattr(run.training, name)
    return end


def changed_run(
    run: RunConfig, sets: Iterable[str], options: Mapping[str, Any], step: int
) -> tuple[RunConfig, list[str]]:
    """Apply changed settings to a saved run.

    Args:
        run: the saved run.
        sets: `--set` items.
        options: further options that were asked for, by the name of their field in `RunConfig`.
        step: the step that the run resumes at.

    Returns:
        The run with the changed settings, and sentences that name the changes.

    Raises:
        UsageError: a change would make it a different training.
    """
    overrides = _overrides(run, sets)
    saved = run.model_dump(mode="json")
    refused = [_difference(f"--{name}", saved[name], value) for name, value in options.items() if saved[name] != value]
    changes = {}
    for section, key in (("task", "task_config"), ("model", "model"), ("training", "training")):
        for name, value in getattr(overrides, section).items():
            old = saved[key].get(name)
            if old == json.loads(json.dumps(value)):
                continue
            difference = _difference(f"{section}.{name}", old, value)
            if section == "training" and name in SAFE:
                changes[name] = difference
            else:
                refused.append(difference)
    if refused:
        raise UsageError(
            f"These settings would make it a different training: {'; '.join(refused)}. Omit them to resume the run, or start a "
            "new run from its weights with --init."
        )
    training = validated(TrainingConfig, {**saved["training"], **overrides.training}, "training")
    history = [*run.changes, *(f"step {step}: {difference}" for difference in changes.values())]
    return run.model_copy(update={"training": training, "changes": history}), [*_notes(training, changes)]


def version_notes(run: RunConfig, here: Mapping[str, str]) -> list[str]:
    """A sentence if the run was started with other versions, which may round differently."""
    differ = [f"{name} {old}, here {here[name]}" for name, old in run.versions.items() if here.get(name, old) != old]
    if not differ:
        return []
    return [f"The run was started with {'; '.join(differ)}: the resumed weights may differ in the last bits."]


def _overrides(run: RunConfig, sets: Iterable[str]) -> Overrides:
    overrides = Overrides.parse(sets, config_class_of(task_spec(run)))
    ends = [name for name in ENDS if name in overrides.training]
    if len(ends) == 1:  # setting one of the two ends replaces the other
        overrides.training |= {name: None for name in ENDS if name not in ends}
    return overrides


def _difference(name: str, old: Any, new: Any) -> str:
    return f"{name} {_shown(new)} instead of {_shown(old)}"


def _shown(value: Any) -> str:
    return "unset" if value is None else json.dumps(value, ensure_ascii=False)


def _notes(training: TrainingConfig, changes: Mapping[str, str]) -> Iterable[str]:
    if changes:
        yield f"Resuming with changed settings: {'; '.join(changes.values())}."
    if training.schedule != "constant" and any(name in changes for name in ENDS):
        yield (
            f"The {training.schedule} schedule follows the new end from here on: the weights will differ from those of a run "
            "with this end from the start."
        )
