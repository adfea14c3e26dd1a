"""All readers by name."""

from __future__ import annotations

from functools import partial

from . import checkpoints, data, texts
from .harness import Target

TARGETS = {
    target.name: target
    for target in (
        Target("weights", checkpoints.shipped, checkpoints.corrupt_shipped, checkpoints.read_shipped, 2),
        Target("run", checkpoints.runs, checkpoints.corrupt_run, checkpoints.read_run, 2),
        Target("training-state", checkpoints.state_seeds, checkpoints.corrupt_state, checkpoints.read_state, 1),
        Target("official", checkpoints.official, checkpoints.corrupt_official, checkpoints.read_official, 2),
        Target("arrays", data.arrays, data.corrupt_arrays, data.read_arrays, 4),
        Target("array-file", data.array_files, data.corrupt_array_file, data.read_array_file, 4),
        Target("sudoku-csv", data.sudoku_csv, data.corrupt_csv, data.read_sudoku_csv, 6),
        Target("maze-csv", data.maze_csv, data.corrupt_csv, data.read_maze_csv, 6),
        Target("arc-folder", data.arc_folders, data.corrupt_arc, data.read_arc_folder, 6),
        Target("arc-kaggle", data.kaggle, data.corrupt_arc, data.read_kaggle, 6),
        Target("arc-text", texts.arc_texts, texts.corrupt_arc_text, texts.read_arc_text, 6),
        Target("sudoku-text", partial(texts.puzzles, "sudoku"), texts.corrupt_puzzles, texts.read_sudoku, 6),
        Target("maze-text", partial(texts.puzzles, "maze"), texts.corrupt_puzzles, texts.read_maze, 6),
        Target(
            "arithmetic-text", partial(texts.puzzles, "arithmetic"), texts.corrupt_puzzles, texts.read_arithmetic, 6
        ),
        Target("text-file", texts.text_files, texts.corrupt_text_file, texts.read_text_file, 6),
        Target("settings-file", texts.settings_files, texts.corrupt_settings_file, texts.read_settings_file, 4),
        Target("answer-file", texts.answer_files, texts.corrupt_answer_file, texts.read_answer_file, 4),
        Target("settings", texts.settings, texts.corrupt_settings, texts.read_settings, 6),
        Target("records", texts.records, texts.corrupt_records, texts.read_records, 1),
    )
}
