"""One training or evaluation of a task: its settings resolved, its data built, its parts loaded."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel

import trm
from trm.config import AnswerChoice, RunConfig, TrainingConfig, TRMConfig
from trm.config.overrides import Overrides, find_preset, validated
from trm.data.augmentation import Augmentation
from trm.data.batch import Batch
from trm.data.cache import cached_split
from trm.data.puzzle_set import Description, PuzzleSet
from trm.errors import CheckpointError, DataError, PluginError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.search import Search
from trm.model import TinyRecursiveModel
from trm.plugins.code import config_class_of, load
from trm.plugins.factories import call_factory
from trm.plugins.registry import get_registry
from trm.render.renderer import Renderer
from trm.runs.checkpoint import LoadedModel, load_tensors
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec

CORE_METRICS = ("cell_accuracy", "exact_accuracy")


@dataclass
class Experiment:
    """A task with all settings but those of the model that the data decides."""

    spec: TaskSpec
    task_config: BaseModel
    model_settings: dict[str, Any] = field(default_factory=dict)
    training: TrainingConfig | None = None
    preset: str | None = None
    dataset: str | None = None
    augmentation: str | None = None
    data: Path | None = None
    seed: int = 0
    init: str | None = None

    @classmethod
    def from_preset(
        cls,
        task: str,
        preset: str | None = None,
        sets: Iterable[str] = (),
        *,
        dataset: str | None = None,
        augmentation: str | None = None,
        data: Path | None = None,
        seed: int = 0,
        init: str | None = None,
    ) -> Experiment:
        """A preset with overrides.

        Raises:
            UsageError: an unknown task, preset, dataset, augmentation or setting, or a value out of range.
        """
        spec = get_registry().task(task)
        chosen = find_preset(spec, preset)
        overrides = Overrides.parse(sets, config_class_of(spec))
        training = {**chosen.training, **overrides.training}
        if "max_steps" in overrides.training and "num_epochs" not in overrides.training:
            training["num_epochs"] = None  # whoever sets one end means that one
        if "num_epochs" in overrides.training and "max_steps" not in overrides.training:
            training["max_steps"] = None
        experiment = cls(
            spec=spec,
            task_config=validated(config_class_of(spec), {**chosen.task, **overrides.task}, "task"),
            model_settings={**chosen.model, **overrides.model},
            training=validated(TrainingConfig, training, "training"),
            preset=chosen.name,
            dataset=dataset or chosen.dataset or spec.dataset_name,
            augmentation=_first_given(augmentation, chosen.augmentation, spec.augmentation_name),
            data=data,
            seed=seed,
            init=init,
        )
        experiment.check_names()
        return experiment

    @classmethod
    def from_run(cls, run: RunConfig) -> Experiment:
        """The experiment that a run was made of."""
        if run.task is None:
            raise UsageError(
                "This run names no task. A checkpoint can be imported again with --task; a run on a custom data set can "
                "only be evaluated by the script that made it."
            )
        spec = get_registry().task(run.task)
        settings = {name: value for name, value in run.model.model_dump().items() if name in run.model.model_fields_set}
        return cls(
            spec=spec,
            task_config=validated(config_class_of(spec), run.task_config, "task"),
            model_settings=settings,
            training=run.training,
            preset=run.preset,
            dataset=run.dataset,
            augmentation=run.augmentation,
            data=Path(run.data) if run.data else None,
            seed=run.seed,
            init=run.init,
        )

    def check_names(self) -> None:
        """A `UsageError` for a dataset or augmentation that the task does not have."""
        registry = get_registry()
        if self.data is None and self.dataset:
            registry.part(DatasetSpec, self.spec.name, self.dataset)
        if self.augmentation:
            registry.part(AugmentationSpec, self.spec.name, self.augmentation)

    @cached_property
    def description(self) -> Description:
        """Vocabulary, length and structure as the task's settings give them."""
        description = load(self.spec.describe)(self.task_config)
        if not isinstance(description, Description):
            raise PluginError(f"{self.spec.describe} returned {type(description).__name__}, not a Description.")
        return description

    def split(self, name: str) -> PuzzleSet:
        """The puzzles of "train" or "test"."""
        if self.data is not None:
            return self._read_split(self.data, name)
        assert self.dataset is not None
        spec = get_registry().part(DatasetSpec, self.spec.name, self.dataset)
        build, describe = load(spec.build), load(self.spec.describe)
        return cached_split(spec, self.task_config, name, self.seed, build, describe)

    def model_config(self, puzzles: PuzzleSet) -> TRMConfig:
        """The model's settings, completed by what the data decides."""
        description = puzzles.description
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

    def fitted(self, loaded: LoadedModel) -> TinyRecursiveModel:
        """Loaded weights for this experiment's puzzles, moved to their size where the weights contain none.

        Raises:
            CheckpointError: the weights are of another vocabulary or size.
        """
        config, wanted = loaded.model.config, self.description
        if config.vocab_size == wanted.vocab_size and config.context_length in (wanted.seq_len, 0):
            return loaded.model
        if config.mixing != "relational" or config.positions != "none":
            raise CheckpointError(
                f"The checkpoint takes {config.context_length} positions and {config.vocab_size} tokens, the puzzles have "
                f"{wanted.seq_len} and {wanted.vocab_size}. Only relational weights can be moved to another size."
            )
        settings = config.model_dump() | {
            "vocab_size": wanted.vocab_size,
            "context_length": wanted.seq_len,
            "structure": wanted.structure,
        }
        model = TinyRecursiveModel(validated(TRMConfig, settings, "model"))
        load_tensors(model, dict(loaded.model.state_dict()), loaded.path)
        return model.eval()

    def sized_for(self, text: str) -> Experiment:
        """This experiment at the size of the puzzles in a text, where the task can tell it; else itself.

        Raises:
            PuzzleError: the text has no puzzle, or a malformed one.
        """
        if self.spec.fit is None:
            return self
        return replace(self, task_config=load(self.spec.fit)(text, self.task_config))

    def run_config(self, model: TRMConfig) -> RunConfig:
        """Everything that decides the run."""
        return RunConfig(
            task=self.spec.name,
            preset=self.preset,
            dataset=self.dataset,
            data=str(self.data.absolute()) if self.data else None,
            augmentation=self.augmentation,
            task_config=self.task_config.model_dump(mode="json"),
            model=model,
            training=self.training,
            seed=self.seed,
            init=self.init,
            versions=self.versions(),
            git_revision=_git_revision(),
        )

    def versions(self) -> dict[str, str]:
        """Versions of Python, torch, trm and the task's plugin."""
        owner = get_registry().tasks()[self.spec.name].plugin
        return {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "trm": trm.__version__,
            owner.distribution: owner.version,
        }

    def build_augmentation(self) -> Augmentation | None:
        """The task's augmentation, if it has one and it is not switched off."""
        if not self.augmentation:
            return None
        spec = get_registry().part(AugmentationSpec, self.spec.name, self.augmentation)
        augmentation: Augmentation = load(spec.factory)(self.task_config)
        return augmentation

    def build_metrics(self) -> dict[str, Metric]:
        """Cell and exact accuracy, then the task's own metrics."""
        registry = get_registry()
        names = dict.fromkeys((*CORE_METRICS, *self.spec.metric_names))
        return {name: self._part(registry.part(MetricSpec, self.spec.name, name)) for name in names}

    def build_renderer(self, name: str | None = None) -> Renderer:
        """A renderer of the task: its default one, or the tokens' names where it has none."""
        name = name or self.spec.renderer_name or "tokens"
        renderer: Renderer = self._part(get_registry().part(RendererSpec, self.spec.name, name))
        return renderer

    def _part(self, spec: MetricSpec | RendererSpec) -> Any:
        return call_factory(load(spec.factory), self.task_config, lambda: self.description)

    def check(self, inputs: Any, answer: Any) -> str | None:
        """What is wrong with an answer by the task's rules; None where it is valid or the task has no rules."""
        if self.spec.check is None:
            return None
        answer = self.description.complete(inputs, answer)
        problem: str | None = load(self.spec.check)(inputs, answer, self.task_config)
        return problem

    def search_plan(
        self,
        steps: int,
        restarts: int = 1,
        votes: int = 1,
        use_check: bool = False,
        answer: AnswerChoice | None = None,
        seed: int = 0,
    ) -> Search:
        """How to use test-time compute; see `Search`. The answer, where nothing is said, is the training's `eval_answer`.

        Raises:
            UsageError: a check or votes are asked for, and the task has no rules or no augmentation.
        """
        if use_check and self.spec.check is None:
            raise UsageError(f"Task {self.spec.name!r} can't check an answer by its rules: leave out --check.")
        augmentation = self.build_augmentation() if votes > 1 else None
        if votes > 1 and augmentation is None:
            raise UsageError(f"Task {self.spec.name!r} has no augmentation to vote over: leave out --votes.")
        check = (lambda inputs, answer: self.check(inputs, answer) is None) if use_check else None
        answer = answer or (self.training.eval_answer if self.training else "last")
        return Search(
            steps,
            restarts,
            votes,
            answer,
            check=check,
            augmentation=augmentation,
            seed=seed,
            complete=self.description.complete,
        )

    def evaluation_steps(self, model: TRMConfig) -> int:
        """Supervision steps in evaluation, where nothing else is said: the training's number, or the model's."""
        return self.training.evaluation_steps(model) if self.training else model.n_supervision

    @property
    def evaluation_batch_size(self) -> int:
        """Puzzles evaluated at once: the training's number, or for imported weights the default one."""
        default: int = TrainingConfig.model_fields["eval_batch_size"].default
        return self.training.eval_batch_size if self.training else default

    def test_batches(self, puzzles: PuzzleSet) -> Any:
        """What `Trainer.fit` takes: the first so many test puzzles as batches."""

        def batches(limit: int | None) -> Iterable[Batch]:
            chosen = puzzles if limit is None or limit >= len(puzzles) else puzzles.head(limit)
            return chosen.batches(self.evaluation_batch_size)

        return batches

    def _read_split(self, folder: Path, name: str) -> PuzzleSet:
        from trm.data.layout import read_split

        puzzles = read_split(folder, name)
        found, wanted = puzzles.description, self.description
        if (found.vocab_size, found.seq_len) != (wanted.vocab_size, wanted.seq_len):
            raise DataError(
                f"{folder} has {found.seq_len} positions and {found.vocab_size} tokens, task {self.spec.name!r} as set "
                f"has {wanted.seq_len} and {wanted.vocab_size}. Change the task's settings with --set."
            )
        merged = replace(wanted, num_puzzle_identifiers=found.num_puzzle_identifiers, pad_id=found.pad_id)
        return replace(puzzles, description=merged)


def check_identifiers(loaded: LoadedModel, puzzles: PuzzleSet) -> None:
    """A `CheckpointError` where the puzzles have identifiers that the model has no vectors for."""
    known, needed = loaded.model.config.num_puzzles, puzzles.description.num_puzzle_identifiers
    if 0 < known < needed:
        raise CheckpointError(
            f"{loaded.path} has vectors for {known} puzzle ids, the data has {needed} ids. A checkpoint imported with "
            f"--num-puzzles {needed} gives each its mean vector."
        )


def _first_given(*names: str | None) -> str | None:
    """The first name that is not None; an empty one means "none"."""
    return next((name or None for name in names if name is not None), None)


def _git_revision() -> str | None:
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
