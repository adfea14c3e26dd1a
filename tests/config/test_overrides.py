"""The values of `--set`."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field

from trm.config.base import Settings
from trm.config.overrides import Overrides
from trm.errors import UsageError


class Config(Settings):
    names: tuple[str, ...] = Field((), description="")
    numbers: list[int] | None = Field(None, description="")
    title: str | None = Field(None, description="")
    kind: Literal["none", "some"] | None = Field(None, description="")


def task(item: str) -> Any:
    ((_, value),) = Overrides.parse([item], Config).task.items()
    return value


@pytest.mark.parametrize("word", ["none", "None", "null", "unset", "Unset", " none "])
def test_four_words_mean_no_value(word: str) -> None:
    assert task(f"task.numbers={word}") is None
    assert task(f"task.title={word}") is None
    assert Overrides.parse([f"training.max_steps={word}"], Config).training == {"max_steps": None}


def test_a_choice_called_none_is_that_choice() -> None:
    assert task("task.kind=none") == "none"
    assert task("task.kind=unset") is None
    assert Overrides.parse(["model.positions=none"], Config).model == {"positions": "none"}


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("task.names=folder", ["folder"]),
        ("task.names=a, b", ["a", "b"]),
        ('task.names=["a", "b"]', ["a", "b"]),
        ("task.names=[a, b]", ["a", "b"]),
        ("task.names=5", ["5"]),
        ("task.numbers=5", [5]),
        ("task.numbers=5,6", [5, 6]),
        ("task.title=5", "5"),
        ("task.title=a, b", "a, b"),
        ('task.title="a"', "a"),
    ],
)
def test_a_value_is_read_as_its_field_takes_it(item: str, value: Any) -> None:
    assert task(item) == value


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("task.numbers=5,x", r"task.numbers = \[5, 'x'\] is not possible"),
        ("training.learning_rate=none", "training.learning_rate = None is not possible"),
        ("training.betas=0.9", r"training.betas = \[0.9\] is not possible"),
        ("max_steps=5", r"There is no setting 'task.max_steps'. Did you mean 'training.max_steps'\?"),
        ("training.hidden_dim=5", r"There is no setting 'training.hidden_dim'. Did you mean 'model.hidden_dim'\?"),
    ],
)
def test_a_value_that_no_reading_fits_is_refused(item: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Overrides.parse([item], Config)
