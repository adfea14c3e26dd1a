"""`Trace`: the refinement of one puzzle, and the verdict on its last answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from trm import __version__
from trm.data.puzzle_set import IntArray
from trm.errors import UsageError
from trm.evaluation.refine import FloatArray, Frame, Puzzle
from trm.evaluation.states import States
from trm.experiment.state_file import write_states
from trm.experiment.task import Task
from trm.render.html import as_frame, as_html
from trm.render.page import build_page
from trm.render.player import summary
from trm.render.raster import write_gif, write_png
from trm.render.scene import Stage
from trm.storage.atomic import write_bytes
from trm.words import counted

LARGEST_PAGE = 300_000
"""Characters up to which a notebook shows the page of a trace; what it shows is saved with the notebook."""


@dataclass(frozen=True)
class Trace:
    """How a model refined its answer to one puzzle.

    Attributes:
        task: the task, bound to the puzzle's size.
        puzzle: the puzzle.
        frames: one frame a supervision step, or one a cycle.
        origin: one line that says which weights these are.
        renderer: name of the renderer. Default: the task's own.
        restart: number of the initial state; see `trm.Solver.trace`.
        prefix_length: number of prefix tokens of the model.
        given: a picture of what the model learned from to answer this puzzle, shown before it. Default: nothing.
    """

    task: Task = field(repr=False)
    puzzle: Puzzle = field(repr=False)
    frames: tuple[Frame, ...] = field(repr=False)
    origin: str
    renderer: str | None = None
    restart: int = 0
    prefix_length: int = 0
    given: RenderableType | None = field(default=None, repr=False)

    @property
    def tokens(self) -> IntArray:
        """The answer after each frame, ``[frames, L]``."""
        return np.stack([frame.answer for frame in self.frames])

    @property
    def probabilities(self) -> FloatArray:
        """Probability of every token at every position after each frame, ``[frames, L, V]``."""
        return np.stack([frame.probabilities for frame in self.frames])

    @property
    def halting(self) -> FloatArray:
        """The model's probability that its answer is right after each frame, ``[frames]``."""
        return np.array([frame.halt for frame in self.frames], dtype=np.float32)

    @cached_property
    def states(self) -> States:
        """The states y and z after each frame, and messages if they were recorded.

        Raises:
            UsageError: they were not recorded.
        """
        states = States.of(self.frames, self.prefix_length)
        if states is None:
            raise UsageError("The trace has no states: record them with `solver.trace(puzzle, states=True)`.")
        return states

    @cached_property
    def stage(self) -> Stage:
        """The puzzle with its renderer."""
        return Stage(self.task.renderer(self.renderer), self.puzzle)

    @cached_property
    def verdict(self) -> Text:
        """A line on the last answer; see `verdict`."""
        return verdict(self.task, self.puzzle, self.frames)

    def html(self) -> str:
        """A self-contained page to step through the frames.

        Raises:
            UsageError: the page would be larger than a megabyte.
        """
        return build_page(
            self.stage,
            self.frames,
            self.task.description,
            title=f"A tiny recursive model on {self.task.name}",
            verdict=f"{self.verdict.plain.rstrip('.')}.",
            footer=f"{self.origin}; trm {__version__}.",
            given="" if self.given is None else as_html(self.given),
        )

    def to_html(self, path: str | Path) -> None:
        """Write `html` to a file."""
        write_bytes(Path(path), self.html().encode())

    def to_npz(self, path: str | Path) -> None:
        """Write states, tokens and probabilities as arrays to a NumPy file; see `trm.experiment.state_file`.

        Raises:
            UsageError: the states were not recorded.
        """
        frames, puzzle = self.frames, self.puzzle
        arrays = {
            "tokens": self.tokens,
            "probabilities": self.probabilities,
            "halting": self.halting,
            "step": np.array([frame.step for frame in frames]),
            "cycle": np.array([frame.cycle for frame in frames]),
            "inputs": np.asarray(puzzle.inputs),
        }
        if puzzle.labels is not None:
            arrays["labels"] = np.asarray(puzzle.labels)
        facts = {
            "task": self.task.name,
            "weights": self.origin,
            "restart": self.restart,
            "cycles": frames[0].cycles,
        }
        write_states(Path(path), self.states, arrays, self.task.description, facts)

    def to_gif(self, path: str | Path) -> None:
        """Write an animation. Needs the extra `trm[plot]`."""
        write_gif(Path(path), self.stage, self.frames)

    def to_png(self, path: str | Path) -> None:
        """Write a picture of all frames side by side. Needs the extra `trm[plot]`."""
        write_png(Path(path), self.stage, self.frames)

    def parts(self) -> Iterator[RenderableType]:
        """What was learned from, the puzzle, a line for each frame, the last answer and the verdict."""
        if self.given is not None:
            yield self.given
        yield self.stage.unsolved
        yield from (summary(frame) for frame in self.frames)
        yield self.stage.picture(self.frames[-1])
        yield self.verdict

    def __rich__(self) -> RenderableType:
        return Group(*self.parts())

    def _repr_html_(self) -> str:
        with contextlib.suppress(UsageError):  # the page would be larger than a page may be
            page = self.html()
            if len(page) < LARGEST_PAGE:
                return as_frame(page)
        return as_html(self)


def verdict(task: Task, puzzle: Puzzle, frames: Sequence[Frame]) -> Text:
    """A line on the last answer: judged by the task's rules if it has some, otherwise against the right answer."""
    last = frames[-1]
    problem = task.check(puzzle.inputs, last.answer)
    wrong = 0 if last.wrong is None else int(last.wrong.sum())
    if problem is None and task.spec.check is None and wrong:
        problem = f"{counted(wrong, 'cell')} {'differs' if wrong == 1 else 'differ'} from the right answer."
    if problem is not None:
        return Text.assemble(("✗ not solved ", "bold red"), f"in {counted(last.step, 'step')}: {problem}")
    if task.spec.check is None and last.right is None:
        return Text("This task defines no rule for checking answers.")
    since = max((frame.step for frame in frames if frame.changed.any()), default=1)
    return Text.assemble(("✓ solved ", "bold green"), f"at step {since}; confidence {last.halt:.0%}")
