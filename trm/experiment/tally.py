"""`Tally`: how many of the solved puzzles are valid."""

from __future__ import annotations

from dataclasses import dataclass

from trm.experiment.results import Solved


@dataclass
class Tally:
    """Counts of solved puzzles.

    Attributes:
        valid: the answer is valid by the task's rules.
        undecided: no valid answer was found, or the task has no rules to tell.
        unreadable: the puzzle could not be read, or has no proper solution.
        problems: puzzles with an invalid answer, or none.
    """

    valid: int = 0
    undecided: int = 0
    unreadable: int = 0
    problems: int = 0

    @property
    def puzzles(self) -> int:
        """Number of puzzles."""
        return self.valid + self.undecided + self.unreadable

    def add(self, solved: Solved) -> None:
        """Count a puzzle."""
        self.count(bool(solved.valid), solved.unreadable, bool(solved.problem))

    def count(self, valid: bool, unreadable: bool, problem: bool) -> None:
        """Count a puzzle by the fields of its `Solved`."""
        self.valid += valid
        self.unreadable += unreadable
        self.undecided += not valid and not unreadable
        self.problems += problem

    def __str__(self) -> str:
        others = [f"{self.undecided:,} undecided"] if self.undecided else []
        others += [f"{self.unreadable:,} unreadable"] if self.unreadable else []
        return ", ".join([f"{self.valid:,} of {self.puzzles:,} valid", *others])
