"""Renderers of puzzles of different sizes."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from tests.support.graph_puzzles import TREES, Trees, describe, tree
from trm.data import Description, IntArray
from trm.experiment.task import Task
from trm.render.sized import SizedRenderer, sized
from trm.render.tokens import TokenRenderer


class Lengths:
    """Shows how many tokens it is given."""

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        return Text(" ".join(str(len(tokens)) for tokens in (inputs, prediction, target) if tokens is not None))


def test_a_renderer_gets_answers_without_padding() -> None:
    description = describe(Trees(nodes=8))
    row = description.row(np.array([0, 2, 2]), tree([0, 1]))
    renderer = sized(Lengths(), description)
    assert str(renderer.render(row, np.zeros(8, int), np.ones(8, int))) == f"{description.input_width} 3 3"
    assert str(renderer.render(row)) == str(description.input_width)
    plain = Lengths()
    assert sized(plain, Description(vocab_size=2, seq_len=3)) is plain


def test_the_core_shows_the_tokens_of_a_puzzle_and_of_its_answer() -> None:
    renderer = Task(TREES, Trees(nodes=8), "random").renderer()
    row = describe(Trees(nodes=8)).row(np.array([0, 2, 2]), tree([0, 1]))
    assert isinstance(renderer, SizedRenderer)
    assert isinstance(renderer.renderer, TokenRenderer)
    assert str(renderer.render(row)).split() == ["0", "2", "2"]
    answer, right = np.array([0, 1, 1, 9, 9, 9, 9, 9]), np.array([0, 1, 0, *[-100] * 5])
    assert str(renderer.render(row, answer, right)).split() == ["0", "1", "1!"]
