"""Small pieces of text that many messages share. Imports the standard library only."""

from __future__ import annotations

ABSENT = frozenset({"none", "null", "unset"})
"""What people write for a setting or an option without a value, in any case."""


def means_absent(text: str) -> bool:
    """Whether a text says that a setting or an option has no value, as `none`, `None`, `null` and `unset` do."""
    return text.strip().lower() in ABSENT


def split_word(split: str) -> str:
    """The adjective for the puzzles of a split: "training" for "train", else the name itself."""
    return "training" if split == "train" else split


def score_text(score: float) -> str:
    """A score for people: a share as a percentage, any other number with four digits."""
    return f"{score:.2%}" if 0 <= score <= 1 else f"{score:.4g}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, as in "1 puzzle" and "1,200 puzzles".

    Args:
        number: how many.
        noun: the noun in the singular.
        plural: the noun in the plural. Default: `noun` with an "s".
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def leak_sentence(puzzles: int) -> str:
    """A sentence for the number of test puzzles that the training data gives away; see `trm.data.overlap.Overlap`."""
    return f"Note: the training data has {counted(puzzles, 'test puzzle')} or their answers, symmetric images included."
