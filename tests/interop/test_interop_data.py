"""The shared array layout: what is written passes a reader that knows only the layout's description; what is wrong is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paths import SHARED
from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.cli.main import cli
from trm.data import Description, PuzzleSet
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.data.sampler import GroupSampler
from trm.errors import DataError
from trm.plugins.registry import get_registry
from trm.training.monitor import Monitor

Array = npt.NDArray[Any]
MAZES = SHARED / "data" / "maze-30x30-hard-1k"


def read_as_described(folder: Path, split: str) -> dict[str, Any]:
    """A split of a data set, read and checked as the layout's description has it, without `trm`."""
    facts = json.loads((folder / split / "dataset.json").read_text())
    assert facts["sets"] == ["all"]
    for name in ("pad_id", "blank_identifier_id", "vocab_size", "seq_len", "num_puzzle_identifiers", "total_groups"):
        assert type(facts[name]) is int, name
    arrays: dict[str, Array] = {
        name: np.load(folder / split / f"all__{name}.npy", allow_pickle=False)
        for name in ("inputs", "labels", "puzzle_identifiers", "puzzle_indices", "group_indices")
    }
    inputs, labels = arrays["inputs"], arrays["labels"]
    assert inputs.shape == labels.shape == (len(inputs), facts["seq_len"])
    for name in ("puzzle_identifiers", "puzzle_indices", "group_indices"):
        assert arrays[name].dtype == np.int32, name
        assert arrays[name].ndim == 1, name
    puzzles, groups = arrays["puzzle_indices"], arrays["group_indices"]
    for offsets, end in ((puzzles, len(inputs)), (groups, len(puzzles) - 1)):
        assert offsets[0] == 0
        assert (np.diff(offsets) > 0).all()
        assert offsets[-1] == end
    assert len(arrays["puzzle_identifiers"]) == len(puzzles) - 1 == facts.get("total_puzzles", len(puzzles) - 1)
    assert facts["total_groups"] == len(groups) - 1
    assert facts["mean_puzzle_examples"] == pytest.approx(len(inputs) / (len(puzzles) - 1))
    names = json.loads((folder / "identifiers.json").read_text())
    assert names[0] == "<blank>"
    assert len(names) == facts["num_puzzle_identifiers"]
    ids = arrays["puzzle_identifiers"]
    assert ids.min() >= 0
    assert ids.max() < len(names)
    targets = labels.astype(np.int64)
    if facts["ignore_label_id"] is not None:
        targets[targets == facts["ignore_label_id"]] = -100
    assert inputs.min() >= 0
    assert inputs.max() < facts["vocab_size"]
    scored = targets[targets != -100]
    assert not len(scored) or (scored.min() >= 0 and scored.max() < facts["vocab_size"])
    return {**arrays, "targets": targets, "names": names, "facts": facts}


@st.composite
def puzzle_sets(draw: st.DrawFn) -> PuzzleSet:
    """Sets with several examples a puzzle and several puzzles a group."""
    length, vocabulary = draw(st.integers(1, 5)), draw(st.sampled_from([2, 7, 300]))
    examples = draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    puzzles = len(examples)
    starts = sorted(draw(st.sets(st.integers(1, puzzles - 1), max_size=puzzles - 1))) if puzzles > 1 else []
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    size = (sum(examples), length)
    labels = rng.integers(0, vocabulary, size)
    ignored = draw(st.sampled_from([None, 0, -100]))
    if draw(st.booleans()):
        labels[rng.random(size) < 0.3] = -100
    return PuzzleSet(
        inputs=rng.integers(0, vocabulary, size),
        labels=labels,
        description=Description(vocab_size=vocabulary, seq_len=length, num_puzzle_identifiers=puzzles + 1),
        puzzle_ids=rng.permutation(puzzles) + 1,
        puzzle_indices=np.cumsum([0, *examples]),
        group_indices=np.array([0, *starts, puzzles]),
        identifiers=("<blank>", *(f"task|||t{number}|||0192837465" for number in range(puzzles))),
        ignore_label=ignored,
        extras={"rating": rng.random(len(labels))},
    )


@given(puzzles=puzzle_sets())
@settings(max_examples=40)
def test_what_is_written_passes_an_independent_reader(
    tmp_path_factory: pytest.TempPathFactory, puzzles: PuzzleSet
) -> None:
    folder = tmp_path_factory.mktemp("data")
    write_split(folder, "train", puzzles)
    found = read_as_described(folder, "train")
    everything = slice(0, len(puzzles))
    assert np.array_equal(found["inputs"], puzzles.inputs)
    assert np.array_equal(found["targets"], puzzles.scored_labels(everything))
    assert np.array_equal(found["puzzle_identifiers"], puzzles.puzzle_ids)
    assert np.array_equal(found["puzzle_indices"], puzzles.puzzle_indices)
    assert np.array_equal(found["group_indices"], puzzles.group_indices)
    assert tuple(found["names"]) == puzzles.identifiers
    again = read_split(folder, "train")
    assert isinstance(again.inputs, np.memmap)
    assert isinstance(again.labels, np.memmap)
    assert np.array_equal(again.scored_labels(everything), puzzles.scored_labels(everything))
    assert np.array_equal(again.example_puzzle_ids, puzzles.example_puzzle_ids)
    assert again.identifiers == puzzles.identifiers
    assert np.array_equal(again.extras["rating"], puzzles.extras["rating"])


SMALL_TASKS = {
    "sudoku": ["--set", "size=4", "--set", "clues=8", "--set", "train_puzzles=40", "--set", "test_puzzles=10"],
    "maze": ["--set", "size=6", "--set", "train_puzzles=40", "--set", "test_puzzles=10"],
    "arithmetic": ["--set", "train_examples=40", "--set", "test_examples=10"],
}  # fmt: skip
SIZES = {"sudoku": ["--set", "size=4"], "maze": ["--set", "size=6"], "arithmetic": []}
"""The settings that arrays have, too. The others are those of the generators."""


@pytest.mark.parametrize("task", SMALL_TASKS)
def test_data_built_by_the_command_passes_it_and_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    if task not in get_registry().tasks():
        pytest.skip(f"{task} is not installed")
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    folder, run = tmp_path / "data", tmp_path / "run"

    def trm(*arguments: str) -> str:
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    trm("data", "build", task, *SMALL_TASKS[task], "--output", str(folder))
    for split, count in (("train", 40), ("test", 10)):
        found = read_as_described(folder, split)
        assert len(found["inputs"]) == count
        assert found["inputs"].dtype == np.uint8
    changes = [
        "training.max_steps=2",
        "training.batch_size=4",
        "model.n_supervision=1",
        "training.n_supervision_eval=1",
    ]
    given = [part for change in changes for part in ("--set", change)]
    trm("train", task, *SIZES[task], *given, "--data", str(folder), "--output", str(run), "--quiet")
    report = json.loads(trm("evaluate", str(run), "--json", "--steps", "1"))
    assert report["puzzles"] == 10
    report = json.loads(trm("evaluate", str(run), "--json", "--steps", "1", "--split", "train", "--data", str(folder)))
    assert report["puzzles"] == 40


@pytest.mark.skipif(not MAZES.exists(), reason="the mazes of Maze-Hard are not here")
def test_training_half_of_maze_hard() -> None:
    found = read_as_described(MAZES, "train")
    mazes = read_split(MAZES, "train")
    assert isinstance(mazes.inputs, np.memmap)
    assert (len(mazes), mazes.num_groups, mazes.description.vocab_size) == (1000, 1000, 6)
    assert np.array_equal(mazes.inputs, found["inputs"])
    inputs, labels = np.asarray(mazes.inputs), mazes.scored_labels(slice(None))
    assert set(np.unique(inputs)) == {1, 2, 3, 4}
    assert set(np.unique(labels)) == {1, 2, 3, 4, 5}
    assert ((inputs == 3).sum(1) == 1).all()
    assert ((inputs == 4).sum(1) == 1).all()
    path = labels == 5
    assert np.array_equal(np.where(path, 2, labels), inputs)
    moves = path.sum(1) + 1
    assert (moves.min(), moves.max()) == (109, 146)
    walls = (inputs == 1).mean(1)
    assert 0.27 < walls.min() < walls.max() < 0.46
    assert np.median(walls) == pytest.approx(0.37, abs=0.01)


def grouped(examples: list[list[int]], length: int = 2) -> PuzzleSet:
    """Groups of puzzles of so many examples each; the tokens of an example are its number, its puzzle's id."""
    counts = [count for group in examples for count in group]
    puzzles, size = len(counts), sum(counts)
    inputs = np.stack([np.arange(size), np.repeat(np.arange(puzzles) + 1, counts)], axis=1)[:, :length]
    return PuzzleSet(
        inputs=inputs,
        labels=inputs,
        description=Description(vocab_size=size + puzzles + 1, seq_len=length, num_puzzle_identifiers=puzzles + 1),
        puzzle_ids=np.arange(puzzles) + 1,
        puzzle_indices=np.cumsum([0, *counts]),
        group_indices=np.cumsum([0, *(len(group) for group in examples)]),
        identifiers=tuple(map(str, range(puzzles + 1))),
    )


@given(
    examples=st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=6),
    batch_size=st.integers(1, 7),
    seed=st.integers(0, 50),
)
@settings(max_examples=40)
def test_an_epoch_visits_each_group_once_and_one_puzzle_of_it(
    examples: list[list[int]], batch_size: int, seed: int
) -> None:
    puzzles = grouped(examples)
    group_of = np.repeat(np.arange(len(examples)), [len(group) for group in examples])
    counts = np.diff(puzzles.puzzle_indices)
    for keep_rest in (True, False):
        sampler = GroupSampler(puzzles, seed, keep_rest=keep_rest)
        visits: list[tuple[int, list[int]]] = []  # (puzzle, its examples) as they come
        for _ in range(12):
            batch = sampler.take(batch_size)
            assert len(batch) == batch_size
            assert torch.equal(batch.inputs[:, 1], batch.puzzle_ids)
            fresh = True
            for example, puzzle in batch.inputs.tolist():
                began = not visits or visits[-1][0] != puzzle or len(visits[-1][1]) == counts[puzzle - 1]
                if began or (fresh and not keep_rest):
                    visits.append((puzzle, []))
                visits[-1][1].append(example)
                fresh = False
        for puzzle, taken in visits[:-1]:
            start, end = puzzles.puzzle_indices[puzzle - 1 : puzzle + 1]
            assert len(set(taken)) == len(taken)
            assert set(taken) <= set(range(start, end))
            assert len(taken) == end - start or not keep_rest
        groups = [int(group_of[puzzle - 1]) for puzzle, _ in visits]
        for epoch in range(0, len(groups) - len(examples) + 1, len(examples)):
            assert sorted(groups[epoch : epoch + len(examples)]) == list(range(len(examples)))


def test_every_puzzle_of_a_group_is_picked_and_orders_differ() -> None:
    sampler = GroupSampler(grouped([[2, 1, 3], [1]]), seed=0, keep_rest=False)
    picked = {int(sampler.take(1).puzzle_ids[0]) for _ in range(60)}
    assert picked == {1, 2, 3, 4}
    one, other = (GroupSampler(grouped([[1]] * 9), seed).take(9).inputs[:, 0].tolist() for seed in (0, 1))
    assert sorted(one) == sorted(other) == list(range(9))
    assert one != other


@pytest.mark.parametrize(
    ("groups", "batch_size", "epochs", "steps"), [(10, 4, 1, 2), (10, 4, 2, 5), (8, 4, 1, 2), (1000, 768, 2, 2)]
)
def test_training_leaves_out_a_last_batch_that_is_not_full(
    groups: int, batch_size: int, epochs: int, steps: int
) -> None:
    """50,000 passes over 1000 puzzles in batches of 768 are 65,104 steps: batches run on over the ends of epochs."""
    puzzles = grouped([[1]] * groups, length=1)
    config = TRMConfig(
        vocab_size=puzzles.description.vocab_size, context_length=1, hidden_dim=2, num_heads=1, num_layers=1,
        n_recursions=1, T_steps=1, n_supervision=2, mlp_multiple_of=1,
    )  # fmt: skip
    training = TrainingConfig(batch_size=batch_size, num_epochs=epochs, refill="discard", stagger=False)
    trainer = Trainer(TinyRecursiveModel(config), training, "cpu", monitor=Monitor())
    trainer.fit(GroupSampler(puzzles, 0, keep_rest=False), lambda limit: [], {})
    assert trainer.step == steps


def spoiled(name: str, change: Callable[[Array], Any]) -> Callable[[Path], None]:
    """Changes an array of the split `train`."""

    def spoil(folder: Path) -> None:
        path = folder / "train" / f"all__{name}.npy"
        array = np.load(path)
        changed = change(array)
        np.save(path, array if changed is None else changed)

    return spoil


def described(**facts: Any) -> Callable[[Path], None]:
    """Changes `dataset.json`; None leaves a fact out."""

    def spoil(folder: Path) -> None:
        path = folder / "train" / "dataset.json"
        merged = {**json.loads(path.read_text()), **facts}
        path.write_text(json.dumps({name: value for name, value in merged.items() if value is not None}))

    return spoil


def put(array: Array, place: Any, value: int) -> None:
    array[place] = value


WRONG_DATA: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no description": (lambda f: (f / "train" / "dataset.json").unlink(), r"dataset\.json is missing"),
    "description cut": (lambda f: (f / "train" / "dataset.json").write_text('{"pad_id": 0'), r"Cannot read .*dataset\.json"),
    "description a list": (lambda f: (f / "train" / "dataset.json").write_text("[]"), r"does not describe a dataset"),
    "fact missing": (described(vocab_size=None), r"'vocab_size' is missing"),
    "fact of another type": (described(seq_len="2"), r"seq_len is '2': expected an integer"),
    "two sets": (described(sets=["a", "b"]), r"expected the name of one set"),
    "other length": (described(seq_len=3), r"inputs has shape \[6, 2\]: expected \[N, 3\]"),
    "array missing": (lambda f: (f / "train" / "all__labels.npy").unlink(), r"all__labels\.npy is missing"),
    "array cut": (
        lambda f: (f / "train" / "all__inputs.npy").write_bytes((f / "train" / "all__inputs.npy").read_bytes()[:-5]),
        r"all__inputs\.npy is damaged",
    ),
    "array empty": (lambda f: (f / "train" / "all__inputs.npy").write_bytes(b""), r"all__inputs\.npy is damaged"),
    "pickled objects": (
        lambda f: np.save(f / "train" / "all__inputs.npy", np.array([{}, 1], dtype=object), allow_pickle=True),
        r"all__inputs\.npy is damaged, or not an array of plain numbers",
    ),
    "real numbers": (spoiled("labels", lambda a: a.astype(np.float32)), r"is not an array of integers"),
    "fewer labels": (spoiled("labels", lambda a: a[:-1]), r"inputs \(6\) and of labels \(5\) differ"),
    "offsets fall": (
        spoiled("puzzle_indices", lambda a: put(a, 1, 4)), r"puzzle_indices must increase: entry 2 is 3, after 4"
    ),
    "offsets stand": (spoiled("group_indices", lambda a: put(a, 1, 0)), r"group_indices must increase"),
    "offsets outside": (
        spoiled("puzzle_indices", lambda a: put(a, -1, 9)), r"puzzle_indices ends at 9: expected the number of rows, 6"
    ),
    "groups outside": (
        spoiled("group_indices", lambda a: put(a, -1, 7)), r"group_indices ends at 7: expected the number of rows, 3"
    ),
    "not from 0": (spoiled("puzzle_indices", lambda a: put(a, 0, 1)), r"puzzle_indices must be one-dimensional and start at 0"),
    "ids too few": (spoiled("puzzle_identifiers", lambda a: a[:-1]), r"Expected 3 puzzle ids, one per puzzle, got 2"),
    "id unknown": (spoiled("puzzle_identifiers", lambda a: put(a, 0, 7)), r"puzzle_ids has 7 in row 0: expected an id from 0 to 3"),
    "token outside": (
        spoiled("inputs", lambda a: put(a, (4, 1), 99)),
        r"inputs has 99 in row 4, position 1: expected a token from 0 to 9\.",
    ),
    "label outside": (spoiled("labels", lambda a: put(a, (2, 0), 12)), r"labels has 12 in row 2, position 0: .* or -100"),
    "names too few": (lambda f: (f / "identifiers.json").write_text('["<blank>"]'), r"names of 4 puzzle ids"),
    "names of another kind": (lambda f: (f / "identifiers.json").write_text("3"), r"names of 4 puzzle ids"),
}  # fmt: skip


@pytest.mark.parametrize("problem", WRONG_DATA)
def test_wrong_data_is_refused_with_a_sentence(tmp_path: Path, problem: str) -> None:
    puzzles = grouped([[2, 1], [3]])
    write_split(tmp_path, "train", replace(puzzles, labels=puzzles.labels % 9 + 1))
    read_split(tmp_path, "train")
    spoil, sentence = WRONG_DATA[problem]
    spoil(tmp_path)
    with pytest.raises(DataError, match=sentence):
        read_split(tmp_path, "train")


def test_data_of_another_size_than_the_task_is_refused(tmp_path: Path) -> None:
    if "sudoku" not in get_registry().tasks():
        pytest.skip("sudoku is not installed")
    write_split(tmp_path, "train", grouped([[2, 1], [3]]))
    result = CliRunner().invoke(cli, ["train", "sudoku", "--data", str(tmp_path), "--output", str(tmp_path / "run")])
    assert isinstance(result.exception, DataError)
    assert "2 positions and 10 tokens, but task 'sudoku' with these settings has 81 and 11" in str(result.exception)
    assert not (tmp_path / "run").exists()
    result = CliRunner().invoke(cli, ["train", "sudoku", "--data", str(tmp_path / "nowhere")])
    assert isinstance(result.exception, DataError)
    assert "There is no data folder" in str(result.exception)


def test_info_describes_the_halves_that_are_there(tmp_path: Path) -> None:
    if "arithmetic" not in get_registry().tasks():
        pytest.skip("arithmetic is not installed")
    length = 15
    size = (5, length)
    puzzles = PuzzleSet(
        inputs=np.ones(size, dtype=np.uint8),
        labels=np.ones(size, dtype=np.uint8),
        description=Description(vocab_size=15, seq_len=length, num_puzzle_identifiers=4),
        puzzle_ids=np.array([1, 2, 3]),
        puzzle_indices=np.array([0, 2, 4, 5]),
        group_indices=np.array([0, 1, 3]),
        identifiers=("<blank>", "a", "b", "c"),
    )
    write_split(tmp_path, "train", puzzles)
    result = CliRunner().invoke(cli, ["data", "info", "arithmetic", "--data", str(tmp_path), "--json"])
    report = json.loads(result.output)
    assert report["train"] == {"examples": 5, "puzzles": 3, "groups": 2, "ids": 4}
    assert (report["positions"], report["tokens"], report["grid"]) == (15, 15, [3, 5])
    assert "test" not in report
    shown = CliRunner().invoke(cli, ["data", "info", "arithmetic", "--data", str(tmp_path)]).output
    assert "train: 5 examples of 3 puzzles in 2 groups with 4 ids\n" in shown
