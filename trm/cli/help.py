"""How `--help` looks: at the terminal's width, and with an example or two for every command."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterable, Mapping, Sequence

import click

WIDEST = 100
NARROW = 64
"""Below this width, descriptions stand under the names instead of beside them."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "list-tasks": ("trm list-tasks", "trm list-tasks -v"),
    "presets": ("trm presets sudoku hard", "trm presets sudoku hard --yaml > hard.yaml"),
    "train": ("trm train sudoku --preset mini", "trm train sudoku --preset hard --help"),
    "sweep": (
        "trm sweep sudoku --preset mini --set model.hidden_dim=32,64 --seeds 0-2",
        "trm sweep sudoku --preset mini --set training.learning_rate=1e-4..1e-2:log --search 20",
    ),
    "evaluate": ("trm evaluate runs/sudoku-mini", "trm evaluate sudoku:quick --limit 200"),
    "score": ("trm score arc submission.json",),
    "solve": ("trm solve sudoku puzzles.txt", "trm solve arithmetic 123+456 --json"),
    "import-checkpoint": ("trm import-checkpoint FOLDER --task sudoku -o run",),
    "export": (
        "trm export runs/sudoku-mini --format onnx -o mini.onnx",
        "trm export sudoku --format weights -o sudoku.safetensors",
    ),
    "demo": ("trm demo", "trm demo maze"),
    "trace": ("trm trace sudoku --html trace.html", "trm trace sudoku --states states.npz --messages"),
    "play": ("trm play sudoku", "trm play maze:hard --output maze.html", "trm play --gallery gallery"),
    "plot": (
        "trm plot runs",
        "trm plot runs/a runs/b -o curves.png",
        "trm plot sudoku --kind convergence -o convergence.svg -o convergence.csv",
    ),
    "runs": ("trm runs", "trm runs experiments/"),
    "compare": ("trm compare runs/a runs/b", "trm compare runs --markdown"),
    "push": (
        "trm push runs/sudoku-mini ann/sudoku-mini --dry-run",
        "trm push runs/sudoku-mini ann/sudoku-mini --license mit",
    ),
    "pull": ("trm pull ann/sudoku-mini", "trm pull ann/sudoku-mini@v2 -o runs/theirs", "trm pull --list ann"),
    "data": ("trm data info sudoku",),
    "data build": ("trm data build sudoku --preset mini -o data",),
    "data pack": ("trm data pack sudoku --preset hard -o hard.npz.xz",),
    "data info": ("trm data info sudoku --preset hard", "trm data info sudoku --data data"),
    "data clear": ("trm data clear", "trm data clear sudoku"),
    "new-task": ("trm new-task my-puzzle", "trm new-task my-puzzle --single-file"),
    "check-task": ("trm check-task my-puzzle",),
    "doctor": ("trm doctor", "trm doctor --json", "trm doctor --benchmark --preset sudoku:hard"),
}
"""Example command lines by the name of the command."""

FIRST_STEPS = ("trm demo", "trm solve sudoku puzzles.txt", "trm train sudoku --preset mini")


class HelpFormatter(click.HelpFormatter):
    """Writes at the terminal's width. Click's own is at least 50 and at most 80 columns wide."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = width or min(shutil.get_terminal_size().columns, max_width or WIDEST)
        super().__init__(indent_increment, max(columns, 20))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with their descriptions, beside them or, in a narrow terminal, under them."""
        super().write_dl(list(rows), 0 if self.width < NARROW else col_max, col_spacing)


class Context(click.Context):
    """A context whose help is written by `HelpFormatter`."""

    formatter_class = HelpFormatter


def complete_help(command: click.Command, path: str) -> None:
    """Give a command, and the commands of a group, its examples and the formatter.

    Args:
        command: the command. Its help text ends in its examples afterwards.
        path: the command's name, after that of its group, as in "data build".
    """
    command.context_class = Context
    command.help = with_examples(command.help, EXAMPLES.get(path, ()))
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            part.short_help = inspect.cleandoc(part.help or "").partition("\n\n")[0]  # Click would cut it off
            complete_help(part, f"{path} {name}")


def with_examples(text: str | None, examples: Sequence[str]) -> str:
    """A help text with examples under it, each on a line of its own."""
    text = inspect.cleandoc(text or "")
    lines = "\n".join(f"  {example}" for example in examples)
    return f"{text}\n\n\b\nExamples:\n{lines}" if examples else text
