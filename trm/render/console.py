"""A Rich console that escapes control characters, so that untrusted text cannot control the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from trm.errors import printable


class Console(rich.console.Console):
    """Escapes control characters in all text; only Rich's own styles and cursor movements reach the terminal.

    The error for a closed pipe reaches the caller, where Rich would end the program with exit code 1.

    Rich interprets markup in strings only, so print untrusted text as `rich.text.Text`.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))

    def print_text(self, *parts: RenderableType, end: str = "\n") -> None:
        """Print text whose lines are broken between words in a terminal, and not at all elsewhere."""
        self.print(*parts, sep="\n", end=end, soft_wrap=not self.is_terminal)

    def on_broken_pipe(self) -> None:
        raise
