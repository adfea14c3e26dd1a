"""A finished run as HTML, for notebooks: its scores, its learning curves, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trm.errors import CheckpointError
from trm.markup import beside, chart, facts, note, panel
from trm.progress import duration
from trm.render.html import percentages
from trm.runs.history import read_history
from trm.words import counted, leak_sentence


def run_html(folder: Path, summary: Mapping[str, Any]) -> str:
    """A run folder and its `summary.json` as HTML; without curves if the folder has been deleted."""
    try:
        history = read_history(folder)
        exact, loss = history.curve("exact_accuracy"), history.curve("loss")
    except CheckpointError:
        exact, loss = [], []
    puzzles = summary.get("test_puzzles", 0)
    leaked = summary.get("test_puzzles_in_training")
    return panel(
        f"Run {folder}",
        beside(
            facts(
                {
                    **percentages(summary["final_metrics"]),
                    "scored on": counted(puzzles, "test puzzle"),
                    "trained on": counted(summary["train_puzzles"], "puzzle") if "train_puzzles" in summary else "",
                    "training": f"{counted(summary['steps'], 'step')}, {duration(summary['seconds'])}",
                    "network": counted(summary["parameters"], "parameter"),
                    "seed": str(summary.get("seed", "")),
                }
            ),
            chart("exact accuracy on test puzzles", exact, low=0, high=1) + chart("loss", loss, low=0),
        ),
        note(leak_sentence(leaked)) if leaked else "",
        note(f"trm.load({str(folder)!r}) loads the weights."),
    )
