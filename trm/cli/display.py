"""How the commands show progress: bars and notes on stderr, a live view or lines while training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from rich.progress import Progress, track

from trm.cli.common import for_people
from trm.cli.output import echo
from trm.experiment.experiment import Experiment
from trm.experiment.live import LiveMonitor
from trm.experiment.session import Display
from trm.render.console import Console
from trm.training.monitor import Monitor, PrintMonitor


class CommandDisplay(Display):
    """Progress on stderr.

    Args:
        console: the console of the live view and of status messages. Default: stderr.
        quiet: whether to show nothing while training.
    """

    def __init__(self, console: Console | None = None, quiet: bool = False) -> None:
        self.bars = Console(stderr=True)
        self.console = console or self.bars
        self.quiet = quiet

    def status(self, text: str) -> AbstractContextManager[Any]:
        return self.console.status(text)

    def track(self, items: Sequence[Any], heading: str) -> Iterable[Any]:
        return track(items, heading, total=len(items), console=self.bars, transient=True)

    @contextlib.contextmanager
    def bar(self, heading: str, total: int) -> Iterator[Callable[[int], None]]:
        with Progress(console=self.bars, transient=True) as progress:
            bar = progress.add_task(heading, total=total)
            yield lambda count: progress.advance(bar, count)

    def note(self, text: str) -> None:
        echo(text, err=True)

    def monitor(self, experiment: Experiment) -> Monitor:
        if self.quiet:
            return Monitor()
        return LiveMonitor(self.console, experiment) if for_people() else PrintMonitor()
