"""Training an experiment: build the data and the model, train, write the run folder."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from trm.config import RunConfig
from trm.data.overlap import Overlap
from trm.data.puzzle_set import PuzzleSet
from trm.data.sampler import GroupSampler
from trm.devices.precision import precision_of
from trm.devices.processes import Processes
from trm.devices.seeding import set_seed
from trm.experiment.evaluator import score_trained
from trm.experiment.experiment import Experiment
from trm.experiment.loaded import LoadedModel
from trm.experiment.provenance import DataReport, check_unchanged
from trm.experiment.restarts import note_job
from trm.experiment.session import Session
from trm.experiment.showcase import solved_example
from trm.model import TinyRecursiveModel
from trm.progress import progress
from trm.render.html import as_table
from trm.runs.building import load_tensors
from trm.runs.locate import locate
from trm.runs.run_folder import ReadOnlyRun, RunFolder
from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor
from trm.training.tracking import check_trackers, tracked
from trm.training.trainer import Trainer


@dataclass(frozen=True)
class TrainedRun(Mapping[str, Any]):
    """A finished training; as a mapping, its `summary.json`.

    Attributes:
        folder: the run folder.
        summary: `final_metrics`, `steps`, `skipped_steps`, `epochs`, `seconds` of training, `parameters`, `best`,
            `run`, `train_puzzles`, `test_puzzles`, `test_puzzles_in_training`.
        overlap: test puzzles that are in the training data.
        experiment: what was trained.
        session: the device and the display.
    """

    folder: Path
    summary: Mapping[str, Any]
    overlap: Overlap
    experiment: Experiment = field(repr=False)
    session: Session = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.summary[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.summary)

    def __len__(self) -> int:
        return len(self.summary)

    @property
    def train_data(self) -> DataReport:
        """The puzzles that the model was trained on."""
        return DataReport(**self.summary["data"]["train"])

    @property
    def test_data(self) -> DataReport:
        """The puzzles that the model was scored on."""
        return DataReport(**self.summary["data"]["test"])

    @property
    def scores(self) -> Mapping[str, float]:
        """Scores of the averaged weights on the test puzzles."""
        scores: Mapping[str, float] = self.summary["final_metrics"]
        return scores

    def _repr_html_(self) -> str:
        return as_table(f"{self.folder}: {self['steps']:,} steps, {self['parameters']:,} parameters", self.scores)

    def loaded(self) -> LoadedModel:
        """The trained weights on the session's device."""
        return LoadedModel(locate(self.folder), self.experiment, self.session)

    def example(self) -> RenderableType:
        """A test puzzle beside the model's answer, a solved one if there is one among the first few."""
        return solved_example(self.loaded(), _test_split(self.experiment, self.session))


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
    assert experiment.training is not None
    check_trackers(trackers)
    for note in experiment.notes:
        session.display.note(note)
    run, checkpoint = resumed or (None, None)
    with progress("Preparing the data"):
        puzzles, test = experiment.puzzles("train"), _test_split(experiment, session)
        train_data, test_data = (DataReport.of(experiment, puzzles, "train"), DataReport.of(experiment, test, "test"))
    model = _new_model(experiment, puzzles, use_init=checkpoint is None)
    run_config = experiment.run_config(model.config, {"train": train_data.fingerprint, "test": test_data.fingerprint})
    if run is not None:
        check_unchanged(output, train_data)
    else:
        run = run_folder_class(session.processes).create(output, run_config)
        if session.processes.is_rank_zero:
            note_job(output)
    stream = GroupSampler(
        puzzles, experiment.seed, experiment.task.augmentation(), keep_rest=experiment.training.refill == "next"
    )
    trainer = Trainer(
        model,
        experiment.training,
        session.backend,
        run=run,
        monitor=_monitor(experiment, session, trackers, output, run_config),
        seed=experiment.seed,
        processes=session.processes,
    )
    with run.locked(), interruptible(run):
        if checkpoint:
            trainer.resume(checkpoint, stream)
        metrics = experiment.build_metrics((), session.display.note)
        summary = trainer.fit(stream, experiment.test_batches(test), metrics)
        if not session.processes.is_rank_zero:
            return None
        if experiment.task.spec.evaluate is not None:
            summary["final_metrics"] |= score_trained(experiment, trainer, output, session)
        overlap = experiment.task.overlap(puzzles, test)
        summary |= {
            "run": str(output.absolute()),
            "data": {"train": train_data.as_json(), "test": test_data.as_json()},
            "precision": precision_of(session.backend, experiment.training.precision),
            "supervision_steps": experiment.evaluation_steps(model.config),
            "seed": experiment.seed,
            "train_puzzles": len(puzzles),
            "test_puzzles": len(test),
            "test_puzzles_in_training": overlap.leaked,
        }
        run.write_summary(summary)
    return TrainedRun(output, summary, overlap, experiment, session)


@contextlib.contextmanager
def interruptible(run: RunFolder) -> Iterator[None]:
    """Make an interruption before or after the training itself name the checkpoint to resume from, too."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(getattr(error, "signal_number", signal.SIGINT), run.marked("latest")) from error


def run_folder_class(processes: Processes) -> type[RunFolder]:
    """How this process sees the run folder: only the first process writes it."""
    return RunFolder if processes.is_rank_zero else ReadOnlyRun


def _new_model(experiment: Experiment, puzzles: PuzzleSet, use_init: bool) -> TinyRecursiveModel:
    """A model with the seed's random weights, or with the weights of `init`."""
    start = locate(experiment.init) if experiment.init and use_init else None
    set_seed(experiment.seed)
    model = TinyRecursiveModel(experiment.model_config(puzzles))
    if start is not None:
        load_tensors(model, start.tensors, start.path)
    return model


def _monitor(
    experiment: Experiment, session: Session, trackers: Sequence[str], output: Path, config: RunConfig
) -> Monitor:
    if not session.processes.is_rank_zero:
        return Monitor()
    return tracked(session.display.monitor(experiment), trackers, output, config)


def _test_split(experiment: Experiment, session: Session) -> PuzzleSet:
    """The test puzzles; those of the task's dataset if the folder of arrays has none."""
    task = experiment.task
    if task.data is not None and task.data.is_dir() and not (task.data / "test").exists():
        session.display.note(f"{task.data} has no test split: scoring on dataset {task.dataset!r}.")
        experiment = replace(experiment, task=replace(task, data=None))
    return experiment.puzzles("test")
