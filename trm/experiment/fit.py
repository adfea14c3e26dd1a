"""Training an experiment: build the data and the model, train, write the run folder."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from trm.data.overlap import Overlap
from trm.data.sampler import GroupSampler
from trm.devices.precision import precision_of
from trm.experiment.evaluator import score_trained, share_intervals
from trm.experiment.experiment import Experiment
from trm.experiment.loaded import LoadedModel
from trm.experiment.preparing import Job, begin, prepare, run_folder_class, stages_note, test_split
from trm.experiment.provenance import DataReport, check_unchanged
from trm.experiment.session import Session
from trm.experiment.showcase import solved_example
from trm.experiment.summarized import SummarizedRun
from trm.progress import progress
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder
from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor
from trm.training.tracking import check_trackers, tracked
from trm.training.trainer import Trainer


@dataclass(frozen=True)
class TrainedRun(SummarizedRun):
    """A finished training; as a mapping, its `summary.json`.

    Attributes:
        folder: the run folder.
        summary: `final_metrics`, `intervals` (the 95 % confidence interval of each score that is a share of the puzzles),
            `steps`, `skipped_steps`, `epochs`, `seconds` of training, `parameters`, `best`, `run`, `train_puzzles`,
            `test_puzzles`, `test_puzzles_in_training`. For a preset that starts from another, `steps` and `seconds`
            count all stages, and `stages` lists them.
        overlap: test puzzles that are in the training data.
        experiment: what was trained.
        session: the device and the display.
    """

    overlap: Overlap
    experiment: Experiment = field(repr=False)
    session: Session = field(repr=False)

    @property
    def train_data(self) -> DataReport:
        """The puzzles that the model was trained on."""
        return DataReport(**self.summary["data"]["train"])

    @property
    def test_data(self) -> DataReport:
        """The puzzles that the model was scored on."""
        return DataReport(**self.summary["data"]["test"])

    def loaded(self) -> LoadedModel:
        """The trained weights on the session's device."""
        return LoadedModel(locate(self.folder), self.experiment, self.session)

    def example(self) -> RenderableType:
        """A test puzzle beside the model's answer, a solved one if there is one among the first few."""
        return solved_example(self.loaded(), test_split(self.experiment, self.session))


def fit(
    experiment: Experiment,
    session: Session,
    output: Path,
    *,
    trackers: Sequence[str] = (),
    resumed: tuple[RunFolder, Path | None] | None = None,
) -> TrainedRun | None:
    """Train to the end, evaluating and saving on the way.

    Args:
        experiment: what to train.
        session: the device, the processes and the display.
        output: the run folder, which must not exist yet unless a run is resumed.
        trackers: names in `trm.training.tracking.TRACKERS`.
        resumed: the run to resume, and its checkpoint if it has one.

    Returns:
        The finished run; None in every process but the first.

    Raises:
        TRMError: training failed; the message names the last good checkpoint.
        Interrupted: SIGINT or SIGTERM arrived; the state is saved.
    """
    check_trackers(trackers)
    job = prepare(experiment, session, output)
    if resumed is not None:
        run, checkpoint = resumed
        check_unchanged(output, job.train_data)
        return _train(job, run, session, trackers, checkpoint)
    note = stages_note(job)
    if note is not None:
        session.display.note(note)
    return _train(job, begin(job, session), session, trackers)


def _train(
    job: Job, run: RunFolder, session: Session, trackers: Sequence[str], checkpoint: Path | None = None
) -> TrainedRun | None:
    """Train a job in its run folder, after the jobs that it starts from."""
    experiment = job.experiment
    assert experiment.training is not None
    with run.locked(), interruptible(run):
        if job.earlier is not None:
            _train(job.earlier, run_folder_class(session.processes)(job.earlier.folder), session, trackers)
            session.processes.barrier()  # the first process writes the weights that all start from
            session.display.note(
                f"Stage {job.earlier.experiment.preset} is finished; {experiment.preset} starts from it."
            )
        stream = GroupSampler(
            job.train, experiment.seed, experiment.task.augmentation(), keep_rest=experiment.training.refill == "next"
        )
        with progress("Building the model"):
            trainer = Trainer(
                job.new_model(_start(experiment, run) if checkpoint is None else None),
                experiment.training,
                session.backend,
                run=run,
                monitor=_monitor(job, session, trackers),
                seed=experiment.seed,
                processes=session.processes,
            )
            if checkpoint:
                trainer.resume(checkpoint, stream)
        metrics = experiment.build_metrics((), session.display.note)
        summary = trainer.fit(stream, experiment.test_batches(job.test), metrics)
        summary["intervals"] = {name: list(pair) for name, pair in share_intervals(metrics, len(job.test)).items()}
        return _finished(job, run, session, trainer, summary) if session.processes.is_rank_zero else None


def _start(experiment: Experiment, run: RunFolder) -> str | Path | None:
    """The weights to start from."""
    return run.stage(experiment.starts_from) if experiment.starts_from is not None else experiment.init


def _finished(job: Job, run: RunFolder, session: Session, trainer: Trainer, summary: dict[str, Any]) -> TrainedRun:
    """Complete the summary of a training that has reached its end."""
    experiment = job.experiment
    if experiment.task.spec.evaluate is not None:
        summary["final_metrics"] |= score_trained(experiment, trainer, job.folder, session)
    overlap = experiment.task.overlap(job.train, job.test)
    summary |= {
        "run": str(job.folder.absolute()),
        "data": {"train": job.train_data.as_json(), "test": job.test_data.as_json()},
        "precision": precision_of(session.backend, trainer.config.precision),
        "supervision_steps": experiment.evaluation_steps(trainer.model.config),
        "seed": experiment.seed,
        "train_puzzles": len(job.train),
        "test_puzzles": len(job.test),
        "test_puzzles_in_training": overlap.leaked,
    }
    if experiment.starts_from is not None:
        summary |= _all_stages(experiment, run, summary)
    run.write_summary(summary)
    return TrainedRun(job.folder, summary, overlap, experiment, session)


def _all_stages(experiment: Experiment, run: RunFolder, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Steps and seconds of each stage of a run and of all together."""
    assert experiment.starts_from is not None
    before = RunFolder(run.stage(experiment.starts_from)).read_summary() or {}
    earlier = before.get("stages") or [{"preset": experiment.starts_from, **_cost(before)}]
    listed = [*earlier, {"preset": experiment.preset, **_cost(summary)}]
    return {"stages": listed, **{name: sum(stage[name] for stage in listed) for name in ("steps", "seconds")}}


def _cost(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: summary.get(name, 0) for name in ("steps", "seconds")}


@contextlib.contextmanager
def interruptible(run: RunFolder) -> Iterator[None]:
    """Make an interruption before or after the training itself, or in a stage of the run, name the run to resume, too."""
    try:
        yield
    except Interrupted as error:
        raise Interrupted(error.signal_number, error.checkpoint, run.path) from error
    except KeyboardInterrupt as error:
        number = getattr(error, "signal_number", signal.SIGINT)
        raise Interrupted(number, run.marked("latest"), run.path) from error


def _monitor(job: Job, session: Session, trackers: Sequence[str]) -> Monitor:
    if not session.processes.is_rank_zero:
        return Monitor()
    return tracked(session.display.monitor(job.experiment), trackers, job.folder, job.config)
