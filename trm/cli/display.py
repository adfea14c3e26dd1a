"""How the commands show a training: a live view on a terminal, else lines. Everything else: `trm.render.reporting`."""

from __future__ import annotations

import sys

from rich.console import Console

from trm.cli.output import echo
from trm.experiment.experiment import Experiment
from trm.experiment.session import Display
from trm.render.console import Console as SafeConsole
from trm.render.reporting import draws
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.thread_advice import ThreadAdvice
from trm.training.tracking import Monitors


class CommandDisplay(Display):
    """Notes on stderr, and the progress of a training.

    Args:
        console: where a training is shown. Default: stdout.
        quiet: whether to show nothing while training.
        advise: whether to say when fewer CPU threads would train faster.
    """

    def __init__(self, console: Console | None = None, quiet: bool = False, advise: bool = False) -> None:
        self.console = console or SafeConsole()
        self.quiet, self.advise = quiet, advise

    def note(self, text: str) -> None:
        echo(text, err=True)

    def monitor(self, experiment: Experiment) -> Monitor:
        if self.quiet:
            return Monitor()
        shown = self._shown(experiment)
        return Monitors([shown, ThreadAdvice(shown.note)]) if self.advise else shown

    def _shown(self, experiment: Experiment) -> Monitor:
        stream = sys.stderr if self.console.stderr else sys.stdout
        if not draws(stream):
            return PrintMonitor(stream)
        from trm.experiment.live import LiveMonitor  # no other command needs it

        return LiveMonitor(self.console, experiment)
