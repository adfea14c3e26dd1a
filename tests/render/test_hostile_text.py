"""Text from elsewhere: nothing in it steers a terminal, is taken for markup, or gets into a page as HTML."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from trm.cli.output import print_json
from trm.data.puzzle_set import Description
from trm.errors import TRMError, printable, quoted, reason
from trm.evaluation.refine import Frame, Puzzle
from trm.render.console import Console
from trm.render.page import build_page
from trm.render.scene import Stage
from trm.render.tokens import TokenRenderer
from trm.storage.untrusted_input import as_number, parse_json, read_text

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\r\x00\u202etxt[/red][bold]x[/]\ud800"
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text(st.characters()))
def test_printable_text_has_no_control_characters(text: str) -> None:
    shown = printable(text)
    assert all(character in "\n\t" or character >= " " for character in shown)
    assert not set(shown) & {"\x7f", "\x9b", "\u202e", "\u2066"}
    shown.encode()  # nothing is left that can't be
    assert printable(shown) == shown


@given(json_values)
def test_json_stays_the_same_json(value: object) -> None:
    assert json.loads(printable(json.dumps(value, ensure_ascii=False))) == value


def test_ordinary_text_is_left_alone() -> None:
    text = "Größe ✓ 猫 a\tb\n😀\N{ZERO WIDTH JOINER}│●"
    assert printable(text) == text


def test_print_json_of_hostile_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({HOSTILE: HOSTILE})
    shown = capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\x9b", "\r"}
    assert json.loads(shown) == {HOSTILE: HOSTILE}


def test_quoted_values_are_short_whatever_they_share() -> None:
    shared: list[object] = ["x" * 1000]
    for _ in range(100):
        shared = [shared, shared, shared]
    started = time.process_time()
    assert len(quoted(shared)) < 300
    assert quoted(10**5000) == "a number of 16,610 bits"
    assert quoted("a\x1b") == "'a\\x1b'"
    assert time.process_time() - started < 1


def test_numbers_of_documents() -> None:
    assert [as_number(value) for value in (1, 2.5, -3)] == [1.0, 2.5, -3.0]
    for value in (True, None, "1", [], float("nan"), float("inf"), 1e301, 10**400):
        assert as_number(value) is None


def test_reasons_are_one_line() -> None:
    assert reason(ValueError("a\n  b.")) == "a b"
    assert reason(FileNotFoundError(2, "No such file", "x")) == "No such file"
    assert reason(MemoryError()) == "MemoryError"


def test_json_that_is_none_is_a_value_error() -> None:
    for text in ("[" * 10_000, "{", "9" * 5000):
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)


def test_only_regular_files_of_a_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello")
    assert read_text(tmp_path / "a", 5) == "hello"
    with pytest.raises(OSError, match="it has 5 bytes, more than the limit of 4"):
        read_text(tmp_path / "a", 4)
    with pytest.raises(OSError, match="it is a folder"):
        read_text(tmp_path)


def test_the_console_lets_styles_through_and_nothing_else() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=120, legacy_windows=False)
    table = Table("a")
    table.add_row(Text(HOSTILE))
    for shown in (Text(HOSTILE, style="red"), Panel(Text(HOSTILE), title=Text(HOSTILE)), table):
        console.print(shown)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\\u001b[2J\\u001b]0;title\\u009b31m" in output  # Rich itself leaves out bells
    assert "[bold]x[/]" in output
    assert "\x1b[31m" in output
    assert not set(output) & {"\x07", "\x9b", "\r", "\x00", "\u202e"}
    assert "\x1b[2J" not in output
    assert "\x1b]" not in output


def test_a_page_escapes_what_is_foreign() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{data}}"
    description = Description(vocab_size=2, seq_len=2, token_names=(evil, "b"))
    puzzle = Puzzle(np.array([0, 1]))
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7]])
    changed = np.array([True, False])
    frame = Frame(1, 1, 1, answer=np.array([0, 1]), changed=changed, wrong=None, probabilities=probabilities, halt=0.5)
    stage = Stage(TokenRenderer(None, description), puzzle)
    page = build_page(stage, [frame], description, title=evil, verdict=evil, footer=evil)
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>")
    assert "<script>alert" not in page


def test_errors_of_commands_are_printable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from trm.cli.main import main

    folder = tmp_path / "run\x1b[31m\n[red]"
    folder.mkdir()
    with pytest.raises(SystemExit):
        main(["compare", str(folder)])
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "\\u001b[31m" in error


def test_a_long_message_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from trm.cli import main as module

    def fail(*_: object, **__: object) -> None:
        raise TRMError("x" * 10**6)

    monkeypatch.setattr(module.cli, "main", fail)
    with pytest.raises(SystemExit):
        module.main(["doctor"])
    assert len(capsys.readouterr().err) < 3000
