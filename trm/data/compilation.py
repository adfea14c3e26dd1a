"""Showing that numba compiles the code of a plugin, which takes many seconds if its cache on disk is empty."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from trm.progress import progress

HEADING = "Compiling the plugin's code, only this once"


@contextlib.contextmanager
def showing_compilation() -> Iterator[None]:
    """A context in which numba's compilation is shown as a job. Code that numba has in its cache is not compiled.

    Without effect unless numba has been imported, so that plugins without it pay nothing.
    """
    if "numba" not in sys.modules:
        yield
        return
    from numba.core.event import Listener, install_listener

    class Shown(Listener):
        """Shows a job from the first start of a compilation to its end; a function compiles those that it calls."""

        def __init__(self) -> None:
            self.depth = 0
            self.job = contextlib.ExitStack()

        def on_start(self, event: Any) -> None:
            if not self.depth:
                self.job.enter_context(progress(HEADING))
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if not self.depth:
                self.job.close()

    shown = Shown()
    with shown.job, install_listener("numba:compile", shown):
        yield
