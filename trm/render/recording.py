"""Console recordings as one animated SVG: Rich exports the scenes, and CSS shows them in turn.

The SVG has no scripts, so it works as an image in a README. Readers who prefer reduced motion see the last scene.
"""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import SVG_EXPORT_THEME

WIDTH = 80
MARGIN = 16
LAST_SECONDS = 3.0
CHARACTER_WIDTH, LINE_HEIGHT = 12.2, 24.4  # of the 20 px type in Rich's export
SCENE_FORMAT = "<style>{styles}</style>{backgrounds}{matrix}"
NEEDLESS = re.compile(r' clip-path="[^"]*"|<text[^>]*>\s*</text>')


class Recording:
    """Collects scenes.

    Args:
        title: text for screen readers.
        seconds: how long each scene is shown.
    """

    def __init__(self, title: str, seconds: float) -> None:
        self.title, self.seconds = title, seconds
        self.scenes: list[tuple[RenderableType, float]] = []

    def add(self, scene: RenderableType) -> None:
        """Add a scene."""
        self.scenes.append((scene, self.seconds))

    def hold(self) -> None:
        """Show the last scene longer."""
        scene, _ = self.scenes[-1]
        self.scenes[-1] = (scene, LAST_SECONDS)

    def write(self, path: Path) -> None:
        """Write the SVG."""
        path.write_text(self.svg(), encoding="utf-8")

    def svg(self) -> str:
        """The SVG as text."""
        drawn = [_drawn(scene, f"s{number}") for number, (scene, _) in enumerate(self.scenes)]
        width = WIDTH * CHARACTER_WIDTH + 2 * MARGIN
        height = max(lines for _, lines in drawn) * LINE_HEIGHT + 2 * MARGIN
        groups = "\n".join(f'<g class="scene" id="s{number}">{body}</g>' for number, (body, _) in enumerate(drawn))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n<style>{self._css()}</style>\n"
            f'<rect width="100%" height="100%" rx="8" fill="{SVG_EXPORT_THEME.background_color.hex}"/>\n'
            f'<g transform="translate({MARGIN} {MARGIN})">\n{groups}\n</g>\n</svg>\n'
        )

    def _css(self) -> str:
        total = sum(seconds for _, seconds in self.scenes)
        rules = ["text{font:20px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}.scene{visibility:hidden}"]
        start = 0.0
        for number, (_, seconds) in enumerate(self.scenes):
            first, last = (100 * moment / total for moment in (start, start + seconds))
            rules.append(
                f"@keyframes k{number}{{0%{{visibility:hidden}}{first:.3f}%{{visibility:visible}}"
                f"{last:.3f}%{{visibility:{'visible' if number == len(self.scenes) - 1 else 'hidden'}}}}}"
                f"#s{number}{{animation:k{number} {total:.2f}s step-end infinite}}"
            )
            start += seconds
        rules.append(
            "@media(prefers-reduced-motion:reduce){.scene{animation:none!important}"
            f"#s{len(self.scenes) - 1}{{visibility:visible}}}}"
        )
        return "\n".join(rules)


def _drawn(scene: RenderableType, name: str) -> tuple[str, int]:
    """The SVG elements of a scene, and its number of lines."""
    console = Console(width=WIDTH, file=io.StringIO(), record=True, force_terminal=True, highlight=False)
    console.print(scene)
    lines = console.export_text(clear=False).rstrip().count("\n") + 1
    return NEEDLESS.sub("", console.export_svg(code_format=SCENE_FORMAT, unique_id=name)), lines
