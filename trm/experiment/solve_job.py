"""`SolveJob`: solving the puzzles of some texts, with progress, counts and speed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trm.errors import UsageError
from trm.evaluation.options import SearchOptions
from trm.experiment.answer_file import AnswerFile
from trm.experiment.answering import solve_texts
from trm.experiment.given import SourcedText, count_puzzles
from trm.experiment.loaded import LoadedModel
from trm.experiment.results import Solved, rate_per_core
from trm.experiment.tally import Tally
from trm.progress import progress
from trm.words import counted

COUNTED_FIRST, COUNTED_LATER = 0.3, 0.001
"""Seconds spent on counting the puzzles before the first answer, and after each answer until all are counted."""


@dataclass
class SolveJob:
    """The puzzles of some texts, and how they are solved.

    Attributes:
        loaded: the weights.
        texts: the puzzles.
        options: test-time compute.
        others: further weights, by reference, for the puzzles that `loaded` gives no valid answer to.
        tally: counts of all puzzles, those of an earlier job included.
        solved: number of puzzles that this job has solved.
        seconds: wall-clock time of this job.
    """

    loaded: LoadedModel
    texts: Sequence[SourcedText]
    options: SearchOptions
    others: Sequence[str] = ()
    tally: Tally = field(default_factory=Tally)
    solved: int = 0
    seconds: float = 0.0

    def answers(self) -> Iterator[Solved]:
        """The answers in the order of the puzzles; see `solve_texts` for the errors raised."""
        started = time.perf_counter()
        for solved in self._with_progress(solve_texts(self.loaded, self.texts, self.options, self.others)):
            self.seconds = time.perf_counter() - started
            yield solved

    def write_to(self, file: AnswerFile) -> None:
        """Append the answers that a file does not have yet.

        Raises:
            UsageError: the file has answers, and the task has its own solver, which cannot leave out puzzles.
            TRMError: see `solve_texts` and `AnswerFile.write`.
        """
        started = time.perf_counter()
        if file.kept.puzzles and self.loaded.task.spec.solve is not None:
            raise UsageError(
                f"{file.path} has answers already, and task {self.loaded.task.name!r} solves all puzzles together, so that "
                "they cannot be continued. Choose another --output."
            )
        self.tally = file.kept
        answers = solve_texts(self.loaded, self.texts, self.options, self.others, done=file.puzzles())
        for solved in self._with_progress(answers):
            file.write(solved)
            self.seconds = time.perf_counter() - started

    @property
    def made_by(self) -> str:
        """The weights and options in words, such as "sudoku:quick 1f0c22d8a95b, 16 steps, 1 restart, checked"."""
        loaded, options = self.loaded, self.options
        run, step = loaded.checkpoint.run, loaded.checkpoint.step
        weights = f"{run.task}:{run.preset}" if run.preset else f"{run.task}"
        parts = [" ".join([weights, *([f"step {step}"] if step else []), loaded.checkpoint.fingerprint])]
        parts += [f"then {', '.join(self.others)}"] if self.others and options.check is not False else []
        if loaded.task.spec.solve is not None:
            plan = {"step": options.steps or loaded.steps, **({"vote": options.votes} if options.votes else {})}
            budget = [f"budget {options.budget}"] if options.budget else []
            return ", ".join([*parts, *(counted(number, noun) for noun, number in plan.items()), *budget])
        checked = loaded.task.spec.check is not None if options.check is None else options.check
        search = loaded.experiment.search(run.model, replace(options, check=checked))
        parts += [counted(search.steps, "step"), counted(search.restarts, "restart"), counted(search.votes, "vote")]
        parts += ["pinning"] if search.unknown_id is not None else []
        parts += [f"halt at {search.halt:g}"] if search.halt is not None else []
        return ", ".join([*parts, f"{search.answer} answer", "checked" if checked else "not checked"])

    @property
    def rate(self) -> float:
        """Puzzles per second and core of this job."""
        return rate_per_core(self.solved, self.seconds, self.loaded.session.cores)

    def report(self) -> dict[str, Any]:
        """What `trm solve --output FILE --json` prints."""
        return {
            "puzzles": self.tally.puzzles,
            "valid": self.tally.valid,
            "undecided": self.tally.undecided,
            "unreadable": self.tally.unreadable,
            "solved_now": self.solved,
            "seconds": round(self.seconds, 2),
            "puzzles_per_second_per_core": self.rate,
        }

    def _with_progress(self, answers: Iterator[Solved]) -> Iterator[Solved]:
        """Count and show answers as they come. The bar begins anew once the number of puzzles is known."""
        total = _Total(self)
        total.count(COUNTED_FIRST)
        ended = False
        while not ended:
            known, ended = total.known, True
            with progress("Solving", total.puzzles if known else None) as advance:
                advance(self.tally.puzzles, found=True)
                for solved in answers:
                    self.tally.add(solved)
                    self.solved += 1
                    advance(1)
                    yield solved
                    total.count(COUNTED_LATER)
                    if total.known != known:
                        ended = False
                        break


class _Total:
    """The number of puzzles of a job, counted little by little.

    Attributes:
        puzzles: how many have been counted.
        known: whether these are all.
    """

    def __init__(self, job: SolveJob) -> None:
        task = job.loaded.task
        self.counting = count_puzzles(task, job.texts) if task.spec.solve is None else None
        self.puzzles, self.known = 0, False

    def count(self, seconds: float) -> None:
        """Go on counting for a while."""
        end = time.perf_counter() + seconds
        while self.counting is not None and not self.known and time.perf_counter() < end:
            self.known = next(self.counting, None) is None
            self.puzzles += not self.known
