"""Progress and pictures in a notebook: one output that is updated in place, escaped, without anything to load."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from rich.text import Text

from trm.markup import bar, chart, facts, grid, panel, table
from trm.progress import progress, report_by_default, reporting_to
from trm.render.html import as_frame, as_html, as_table
from trm.render.notebook import CellOutput, NotebookReporter, in_notebook

VOID = ("br", "img")


class Balanced(HTMLParser):
    """Fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """A tag such as `<path/>` closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(html: str) -> str:
    parser = Balanced()
    parser.feed(html)
    assert not parser.open
    assert not re.search(r"<script|(src|href)=[\"']?https?:", html)
    return html


class Output(CellOutput):
    """Keeps what it was filled with, and stands for the output of a cell."""

    cell = 1

    def __init__(self) -> None:
        self.fills: list[tuple[str, str]] = []
        self.number = Output.cell

    @property
    def current(self) -> bool:
        return self.number == Output.cell

    def fill(self, html: str, plain: str) -> None:
        self.fills.append((html, plain))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Output]:
    monkeypatch.setattr(Output, "cell", 1)
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reporter(outputs: list[Output], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> NotebookReporter:
    monkeypatch.setattr(NotebookReporter, "interval", 1e6)  # the tests tick themselves

    def new() -> Output:
        outputs.append(Output())
        return outputs[-1]

    return NotebookReporter(clock, new)


def test_a_job_has_a_bar_that_is_updated_and_removed(
    reporter: NotebookReporter, outputs: list[Output], clock: Clock
) -> None:
    with reporting_to(reporter), progress("Scoring <puzzles>", 200) as advance:
        reporter.tick()
        assert not outputs[-1].fills
        for done in (50, 50):
            advance(done)
            clock.now += 1
            reporter.tick()
    (first, _), (second, plain), last = outputs[-1].fills
    assert "Scoring &lt;puzzles&gt;" in check(first)
    assert 'aria-valuenow="25"' in first
    assert 'aria-valuenow="50"' in check(second)
    assert plain == "Scoring <puzzles>: 100 of 200 puzzles, 50/s, 2 s left"
    assert last == ("", "")


def test_jobs_of_a_cell_share_an_output_and_another_cell_has_its_own(
    reporter: NotebookReporter, outputs: list[Output], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cell in (1, 1, 2):
        monkeypatch.setattr(Output, "cell", cell)
        with reporting_to(reporter), progress("Scoring"):
            clock.now += 1
            reporter.tick()
    assert [len(output.fills) for output in outputs] == [4, 2]


def test_an_output_can_be_given_to_something_that_stays(
    reporter: NotebookReporter, outputs: list[Output], clock: Clock
) -> None:
    with reporting_to(reporter), progress("Preparing"):
        clock.now += 1
        reporter.tick()
        given = reporter.hand_over()
        given.fill("stays", "stays")
    assert [fill[1] for fill in outputs[0].fills] == ["Preparing: 1 s", "stays"]
    assert not outputs[1].fills


def test_a_quick_job_has_no_output(reporter: NotebookReporter, outputs: list[Output], clock: Clock) -> None:
    with reporting_to(reporter), progress("Quick"):
        clock.now += 0.3
        reporter.tick()
    assert not any(output.fills for output in outputs)


def test_the_default_reporter_is_used_wherever_no_other_is(
    reporter: NotebookReporter, clock: Clock, outputs: list[Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trm.progress._default", [])
    report_by_default(reporter)
    with progress("Shown"):
        assert len(reporter.paces) == 1
    with reporting_to(None), progress("Hidden"):
        assert not reporter.paces


def test_a_notebook_is_recognized_by_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    for shell, expected in ((None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=1), True)):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert in_notebook() is expected
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()


def test_text_is_escaped() -> None:
    bad = "<b>&\"'</b>\x1b"
    for html in (
        panel(bad, facts({bad: bad})),
        table((bad,), [(bad, bad)]),
        grid([bad], 1),
        chart(bad, [(0, 0), (1, 1)]),
        as_html(Text(bad, "bold red")),
        as_table({bad: 0.5}, {bad: (0.4, 0.6)}),
    ):
        assert "<b>" not in check(html)
        assert "&lt;b&gt;" in html
    assert "\x1b" not in as_html(Text(bad))


def test_a_page_is_embedded_as_an_attribute() -> None:
    html = as_frame('<title>A &amp; B</title><script>alert("\'")</script>')
    assert check(html).startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;title&gt;')
    assert 'title="A &amp; B"' in html


def test_a_picture_keeps_its_colours_and_has_no_background_of_its_own() -> None:
    html = check(as_html(Text.assemble(("red", "bold red"), " plain ", ("wall", "on grey42"))))
    assert "color:var(--c1);font-weight:700" in html
    assert "background:#6c6c6c" in html
    assert "--c1:#e02f28" in html
    assert html.startswith("<pre style=")
    assert "background:none;color:inherit" in html


def test_charts_and_bars() -> None:
    assert chart("loss", [(0, 1.0)]) == ""
    assert "loss, last 0.25" in check(chart("loss", [(number, 1 / (number + 1)) for number in range(4)]))
    assert chart("loss", [(number, 1.0) for number in range(100_000)]).count(",") < 1000
    assert 'aria-valuenow="100"' in check(bar(1.7))
