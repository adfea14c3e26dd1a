"""What `trm demo` and `trm trace` start from: a task's model on a device, and puzzles to show it on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trm.errors import PuzzleError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from trm.devices import Backend
    from trm.evaluation.examples import Example
    from trm.evaluation.refine import Frame, Puzzle
    from trm.experiment.experiment import Experiment
    from trm.model import TinyRecursiveModel
    from trm.render.scene import Stage
    from trm.runs.checkpoint import LoadedModel


@dataclass
class Showcase:
    """A model ready to run."""

    experiment: Experiment
    loaded: LoadedModel
    model: TinyRecursiveModel
    backend: Backend
    steps: int

    def examples(self, count: int) -> list[Example]:
        """At most `count` unseen puzzles of rising difficulty: those that shipped weights carry, or the test split's."""
        import numpy as np

        from trm.evaluation.examples import choose_examples, examples_of_card
        from trm.runs.checkpoint import read_card

        path = self.loaded.path
        description, known = self.experiment.description, self.model.config.num_puzzles
        carried = examples_of_card(read_card(path), path, description, known) if path.is_file() else []
        if not carried:
            return choose_examples(self.model, self.experiment.split("test"), self.steps, self.backend, count)
        rows = np.unique(np.linspace(len(carried) - 1, 0, min(count, len(carried))).round().astype(int))
        return [carried[row] for row in rows]

    def sized_for(self, text: str) -> Showcase:
        """The same weights for puzzles of the size of the one in a text, where the task and the weights allow it.

        Raises:
            PuzzleError: the text has no puzzle, or a malformed one.
            CheckpointError: the weights are of one size only.
        """
        experiment = self.experiment.sized_for(text)
        model = experiment.fitted(self.loaded).to(self.backend.device).eval()
        return replace(self, experiment=experiment, model=model)

    def parse(self, text: str) -> Puzzle:
        """The only puzzle of a text.

        Raises:
            UsageError: the task can't read puzzles from text.
            PuzzleError: the text has no puzzle, or several, or a malformed one.
        """
        from trm.evaluation.refine import Puzzle
        from trm.plugins.code import load

        spec = self.experiment.spec
        if spec.parse is None:
            raise UsageError(
                f"Task {spec.name!r} can't read puzzles from text; leave out PUZZLE to see one of its own."
            )
        parsed = load(spec.parse)(text, self.experiment.task_config)
        if len(parsed) != 1:
            raise PuzzleError(f"The text has {len(parsed)} puzzles, one is wanted.")
        return Puzzle(parsed[0], fixed=self.experiment.description.fixed_in(parsed[0]))

    def stage(self, puzzle: Puzzle, renderer: str | None = None) -> Stage:
        """The puzzle with a renderer of the task, its default one where none is named."""
        from trm.render.scene import Stage

        return Stage(self.experiment.build_renderer(renderer), puzzle)


def load_showcase(task: str, checkpoint: str | None, device: str, steps: int | None) -> Showcase:
    """Load a checkpoint, or the weights that the task ships."""
    from trm.plugins.registry import get_registry

    get_registry().task(task)  # an unknown one is no checkpoint either
    from trm.cli.checkpoints import load_for_task
    from trm.devices import get_backend
    from trm.experiment.experiment import Experiment

    backend = get_backend(device)
    loaded = load_for_task(checkpoint, task)
    experiment = Experiment.from_run(loaded.run)
    model = loaded.model.to(backend.device).eval()
    return Showcase(experiment, loaded, model, backend, steps or experiment.evaluation_steps(model.config))


def verdict(experiment: Experiment, puzzle: Puzzle, frames: Sequence[Frame]) -> Text:
    """A line on the last answer: by the task's rules where it has some, else against the right answer."""
    from rich.text import Text

    last = frames[-1]
    problem = experiment.check(puzzle.inputs, last.answer)
    if problem is None and experiment.spec.check is None and last.wrong is not None and last.wrong.any():
        problem = f"{int(last.wrong.sum())} cells are not those of the right answer."
    if problem is not None:
        return Text.assemble(("✗ not solved ", "bold red"), f"in {last.step} steps: {problem}")
    if experiment.spec.check is None and last.right is None:
        return Text("Whether this is right, the task has no rule to tell.")
    since = max((frame.step for frame in frames if frame.changed.any()), default=1)
    return Text.assemble(("✓ solved ", "bold green"), f"at step {since}; the model is {last.halt:.0%} sure")
