"""Tests of tasks from every kind of source, their variants, and the datasets built from them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import build, select
from trm_tasks_arc.leaks import LeakError
from trm_tasks_arc.pairs import Task, read_task
from trm_tasks_arc.scoring import apply, crop, encode, undo
from trm_tasks_arc.tasks import load_source, load_sources
from trm_tasks_arc.transforms import variant_names
from trm_tasks_arc.variants import draw_variants

from trm.errors import DataError, TRMError, UsageError

CONCEPT = Path(__file__).parents[2].parent / "shared" / "data" / "arc-agi_concept_challenges.json"


def make_task(rng: np.random.Generator, name: str = "made", side: int = 4, colours: int = 10) -> Task:
    def grid() -> list[list[int]]:
        rows, columns = rng.integers(1, side + 1, 2)
        return rng.integers(0, colours, (rows, columns)).tolist()

    pairs = [{"input": grid(), "output": grid()} for _ in range(int(rng.integers(2, 5)))]
    return read_task(name, {"train": pairs[:-1], "test": pairs[-1:]})


def all_grids(task: Task, name: str) -> tuple[Any, ...]:
    """Return the pairs of a variant in any order."""
    pairs = [
        tuple(apply(name, grid).tolist() for grid in (p.input, p.output) if grid is not None)
        for p in task.train + task.test
    ]
    return tuple(sorted(map(repr, pairs)))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(1, 3), st.integers(1, 4))
def test_variants_of_a_task_are_distinct(seed: int, count: int, side: int, colours: int) -> None:
    task = make_task(np.random.default_rng(seed), side=side, colours=colours)
    transforms, permutations = draw_variants(task, count, seed)
    assert len(transforms) <= count + 1
    names = [task.id, *variant_names(task.id, transforms[1:], permutations[1:])]
    assert len({all_grids(task, name) for name in names}) == len(names)
    assert (permutations[:, 0] == 0).all()
    assert transforms[0] == 0
    assert permutations[0].tolist() == list(range(10))


def test_few_variants_are_all_found_and_symmetric_ones_are_one() -> None:
    turned = read_task("a", {"train": [{"input": [[1, 2], [0, 0]], "output": [[1]]}], "test": [{"input": [[1]]}]})
    assert len(draw_variants(turned, 7, 0, recolour=False)[0]) == 8
    assert len(draw_variants(turned, 1000, 0, transforms=False)[0]) == 72  # two of nine colours, in order
    alike = read_task("b", {"train": [{"input": [[1]], "output": [[0]]}], "test": [{"input": [[1]]}]})
    assert len(draw_variants(alike, 100, 0)[0]) == 9
    mirrored = read_task(
        "c",
        {
            "train": [{"input": [[1, 0]], "output": [[0]]}, {"input": [[0, 1]], "output": [[0]]}],
            "test": [{"input": [[0]]}],
        },
    )
    assert len(draw_variants(mirrored, 7, 0, recolour=False)[0]) == 2  # lying or standing


def test_variants_depend_on_task_and_seed_alone() -> None:
    task = make_task(np.random.default_rng(3))
    first, again, other = (draw_variants(task, 50, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def write_tasks(folder: Path, tasks: list[Task]) -> Path:
    folder.mkdir()
    for task in tasks:
        (folder / f"{task.id}.json").write_text(json.dumps(task.as_json()))
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    rng = np.random.default_rng(0)
    training = write_tasks(tmp_path / "training", [make_task(rng, f"t{n}", 9) for n in range(4)])
    evaluation = write_tasks(tmp_path / "evaluation", [make_task(rng, f"e{n}", 9) for n in range(3)])
    return {"training": str(training), "evaluation": str(evaluation)}


def config_of(sources: dict[str, str], **more: Any) -> ArcConfig:
    return ArcConfig(training=(sources["training"],), evaluation=(sources["evaluation"],), **more)


@pytest.mark.parametrize("translate", [True, False])
def test_rows_are_the_variants_encoded(sources: dict[str, str], translate: bool) -> None:
    config = config_of(sources, variants=12, side=12, translate=translate)
    selection = select(config)
    moved = 0
    for split in ("train", "test"):
        puzzles = build(config, split, 5)
        names = puzzles.identifiers
        inputs, labels = np.asarray(puzzles.inputs), np.asarray(puzzles.labels)
        for puzzle, identifier in enumerate(puzzles.puzzle_ids):
            task = next(task for task in selection.all if task.id == names[identifier].split("|")[0])
            pairs = task.test if split == "test" else task.train
            if split == "train" and task.id in selection.training:
                pairs = task.train + task.test
            start, end = puzzles.puzzle_indices[puzzle : puzzle + 2]
            assert end - start == len(pairs)
            stayed = 0
            for row, pair in zip(range(start, end), pairs, strict=True):
                used = inputs[row].reshape(12, 12) > 0
                corner = int(used.any(1).argmax()), int(used.any(0).argmax())
                stayed += corner == (0, 0)
                for tokens, grid in ((inputs[row], pair.input), (labels[row], pair.output)):
                    assert np.array_equal(tokens, encode(apply(names[identifier], grid), *corner, side=12))
                    task_id, back = undo(names[identifier], crop(tokens))
                    assert task_id == task.id
                    assert np.array_equal(back, grid)
            assert stayed >= 1
            moved += len(pairs) - stayed
    assert (moved > 0) == translate


def test_rows_are_the_same_however_they_are_read(sources: dict[str, str]) -> None:
    inputs: Any = build(config_of(sources, variants=5, side=10), "train", 1).inputs
    everything = inputs[:]
    assert everything.shape == inputs.shape == (len(inputs), 100)
    some = np.random.default_rng(0).integers(0, len(inputs), 40)
    assert np.array_equal(inputs[some], everything[some])
    assert np.array_equal(inputs[3], everything[3])
    assert np.array_equal(inputs[-1], everything[-1])
    assert np.array_equal(inputs[5:40:3], everything[5:40:3])
    assert np.array_equal(np.asarray(inputs), everything)
    assert np.array_equal(inputs[np.arange(len(inputs)) == 2], everything[2:3])
    assert inputs[0:0].shape == (0, 100)
    assert inputs.max() >= everything.max()


def test_splits_have_the_same_identifiers_and_groups_are_tasks(sources: dict[str, str]) -> None:
    config = config_of(sources, variants=6)
    train, test = (build(config, split, 0) for split in ("train", "test"))
    assert train.identifiers == test.identifiers
    assert train.identifiers[:2] == ("<blank>", "t0")
    assert train.description.num_puzzle_identifiers == len(train.identifiers)
    assert (train.num_groups, test.num_groups) == (7, 3)
    assert train.puzzle_ids.tolist() == list(range(1, len(train.identifiers)))
    assert {name.split("|")[0] for name in np.array(test.identifiers)[test.puzzle_ids]} == {"e0", "e1", "e2"}
    assert set(train.documents["test_puzzles"]) == {"e0", "e1", "e2"}  # type: ignore[arg-type, call-overload]


def test_tasks_too_large_for_the_canvas_are_left_out(sources: dict[str, str]) -> None:
    with pytest.raises(DataError, match="is left to score"):
        select(config_of(sources, side=1))
    with pytest.raises(UsageError, match="There is no task zz in"):
        select(config_of(sources, tasks=("e0", "zz")))
    chosen = select(config_of(sources, tasks=("e0", "t1")))
    assert [task.id for task in chosen.all] == ["t1", "e0"]


def test_built_in_releases_have_the_known_numbers_of_tasks() -> None:
    counts = {
        source: len(load_source(source))
        for source in ("arcagi1:training", "arcagi1:evaluation", "kaggle2025:evaluation")
    }
    assert counts == {"arcagi1:training": 400, "arcagi1:evaluation": 400, "kaggle2025:evaluation": 120}


def test_the_leaks_between_the_releases_are_refused_by_name() -> None:
    with pytest.raises(LeakError, match="376 of the scored tasks") as forward:
        select(ArcConfig(training=("kaggle2025:training",), evaluation=("arcagi1:evaluation",)))
    assert len(forward.value.tasks) == 376
    with pytest.raises(LeakError) as backward:
        select(ArcConfig(training=("arcagi1:training", "arcagi1:evaluation"), evaluation=("kaggle2025:evaluation",)))
    six = ["0934a4d8", "136b0064", "16b78196", "981571dc", "aa4ec2a5", "da515329"]
    assert backward.value.tasks == {**{name: name for name in six}, "db695cfb": "55783887"}
    assert all(name in str(backward.value) for name in six)
    dropped = select(
        ArcConfig(
            training=("arcagi1:training", "arcagi1:evaluation"), evaluation=("kaggle2025:evaluation",), leaks="drop"
        )
    )
    assert len(dropped.training) == 793
    assert len(dropped.evaluation) == 120


def test_the_published_settings_are_not_refused() -> None:
    assert len(select(ArcConfig()).all) == 800
    both = ArcConfig(training=("kaggle2025:training",), evaluation=("kaggle2025:evaluation",))
    assert len(select(both).all) == 1120


def test_a_leak_under_another_name_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    task = make_task(rng, "here")
    renamed = read_task("there", {**task.as_json(), "train": task.as_json()["train"][::-1]})
    training = write_tasks(tmp_path / "a", [renamed, make_task(rng, "other")])
    evaluation = write_tasks(tmp_path / "b", [task])
    config = ArcConfig(training=(str(training),), evaluation=(str(evaluation),))
    with pytest.raises(LeakError, match="here"):
        select(config)
    assert list(select(config.model_copy(update={"leaks": "drop"})).training) == ["other"]


@pytest.mark.skipif(not CONCEPT.exists(), reason="ConceptARC is not available")
def test_concept_arc_is_read_with_its_solutions() -> None:
    tasks = load_source(str(CONCEPT))
    assert len(tasks) == 160
    assert all(task.solved and len(task.test) == 3 for task in tasks.values())


def kaggle(folder: Path, challenges: Any, solutions: Any = None) -> str:
    (folder / "arc-agi_x_challenges.json").write_text(json.dumps(challenges))
    if solutions is not None:
        (folder / "arc-agi_x_solutions.json").write_text(json.dumps(solutions))
    return str(folder / "arc-agi_x_challenges.json")


TRAIN = [{"input": [[1]], "output": [[2]]}]


def test_kaggle_pair_with_and_without_solutions(tmp_path: Path) -> None:
    challenges = {"k": {"train": TRAIN, "test": [{"input": [[1]]}, {"input": [[3]]}]}}
    path = kaggle(tmp_path, challenges)
    assert not load_source(path)["k"].solved
    kaggle(tmp_path, challenges, {"k": [[[4]], [[5]]]})
    assert [pair.output.tolist() for pair in load_source(path)["k"].test] == [[[4]], [[5]]]  # type: ignore[union-attr]
    kaggle(tmp_path, challenges, {"k": [[[4]]]})
    with pytest.raises(DataError, match="has 1 of the 2 outputs of k"):
        load_source(path)
    kaggle(tmp_path, challenges, {"other": [[[4]]]})
    with pytest.raises(DataError, match="has none of the 2 outputs of k"):
        load_source(path)
    for solutions, message in (
        ([1], "contains no solutions"),
        ({"k": 5}, "has none of the 2 outputs of k"),
        ({"k": [[[4]], [[4], [5, 6]]]}, "Task k, test pair 2, output is ragged"),
    ):
        kaggle(tmp_path, challenges, solutions)
        with pytest.raises(DataError, match=message):
            load_source(path)
    for challenge in ([1, 2], {"train": TRAIN, "test": ["x"]}):
        kaggle(tmp_path, {"k": challenge}, {"k": [[[1]]]})
        with pytest.raises(DataError, match=r"Task k|'k' is a list"):
            load_source(path)
    with pytest.raises(UsageError, match="contains only solutions"):
        load_source(str(tmp_path / "arc-agi_x_solutions.json"))
    kaggle(tmp_path, challenges, {"k": [[[4]], [[5]]]})
    assert load_source(str(tmp_path))["k"].solved
    (tmp_path / "y_challenges.json").write_text(json.dumps(challenges))
    with pytest.raises(UsageError, match="contains several of Kaggle's files"):
        load_source(str(tmp_path))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"train": [], "test": [{"input": [[1]]}]}, "Task x has no demonstration pairs"),
        ({"test": [{"input": [[1]]}]}, "Task x has no demonstration pairs"),
        ({"train": TRAIN, "test": []}, "Task x has no test inputs"),
        ({"train": TRAIN}, "Task x is not an ARC task"),
        ([], "contains no tasks"),
        ({"name": "x", "version": 1}, r"x\.json contains no ARC tasks: 'name' is the value 'x'"),
        ({"a": [{"attempt_1": [[0]], "attempt_2": [[0]]}]}, "'a' is the attempts of a submission"),
        (TRAIN, "item 1 of its list is a pair of grids without a task around it"),
        ({"a": [[[1]]]}, "'a' is a list, as in a file of solutions"),
        (3, "it is the value 3"),
        ({"train": [{"input": [[1]]}], "test": [{"input": [[1]]}]}, "Task x, training pair 1 has no output"),
        ({"train": TRAIN, "test": [{"output": [[1]]}]}, "Task x, test pair 1 has no input"),
        ({"train": TRAIN, "test": [{"input": [[1, 2], [3]]}]}, "Task x, test pair 1, input is ragged: row 2 has 1"),
        ({"train": TRAIN, "test": [{"input": [[10]]}]}, "Task x, test pair 1, input has the colour 10"),
        ({"train": TRAIN, "test": [{"input": []}]}, "test pair 1, input has 0 rows"),
    ],
)
def test_malformed_task_files_are_named(tmp_path: Path, task: Any, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(task))
    with pytest.raises(DataError, match=message):
        load_source(str(path))


def test_missing_and_damaged_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'arcagi1:training'"):
        load_source("arcagi1:trainin")
    with pytest.raises(UsageError, match="contains no task files"):
        load_source(str(tmp_path))
    (tmp_path / "cut.json").write_text('{"train": [')
    with pytest.raises(DataError, match=r"cut\.json cannot be read as JSON"):
        load_source(str(tmp_path / "cut.json"))


def test_one_id_for_two_tasks_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folders = [write_tasks(tmp_path / name, [make_task(rng, "same")]) for name in ("a", "b")]
    with pytest.raises(TRMError, match=r"The id same of .* also names another task"):
        load_sources(map(str, folders))
    assert list(load_sources([str(folders[0])] * 2)) == ["same"]
