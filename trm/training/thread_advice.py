"""Whether fewer CPU threads would train faster: measured beside the training, which it does not change."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

import torch

from trm.devices.threads import using_threads
from trm.progress import rate_text
from trm.training.monitor import Monitor, TrainingView, seconds_left

FIRST_LOOK = 3.0
"""Seconds of training after which the numbers of threads are compared first."""

NEXT_LOOK = 600.0
"""Seconds of training between two comparisons, because other programs come and go."""

REPEATS = 5
"""Steps that are timed with each number of threads, if they are quick."""

LONGEST = 10.0
"""Seconds after which no further step is timed."""

STEPS = REPEATS * 3
"""Most time of a comparison, in steps of the training: half the threads take at most twice as long as all."""

LARGEST_SHARE = 0.02
"""A comparison that takes more than this share of the time left does not pay."""

FASTER = 1.2
"""How many times faster fewer threads must be before it is worth a word."""

Measure = Callable[[TrainingView, Sequence[int]], Sequence[float]]
"""The seconds that the gradients of a step take with each of several numbers of threads."""


def step_seconds(
    training: TrainingView, counts: Sequence[int], clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Time the gradients of the slots with each number of threads, in turn so that other load affects all of them.

    The training does not change: gradients are dropped, and random generators and number of threads are put back.

    Returns:
        The median in seconds for each number of threads.
    """
    seconds: list[list[float]] = [[] for _ in counts]
    with torch.random.fork_rng(devices=[]):
        while len(seconds[0]) < REPEATS and sum(map(sum, seconds)) < LONGEST:
            for row, count in zip(seconds, counts, strict=True):
                with using_threads(count):
                    started = clock()
                    _drop_gradients(training)
                    row.append(clock() - started)
    return [statistics.median(row) for row in seconds]


def _drop_gradients(training: TrainingView) -> None:
    """Compute the gradients of the slots' next step for nothing."""
    with training.backend.autocast(training.config.precision):
        loss = training.slots.forward().loss.total
    parameters = [parameter for parameter in training.model.parameters() if parameter.requires_grad]
    torch.autograd.grad(loss, parameters, allow_unused=True)


class ThreadAdvice(Monitor):
    """Says once when fewer threads train faster than those in use, as on a machine where other programs keep cores busy.

    The number itself stays as it is: it determines the order of sums, so a change that depends on the time would make
    trainings with the same seed differ.

    Args:
        say: is given the sentence.
        measure: gives the seconds of a step.
    """

    def __init__(self, say: Callable[[str], None], measure: Measure = step_seconds) -> None:
        self.say, self.measure = say, measure
        self.threads = 1
        self.start = (0, 0.0)
        self.next_look = FIRST_LOOK

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        # A compiled network would be compiled again for another number of threads.
        measurable = training.backend.device.type == "cpu" and not training.model.compiled
        self.threads = torch.get_num_threads() if measurable else 1
        self.start = (training.step, training.seconds)
        self.next_look = training.seconds + FIRST_LOOK
        yield

    def step(self, training: TrainingView, progress: float) -> None:
        if self.threads < 2 or training.seconds < self.next_look:
            return
        self.next_look = training.seconds + NEXT_LOOK
        steps, seconds = training.step - self.start[0], training.seconds - self.start[1]
        left = seconds_left(training.seconds, progress)
        if left is None or STEPS * seconds / steps > LARGEST_SHARE * left:
            return
        sentence = self._compared(training)
        if sentence is not None:
            self.threads = 1
            self.say(sentence)

    def _compared(self, training: TrainingView) -> str | None:
        """The advice; None if the threads in use are as fast as fewer."""
        fewest, slow, fast = self.threads, 0.0, 0.0
        while fewest > 1:
            now, fewer = self.measure(training, (fewest, fewest // 2))
            if now < FASTER * fewer:
                break
            fewest, slow, fast = fewest // 2, slow or now, fewer
        if fewest == self.threads:
            return None
        batch_size = training.config.batch_size
        words = "One thread is" if fewest == 1 else f"{fewest} threads are"
        return (
            f"{words} faster here than {self.threads} ({rate_text(batch_size / fast)} against "
            f"{rate_text(batch_size / slow)} examples/s): stop with Ctrl-C and resume with --threads {fewest}."
        )
