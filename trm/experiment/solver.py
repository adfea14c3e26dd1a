"""`Solver`: trained weights ready to solve, evaluate and trace. `trm.load` makes one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from typing_extensions import Unpack

from trm.data.graphs import check_rows
from trm.data.puzzle_set import IGNORED, IntArray
from trm.data.ranges import check_integers, check_tokens
from trm.errors import DataError, PuzzleError, UsageError
from trm.evaluation.convergence import Convergence, converge
from trm.evaluation.examples import Example, choose_examples, examples_of_card
from trm.evaluation.options import SearchFields, SearchOptions
from trm.evaluation.refine import Frame, Puzzle, Record, RecordFields, refine
from trm.evaluation.search import Check
from trm.evaluation.trajectory import Trajectory, trajectory
from trm.experiment.answering import solve_rows, solve_texts
from trm.experiment.evaluator import EvaluationOptions, evaluate
from trm.experiment.experiment import Experiment
from trm.experiment.given import SourcedText
from trm.experiment.loaded import LoadedModel
from trm.experiment.notebook import notebook_display
from trm.experiment.results import Score, Solved
from trm.experiment.scored_data import ScoredDataStore
from trm.experiment.session import Display, Session
from trm.experiment.source import DataSource
from trm.experiment.task import Task
from trm.experiment.tracing import Trace
from trm.markup import facts, note, panel
from trm.model import TinyRecursiveModel
from trm.model.checks import check_steps
from trm.progress import Advance, progress
from trm.render.scene import Stage
from trm.runs.locate import Checkpoint, locate
from trm.words import counted

PuzzleLike = str | Sequence[int] | IntArray | Puzzle
"""A puzzle as text, as tokens ``[L]``, or with its answer."""


def load(what: str | Path, *, device: str = "auto", task: str | None = None, display: Display | None = None) -> Solver:
    """Load trained weights.

    Args:
        what: a run folder, a `step_N` folder of it, a weights file, a task (`"sudoku"`) or preset (`"sudoku:hard"`) that
            ships weights, or a model on the Hugging Face Hub (`"hf://owner/name"`, `"hf://owner/name@revision"`).
        device: "auto", "cpu", "cuda", "cuda:1", "mps", or a plugin's device.
        task: the task that the weights must belong to. Default: any.
        display: shows notes and progress. Default: they are shown in a notebook, and nowhere else.

    Raises:
        CheckpointError: the weights are missing, damaged, or belong to another task.
        UsageError: the device, the task, or the model on the Hub does not exist.
        TRMError: a download failed.
    """
    session = Session.open(device, display or notebook_display())
    checkpoint = locate(what, task)
    return Solver(LoadedModel(checkpoint, Experiment.from_run(checkpoint.run), session))


@dataclass(frozen=True)
class Solver:
    """Trained weights of a task on a device.

    Attributes:
        loaded: the weights, the experiment and the device.
    """

    loaded: LoadedModel

    @property
    def checkpoint(self) -> Checkpoint:
        """The weights and where they come from."""
        return self.loaded.checkpoint

    @property
    def task(self) -> Task:
        """The task, bound to the settings of the run."""
        return self.loaded.task

    @property
    def model(self) -> TinyRecursiveModel:
        """The model on the device, in evaluation mode; see `LoadedModel.model`."""
        return self.loaded.model

    @property
    def steps(self) -> int:
        """Default number of supervision steps."""
        return self.loaded.steps

    def solve(self, puzzle: PuzzleLike, **options: Unpack[SearchFields]) -> Solved:
        """Solve one puzzle.

        Args:
            puzzle: text that the task can read, or tokens ``[L]``; where puzzles have a structure of their own, a row
                ``[W]``, see `trm.data.Description.row`.
            **options: see `SearchOptions`: `steps`, `restarts`, `search`, `votes`, `answer`, `check`, `halt`, `budget`.

        Raises:
            UsageError: the tokens have a wrong length, type or value, or an option is out of range.
            PuzzleError: the puzzle is malformed, unsolvable, or not the only one in its text.
            CheckpointError: the weights cannot solve puzzles of its size.
        """
        search = SearchOptions(**options)
        if isinstance(puzzle, str) or self.task.spec.solve is not None:
            text = puzzle if isinstance(puzzle, str) else self.task.format(self._puzzle(puzzle).inputs)
            solved = list(solve_texts(self.loaded, [SourcedText("", text)], search))
        else:
            solved = list(solve_rows(self.loaded, [self._puzzle(puzzle).inputs], search))
        if len(solved) != 1:
            raise PuzzleError(f"Expected one puzzle, got {len(solved)}.")
        return solved[0]

    def evaluate(
        self,
        *,
        source: DataSource = DataSource(),  # noqa: B008
        split: str = "test",
        limit: int | None = None,
        metrics: Sequence[str] = (),
        output: Path | None = None,
        puzzle_ids: str | None = None,
        store: ScoredDataStore | None = None,
        **options: Unpack[SearchFields],
    ) -> Score:
        """Score the weights on puzzles with known answers.

        Args:
            source: other data than the run's own.
            split: "test", "train", or "validation" if the data has it.
            limit: number of puzzles to score. Default: all.
            metrics: names of metrics to report beside the task's own.
            output: folder for what a task's own evaluator writes. Default: a folder in the run.
            puzzle_ids: "blank" or "random" puzzle vectors, as an ablation. Default: the trained ones.
            store: gives the puzzles; evaluations that share one read the same puzzles once. Default: a new one.
            **options: see `SearchOptions`: `steps`, `restarts`, `search`, `votes`, `answer`, `check`, `halt`, `budget`, `jobs`.

        Raises:
            UsageError: an unknown dataset, setting or metric, or an option that the task has no use for.
            DataError: the data cannot be read.
            CheckpointError: the weights do not fit the data.
        """
        trained_on, loaded = self.loaded.experiment, self._with_source(source)
        chosen = EvaluationOptions(split=split, limit=limit, metrics=metrics, output=output, puzzle_ids=puzzle_ids)
        return evaluate(loaded, trained_on, chosen, SearchOptions(**options), store)

    def trace(
        self,
        puzzle: PuzzleLike | None = None,
        *,
        steps: int | None = None,
        cycles: bool = False,
        restart: int = 0,
        **record: Unpack[RecordFields],
    ) -> Trace:
        """Record how the model refines its answer to one puzzle.

        Args:
            puzzle: text that the task can read, or tokens ``[L]``. Default: a test puzzle that took many steps.
            steps: supervision steps. Default: same as in training.
            cycles: record each of the T cycles inside a step as well.
            restart: number of the initial state. 0, the default, is the model's own; others have noise in them, as in
                `trm solve --restarts`.
            **record: `states=True` keeps the states y and z of each frame for `Trace.states`, ``8 * (P+L) * D`` bytes a
                frame (times S with one vector per symbol). `messages=True` also keeps the size of each message between
                positions, `attention=True` the attention weights, ``2 * calls * heads * (P+L)**2`` bytes a frame.

        Raises:
            UsageError: `steps` is below 1, or the tokens have a wrong length, type or value, the mixer offers no messages,
                or the recording would take more than a GiB.
            PuzzleError: the text is malformed, or not one puzzle.
        """
        solver, parsed = self._given(puzzle)
        model = solver.model
        steps = check_steps(steps, solver.steps)
        frames = refine(model, parsed, steps, self.loaded.session.backend, cycles, Record(**record), restart)
        with progress("Tracing", steps * (model.config.T_steps if cycles else 1), "frames") as advance:
            recorded = tuple(_counted(frames, advance))
        return Trace(solver.task, parsed, recorded, solver.origin(), None, restart, model.config.prefix_length)

    def trajectory(
        self, puzzle: PuzzleLike | None = None, *, steps: int | None = None, restarts: int = 5
    ) -> Trajectory:
        """The paths of the state of one puzzle from several initial states, in its principal components.

        Args:
            puzzle: as for `trace`.
            steps: supervision steps. Default: same as in training.
            restarts: number of initial states; the first is the model's own.

        Raises:
            UsageError: a number is below 1, the tokens are no puzzle, or the states would take more than a GiB.
            PuzzleError: the text is malformed, or not one puzzle.
        """
        solver, parsed = self._given(puzzle)
        steps = check_steps(steps, solver.steps)
        return trajectory(solver.model, parsed, steps, restarts, self.loaded.session.backend, solver._check_answer())

    def convergence(
        self,
        *,
        steps: int = 64,
        limit: int = 32,
        source: DataSource = DataSource(),  # noqa: B008
        split: str = "test",
    ) -> Convergence:
        """How the states of several puzzles move over many supervision steps.

        Args:
            steps: supervision steps, usually many more than in training.
            limit: number of puzzles.
            source: other data than the run's own.
            split: "test" or "train".

        Raises:
            UsageError: a number is below 1, an unknown dataset or setting, or too many steps for a GiB of states.
            DataError: the data cannot be read.
            CheckpointError: the weights do not fit the data.
        """
        limit = EvaluationOptions(split=split, limit=limit).limit or 1
        loaded = self._with_source(source)
        puzzles = loaded.experiment.puzzles(split, limit=limit).head(limit)
        check = Solver(loaded)._check_answer()
        return converge(loaded.model, puzzles, steps, loaded.session.backend, loaded.steps, check)

    def frames(self, puzzle: Puzzle, steps: int | None = None, cycles: bool = False) -> Iterator[Frame]:
        """The refinement of one puzzle, frame by frame as it is computed; see `trace`."""
        return refine(self.model, puzzle, check_steps(steps, self.steps), self.loaded.session.backend, cycles)

    def examples(self, count: int, steps: int | None = None) -> list[Example]:
        """At most `count` test puzzles of rising difficulty, from the weights file or else from the test split."""
        checkpoint, description = self.checkpoint, self.task.description
        carried = examples_of_card(dict(checkpoint.card), checkpoint.path, description, self.model.config.num_puzzles)
        if not carried:
            puzzles = self.loaded.experiment.puzzles("test")
            steps = check_steps(steps, self.steps)
            return choose_examples(self.model, puzzles, steps, self.loaded.session.backend, count)
        rows = np.unique(np.linspace(len(carried) - 1, 0, min(count, len(carried))).round().astype(int))
        return [carried[row] for row in rows]

    def resized_for(self, text: str) -> Solver:
        """The same weights for puzzles of the size of those in a text, if task and weights allow it.

        Raises:
            PuzzleError: the text has no puzzle, or a malformed one.
        """
        return replace(self, loaded=self.loaded.with_task(self.task.resized_for(text)))

    def stage(self, puzzle: Puzzle, renderer: str | None = None) -> Stage:
        """A puzzle with one of the task's renderers. Default: the task's own."""
        return Stage(self.task.renderer(renderer), puzzle)

    def origin(self) -> str:
        """One line that says which weights these are."""
        run, step, source = self.checkpoint.run, self.checkpoint.step, self.checkpoint.source
        saved = (f", step {step:,}" if step else "") + (f", {source}" if source else "")
        return f"{run.task} {run.preset or ''}: {self.model.num_parameters():,} parameters, seed {run.seed}{saved}"

    def _with_source(self, source: DataSource) -> LoadedModel:
        """The weights with other data than the run's own, with notes on it for the display."""
        loaded = replace(self.loaded, experiment=source.applied_to(self.loaded.experiment))
        for sentence in loaded.experiment.notes:
            loaded.session.display.note(sentence)
        return loaded

    def _check_answer(self) -> Check | None:
        """Judges answers by the task's rules; None if it has none."""
        task = self.task
        return (lambda inputs, answer: task.check(inputs, answer) is None) if task.spec.check else None

    def _given(self, puzzle: PuzzleLike | None) -> tuple[Solver, Puzzle]:
        """A puzzle, by default a test puzzle that took many steps, and the solver at its size."""
        if puzzle is None:
            puzzle = self.examples(1)[0].puzzle
        solver = self.resized_for(puzzle) if isinstance(puzzle, str) else self
        return solver, solver._puzzle(puzzle)

    def _puzzle(self, puzzle: PuzzleLike) -> Puzzle:
        if isinstance(puzzle, Puzzle):
            self._check(puzzle.inputs)
            return puzzle
        if isinstance(puzzle, str):
            if not self.task.spec.reads_text:
                raise UsageError(
                    f"Task {self.task.name!r} cannot read puzzles from text; omit PUZZLE to see one of its own."
                )
            reading = self.task.read(puzzle)
            parsed = reading.strictly()
            if not reading.usual:
                self.loaded.session.display.note(f"The puzzle is read as {reading.form}.")
            if len(parsed) != 1:
                raise PuzzleError(f"Expected one puzzle, the text has {len(parsed)}.")
            return self._with_fixed(parsed[0])
        tokens = np.asarray(puzzle)
        self._check(tokens)
        return self._with_fixed(tokens)

    def _check(self, tokens: IntArray) -> None:
        """Raise `UsageError` for tokens that are not a puzzle of the task's size."""
        description = self.task.description
        if tokens.shape != (description.input_width,):
            raise UsageError(
                f"Expected a puzzle of {description.input_width} tokens, got an array of shape {list(tokens.shape)}."
            )
        try:
            check_integers("The puzzle", tokens)
            check_tokens("The puzzle", description.tokens(tokens[None]), description.vocab_size)
            if description.structure.per_puzzle is not None:
                unknown = np.full((1, description.seq_len), IGNORED)
                check_rows(tokens[None], unknown, description.seq_len, description.structure.per_puzzle)
        except DataError as error:
            raise UsageError(str(error)) from None

    def _with_fixed(self, inputs: IntArray) -> Puzzle:
        return Puzzle(inputs, fixed=self.task.description.fixed_in(inputs))

    def __repr__(self) -> str:
        return f"<Solver {self.origin()}>"

    def _repr_html_(self) -> str:
        return panel(
            f"Solver for {self.task.name}", facts(self._facts()), note("solve(puzzle), evaluate(), trace(puzzle)")
        )

    def _facts(self) -> dict[str, str]:
        """What the weights are, for a notebook."""
        checkpoint, config, shape = self.checkpoint, self.model.config, self.task.description
        saved = f"saved at step {checkpoint.step:,}" if checkpoint.step else checkpoint.kind
        card = checkpoint.card
        scores = ", ".join(f"{name} {value:.1%}" for name, value in card.get("scores", {}).items())
        return {
            "weights": f"{checkpoint.path if checkpoint.folder else checkpoint.path.name} ({saved})",
            "preset": checkpoint.run.preset or "",
            "network": f"{counted(self.model.num_parameters(), 'parameter')}, {config.mixing}, width {config.hidden_dim}",
            "puzzles": f"{counted(shape.seq_len, 'position')}, {counted(shape.vocab_size, 'token')}",
            "steps": f"{self.steps} by default",
            "scores": f"{scores} on {counted(card['puzzles'], 'test puzzle')}" if scores and "puzzles" in card else "",
            "device": self.loaded.session.backend.describe(),
            "seed": str(checkpoint.run.seed),
        }


def _counted(frames: Iterable[Frame], advance: Advance) -> Iterator[Frame]:
    """The frames; each is counted when the next one is asked for."""
    for frame in frames:
        yield frame
        advance()
