"""The fingerprint of a set of puzzles: what changes it, and what does not."""

from dataclasses import replace

import numpy as np
import pytest

from trm.data import Description, PuzzleSet
from trm.data.fingerprint import fingerprint


def puzzles(rows: int = 5) -> PuzzleSet:
    tokens = np.arange(rows * 4, dtype=np.uint8).reshape(rows, 4) % 5
    return PuzzleSet(tokens, (tokens + 1) % 5, Description(vocab_size=5, seq_len=4))


def test_integer_types_do_not_count() -> None:
    """Arrays on disk are uint8 or int32; the model is given the same tokens."""
    given = puzzles()
    wider = replace(given, inputs=given.inputs.astype(np.int64), labels=given.labels.astype(np.int32))
    assert fingerprint(wider) == fingerprint(given)


def test_a_label_that_is_not_scored_does_not_count() -> None:
    given = replace(puzzles(), labels=puzzles().labels.astype(np.int64), ignore_label=0)
    marked = np.where(given.labels == 0, -100, given.labels)
    assert fingerprint(replace(given, labels=marked)) == fingerprint(given)


@pytest.mark.parametrize("name", ["inputs", "labels"])
def test_one_changed_token_changes_it(name: str) -> None:
    given = puzzles()
    changed = np.array(getattr(given, name))
    changed[-1, -1] = (changed[-1, -1] + 1) % 5
    assert fingerprint(replace(given, **{name: changed})) != fingerprint(given)


def test_order_number_and_ids_count() -> None:
    given = puzzles()
    with_ids = replace(given.description, num_puzzle_identifiers=5)
    others = [
        replace(given, inputs=given.inputs[::-1], labels=given.labels[::-1]),
        given.head(4),
        replace(given, description=with_ids, puzzle_ids=np.arange(5, dtype=np.int32)),
    ]
    assert len({fingerprint(given), *map(fingerprint, others)}) == 4
