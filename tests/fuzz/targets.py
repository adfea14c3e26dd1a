"""All readers by name."""

from __future__ import annotations

from functools import partial

from . import checkpoints, data, texts
from .harness import Target

TARGETS = {
    target.name: target
    for target in (
        Target("weights", checkpoints.shipped, checkpoints.spoil_shipped, checkpoints.read_shipped, 2),
        Target("run", checkpoints.runs, checkpoints.spoil_run, checkpoints.read_run, 2),
        Target("training-state", checkpoints.state_seeds, checkpoints.spoil_state, checkpoints.read_state, 1),
        Target("official", checkpoints.official, checkpoints.spoil_official, checkpoints.read_official, 2),
        Target("arrays", data.arrays, data.spoil_arrays, data.read_arrays, 4),
        Target("sudoku-csv", data.sudoku_csv, data.spoil_csv, data.read_sudoku_csv, 6),
        Target("maze-csv", data.maze_csv, data.spoil_csv, data.read_maze_csv, 6),
        Target("arc-folder", data.arc_folders, data.spoil_arc, data.read_arc_folder, 6),
        Target("arc-kaggle", data.kaggle, data.spoil_arc, data.read_kaggle, 6),
        Target("arc-text", texts.arc_texts, texts.spoil_arc_text, texts.read_arc_text, 6),
        Target("sudoku-text", partial(texts.puzzles, "sudoku"), texts.spoil_puzzles, texts.read_sudoku, 6),
        Target("maze-text", partial(texts.puzzles, "maze"), texts.spoil_puzzles, texts.read_maze, 6),
        Target("arithmetic-text", partial(texts.puzzles, "arithmetic"), texts.spoil_puzzles, texts.read_arithmetic, 6),
        Target("settings", texts.settings, texts.spoil_settings, texts.read_settings, 6),
        Target("records", texts.records, texts.spoil_records, texts.read_records, 1),
    )
}
