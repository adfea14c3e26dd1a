"""What a training needs before its first step: data, a model configuration, weights to start from, and a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from trm.config import RunConfig
from trm.config.overrides import find_preset, stages
from trm.data.puzzle_set import PuzzleSet
from trm.devices.processes import Processes
from trm.devices.seeding import set_seed
from trm.experiment.experiment import Experiment
from trm.experiment.identifiers import check_identifiers
from trm.experiment.provenance import DataReport
from trm.experiment.restarts import note_job
from trm.experiment.session import Session
from trm.model import TinyRecursiveModel
from trm.progress import progress
from trm.runs.building import load_tensors
from trm.runs.locate import locate
from trm.runs.run_folder import ReadOnlyRun, RunFolder
from trm.runs.starting import check_start


@dataclass(frozen=True)
class Job:
    """An experiment that is ready to be trained into a folder.

    Attributes:
        experiment: what to train.
        folder: the run folder.
        train: the training puzzles.
        test: the test puzzles.
        train_data: where the training puzzles come from.
        test_data: where the test puzzles come from.
        config: the content of the run's `config.json`.
        earlier: the training whose weights this one starts from, in the same run; None if there is none, or if it has a
            folder already.
    """

    experiment: Experiment
    folder: Path
    train: PuzzleSet
    test: PuzzleSet
    train_data: DataReport
    test_data: DataReport
    config: RunConfig
    earlier: Job | None = None

    def stages(self) -> Iterator[Job]:
        """The earlier trainings, the first one first, and this one."""
        if self.earlier is not None:
            yield from self.earlier.stages()
        yield self

    def new_model(self, start: str | Path | None) -> TinyRecursiveModel:
        """A model with the weights of `start`, or with the seed's random weights.

        Raises:
            UsageError: the weights belong to another model.
        """
        checkpoint = locate(start) if start is not None else None
        set_seed(self.experiment.seed)
        model = TinyRecursiveModel(self.config.model)
        if checkpoint is not None:
            check_start(checkpoint, self.config)
            load_tensors(model, checkpoint.tensors, checkpoint.path)
        return model


def prepare(experiment: Experiment, session: Session, folder: Path) -> Job:
    """Build the data of an experiment and of all that it starts from, and check that the weights to start from fit.

    Raises:
        UsageError: the weights of `init` belong to another model.
    """
    for note in experiment.notes:
        session.display.note(note)
    earlier = None
    if experiment.earlier is not None and experiment.starts_from is not None:
        before = replace(experiment.earlier(), metrics=experiment.metrics, seed=experiment.seed)
        earlier = prepare(before, session, RunFolder(folder).stage(experiment.starts_from))
    start = locate(experiment.init) if experiment.init is not None else None
    if (
        start is not None and start.source is not None
    ):  # the run records the commit, so that it can be repeated and resumed
        experiment = replace(experiment, init=start.source)
    expected = experiment.expected_model()
    if start is not None and not (start.run.model.num_puzzles or expected.num_puzzles):
        check_start(start, experiment.run_config(expected))  # before the data is built, which may take an hour
    with progress("Preparing the data"):
        train, test = experiment.puzzles("train"), test_split(experiment, session)
        train_data, test_data = (DataReport.of(experiment, train, "train"), DataReport.of(experiment, test, "test"))
    fingerprints = {"train": train_data.fingerprint, "test": test_data.fingerprint}
    config = experiment.run_config(experiment.model_config(train), fingerprints)
    if start is not None:
        check_start(start, config)
        check_identifiers(start, experiment, train, session.display)
    return Job(experiment, folder, train, test, train_data, test_data, config, earlier)


def begin(job: Job, session: Session) -> RunFolder:
    """Create the run folder. Those of earlier stages are created first: a folder with a `config.json` can be resumed.

    Raises:
        UsageError: it is not empty.
        TRMError: it cannot be written.
    """
    if job.earlier is not None:
        begin(job.earlier, session)
    run = run_folder_class(session.processes).create(job.folder, job.config)
    if session.processes.is_rank_zero:
        note_job(job.folder)
    return run


def stages_note(job: Job) -> str | None:
    """A sentence that says which presets are trained one after the other, and how to skip the earlier ones."""
    names = [stage.experiment.preset or "" for stage in job.stages()]
    if len(names) == 1:
        return None
    spec = job.experiment.task.spec
    chain = stages(spec, find_preset(spec, names[-1]))
    shipped = [preset.name for preset in [*chain[-2::-1], chain[-1]] if preset.weights]
    skip = f" `--init {spec.name}:{shipped[0]}` would start from shipped weights instead." if shipped else ""
    return f"Training {len(names)} presets, each from the weights of the one before: {', '.join(names)}.{skip}"


def cost_notes(experiment: Experiment) -> list[str]:
    """A sentence that says what the experiment's preset costs; none if it does not say, or a setting is changed."""
    spec = experiment.task.spec
    cost = {preset.name: preset.cost for preset in spec.presets}.get(experiment.preset or "")
    if not cost:
        return []
    plain = Experiment.from_preset(spec.name, experiment.preset)
    same = (plain.task, plain.model_settings, plain.training)
    unchanged = same == (experiment.task, experiment.model_settings, experiment.training)
    return [f"Preset {experiment.preset} takes {cost}."] if unchanged else []


def run_folder_class(processes: Processes) -> type[RunFolder]:
    """How this process sees the run folder: only the first process writes it."""
    return RunFolder if processes.is_rank_zero else ReadOnlyRun


def test_split(experiment: Experiment, session: Session) -> PuzzleSet:
    """The test puzzles; those of the task's dataset if the folder of arrays has none."""
    task = experiment.task
    if task.data is not None and task.data.is_dir() and not (task.data / "test").exists():
        session.display.note(f"{task.data} has no test split: scoring on dataset {task.dataset!r}.")
        experiment = replace(experiment, task=replace(task, data=None))
    return experiment.puzzles("test")
