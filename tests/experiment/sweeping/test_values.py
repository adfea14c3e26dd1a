"""The values of `--set` in a sweep: lists, ranges, and what is said about everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from trm.errors import UsageError
from trm.experiment.sweeping.values import Choices, Range, from_json, items_of, parameters_of, split_values


class Settings(BaseModel):
    """Settings of a task."""

    size: int = 4
    csv: str | None = None


def read(*items: str) -> tuple[Choices | Range, ...]:
    return parameters_of(items, Settings)


def test_commas_separate_values() -> None:
    assert read("model.hidden_dim=32, 64", "training.learning_rate=1e-3", "size=4,6") == (
        Choices("model.hidden_dim", (32, 64)),
        Choices("training.learning_rate", (0.001,)),
        Choices("task.size", (4, 6)),
    )


def test_brackets_and_quotes_keep_commas() -> None:
    assert read("training.betas=[0.9,0.95],(0.8,0.9)", 'csv="a,b",c,none') == (
        Choices("training.betas", ([0.9, 0.95], [0.8, 0.9])),
        Choices("task.csv", ("a,b", "c", None)),
    )


def test_equal_values_count_once() -> None:
    assert read("training.learning_rate=1e-3,0.001") == (Choices("training.learning_rate", (0.001,)),)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("training.learning_rate=1e-4..1e-2:log", Range("training.learning_rate", 1e-4, 1e-2, log=True)),
        ("training.learning_rate=0.1..0.3:0.1", Range("training.learning_rate", 0.1, 0.3, 0.1)),
        ("model.hidden_dim=16..64:16", Range("model.hidden_dim", 16, 64, 16, whole=True)),
        ("training.state_noise=0..1", Range("training.state_noise", 0.0, 1.0)),
    ],
)
def test_ranges(item: str, expected: Range) -> None:
    assert read(item) == (expected,)
    assert isinstance(expected.low, int) == expected.whole
    assert from_json(expected.name, json.loads(json.dumps(expected.as_json()))) == expected


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["model.hidden_dim"], "expected section.field=values"),
        (["model.hidden_dim=32,,64"], "empty value between the commas"),
        (["model.hidden_dim=32,many"], "model.hidden_dim = 'many' is not possible"),
        (["model.hiden_dim=32"], "There is no setting 'model.hiden_dim'"),
        (["training.betas=0.9,0.95"], r"Write a list in brackets: training.betas=\[0.9,0.95\]"),
        (["size=4", "task.size=6"], "task.size is given twice. List its values: task.size=4,6"),
        (["model.hidden_dim=64..16"], "must rise"),
        (["model.hidden_dim=16..64:1.5"], "takes whole numbers only"),
        (["model.hidden_dim=16..64:fast"], "LOW..HIGH:log or LOW..HIGH:STEP"),
        (["training.state_noise=0..1:log"], "must begin above 0"),
        (["training.ema_decay=0.5..1"], "training.ema_decay = 1 is not possible"),
    ],
)
def test_what_is_wrong_is_said(items: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(*items)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(VALUES, max_size=3), min_size=1, max_size=4))
def test_splitting_returns_what_was_joined(values: list[list[object]]) -> None:
    texts = [json.dumps(value) for value in values]
    assert split_values(",".join(texts)) == texts


def test_settings_from_python_are_read_as_on_the_command_line() -> None:
    settings = {
        "model.hidden_dim": [32, 64],
        "training.betas": [[0.9, 0.95]],
        "training.learning_rate": "1e-4..1e-2:log",
    }
    assert items_of(settings)[:2] == ["model.hidden_dim=32,64", "training.betas=[0.9, 0.95]"]
    assert read(*items_of(settings))[1:] == (
        Choices("training.betas", ([0.9, 0.95],)),
        Range("training.learning_rate", 1e-4, 1e-2, log=True),
    )
