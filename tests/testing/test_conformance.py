"""Every check of the conformance kit is pinned by a plugin that is broken in exactly that way."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import trm.testing.run
from tests.support.broken_plugins import ALL
from trm.errors import UsageError
from trm.plugins.registry import get_registry
from trm.testing import CHECKS, Result, check_task, parametrize_with_checks

MODULES = {
    "heavy": "import numpy\nfrom tests.support.broken_plugins import ALL\nPLUGIN = ALL.heavy\n",
    "fragile": "import sys\nif 'pytest' not in sys.modules:\n    raise ImportError('later, please')\n"
    "from tests.support.broken_plugins import ALL\nPLUGIN = ALL.fragile\n",
}

# Variant: the check that it fails, and words of what is wrong and of the likely cause.
BROKEN = {
    "heavy": ("light_import", "imports numpy", "imported at its top"),
    "fragile": ("light_import", "can't be imported on its own", "another module happens to import"),
    "bad-name": ("references", "its summary ''", "a summary is one line"),
    "missing-part": ("references", "names the augmentation 'mirroring', which no plugin", "has another name"),
    "missing-attribute": ("references", "'tests.support.broken_parts:gone' cannot be loaded", "was renamed"),
    "uncallable": ("references", "'tests.support.broken_parts:SYMBOLS' is a int", "a module's constant"),
    "no-default": ("config", "can't be built without arguments: length", "has no default"),
    "tolerant": ("config", "accepts fields that it does not have", 'extra="forbid"'),
    "undescribed-field": ("config", "settings other have no description", "Field(default, description=...)"),
    "shrinking": ("config", "not the same after JSON", "a validator that changes its value twice"),
    "token-names": ("description", "4 token names for a vocabulary of 5", "counts the padding"),
    "pad": ("description", "padding token 5 is not one of the 5", "counts the padding"),
    "grid": ("description", "The grid (2, 4) does not have 6 positions", "the grid differently"),
    "relation": ("description", "'mirror' puts 2 positions into groups", "one group number"),
    "interchangeable": ("description", "interchangeable tokens [1, 5]", "counts the padding"),
    "preset-names": ("presets", "Two presets have one name", "not renamed"),
    "preset-setting": ("presets", "model.hiden_dim", "misspelt"),
    "preset-weights": ("presets", "which are not there", "not part of the package"),
    "bare-arrays": ("data_arrays", "returned tuple, not a trm.data.PuzzleSet", "bare arrays"),
    "empty": ("data_arrays", "The test split is empty", "asks for no puzzles"),
    "floats": ("data_arrays", "labels of the train split are of type float64", "without a dtype"),
    "two-descriptions": ("data_arrays", "has another description than", "a Description of its own"),
    "outside": ("data_arrays", "have tokens 1 to 5, the vocabulary is 0 to 4", "leaves out the padding"),
    "unscored": ("data_arrays", "have no scored position", "every label is -100"),
    "ids": ("data_arrays", "has puzzle ids up to 39", "does not count the blank id"),
    "unseeded": ("same_seed_same_data", "built twice with seed 0", "made without the seed"),
    "one-seed": ("other_seed_other_data", "the same with seeds 0 and 1", "does not use its `seed`"),
    "shifted-seed": ("other_seed_other_data", "shifted by one puzzle", "seed + index"),
    "same-splits": ("splits_disjoint", "40 of 40 test puzzles are training puzzles too", "draw from one stream"),
    "renamed-splits": ("splits_disjoint", "40 of 40 test puzzles have the symmetry class", "draw from one stream"),
    "drawn-images": ("splits_disjoint", "test puzzles are images of training puzzles under", "draw from one stream"),
    "wrong-class": ("splits_disjoint", "have another symmetry class after augmentation", "a canonical form"),
    "in-place": ("augmentation_changes", "changes the arrays that it is given", "work on a copy"),
    "cropping": ("augmentation_changes", "returns inputs [40, 5] of int64 for [40, 6]", "keep their shape"),
    "identity": ("augmentation_changes", "changes none of 40 puzzles", "returns its arguments"),
    "own-generator": ("augmentation_changes", "for generators of one seed", "the `rng` that `apply` is given"),
    "twice-forward": ("augmentation_inverts", "does not undo itself", "applies the permutation again"),
    "inputs-only": ("augmentation_keeps_answers", "the right answers score", "not transformed alike"),
    "unscoring": ("augmentation_keeps_answers", "changes which positions are scored", "renames the label -100"),
    "never-perfect": ("metrics_score", "for perfect predictions, not 1", "counts positions whose label is -100"),
    "lenient": ("metrics_score", "gives 1 for predictions with one wrong cell", "compares the wrong arrays"),
    "averaging": ("metrics_merge", "merged from three", "averages finished scores"),
    "draining": ("metrics_merge", "when `compute` is called twice", "changes the counts"),
    "remembering": ("metrics_merge", "after `reset`", "leaves a count"),
    "wide": ("renderers_fit", "columns, a terminal has 80", "too many characters"),
    "blank": ("renderers_fit", "shows nothing", "an empty Text"),
    "crashing": ("renderers_fit", "Renderer 'row' raised KeyError", "of broken_parts.py"),
    "scribbling": ("renderers_pure", "changes the arrays that it is given", "work on a copy"),
    "counting": ("renderers_pure", "differently the second time", "draws at random"),
    "colour-only": ("renderers_mark_errors", "like a right one in plain text", "by colour alone"),
    "read-shifted": ("text_round_trip", "does not read what `format` writes", "the offset between symbols"),
    "read-carelessly": ("text_round_trip", "raises ValueError", "does not look at each character"),
    "read-anything": ("text_round_trip", "for a puzzle", "does not look at each character"),
    "check-nothing": ("answer_rules", "accepts all of 40 answers", "always returns None"),
    "check-forward": ("answer_rules", "`check` refuses a right answer", "in another form"),
    "solvable-never": ("answer_rules", "`solvable` refuses a puzzle", "break the task's own rules"),
    "unpicklable": ("pickles", "Augmentation 'renaming' can't be pickled", "keeps a lambda"),
    "exploding": (
        "training_learns",
        "Training fails: The loss or gradient was not finite in 11 steps in a row",
        "learns too fast",
    ),
    "slow": ("training_learns", "40 steps on 8 puzzles", "the learning rate of preset 'only'"),
    "blind": ("training_learns", "40 steps on 8 puzzles", "don't hold what the labels depend on"),
    "declared-in-vain": ("answer_rules", "but it passes", "Remove the check"),
}


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The broken plugins as pip would have left them, all in one distribution."""
    folder = tmp_path_factory.mktemp("site")
    for name, code in MODULES.items():
        (folder / f"{name}_plugin.py").write_text(code)
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    lines = [f"{name} = tests.support.broken_plugins:ALL.{name}" for name in vars(ALL) if name not in MODULES]
    lines += [f"{name} = {name}_plugin:PLUGIN" for name in MODULES]
    (info / "entry_points.txt").write_text("[trm]\n" + "\n".join(lines) + "\n")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    _forget()
    yield
    sys.path.remove(str(folder))
    _forget()


def _forget() -> None:
    get_registry.cache_clear()
    trm.testing.run._subject.cache_clear()


def _run(task: str, *checks: str) -> dict[str, Result]:
    return {result.check: result for result in check_task(task, checks)}


def test_the_good_task_passes_every_check() -> None:
    results = _run("good")
    assert [result.verdict for result in results.values()] == ["passed"] * len(CHECKS), results


@pytest.mark.parametrize("variant", BROKEN)
def test_a_broken_plugin_fails_its_check_with_problem_and_cause(variant: str) -> None:
    check, problem, cause = BROKEN[variant]
    result = _run(variant, check)[check]
    assert result.verdict == "failed"
    assert problem in result.problem
    assert cause in result.cause
    for sentence in (result.problem, result.cause):
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_every_check_and_every_variant_is_pinned() -> None:
    assert {check for check, _, _ in BROKEN.values()} == set(CHECKS)
    assert {name.replace("-", "_") for name in BROKEN} | {"good", "declared", "declared_nonsense"} == set(vars(ALL))


def test_declared_failures_are_expected_with_their_reason() -> None:
    result = _run("declared", "answer_rules")["answer_rules"]
    assert (result.verdict, result.problem) == ("expected", "any answer is right here")
    with pytest.raises(UsageError, match=r"no check 'answer_rule'\. Did you mean 'answer_rules'"):
        _run("declared-nonsense")
    with pytest.raises(UsageError, match=r"no check 'pickle'\. Did you mean 'pickles'"):
        _run("good", "pickle")


def test_pytest_gets_one_id_a_check_and_strict_expected_failures() -> None:
    mark = parametrize_with_checks("declared").mark  # type: ignore[attr-defined]
    cases = {case.id: case for case in mark.args[1]}
    assert list(cases) == [f"declared-{name}" for name in CHECKS]
    (expected,) = cases["declared-answer_rules"].marks
    assert expected.kwargs["strict"]
    assert expected.kwargs["reason"] == "any answer is right here"


@parametrize_with_checks("sudoku")
def test_sudoku(check: trm.testing.run.Check) -> None:
    check()


def test_the_command_prints_a_table_or_json_and_exits_with_1_for_a_failure() -> None:
    from trm.cli.check_task import command

    runner = CliRunner()
    passed = runner.invoke(command, ["good", "--only", "config", "--only", "metrics_merge"], standalone_mode=False)
    assert passed.return_value == 0
    assert "All checks passed" in passed.stdout
    failed = runner.invoke(command, ["averaging", "--only", "metrics_merge", "--json"], standalone_mode=False)
    assert failed.return_value == 1
    report = json.loads(failed.stdout)
    assert not report["ok"]
    assert report["checks"][0]["cause"].startswith("Most likely `merge` averages")


def test_parts_that_a_task_lacks_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = trm.testing.run._subject("good")
    monkeypatch.setattr(subject, "parts", lambda kind: {})
    verdicts = _run("good", "augmentation_inverts", "metrics_score", "metrics_merge", "renderers_fit")
    assert {result.verdict for result in verdicts.values()} == {"skipped"}


def test_messages_can_be_tried_from_a_shell(tmp_path: Path) -> None:
    """`check-task` of an unknown task says what to do."""
    from trm.cli.check_task import command

    result = CliRunner().invoke(command, ["sudoko"], standalone_mode=False)
    assert "Did you mean 'sudoku'" in str(result.exception)
