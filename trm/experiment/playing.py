"""What goes into a playable page: the network, the task's board, examples of each difficulty, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from trm import __version__
from trm.data.puzzle_set import IntArray, PuzzleSet
from trm.errors import PuzzleError, TRMError, UsageError
from trm.evaluation.examples import POOL, solved_since
from trm.evaluation.intervals import wilson
from trm.evaluation.metrics import known_rows
from trm.experiment.solver import Solver
from trm.experiment.structure_note import structure_note
from trm.render.play.build import PlayExample, PlayPage
from trm.render.play.network import MIXERS, has_javascript_form, network_data
from trm.runs.history import read_history

LEVELS = ("easy", "medium", "hard")

CELLS, FEWEST = 8_000, 24
"""Cells of the test puzzles that the examples are chosen from, and the minimum number of puzzles: large ones take long."""


@dataclass(frozen=True)
class Playing:
    """Weights to make a page of.

    Attributes:
        solver: the weights.
        examples: puzzles of each difficulty that a page offers.
        puzzle: the tokens ``[L]`` that it opens with; None for the first example.
    """

    solver: Solver
    examples: int = 3
    puzzle: IntArray | None = None

    @classmethod
    def of(cls, solver: Solver, examples: int, text: str | None) -> Playing:
        """A page that opens with the puzzle of a text, at its size if the weights allow it.

        Args:
            solver: the weights.
            examples: puzzles of each difficulty that the page offers.
            text: one puzzle as the task reads it; None for the first example.

        Raises:
            UsageError: the task cannot read text, or the network has no JavaScript form.
            PuzzleError: the text is malformed, or not one puzzle.
            CheckpointError: the weights cannot solve puzzles of its size.
        """
        model = solver.checkpoint.run.model
        mixer = model.mixer.name
        if model.structure.per_puzzle is not None:
            raise UsageError(
                f"Task {solver.task.name!r} gives each puzzle a structure of its own, which a page cannot read from a puzzle."
            )
        if not has_javascript_form(model):
            raise UsageError(
                f"The checkpoint {solver.checkpoint.path} has the mixer {mixer!r}, which cannot run in a page: only "
                f"{', '.join(MIXERS[:-1])} and {MIXERS[-1]} have a JavaScript form."
            )
        if text is None:
            return cls(solver, examples)
        if not solver.task.spec.reads_text:
            raise UsageError(f"Task {solver.task.name!r} cannot read puzzles from text: omit PUZZLE.")
        solver = solver.resized_for(text)
        puzzles = solver.task.parse(text)
        if len(puzzles) != 1:
            raise PuzzleError(f"Expected one puzzle, the text has {len(puzzles)}.")
        return cls(solver, examples, np.asarray(puzzles[0]))

    @cached_property
    def name(self) -> str:
        """The task and, if it is known, the preset, as in "sudoku:hard"."""
        run = self.solver.checkpoint.run
        return f"{run.task}:{run.preset}" if run.preset else str(run.task)

    @property
    def summary(self) -> str:
        """Two sentences on the puzzles and the network."""
        task = self.solver.task
        grid = task.description.structure.grid
        size = f"{grid[0]}x{grid[1]} cells" if grid else f"{task.description.seq_len} positions"
        return f"{task.spec.summary[:1].upper()}{task.spec.summary[1:]}. Here: {size}, {self._parameters} parameters."

    def html(self) -> str:
        """The page.

        Raises:
            UsageError: it would be larger than 2 MB.
        """
        solver, task = self.solver, self.solver.task
        board, model = task.board(), solver.model
        training = solver.loaded.experiment.training
        page = PlayPage(
            title=f"Watch a tiny network solve a {board.puzzle}",
            lead=f"{self.name} has {self._parameters} parameters and runs in this page. Nothing that you enter leaves it.",
            board=board,
            description=task.description,
            network=network_data(model, task.description, training.eval_answer if training else "last"),
            steps=solver.steps,
            puzzle=self.puzzle,
            notes=tuple(self._notes()),
        )
        page.html()  # refuses a network that is too large before puzzles are solved for the examples
        return replace(page, examples=tuple(self._examples())).html()

    @property
    def _parameters(self) -> str:
        return f"{self.solver.model.num_parameters():,}"

    def _notes(self) -> Iterator[str]:
        checkpoint = self.solver.checkpoint
        yield f"{self.solver.origin()}; trm {__version__}. {structure_note(self.solver.model.config)}"
        if checkpoint.card.get("scores"):
            card = checkpoint.card
            puzzles, steps = int(card["puzzles"]), int(card["supervision_steps"])
            yield (
                f"Scores on {puzzles:,} test puzzles of dataset {card.get('dataset', '')}, {steps} supervision steps: "
                f"{_scores(card['scores'], puzzles)}.{self._caveat}"
            )
        elif checkpoint.folder is not None and (scores := read_history(checkpoint.folder).last_scores()):
            yield f"Scores on its test puzzles: {_scores(scores)}.{self._caveat}"

    @property
    def _caveat(self) -> str:
        """A sentence for puzzles of another size than the scores were measured on."""
        trained = self.solver.checkpoint.run.model.context_length
        if trained in (0, self.solver.task.description.seq_len):
            return ""
        return " They were measured on puzzles of the size that it was trained on, not of the size on this page."

    def _examples(self) -> Iterator[PlayExample]:
        """Test puzzles of each difficulty, from easy to hard; if there are any."""
        puzzles = self._pool()
        if puzzles is None or not self.examples:
            return
        solver, task = self.solver, self.solver.task
        judge = (lambda inputs, answer: task.check(inputs, answer) is None) if task.spec.check else None
        backend = solver.loaded.session.backend
        since = solved_since(solver.model, puzzles, solver.steps, backend, judge, "fp32")  # as the page computes
        labels = puzzles.scored_labels(slice(None))
        known, ids = known_rows(labels), puzzles.example_puzzle_ids
        levels = levels_of(since, solver.steps)
        for level in (*LEVELS, "unsolved"):
            rows = [row for row in np.argsort(since, kind="stable") if levels[row] == level]
            places = np.linspace(0, max(len(rows) - 1, 0), min(len(rows), self.examples)).round().astype(int)
            for row in (rows[place] for place in places):
                solved_at = int(since[row]) if since[row] <= solver.steps else None
                inputs = np.asarray(puzzles.inputs[row]).astype(int)
                yield PlayExample(level, inputs, labels[row] if known[row] else None, solved_at, int(ids[row]))

    def _pool(self) -> PuzzleSet | None:
        """Some test puzzles of the task; None if they cannot be had."""
        solver = self.solver
        try:
            count = min(POOL, max(FEWEST, CELLS // solver.task.description.seq_len))
            return solver.loaded.experiment.puzzles("test", limit=count).head(count)
        except (TRMError, OSError) as error:
            solver.loaded.session.display.note(f"The page has no examples: {error}")
        return None


def levels_of(since: Sequence[int] | IntArray, steps: int) -> list[str]:
    """The difficulty of each puzzle, from the step from which its answer stays right ``[N]``.

    The solved puzzles are divided into thirds. Those that take the same number of steps have the same difficulty, the lower one.
    """
    solved = np.sort(np.asarray([step for step in since if step <= steps]))
    names = []
    for step in since:
        before = int(np.searchsorted(solved, step))
        names.append(LEVELS[3 * before // len(solved)] if step <= steps else "unsolved")
    return names


def _scores(scores: Mapping[str, float], puzzles: int | None = None) -> str:
    parts = []
    for name, value in scores.items():
        part = f"{name} {value:.2%}"
        if name == "exact_accuracy" and puzzles:
            low, high = wilson(value * puzzles, puzzles)
            part += f" (95 % interval: {low:.2%} to {high:.2%})"
        parts.append(part)
    return ", ".join(parts)
