"""Jobs are shown with count, rate and time left: as bars on a terminal, as lines elsewhere. No test waits for the clock."""

from __future__ import annotations

import io
import os
import re

import pytest

from trm.progress import Job, Pace, duration, printing, progress, reporting_to
from trm.render import reporting
from trm.render.bars import JobRows
from trm.render.console import Console
from trm.render.reporting import BarReporter, LineReporter, reporter_on


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def usual_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "FIRST_LINE", 2.0)
    monkeypatch.setattr(reporting, "LINE_SECONDS", 10.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def lines_at(reporter: LineReporter, clock: Clock, *seconds: float) -> list[str]:
    """The lines that are written when the clock shows these times."""
    before = len(reporter.stream.getvalue().splitlines())  # type: ignore[attr-defined]
    for time in seconds:
        clock.now = 100.0 + time
        reporter.tick()
    return list(reporter.stream.getvalue().splitlines()[before:])  # type: ignore[attr-defined]


def test_a_line_after_two_seconds_and_then_every_ten(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    with reporting_to(reporter), progress("Making puzzles", 1000) as advance:
        assert lines_at(reporter, clock, 0.5, 1.0, 1.9) == []
        advance(10)
        assert lines_at(reporter, clock, 2.0) == ["Making puzzles: 10 of 1,000 puzzles, 5.0/s, 3 min 18 s left"]
        advance(40)
        assert lines_at(reporter, clock, 5.0, 11.9) == []
        (line,) = lines_at(reporter, clock, 12.0)
        assert line.startswith("Making puzzles: 50 of 1,000 puzzles, ")
    assert lines_at(reporter, clock, 60.0) == []


def test_a_quick_job_says_nothing(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    for number in range(5):
        clock.now = 100.0 + 3 * number
        with reporting_to(reporter), progress("Quick"):
            assert lines_at(reporter, clock, 3 * number + 1.8) == []


def test_the_innermost_job_is_the_one_that_is_told(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    with reporting_to(reporter), progress("Preparing"):
        assert lines_at(reporter, clock, 2.0) == ["Preparing: 2 s"]
        with progress("Hashing", 8, "files") as advance:
            assert lines_at(reporter, clock, 3.0) == []
            advance(2)
            assert lines_at(reporter, clock, 4.0) == ["Hashing: 2 of 8 files, 1.0/s, 6 s left"]
        assert lines_at(reporter, clock, 14.0) == ["Preparing: 14 s"]


def test_a_job_that_has_only_begun_gets_no_line(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    with reporting_to(reporter), progress("Preparing"):
        assert lines_at(reporter, clock, 2.0) == ["Preparing: 2 s"]
        clock.now = 111.5
        with progress("Hashing"):
            assert lines_at(reporter, clock, 12.0) == ["Preparing: 12 s"]
            assert lines_at(reporter, clock, 13.4, 21.9) == []
            assert lines_at(reporter, clock, 22.0) == ["Hashing: 10 s"]
        assert lines_at(reporter, clock, 24.5, 31.0) == []


def test_a_job_without_a_first_result_says_how_long_it_has_taken() -> None:
    pace = Pace(Job("Making", 2000), 0.0)
    assert pace.details(17.0) == ["0 of 2,000 puzzles", "17 s"]


@pytest.mark.parametrize(("job", "amount"), [(Job("", 1), "0 of 1 puzzle"), (Job("", unit="steps", done=1), "1 step")])
def test_one_is_singular(job: Job, amount: str) -> None:
    assert job.amount() == amount


def test_other_output_counts_as_a_word(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    with reporting_to(reporter), progress("Training", unit="steps") as advance:
        advance(1)
        assert len(lines_at(reporter, clock, 2.0)) == 1
        clock.now = 110.0
        with printing():
            pass
        assert lines_at(reporter, clock, 12.0, 19.0) == []
        assert len(lines_at(reporter, clock, 20.0)) == 1


def test_lines_have_no_control_characters(clock: Clock) -> None:
    reporter = LineReporter(io.StringIO(), clock)
    with reporting_to(reporter), progress("Making \x1b[31mpuzzles\r"):
        (line,) = lines_at(reporter, clock, 2.0)
    assert not re.search(r"[\x00-\x1f\x7f]", line)


@pytest.mark.parametrize(
    ("stream", "term", "kind"),
    [
        (io.StringIO(), "xterm", LineReporter),
        (Terminal(), "xterm", BarReporter),
        (Terminal(), "dumb", LineReporter),
        (Terminal(), "unknown", LineReporter),
    ],
)
def test_bars_are_for_terminals(stream: io.StringIO, term: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    assert type(reporter_on(stream)) is kind


def drawn(reporter: BarReporter) -> str:
    """What was drawn since the last call, without colours and cursor movements."""
    text = reporter.stream.getvalue()  # type: ignore[attr-defined]
    reporter.stream.seek(0)
    reporter.stream.truncate()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_bar_shows_count_rate_and_time_left_and_disappears(clock: Clock) -> None:
    reporter = BarReporter(Terminal(), clock)
    with reporting_to(reporter), progress("Scoring", 1000) as advance:
        reporter.tick()
        assert drawn(reporter) == ""
        clock.now += 2
        advance(100)
        reporter.tick()
        assert re.search(r"Scoring ━+.* 100 of 1,000 puzzles, 50/s, 18 s left", drawn(reporter))
        with printing():
            drawn(reporter)
            clock.now += 5
            reporter.tick()
            assert "Scoring" not in drawn(reporter)
        reporter.tick()
        assert "100 of 1,000" in drawn(reporter)
    assert reporter.drawn is None


def test_a_job_of_unknown_length_has_no_bar(clock: Clock) -> None:
    reporter = BarReporter(Terminal(), clock)
    with reporting_to(reporter), progress("Hashing"):
        clock.now += 3
        reporter.tick()
        text = drawn(reporter)
    assert re.search("Hashing +3 s", text)
    assert "━" not in text


@pytest.mark.parametrize("columns", [40, 80])
def test_a_bar_fits_the_terminal(columns: int, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    reporter = BarReporter(Terminal(), clock)
    with reporting_to(reporter), progress("Scoring", 1000) as advance:
        clock.now += 3
        advance(250)
        reporter.tick()
        lines = drawn(reporter).splitlines()
    assert max(map(len, lines)) <= columns
    assert re.search("Scoring.* 250 of 1,000 puzzles, 83/s, 9 s left", " ".join(" ".join(lines).split()))


def test_bars_in_a_larger_display(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=78)
    rows = JobRows(console, clock)
    with reporting_to(rows):
        console.print(rows)
        with progress("Scoring", 1000) as advance:
            clock.now += 10
            advance(500)
            console.print(rows)
        console.print(rows)
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert re.search("Scoring ━+ +500 of 1,000 puzzles, 50/s, 10 s left", line)


def test_what_an_earlier_run_did_does_not_count_for_the_rate() -> None:
    job = Job("Making", 1000)
    pace = Pace(job, 0.0)
    job.advance(600, found=True)
    pace.sample(1.0)
    job.advance(40)
    pace.sample(10.0)
    assert pace.rate() == 4.0
    assert pace.details(10.0) == ["640 of 1,000 puzzles", "4.0/s", "1 min 30 s left"]


def test_the_rate_follows_a_change_of_speed() -> None:
    job = Job("Making", 1000)
    pace = Pace(job, 0.0)
    for second in range(1, 101):
        job.advance(1 if second > 50 else 10)
        pace.sample(float(second))
    assert pace.rate() == pytest.approx(1.0)


def test_nobody_is_told_by_default_nor_in_a_forked_process(clock: Clock) -> None:
    with progress("Making", 10) as advance:
        advance(10)
    reporter = LineReporter(io.StringIO(), clock)
    reporter.process = os.getpid() + 1
    with reporting_to(reporter), progress("Making", 10):
        assert reporter.paces == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3000, "50 min"),
        (3900, "1 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
