"""What evaluating and solving return: frozen values that `--json` prints and notebooks show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from trm.data.puzzle_set import IntArray
from trm.evaluation.intervals import Interval
from trm.experiment.provenance import DataReport
from trm.markup import beside, facts, note, panel
from trm.progress import duration
from trm.render.html import as_html, as_table
from trm.words import counted, leak_sentence, split_word


def rate_per_core(puzzles: int, seconds: float, cores: int) -> float:
    """Puzzles per second and core, to four digits."""
    return float(f"{puzzles / seconds / cores:.4g}") if seconds else 0.0


@dataclass(frozen=True)
class Score(Mapping[str, float]):
    """Scores by the name of the metric, with the conditions they were measured under.

    Attributes:
        metrics: value of each metric by name, over the puzzles with a known answer; empty if no puzzle has one.
        checkpoint: the weights that were scored.
        task: the task's name.
        step: optimizer step of the weights; None for a weights file.
        split: "train" or "test".
        puzzles: number of puzzles scored.
        supervision_steps: supervision steps of each try.
        restarts: tries; None for a task with its own evaluator.
        search: how the tries differed, "noise" or "pin"; None for a task with its own evaluator.
        votes: symmetric copies voted over; None: chosen by the task.
        answer: "last" or "surest"; None for a task with its own evaluator.
        checked: whether answers were checked by the task's rules; None for a task with its own evaluator.
        halt: the probability at which a try ended before its last step; None if every try took all its steps.
        seconds: wall-clock time.
        data: where the puzzles come from.
        weights: which of the run's checkpoints this is: "latest", "best", "latest and best", "earlier", or "weights file".
        precision: number type of the matrix products, such as "fp32".
        intervals: 95 % confidence interval of each metric that is a share of the puzzles, by name.
        cores: CPU cores that computed; 1 for another device.
        output: folder that the task's own evaluator wrote to.
        puzzle_ids: "blank" or "random" if the puzzle vectors were ablated; None otherwise.
        source: the model on the Hugging Face Hub at its commit, ``hf://owner/name@<hash>``; None for other weights.
        test_puzzles_in_training: test puzzles that are in the training data, symmetric images included; None if that is not
            known, as for training data that would have to be generated again.
    """

    metrics: Mapping[str, float]
    checkpoint: Path
    task: str
    step: int | None
    split: str
    puzzles: int
    supervision_steps: int
    seconds: float
    data: DataReport
    weights: str
    precision: str
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    cores: int = 1
    restarts: int | None = None
    search: str | None = None
    votes: int | None = None
    answer: str | None = None
    checked: bool | None = None
    output: Path | None = None
    test_puzzles_in_training: int | None = None
    puzzle_ids: str | None = None
    source: str | None = None
    halt: float | None = None

    @property
    def rate(self) -> float:
        """Puzzles per second and core."""
        return rate_per_core(self.puzzles, self.seconds, self.cores)

    def __getitem__(self, name: str) -> float:
        return self.metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    @property
    def tries(self) -> int:
        """Number of answers that are computed for each puzzle: restarts times votes."""
        return (self.restarts or 1) * (self.votes or 1)

    def as_json(self) -> dict[str, Any]:
        """The report that `trm evaluate --json` prints."""
        search: dict[str, Any] = {"restarts": self.restarts, "search": self.search, "votes": self.votes}
        search |= {"answer": self.answer, "use_check": self.checked}
        search |= {"halt": self.halt} if self.halt is not None else {}
        own = self.answer is None
        return {
            "checkpoint": str(self.checkpoint.absolute()),
            "source": self.source,
            "weights": self.weights,
            "task": self.task,
            "step": self.step,
            "split": self.split,
            "puzzles": self.puzzles,
            "supervision_steps": self.supervision_steps,
            **({"votes": self.votes} if own else search),
            "tries": self.tries,
            "precision": self.precision,
            **({"puzzle_ids": self.puzzle_ids} if self.puzzle_ids else {}),
            "data": self.data.as_json(),
            "test_puzzles_in_training": self.test_puzzles_in_training,
            "seconds": self.seconds,
            "puzzles_per_second_per_core": self.rate,
            **({"output": str(self.output)} if own else {}),
            "metrics": dict(self.metrics),
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
        }

    def _repr_html_(self) -> str:
        search = [counted(self.supervision_steps, "supervision step")]
        search += [counted(self.tries, "try", "tries") + " per puzzle"] if self.tries > 1 else []
        leaked = self.test_puzzles_in_training
        file = self.checkpoint.name if self.weights == "weights file" else str(self.checkpoint)
        return panel(
            f"{self.task}: {counted(self.puzzles, f'{split_word(self.split)} puzzle')}",
            as_table(self.metrics, self.intervals),
            note(f"{', '.join(search)}, {self.precision}, {duration(self.seconds)}"),
            note(f"Weights: {self.source or file} ({self.weights})"),
            note(f"Data: {self.data}"),
            note(leak_sentence(leaked)) if leaked else "",
        )


@dataclass(frozen=True)
class Solved:
    """The answer to one puzzle.

    Attributes:
        number: the puzzle's place in the input, from 1.
        puzzle: the puzzle as text that the task can read; empty if it could not be read. For a task with its own solver: what
            identifies the puzzle.
        text: the answer as text that the task can read; empty if there is none. For a task with its own solver: as it
            writes it, or its report as JSON.
        draw: makes `picture`.
        problem: what is wrong with the answer by the task's rules, or with the puzzle if there is no answer; None if
            nothing is, or the task has no rules.
        valid: whether the answer is valid by the task's rules; None if the task defines no rules, or there is no answer.
        unreadable: whether the puzzle could not be read or has no proper solution, so that there is no answer.
        tokens: the answer ``[L]``; None for a task with its own solver.
        confidence: the model's probability that its answer is right, 0 to 1; None for a task with its own solver.
        steps: supervision steps spent; None for a task with its own solver.
        weights: the shipped weights that solved the puzzle after the default ones had failed; None otherwise.
        report: what `trm solve --json` prints.
    """

    number: int
    text: str
    draw: Callable[[], RenderableType] = field(repr=False, compare=False)
    puzzle: str = ""
    problem: str | None = None
    valid: bool | None = None
    unreadable: bool = False
    tokens: IntArray | None = field(default=None, repr=False, compare=False)
    confidence: float | None = None
    steps: int | None = None
    weights: str | None = None
    report: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def picture(self) -> RenderableType:
        """The puzzle with its answer, for Rich."""
        return self.draw()

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        valid = {True: "yes", False: "no", None: ""}[self.valid]
        return beside(
            as_html(self.picture),
            facts(
                {
                    "valid by the rules": valid,
                    "problem": self.problem or "",
                    "steps": "" if self.steps is None else str(self.steps),
                    "confidence": "" if self.confidence is None else f"{self.confidence:.0%} that all cells are right",
                    "weights": self.weights or "",
                }
            ),
        )
