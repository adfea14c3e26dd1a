"""The conformance kit itself: what runs, what is skipped, and how results are reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import trm.testing.run
from trm.cli.check_task import command
from trm.errors import UsageError
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, RendererSpec, TaskSpec
from trm.testing import CHECKS, Result, check_mixer, check_task, parametrize_with_checks
from trm.testing.run import PREREQUISITES
from trm.testing.subject import NOT_REFERENCES, Subject, references_of


def _run(task: str, *checks: str) -> dict[str, Result]:
    return {result.check: result for result in check_task(task, checks)}


def test_the_good_task_passes_every_check() -> None:
    results = _run("mixer")
    others = {name: result.verdict for name, result in results.items() if result.verdict != "passed"}
    assert list(results) == list(CHECKS)
    # The checks of boards pass in the tests of tasks that have one.
    lacking = ("structure_used", "board_fits", "board_accepts_answers")
    assert others == dict.fromkeys(lacking, "skipped"), results


@pytest.mark.parametrize("name", ["attention", "mlp", "relational", "grid", "mixer", "linked"])
def test_a_mixer_can_be_checked_without_a_task(name: str) -> None:
    check_mixer(name)


def test_prerequisites_come_first() -> None:
    order = list(CHECKS)
    for name, needed in PREREQUISITES.items():
        assert all(order.index(other) < order.index(name) for other in needed), name


def test_a_check_alone_runs_after_those_that_it_depends_on() -> None:
    result = _run("raising-build", "renderers_mark_errors")["renderers_mark_errors"]
    assert (result.verdict, result.problem) == ("skipped", "depends on data_arrays, which failed")
    result = _run("missing-attribute", "text_round_trip")["text_round_trip"]
    assert (result.verdict, result.problem) == ("skipped", "depends on references, which failed")


def test_a_declared_failure_does_not_skip_other_checks() -> None:
    assert _run("declared", "augmentation_keeps_answers")["augmentation_keeps_answers"].verdict == "passed"


def test_every_string_of_a_spec_is_a_name_a_summary_or_a_checked_reference() -> None:
    names = {"name", "task", "summary", "dataset", "augmentation", "renderer"}
    assert names == NOT_REFERENCES
    part = {"name": "n", "task": "t", "summary": "s"}
    assert references_of(DatasetSpec(**part, build="a:b")) == ["a:b"]
    for kind in (AugmentationSpec, MetricSpec, RendererSpec):
        assert references_of(kind(**part, factory="a:b")) == ["a:b"]
    functions = (
        "config describe parse fit format check solvable evaluate solve symmetry_class".split()  # noqa: SIM905
    )
    task = TaskSpec(name="n", summary="s", dataset="d", **{name: f"a:{name}" for name in functions})
    assert sorted(references_of(task)) == sorted(f"a:{name}" for name in functions)


def test_a_failure_shows_the_innermost_line_of_the_plugin() -> None:
    result = _run("raising-deep", "data_arrays")["data_arrays"]
    assert result.file == str(Path("tests/support/broken_functions.py").absolute())
    assert Path(result.file).read_text().splitlines()[result.line - 1].strip() == 'raise KeyError("no such symbol")'
    assert f"{result.file}, line {result.line} (`raise KeyError" in result.cause


def test_a_factory_may_ask_for_the_description() -> None:
    results = _run("described")
    lacking = {"structure_used", "mixers", "board_fits", "board_accepts_answers"}
    assert {name for name, result in results.items() if result.verdict != "passed"} == lacking, results
    ((_, renderer),) = Subject("described").renderers()
    assert renderer.names == tuple("abcde")  # type: ignore[attr-defined]


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
    runner = CliRunner()
    passed = runner.invoke(command, ["good", "--only", "config", "--only", "metrics_merge"], standalone_mode=False)
    assert passed.return_value == 0
    assert "All checks passed" in passed.stdout
    failed = runner.invoke(command, ["averaging", "--only", "metrics_merge", "--json"], standalone_mode=False)
    assert failed.return_value == 1
    report = json.loads(failed.stdout)
    assert not report["ok"]
    assert report["checks"][0]["cause"].startswith("Most likely `merge` averages")


def test_checks_of_parts_that_a_task_lacks_are_skipped() -> None:
    skipped = {name: result.problem for name, result in _run("bare").items() if result.verdict == "skipped"}
    assert skipped == {
        "structure_used": "the task's puzzles have no structure of their own",
        "metrics_score": "the task has no metric of its own",
        "metrics_merge": "the task has no metric of its own",
        "answer_rules": "the task has no `check`",
        "text_round_trip": "the task has no `parse` and `format`",
        "augmentation_changes": "the task has no augmentation",
        "augmentation_inverts": "the task has no augmentation",
        "augmentation_keeps_answers": "the task has no augmentation",
        "renderers_fit": "the task has no renderer of its own",
        "renderers_pure": "the task has no renderer of its own",
        "renderers_mark_errors": "the task has no renderer of its own",
        "board_fits": "the task has no `board`",
        "board_accepts_answers": "the task has no `board`",
        "mixers": "the plugin has no mixer",
    }


def test_an_unknown_task_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(command, ["sudoko"], standalone_mode=False)
    assert "Did you mean 'sudoku'" in str(result.exception)
