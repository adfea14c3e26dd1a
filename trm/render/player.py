"""Refinements on the console: animated in a terminal, as plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from trm.evaluation.refine import Frame
from trm.render.console import Console
from trm.render.recording import Recording
from trm.render.scene import Stage, beside, figures


class Player:
    """Shows refinements one after another.

    Args:
        console: where to show them.
        delay: seconds per frame in a terminal.
        recording: also receives every scene. Default: none.
    """

    def __init__(self, console: Console, delay: float = 0.0, recording: Recording | None = None) -> None:
        self.console, self.delay, self.recording = console, delay, recording

    def play(self, title: str, stage: Stage, frames: Iterable[Frame], steps: int) -> list[Frame]:
        """Show every frame as it is computed. There must be at least one.

        Args:
            title: a line above the picture.
            stage: the puzzle and its renderer.
            frames: from `trm.evaluation.refine.refine`.
            steps: maximum number of supervision steps.

        Returns:
            All frames.
        """
        if self.console.is_terminal:
            return self._in_place(title, stage, frames, steps)
        self.console.print(Text(title), stage.unsolved, sep="\n")
        shown = []
        for frame in frames:
            shown.append(frame)
            self.console.print(summary(frame))
        self.console.print(stage.picture(shown[-1]))
        return shown

    def conclude(self, verdict: RenderableType) -> None:
        """Show the verdict below the last picture."""
        self.console.print_text(verdict, "")
        if self.recording is not None:
            self.recording.add(Group(self._scene, Text(), verdict))
            self.recording.hold()

    def _in_place(self, title: str, stage: Stage, frames: Iterable[Frame], steps: int) -> list[Frame]:
        shown: list[Frame] = []
        self._scene = self._laid_out(title, stage.unsolved, Text("the puzzle", style="dim"))
        with Live(self._scene, console=self.console, auto_refresh=False, vertical_overflow="crop") as live:
            self._show(live)
            for frame in frames:
                shown.append(frame)
                self._scene = self._laid_out(title, stage.highlighted(frame), figures(shown, steps))
                self._show(live)
        return shown

    def _laid_out(self, title: str, picture: RenderableType, note: RenderableType) -> RenderableType:
        return Group(Text(title, style="bold"), Text(), beside(picture, note, self.console))

    def _show(self, live: Live) -> None:
        if self.recording is not None:
            self.recording.add(self._scene)
        live.update(self._scene, refresh=True)
        time.sleep(self.delay)


def summary(frame: Frame) -> Text:
    """A frame in one line."""
    cycle = "" if frame.cycle == frame.cycles else f".{frame.cycle}"
    wrong = "" if frame.wrong is None else f"  {int(frame.wrong.sum()):>4} wrong"
    changed = int(frame.changed.sum())
    return Text(f"step {frame.step:>2}{cycle}:  {changed:>4} changed{wrong}  {frame.halt:>4.0%} sure")
