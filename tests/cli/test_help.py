"""`--help`: examples for every command, the values of the chosen preset, and the terminal's width."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from tests.support.command import trm
from trm.cli.help import EXAMPLES, FIRST_STEPS
from trm.cli.main import COMMANDS, cli

pytest.importorskip("trm_tasks_sudoku")

ORDERS = (
    "train sudoku --preset hard --help",
    "train --help sudoku --preset hard",
    "train --preset hard --help sudoku",
    "train --help --preset hard sudoku",
    "train -h sudoku --preset hard",
)


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="trm")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {part}", found) for part, found in command.commands.items())


COMMANDS_WITH_PATHS = list(commands())


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS_WITH_PATHS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_one_to_three_examples_that_it_can_parse(path: str, command: click.Command) -> None:
    shown = trm(f"{path} --help")
    assert shown.code == 0
    assert 1 <= len(EXAMPLES[path]) <= 3
    for example in EXAMPLES[path]:
        assert f"\n    {example}\n" in shown.out
        words = shlex.split(example.partition(" > ")[0])
        assert words[: len(path.split()) + 1] == ["trm", *path.split()]
        context = click.Context(cli, info_name="trm")
        if not isinstance(command, click.Group):
            command.make_context(path, words[1 + len(path.split()) :], parent=context, resilient_parsing=False)


def test_the_commands_of_a_group_are_described_in_full() -> None:
    shown = trm("data --help").out
    assert "..." not in shown.partition("Commands:")[2]
    assert "code bases share." in " ".join(shown.split())


def test_the_first_help_has_examples_of_its_own() -> None:
    shown = trm("--help").out
    assert all(f"\n    {example}\n" in shown for example in FIRST_STEPS)


def test_no_example_is_of_a_command_that_does_not_exist() -> None:
    assert set(EXAMPLES) <= {path for path, _ in commands()}


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS_WITH_PATHS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_output_has_a_short_name(path: str, command: click.Command) -> None:
    for option in command.params:
        if "--output" in option.opts:
            assert "-o" in option.opts


@pytest.mark.parametrize("line", ORDERS)
def test_help_shows_the_chosen_preset_in_any_order(line: str) -> None:
    shown = trm(line).out
    assert "Settings with preset hard" in shown
    assert "task.style=hard" in shown
    assert "training.max_steps=22000" in shown


def test_help_shows_the_default_preset_and_what_the_line_changes() -> None:
    assert "training.max_steps=4000 " in trm("train sudoku --help").out
    changed = trm("train sudoku --epochs 3 --set model.hidden_dim=8 --help").out
    assert "training.num_epochs=3 " in changed
    assert "training.max_steps=none " in changed
    assert "model.hidden_dim=8 " in changed


def test_help_has_the_most_important_settings_and_help_all_has_all() -> None:
    short, full = trm("train sudoku --help").out, trm("train sudoku --help-all").out
    assert "training.learning_rate=" in short
    assert "training.ema_decay=" not in short
    assert "model.dropout=" not in short
    assert "trm train sudoku --help-all" in " ".join(short.split())
    for setting in ("training.ema_decay=0.999", "model.dropout=0.0", "task.min_backtracks=0", "training.batch_size=8"):
        assert setting in full
    assert len(short.splitlines()) < len(full.splitlines())


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("line", ["--help", "train sudoku --help-all", "solve --help", "presets sudoku"])
def test_help_keeps_to_the_width_of_the_terminal(line: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = [text for text in trm(line).out.splitlines() if not text.startswith("    trm ")]
    longest = max(lines, key=len)
    assert len(longest) <= min(columns, 100), longest


@pytest.mark.parametrize("line", ["--help", "train sudoku --help-all", "solve --help", "presets sudoku"])
def test_descriptions_are_no_columns_of_single_words_in_a_narrow_terminal(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    descriptions = [text for text in trm(line).out.splitlines() if text.startswith("  ")]
    assert sum(len(text.split()) for text in descriptions) > 2.5 * len(descriptions)
