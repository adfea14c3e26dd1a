"""A plugin that breaks the contract in one way fails one check, with the problem and its likely cause."""

from __future__ import annotations

import shutil

import pytest

from tests.support.broken_plugins import ALL
from trm.testing import CHECKS, check_task

RAISED = '(`raise KeyError("no such symbol")`)'
"""The end of the likely cause if code of the plugin raised an error: its own line."""

STRUCTURED = {"unused-type", "much-room"}
"""Variants with puzzles that only these checks can read."""

LACKING = {
    "the task has no metric of its own",
    "the task has no `parse` and `format`",
    "the task has no augmentation",
    "the task has no renderer of its own",
}

SLOW = {"light_import", "training_learns"}
"""Checks that take most of the time and nothing else depends on: they run for the plugins that fail them."""

# Variant: the check that it fails, words of the problem, and words of the likely cause.
BROKEN: dict[str, tuple[str, str, str]] = {
    "heavy": ("light_import", "imports numpy", "imported at its top"),
    "fragile": ("light_import", "cannot be imported on its own", "another module happens to import"),
    "bad-name": ("references", "the summary ''", "A summary is one line"),
    "missing-part": ("references", "names the augmentation 'mirroring', which no plugin", "has another name"),
    "missing-attribute": ("references", "'tests.support.broken_functions:gone' cannot be loaded", "was renamed"),
    "uncallable": ("references", "'tests.support.good_task:SYMBOLS' is of type int", "a module's constant"),
    "no-default": ("config", "NoDefault cannot be built from defaults: `length` raises", "has no default"),
    "tolerant": ("config", "accepts unknown fields", 'extra="forbid"'),
    "undescribed-field": ("config", "has no description for other", "Field(default, description=...)"),
    "shrinking": ("config", "changes when it is written to JSON", "a validator changes its value each time"),
    "token-names": ("description", "4 token names for a vocabulary of 5", "counts the padding"),
    "pad": ("description", "padding token is 5, expected a token from 0 to 4", "counts the padding"),
    "grid": ("description", "The grid (2, 4) does not have 6 positions", "the grid differently"),
    "relation": ("description", "'mirror' groups 2 positions", "one group number"),
    "interchangeable": ("description", "interchangeable tokens are [1, 5]", "counts the padding"),
    "preset-names": ("presets", "Two presets have the same name", "not renamed"),
    "preset-start": ("presets", "has no preset 'first'", "`starts_from` is misspelt"),
    "preset-circle": ("presets", "'only' of task 'preset-circle' starts from itself", "`starts_from` is misspelt"),
    "unknown-read": ("config", "declares to read puzles, but Config has no such field", "`reads` is misspelt"),
    "preset-setting": ("presets", "model.hiden_dim", "misspelt"),
    "preset-weights": ("presets", "which do not exist", "not part of the package"),
    "bare-arrays": ("data_arrays", "returned tuple, expected a trm.data.PuzzleSet", "bare arrays"),
    "empty": ("data_arrays", "The test split is empty", "asks for no puzzles"),
    "floats": ("data_arrays", "raised labels has type float64: expected integers", "labels.astype(float)"),
    "two-descriptions": ("data_arrays", "description of the train split differs", "a Description of its own"),
    "outside": (
        "data_arrays",
        "raised inputs has 5 in row 0, position 2: expected a token from 0 to 4",
        "puzzles.inputs + 1",
    ),
    "unscored": ("data_arrays", "have no scored position", "every label is -100"),
    "ids": ("data_arrays", "raised puzzle_ids has 1 in row 1: expected an id from 0 to 0", "len(puzzles)"),
    "fixed": ("data_arrays", "a fixed position has another answer: Row 1 has label", "`Description.fixed` or"),
    "all-fixed": ("data_arrays", "40 of 40 puzzles have only fixed positions", "names the blank"),
    "unseeded": ("same_seed_same_data", "differs between two builds with seed 0", "made without the seed"),
    "one-seed": ("other_seed_other_data", "the same for seeds 0 and 1", "does not use its `seed`"),
    "shifted-seed": ("other_seed_other_data", "shifted by one puzzle", "seed + index"),
    "same-splits": ("splits_disjoint", "40 of 40 test puzzles are also training puzzles", "draw from one stream"),
    "renamed-splits": (
        "splits_disjoint",
        "40 of 40 test puzzles are training puzzles with their interchangeable tokens",
        "draw from one stream",
    ),
    "drawn-images": (
        "splits_disjoint",
        "test puzzles are images of training puzzles under the augmentation",
        "draw from one stream",
    ),
    "wrong-class": ("splits_disjoint", "change their symmetry class under augmentation 'renaming'", "a canonical form"),
    "in-place": ("augmentation_changes", "changes its arguments", "work on a copy"),
    "cropping": ("augmentation_changes", "returns inputs of shape [40, 5]", "crops or pads"),
    "identity": ("augmentation_changes", "changes none of 40 puzzles", "returns its arguments"),
    "own-generator": ("augmentation_changes", "for generators with the same seed", "the `rng` passed to `apply`"),
    "twice-forward": (
        "augmentation_inverts",
        "does not undo `apply`: 31 of 40 puzzles differ",
        "applies the permutation again",
    ),
    "rolling": ("augmentation_keeps_answers", "the right answers score", "not transformed alike"),
    "unscoring": ("augmentation_keeps_answers", "changes which positions are scored", "renames the label -100"),
    "never-perfect": ("metrics_score", "for perfect predictions, expected 1", "counts positions whose label is -100"),
    "lenient": ("metrics_score", "gives 1 for predictions with one wrong cell", "compares the wrong arrays"),
    "averaging": ("metrics_merge", "merged from three", "averages finished scores"),
    "draining": ("metrics_merge", "when `compute` is called again", "changes the counts"),
    "remembering": ("metrics_merge", "after `reset`", "does not clear every count"),
    "wide": ("renderers_fit", "columns, a terminal has 80", "too many characters"),
    "blank": ("renderers_fit", "shows nothing", "an empty Text"),
    "crashing": ("renderers_fit", "Renderer 'row' raised KeyError", RAISED),
    "scribbling": ("renderers_pure", "changes its arguments", "work on a copy"),
    "counting": ("renderers_pure", "differently the second time", "draws random numbers"),
    "colour-only": ("renderers_mark_errors", "like a right one in plain text", "by colour alone"),
    "read-shifted": ("text_round_trip", "does not read what `format` writes", "the offset between symbols"),
    "read-carelessly": ("text_round_trip", "raises ValueError", "does not check each character"),
    "read-anything": ("text_round_trip", "as a puzzle", "does not check each character"),
    "check-nothing": ("answer_rules", "accepts all of 40 answers", "always returns None"),
    "check-forward": ("answer_rules", "`check` refuses a right answer", "in another form"),
    "solvable-never": ("answer_rules", "`solvable` refuses a puzzle", "break the task's own rules"),
    "unpicklable": ("pickles", "Augmentation 'renaming' cannot be pickled", "is a lambda"),
    "exploding": (
        "training_learns",
        "Training fails: The loss or gradient was not finite in 11 steps in a row",
        "is too high",
    ),
    "slow": ("training_learns", "40 steps on 8 puzzles", "the learning rate of preset 'only'"),
    "blind": ("training_learns", "40 steps on 8 puzzles", "lack what the labels depend on"),
    "declared-in-vain": ("answer_rules", "but it passes", "Remove the check"),
    "missing-fit": ("references", "'tests.support.broken_functions:gone' cannot be loaded", "was renamed"),
    "missing-evaluate": ("references", "'tests.support.gone:evaluate' cannot be loaded", "was renamed"),
    "missing-solve": ("references", "'no colon' is not of the form 'package.module:attribute'", "was renamed"),
    "describe-nothing": ("description", "returned NoneType, not a Description", "`return` is missing"),
    "renamed-tokens": ("splits_disjoint", "with their interchangeable tokens renamed", "draw from one stream"),
    "same-answers": ("splits_disjoint", "40 of 40 test puzzles have the answer of a training", "draw from one stream"),
    "class-pairs": ("splits_disjoint", "an array of shape [40, 2] for 40 puzzles", "one key for each puzzle"),
    "read-doubled": ("text_round_trip", "became 2 puzzles", "the offset between symbols"),
    "raising-build": ("data_arrays", "broken_functions:raises raised KeyError: 'no such symbol'", RAISED),
    "raising-deep": ("data_arrays", "broken_functions:raises_deep_inside raised KeyError: 'no such symbol'", RAISED),
    "raising-describe": ("description", "broken_functions:raises raised KeyError: 'no such symbol'", RAISED),
    "raising-check": ("answer_rules", "`check` raised KeyError: 'no such symbol'", RAISED),
    "raising-parse": ("text_round_trip", "raised KeyError: 'no such symbol'", RAISED),
    "raising-format": ("text_round_trip", "`format` raised KeyError: 'no such symbol'", RAISED),
    "raising-solvable": ("answer_rules", "`solvable` raised KeyError: 'no such symbol'", RAISED),
    "raising-class": ("splits_disjoint", "`symmetry_class` raised KeyError: 'no such symbol'", RAISED),
    "raising-augmentation": (
        "augmentation_changes",
        "Augmentation 'renaming' raised KeyError: 'no such symbol'",
        RAISED,
    ),
    "raising-metric": ("metrics_score", "Metric RaisingMetric raised KeyError: 'no such symbol'", RAISED),
    "board-size": ("board_fits", "It has 4 looks for a vocabulary of 5 tokens", "counts the padding"),
    "board-nothing": ("board_fits", "returned NoneType, not a trm.render.Board", "another size"),
    "board-numpy": ("board_fits", "cannot be written as JSON", "NumPy numbers"),
    "board-rules": ("board_accepts_answers", "refuse the right answers of 40 of 40 test puzzles", "wrong tokens"),
    "unused-type": ("structure_used", "has an edge or group of type 'cage'", "has weights for it in vain"),
    "much-room": (
        "structure_used",
        "has room for 99 edges, but no puzzle of the train split has more than 5",
        "is a guess",
    ),
    "mixer-padded": ("mixers", "what a position receives depends on padding", "`links.real`"),
    "mixer-ordered": ("mixers", "the order of the positions changes more", "belongs to a position"),
    "mixer-linkless": ("mixers", "other links do not change its result", "does not use its last argument"),
    "mixer-missing": ("mixers", "'tests.support.broken_mixers:gone' cannot be loaded", "was renamed"),
    "mixer-nothing": ("mixers", "returned NoneType, expected a torch.nn.Module", "`return` is missing"),
    "mixer-tolerant": ("mixers", "accept unknown fields", 'extra="forbid"'),
    "mixer-undescribed": ("mixers", "have no description for scale", "Field(default, description=...)"),
    "mixer-required": ("mixers", "cannot be configured for a grid of 3x3", "has no default"),
    "mixer-function": ("mixers", "are not a pydantic model", "a dataclass or a function"),
    "mixer-gone": ("mixers", "'tests.support.broken_mixers:Gone' cannot be loaded", "was renamed"),
    "mixer-raising": ("mixers", "Mixer 'mixer-raising' raised KeyError: 'no such symbol'", RAISED),
    "mixer-pooling": ("mixers", "returns [2, 16] for a state of shape [2, 9, 16]", "drops or transposes"),
    "mixer-infinite": ("mixers", "returns values that are not finite", "divides by zero"),
    "mixer-unused": ("mixers", "no gradient reaches project.weight", "not used in `forward`"),
    "mixer-noisy": ("mixers", "different results for the same state", "dropout or noise"),
    "mixer-by-symbol": ("mixers", "renaming the symbols changes more than their order", "weights for each symbol"),
    "mixer-sized": ("mixers", "the size of the puzzle changes places", "a dimension of `context_length`"),
    "mixer-fixed-length": ("mixers", "does not keep the shape of a state with 4 positions", "uses `context_length`"),
}


@pytest.mark.parametrize("variant", BROKEN)
def test_one_cause_gives_one_failure_with_problem_and_cause(variant: str) -> None:
    broken, problem, cause = BROKEN[variant]
    if broken == "board_accepts_answers" and shutil.which("node") is None:
        pytest.skip("there is no node")
    checks = [name for name in CHECKS if name not in SLOW or name == broken]
    results = {result.check: result for result in check_task(variant, checks)}
    assert [name for name, result in results.items() if result.verdict == "failed"] == [broken]
    result = results[broken]
    assert problem in result.problem
    assert cause in result.cause
    for sentence in (result.problem, result.cause):
        assert sentence.endswith(".")
        assert "\n" not in sentence
    skipped = {result.problem for result in results.values() if result.verdict == "skipped"}
    assert skipped <= {
        f"depends on {broken}, which failed",
        "the task has no `check`",
        "the task has no `board`",
        "the plugin has no mixer",
        "the task's puzzles have no structure of their own",
        *(LACKING if variant in STRUCTURED else ()),
    }


def test_every_check_and_every_variant_is_pinned() -> None:
    assert {check for check, _, _ in BROKEN.values()} == set(CHECKS)
    good = {"good", "bare", "mixer", "linked", "described", "declared", "declared_nonsense"}
    assert {name.replace("-", "_") for name in BROKEN} | good == set(vars(ALL))
