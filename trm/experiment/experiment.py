"""`Experiment`: a task together with the settings of model and training, and the data they determine."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

from trm import __version__
from trm.config import RunConfig, TrainingConfig, TRMConfig
from trm.config.overrides import Overrides, changed_preset, find_preset, stages, validated
from trm.data.batch import Batch
from trm.data.layout import read_identifier_names
from trm.data.puzzle_set import Description, PuzzleSet
from trm.errors import CheckpointError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.options import SearchOptions
from trm.evaluation.search import Search
from trm.experiment.data_choice import DataChoice, changed_fields, choose_data
from trm.experiment.task import Task
from trm.model import TinyRecursiveModel
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry
from trm.progress import progress
from trm.runs.building import load_tensors
from trm.runs.locate import Checkpoint, task_spec
from trm.specs import MetricSpec, PresetSpec, TaskSpec
from trm.words import means_absent


@dataclass(frozen=True)
class Experiment:
    """Everything that determines a training or an evaluation, but the size of the model, which the data determines.

    Attributes:
        task: the task, with its settings and its data.
        model_settings: values for fields of `TRMConfig`.
        training: settings of the training; None for imported weights.
        preset: the name of the preset that the settings started from.
        seed: seed of data, weights and training.
        init: the weights that training starts from; None for random weights.
        metrics: names of metrics to report beside the task's own.
        starts_from: the preset whose trained weights training starts from, in place of `init`; None for none.
        notes: sentences for the user about what was chosen for them.
        earlier: makes the experiment of the preset `starts_from`; None if that has a run already, or there is none.
    """

    task: Task
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingConfig | None = None
    preset: str | None = None
    seed: int = 0
    init: str | None = None
    metrics: tuple[str, ...] = ()
    starts_from: str | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)
    earlier: Callable[[], Experiment] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_preset(
        cls,
        task: str,
        preset: str | PresetSpec | None = None,
        sets: Iterable[str] = (),
        *,
        dataset: str | None = None,
        augmentation: str | None = None,
        data: Path | None = None,
        seed: int = 0,
    ) -> Experiment:
        """A preset with overrides.

        The overrides of model, training and augmentation apply to the presets that it starts from, too; those of the data
        only where the earlier preset has the same data.

        Args:
            task: name of an installed task.
            preset: name of one of its presets, or a preset made from one. Default: the first.
            sets: `section.field=value` items, as `--set` takes them.
            dataset: name of a dataset. Default: the preset's, or the task's.
            augmentation: name of an augmentation, "none" or "" for none. Default: the preset's, or the task's.
            data: folder of arrays to read instead of the dataset.
            seed: seed of data, weights and training.

        Raises:
            UsageError: an unknown task, preset, dataset, augmentation or setting, a value out of range, or a setting of the
                task that the data does not read.
        """
        spec = get_registry().task(task)
        config_class = config_class_of(spec)
        base = find_preset(spec, preset)
        chosen = changed_preset(base, Overrides.parse(sets, config_class))
        config = validated(config_class, chosen.task, "task")
        registered = next((known for known in spec.presets if known.name == base.name), base)
        changed = changed_fields(validated(config_class, registered.task, "task"), config)
        own = DataChoice(chosen.dataset or spec.dataset_name)
        choice = choose_data(task, changed, own, dataset=dataset, data=data)
        wanted = "" if means_absent(augmentation or "") else augmentation
        augmentation_name = _first_given(wanted, chosen.augmentation, spec.augmentation_name)
        bound = Task(spec, config, choice.dataset, augmentation_name, choice.data)
        bound.check_names()
        return cls(
            task=bound,
            model_settings=chosen.model,
            training=validated(TrainingConfig, chosen.training, "training"),
            preset=chosen.name,
            seed=seed,
            starts_from=chosen.starts_from,
            notes=(choice.note,) if choice.note else (),
            earlier=_earlier(
                spec, registered, chosen, dataset=dataset, augmentation=augmentation, data=data, seed=seed
            ),
        )

    @classmethod
    def from_run(cls, run: RunConfig) -> Experiment:
        """The experiment that a run carried out.

        Raises:
            UsageError: the run has no task, or a task that is not installed.
        """
        spec = task_spec(run)
        settings = {name: value for name, value in run.model.model_dump().items() if name in run.model.model_fields_set}
        task = Task(
            spec,
            validated(config_class_of(spec), run.task_config, "task"),
            run.dataset or spec.dataset_name,
            run.augmentation,
            Path(run.data) if run.data else None,
        )
        return cls(
            task,
            settings,
            run.training,
            run.preset,
            run.seed,
            run.init,
            tuple(run.metrics),
            starts_from=run.starts_from,
        )

    def starting_from(self, init: str | None) -> Experiment:
        """This experiment with other weights to start from.

        Args:
            init: the weights, in place of the preset that it starts from; "none" for random ones. None changes nothing.
        """
        if init is None:
            return self
        return replace(self, init=None if means_absent(init) else init, starts_from=None, earlier=None)

    def with_seed(self, seed: int) -> Experiment:
        """This experiment, and those that it starts from, with another seed."""
        before = self.earlier
        return replace(self, seed=seed, earlier=before and (lambda: before().with_seed(seed)))

    @property
    def config(self) -> BaseModel:
        """The task's settings."""
        return self.task.config

    @property
    def run_name(self) -> str:
        """The stem of the default name of a run folder."""
        return f"{self.task.name.replace('/', '-')}-{self.preset}"

    def puzzles(self, split: str, rebuild: bool = False, limit: int | None = None) -> PuzzleSet:
        """The puzzles of "train" or "test" for this seed; see `Task.puzzles`."""
        return self.task.puzzles(split, self.seed, rebuild, limit)

    def build_metrics(self, extra: Iterable[str], warn: Callable[[str], None]) -> dict[str, Metric]:
        """The task's metrics, those that the run was trained with, and further ones.

        Args:
            extra: names of further metrics.
            warn: is given a sentence for each metric of the run that is no longer installed; it is skipped.

        Raises:
            UsageError: there is no metric with a name in `extra`.
        """
        installed = get_registry().parts(MetricSpec, self.task.name)
        for name in self.metrics:
            if name not in installed:
                warn(f"Skipping metric {name!r}, which the run was trained with: no installed plugin brings it.")
        return self.task.metrics((*(name for name in self.metrics if name in installed), *extra))

    def identifiers(self) -> Sequence[str]:
        """The names of the puzzle ids, by id."""
        folder = self.task.data
        return read_identifier_names(folder) if folder is not None else self.puzzles("test").identifiers

    def model_config(self, puzzles: PuzzleSet) -> TRMConfig:
        """The model's settings, completed by what the data determines.

        Raises:
            UsageError: a value is invalid, or does not fit the data.
        """
        return self._completed(puzzles.description)

    def expected_model(self) -> TRMConfig:
        """The model's settings as far as they are known without the data, which decides the number of puzzle ids.

        Raises:
            UsageError: a value is invalid, or does not fit the task.
        """
        return self._completed(self.task.description)

    def _completed(self, description: Description) -> TRMConfig:
        settings = dict(self.model_settings)
        wants_puzzles = settings.get("puzzle_tokens") or description.num_puzzle_identifiers > 1
        if wants_puzzles and not settings.get("num_puzzles"):
            settings["num_puzzles"] = description.num_puzzle_identifiers
        settings |= {
            "vocab_size": description.vocab_size,
            "context_length": description.seq_len,
            "structure": description.structure,
        }
        config: TRMConfig = validated(TRMConfig, settings, "model")
        return config

    def adapt_weights(self, checkpoint: Checkpoint) -> TinyRecursiveModel:
        """Build a checkpoint's model for this task's puzzles, resized if its weights do not depend on the size.

        Raises:
            CheckpointError: the weights belong to another vocabulary or size.
        """
        config, wanted = checkpoint.run.model, self.task.description
        same_rows = config.structure.per_puzzle == wanted.structure.per_puzzle
        if config.vocab_size == wanted.vocab_size and config.context_length in (wanted.seq_len, 0) and same_rows:
            return checkpoint.model()
        if not config.mixer.resizable or config.positions != "none":
            raise CheckpointError(
                f"The checkpoint takes {config.context_length} positions and {config.vocab_size} tokens, the puzzles have "
                f"{wanted.seq_len} and {wanted.vocab_size}. Only relational weights can be used at another size."
            )
        settings = config.model_dump() | {
            "vocab_size": wanted.vocab_size,
            "context_length": wanted.seq_len,
            "structure": wanted.structure,
        }
        model = TinyRecursiveModel(validated(TRMConfig, settings, "model"))
        load_tensors(model, checkpoint.tensors, checkpoint.path)
        return model.eval()

    def resized_for(self, text: str) -> Experiment:
        """This experiment at the size of the puzzles in a text; see `Task.resized_for`."""
        return replace(self, task=self.task.resized_for(text))

    def run_config(self, model: TRMConfig, fingerprints: Mapping[str, str] | None = None) -> RunConfig:
        """Everything that determines the run, for its `config.json`.

        Args:
            model: the model's settings, completed by the data.
            fingerprints: the fingerprint of the data by split. Default: none.
        """
        task = self.task
        return RunConfig(
            task=task.name,
            preset=self.preset,
            dataset=task.dataset,
            data=str(task.data.absolute()) if task.data else None,
            augmentation=task.augmentation_name,
            task_config=task.config.model_dump(mode="json"),
            model=model,
            training=self.training,
            metrics=list(self.metrics),
            seed=self.seed,
            init=self.init,
            fingerprints=dict(fingerprints or {}),
            starts_from=self.starts_from,
            include_path=get_registry().owner(task.spec).folder or None,
            versions=self.versions(),
            git_revision=_git_revision(),
        )

    def versions(self) -> dict[str, str]:
        """Versions of Python, torch, trm and the task's plugin."""
        owner = get_registry().owner(self.task.spec)
        return {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "trm": __version__,
            owner.distribution: owner.version,
        }

    def search(self, model: TRMConfig, options: SearchOptions) -> Search:
        """Complete search options by the defaults of training and task.

        Raises:
            UsageError: a check, votes or pinning are asked for, but the task has no rules, no augmentation or no token for
            unknown values; or pinning without a check.
        """
        task, votes = self.task, options.votes or 1
        if options.check and task.spec.check is None:
            raise UsageError(f"Task {task.name!r} defines no rule for checking answers: omit --check.")
        augmentation = task.augmentation() if votes > 1 else None
        if votes > 1 and augmentation is None:
            raise UsageError(f"Task {task.name!r} has no augmentation to vote over: omit --votes.")
        return Search(
            options.steps or self.evaluation_steps(model),
            options.restarts,
            votes,
            options.answer or (self.training.eval_answer if self.training else "last"),
            check=(lambda inputs, answer: task.check(inputs, answer) is None) if options.check else None,
            augmentation=augmentation,
            complete=task.description.complete,
            positions=task.description.seq_len,
            halt=options.halt,
            unknown_id=self._unknown_id(options),
        )

    def _unknown_id(self, options: SearchOptions) -> int | None:
        """The token to pin values over, if that is asked for."""
        if options.search != "pin":
            return None
        unknown_id = self.task.description.unknown_id
        if unknown_id is None:
            raise UsageError(
                f"Task {self.task.name!r} has no token for an unknown value to pin one over: omit --search pin."
            )
        if not options.check:
            raise UsageError("Pinned guesses may be wrong, so that answers have to be checked: add --check.")
        return unknown_id

    def evaluation_steps(self, model: TRMConfig) -> int:
        """Default number of supervision steps in evaluation: the training's, or the model's."""
        return self.training.evaluation_steps(model) if self.training else model.n_supervision

    @property
    def evaluation_batch_size(self) -> int:
        """Puzzles evaluated at once: the training's number, or the default one for imported weights."""
        default: int = TrainingConfig.model_fields["eval_batch_size"].default
        return self.training.eval_batch_size if self.training else default

    def test_batches(self, puzzles: PuzzleSet) -> Callable[[int | None], Iterable[Batch]]:
        """What `Trainer.fit` takes: the first `limit` test puzzles as batches. Iterating them shows progress."""

        def batches(limit: int | None) -> Iterator[Batch]:
            chosen = puzzles if limit is None or limit >= len(puzzles) else puzzles.head(limit)
            with progress("Scoring", len(chosen)) as advance:
                for batch in chosen.batches(self.evaluation_batch_size):
                    yield batch
                    advance(len(batch))

        return batches


def _earlier(
    spec: TaskSpec, registered: PresetSpec, preset: PresetSpec, *, dataset: str | None, data: Path | None, **others: Any
) -> Callable[[], Experiment] | None:
    """What makes the experiment of the preset that a changed preset starts from, with the changes that apply to it."""
    if preset.starts_from is None:
        return None
    earlier = stages(spec, preset)[-2]
    changes = Overrides(
        _changes(config_class_of(spec), registered.task, preset.task),
        _changes(TRMConfig, registered.model, preset.model),
        _changes(TrainingConfig, registered.training, preset.training),
    )
    if (earlier.task, earlier.dataset) != (registered.task, registered.dataset):
        changes.task, dataset, data = {}, None, None
    changed = changed_preset(earlier, changes)
    return partial(Experiment.from_preset, spec.name, changed, dataset=dataset, data=data, **others)


def _changes(settings: type[BaseModel], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `after` that differ from those of `before`, or from the defaults of fields that `before` has not."""
    defaults = {name: info.get_default(call_default_factory=True) for name, info in settings.model_fields.items()}
    return {name: value for name, value in after.items() if {**defaults, **before}.get(name) != value}


def _first_given(*names: str | None) -> str | None:
    """The first name that is not None; an empty one means that there is none."""
    return next((name or None for name in names if name is not None), None)


def _git_revision() -> str | None:
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
