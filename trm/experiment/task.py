"""`Task`: a task's specification bound to validated settings.

This is the only module that resolves the `"module:attribute"` references of task, dataset, augmentation, metric and
renderer specs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from trm.config.overrides import validated
from trm.data.augmentation import Augmentation
from trm.data.cache import Split, cached_split
from trm.data.compilation import showing_compilation
from trm.data.layout import read_split
from trm.data.overlap import Overlap, count_overlap
from trm.data.puzzle_set import Description, IntArray, PuzzleSet
from trm.data.reading import Reading
from trm.data.shipped import write_shipped
from trm.data.source_code import module_digest
from trm.errors import DataError, PluginError, UsageError
from trm.evaluation.metrics import Metric
from trm.evaluation.requests import EvaluationRequest, ScoreRequest, SolvedPuzzle, SolveRequest
from trm.experiment.task_view import task_html
from trm.plugins.code import config_class_of, load
from trm.plugins.factories import call_factory
from trm.plugins.registry import get_registry
from trm.render.play.board import Board, token_board
from trm.render.renderer import Renderer
from trm.render.sized import sized
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, Reference, RendererSpec, TaskSpec

CORE_METRICS = ("cell_accuracy", "exact_accuracy")
FALLBACK_RENDERER = "tokens"


@dataclass(frozen=True)
class Task:
    """A task with validated settings and a choice among its parts.

    Attributes:
        spec: what the plugin registered.
        config: the task's settings.
        dataset: name of the dataset.
        augmentation_name: name of the augmentation; None for none.
        data: a folder of arrays that is read instead of the dataset; None for the dataset.
    """

    spec: TaskSpec
    config: BaseModel
    dataset: str
    augmentation_name: str | None = None
    data: Path | None = None

    @classmethod
    def of(cls, spec: TaskSpec, settings: Mapping[str, Any] | None = None) -> Task:
        """A task with its default parts.

        Args:
            spec: the task's specification.
            settings: values for fields of the task's settings. Default: none, that is, the fields' own defaults.

        Raises:
            UsageError: a value is invalid.
        """
        config = validated(config_class_of(spec), settings or {}, "task")
        return cls(spec, config, spec.dataset_name, spec.augmentation_name)

    @classmethod
    def named(cls, name: str, settings: Mapping[str, Any] | None = None) -> Task:
        """The installed task called `name`; see `of`.

        Raises:
            UsageError: there is no such task, or a value is invalid.
        """
        return cls.of(get_registry().task(name), settings)

    @property
    def name(self) -> str:
        return self.spec.name

    def check_names(self) -> None:
        """Raise `UsageError` if the task has no dataset or augmentation of the chosen name."""
        registry = get_registry()
        if self.data is None:
            registry.part(DatasetSpec, self.name, self.dataset)
        if self.augmentation_name:
            registry.part(AugmentationSpec, self.name, self.augmentation_name)

    @cached_property
    def description(self) -> Description:
        """Vocabulary, length and structure of the puzzles, as the settings determine them.

        Raises:
            PluginError: the task's `describe` does not return a `Description`.
        """
        description = load(self.spec.describe)(self.config)
        if not isinstance(description, Description):
            raise PluginError(f"{self.spec.describe} returned {type(description).__name__}, not a Description.")
        return description

    def describe(self) -> Description:
        """Same as `description`."""
        return self.description

    def puzzles(self, split: str, seed: int, rebuild: bool = False, limit: int | None = None) -> PuzzleSet:
        """Build or read one split.

        Args:
            split: "train", "test", or "validation" if the data has it.
            seed: seed of the data.
            rebuild: build the data again even if the cache has it.
            limit: number of puzzles that are needed. Default: all.

        Raises:
            UsageError: the dataset has no such split.
            DataError: the data cannot be read, or has another size than the task's settings say.
            PluginError: the dataset returned something other than a `PuzzleSet` of the described vocabulary.
        """
        if self.data is not None:
            puzzles = self._read(self.data, split)
            return puzzles if limit is None else puzzles.head(limit)
        spec, describe = self._dataset_spec(), load(self.spec.describe)
        if split not in spec.splits:
            raise UsageError(
                f"Dataset {self.dataset!r} of task {self.name!r} has no {split} split, only {' and '.join(spec.splits)}."
            )
        wanted = Split(spec, self.config, split, seed)
        return cached_split(wanted, load(spec.build), describe, rebuild=rebuild, limit=limit)

    def has_split(self, split: str) -> bool:
        """Whether the data has a split: the dataset makes it, or the folder of arrays has it."""
        if self.data is not None:
            return (self.data / split).is_dir()
        return split in self._dataset_spec().splits

    def pack(self, split: str, seed: int, path: Path) -> int:
        """Write a split into a file that its plugin can ship, see `DatasetSpec.shipped`.

        Returns:
            The number of puzzles.

        Raises:
            UsageError: the dataset does not declare its `sources` or the `counts` of this split.
            OSError: the file cannot be written.
        """
        wanted = Split(self._dataset_spec(), self.config, split, seed)
        if not wanted.spec.sources or not wanted.spec.counts:
            raise UsageError(
                f"Dataset {self.dataset!r} cannot be shipped: its DatasetSpec has no `counts` or `sources`."
            )
        if wanted.count is None:
            raise UsageError(
                f"Dataset {self.dataset!r} has no split {split!r} to ship: `counts` has {', '.join(wanted.spec.counts)}."
            )
        puzzles = self.puzzles(split, seed)
        write_shipped(path, puzzles, wanted.origin(module_digest(wanted.spec.sources)))
        return len(puzzles)

    def build(self, split: str, seed: int) -> Any:
        """What the dataset's `build` returns, unchecked and without the cache."""
        return load(self._dataset_spec().build)(self.config, split, seed)

    def read(self, text: str) -> Reading:
        """Read the puzzles ``[L]`` of a text; one that cannot be read does not stop the rest if the task has `read`.

        Raises:
            UsageError: the task cannot read text.
            PuzzleError: the text has no puzzle, or the task has only `parse` and the text is malformed.
        """
        if self.spec.read is not None:
            reading: Reading = load(self.spec.read)(text, self.config)
            return reading
        if self.spec.parse is None:
            raise UsageError(f"Task {self.name!r} cannot read puzzles from text.")
        return Reading("text", load(self.spec.parse)(text, self.config), usual=True)

    def parse(self, text: str) -> list[IntArray]:
        """Read puzzles ``[L]`` from text, all or none.

        Raises:
            UsageError: the task cannot read text.
            PuzzleError: the text is not a puzzle, or one of its puzzles is malformed.
        """
        return self.read(text).strictly()

    def format(self, tokens: IntArray) -> str:
        """Write a puzzle or an answer as text: as the task does, or as the numbers of the tokens.

        Args:
            tokens: ``[L]``, or a row ``[W]``; for an answer, `trm.data.Description.answered` gives it.
        """
        if self.spec.format is None:
            return " ".join(map(str, self.description.tokens(tokens)[self.description.real(tokens)].tolist()))
        text: str = load(self.spec.format)(tokens, self.config)
        return text

    def check(self, inputs: IntArray, answer: IntArray) -> str | None:
        """What is wrong with an answer by the task's rules; None if it is valid or the task defines no rules."""
        if self.spec.check is None:
            return None
        completed = self.description.complete(inputs, answer)[self.description.real(inputs)]
        problem: str | None = load(self.spec.check)(inputs, completed, self.config)
        return problem

    def solvable(self, inputs: IntArray) -> str | None:
        """Why a puzzle has no proper solution; None if it has one or the task cannot tell."""
        if self.spec.solvable is None:
            return None
        problem: str | None = load(self.spec.solvable)(inputs, self.config)
        return problem

    def resized_for(self, text: str) -> Task:
        """This task at the size of the puzzles in a text, if the task can tell it; otherwise itself.

        Raises:
            PuzzleError: the text has no puzzle, or a malformed one.
        """
        if self.spec.fit is None:
            return self
        return replace(self, config=load(self.spec.fit)(text, self.config))

    def augmentation(self) -> Augmentation | None:
        """The chosen augmentation; None if it is switched off or the task has none."""
        if not self.augmentation_name:
            return None
        spec = get_registry().part(AugmentationSpec, self.name, self.augmentation_name)
        augmentation: Augmentation = self._made(spec.factory)
        return augmentation

    def metrics(self, extra: Iterable[str] = ()) -> dict[str, Metric]:
        """Cell accuracy, exact accuracy, the task's own metrics, and further ones by name.

        Raises:
            UsageError: there is no metric of that name for this task.
        """
        registry = get_registry()
        names = dict.fromkeys((*CORE_METRICS, *self.spec.metric_names, *extra))
        return {name: self._made(registry.part(MetricSpec, self.name, name).factory) for name in names}

    def renderer(self, name: str | None = None) -> Renderer:
        """A renderer of the task.

        Args:
            name: its name. Default: the task's own renderer, or the one that prints token names.

        Raises:
            UsageError: there is no renderer of that name for this task.
        """
        chosen = name or self.spec.renderer_name or FALLBACK_RENDERER
        renderer: Renderer = self._made(get_registry().part(RendererSpec, self.name, chosen).factory)
        return sized(renderer, self.description)

    def board(self) -> Board:
        """How a page draws and edits the task's puzzles: as the task says, or as a grid of token names.

        Raises:
            PluginError: the task's `board` does not return a `Board`, or one that does not fit its puzzles.
        """
        if self.spec.board is None:
            return token_board(self.description)
        board = self._made(self.spec.board)
        if not isinstance(board, Board):
            raise PluginError(f"{self.spec.board} returned {type(board).__name__}, not a trm.render.Board.")
        problem = next(board.problems(self.description), None)
        if problem is not None:
            raise PluginError(
                f"The board of task {self.name!r}, {self.spec.board}, does not fit its puzzles. {problem}"
            )
        return board

    def evaluate(self, request: EvaluationRequest) -> dict[str, float]:
        """Score by the task's own evaluator, which must exist."""
        assert self.spec.evaluate is not None
        scores: dict[str, float] = load(self.spec.evaluate)(request)
        return scores

    def solve(self, request: SolveRequest) -> Iterator[SolvedPuzzle]:
        """Solve by the task's own solver, which must exist."""
        assert self.spec.solve is not None
        yield from load(self.spec.solve)(request)

    def score(self, request: ScoreRequest) -> dict[str, float]:
        """Score answers that were made elsewhere by the task's own function, which must exist."""
        assert self.spec.score is not None
        scores: dict[str, float] = load(self.spec.score)(request)
        return scores

    def symmetry_class(self, inputs: IntArray, labels: IntArray) -> IntArray:
        """A key ``[N]`` for each puzzle ``[N, L]``, equal for symmetric images, by the task's own function, which must exist."""
        assert self.spec.symmetry_class is not None
        keys: IntArray = load(self.spec.symmetry_class)(inputs, labels, self.config)
        return keys

    def overlap(self, train: PuzzleSet, test: PuzzleSet) -> Overlap:
        """Count the test puzzles that are in the training data, symmetric images included; see `count_overlap`."""
        classify = self.symmetry_class if self.spec.symmetry_class else None
        with showing_compilation():
            return count_overlap(train, test, augmentation=self.augmentation(), symmetry_class=classify)

    def _repr_html_(self) -> str:
        return task_html(self.spec, self.config, self.description, self.dataset, self.augmentation_name)

    def _dataset_spec(self) -> DatasetSpec:
        return get_registry().part(DatasetSpec, self.name, self.dataset)

    def _made(self, factory: Reference) -> Any:
        return call_factory(load(factory), self.config, lambda: self.description)

    def _read(self, folder: Path, split: str) -> PuzzleSet:
        puzzles = read_split(folder, split)
        found, wanted = puzzles.description, self.description
        if (found.vocab_size, found.seq_len) != (wanted.vocab_size, wanted.seq_len):
            raise DataError(
                f"{folder} has {found.seq_len} positions and {found.vocab_size} tokens, but task {self.name!r} with "
                f"these settings has {wanted.seq_len} and {wanted.vocab_size}. Change the task's settings with --set."
            )
        if found.structure.per_puzzle != wanted.structure.per_puzzle:
            raise DataError(
                f"{folder} holds puzzles with another structure of their own than task {self.name!r} with these settings: "
                "the types, numbers or maxima of `Structure.per_puzzle` differ. Change the task's settings with --set."
            )
        merged = replace(wanted, num_puzzle_identifiers=found.num_puzzle_identifiers, pad_id=found.pad_id)
        return replace(puzzles, description=merged)
