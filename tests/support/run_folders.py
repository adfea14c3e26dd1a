"""Run folders made of files alone, without a training: for what reads runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trm.config import RunConfig, TrainingConfig, TRMConfig

MODEL = TRMConfig(vocab_size=11, context_length=81)


def write_run(
    folder: Path,
    scores: tuple[float, ...] = (0.5, 0.9),
    *,
    puzzles: int | None = 1000,
    data: str | None = None,
    training: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Write a run with one evaluation every 10 steps.

    Args:
        folder: the run folder.
        scores: the exact accuracies.
        puzzles: the number of test puzzles in the summary; None for a run without a summary, an interrupted one.
        data: the fingerprint of the test puzzles.
        training: settings of the training that are not the default.
        settings: of `RunConfig`.
    """
    (folder / "checkpoints").mkdir(parents=True)
    known: dict[str, Any] = {"task": "sudoku", "preset": "mini", "model": MODEL, "task_config": {"size": 9}}
    config = RunConfig(**known | settings, training=TrainingConfig(**{"max_steps": 20} | (training or {})))
    (folder / "config.json").write_text(config.model_dump_json())
    lines = []
    for number, score in enumerate(scores, start=1):
        place = {"step": 10 * number, "epoch": number / 10, "seconds": 30.0 * number}
        lines.append(place | {"loss": 1 / number, "progress": number / len(scores)})
        lines.append(place | {"test": {"cell_accuracy": (1 + score) / 2, "exact_accuracy": score}})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if puzzles is not None:
        final = lines[-1]["test"] if lines else {}
        summary: dict[str, Any] = {
            "final_metrics": final,
            "steps": 10 * len(scores),
            "parameters": 12345,
            "test_puzzles": puzzles,
        }
        if data is not None:
            summary["data"] = {"test": {"fingerprint": data}}
        (folder / "summary.json").write_text(json.dumps(summary))
    return folder
