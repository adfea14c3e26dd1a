"""Lines that are longer than the terminal is wide: broken between words, never inside a number, a path or a command."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TextIO

COMMAND = re.compile(r"`[^`]*`|(?<=: )trm .*")
"""What people copy: a command between backticks, or at the end of a line after a colon."""

GLUE = "\0"
"""Stands for the blanks of a command while the line is broken."""


def fitted(text: str, stream: TextIO) -> str:
    """Text for a stream: with line breaks between words if it is a terminal, otherwise unchanged."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(wrapped(line, width) for line in text.split("\n"))


def wrapped(line: str, width: int) -> str:
    """Break a line between words, with the line's own indent. Commands stay whole, so that they can be copied."""
    if len(line) <= width:
        return line
    glued = COMMAND.sub(lambda command: command[0].replace(" ", GLUE), line)
    indent = line[: len(line) - len(line.lstrip())]
    parts = textwrap.wrap(glued, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(parts).replace(GLUE, " ")
