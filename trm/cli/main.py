"""The `trm` command: a group that imports its commands lazily and reports every error in one sentence."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from trm import __version__
from trm.cli.absent import let_options_be_absent
from trm.cli.help import FIRST_STEPS, Context, complete_help, with_examples
from trm.cli.include import command_line, in_front, include_option, include_path_restored
from trm.cli.output import echo, echo_error
from trm.cli.signals import Interruptions, interruption_in, number_of
from trm.cli.streams import OutputClosed, ending_with_reader, flush_or_drop, make_tolerant, reader_has_gone
from trm.cli.torchrun import is_rank_zero, refuse_several, whose
from trm.errors import (
    DONE,
    EXIT_CODES,
    FAILED,
    REFUSED,
    WRONG_PATH,
    ReportedElsewhere,
    TRMError,
    described,
    nearest,
    reason,
)
from trm.plugins.registry import get_registry
from trm.progress import reporting_to
from trm.render.reporting import reporter_on

if TYPE_CHECKING:
    from trm.plugins.code import Blame

COMMANDS = {
    "list-tasks": ("list_tasks", "List the installed tasks with their plugins and versions."),
    "presets": ("presets", "Show the presets of a task, all settings of one, or how two differ."),
    "train": ("train", "Train a model on a task, or resume a run."),
    "sweep": ("sweep", "Train a task with many settings and compare the results."),
    "evaluate": ("evaluate", "Score a run, a checkpoint or shipped weights on test puzzles."),
    "score": ("score", "Score a file of answers that were made elsewhere."),
    "solve": ("solve", "Solve puzzles given as arguments, in a file or on stdin."),
    "import-checkpoint": ("import_checkpoint", "Convert a checkpoint of the TRM or HRM code into a run."),
    "export": ("export", "Export weights for the TRM code, to ONNX or as a torch.export program."),
    "demo": ("demo", "Watch a trained model solve puzzles step by step."),
    "trace": ("trace", "Show the refinement of one puzzle as a web page or an image."),
    "play": ("play", "Make a web page in which a network solves puzzles, and open it."),
    "runs": ("runs", "List runs with their scores and states."),
    "plot": ("plot", "Plot the learning curves of runs."),
    "compare": ("compare", "Compare the settings and results of runs."),
    "push": ("push", "Upload a model to the Hugging Face Hub with a model card."),
    "pull": ("pull", "Download a model from the Hugging Face Hub, or list them."),
    "data": ("data", "Build, describe and clear datasets."),
    "new-task": ("new_task", "Create a plugin package for a new task."),
    "check-task": ("check_task", "Run the conformance checks on a task."),
    "doctor": ("doctor", "Show versions, devices, plugins and their problems; or measure this machine."),
}
"""The module in `trm.cli` and the help line of each command, so that `trm --help` imports none of them."""

LONGEST_MESSAGE = 2000


@functools.cache
def _imported(name: str) -> click.Command:
    """A command, complete with what all commands have in common."""
    command: click.Command = importlib.import_module(f"trm.cli.{COMMANDS[name][0]}").command
    let_options_be_absent(command)
    complete_help(command, name)
    return command


class LazyGroup(click.Group):
    """A group that imports the module of a command only when that command is called."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return _imported(name) if name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {name!r}. {nearest(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with ending_with_reader():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with ending_with_reader():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their help lines. Click's own method would import every command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="trm")
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
@include_option
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Train and study Tiny Recursive Models: small networks that solve puzzles by refining an answer.

    `trm list-tasks` lists the tasks. Start with `trm train TASK`.
    """
    ctx.obj = {"debug": debug}
    if is_rank_zero():
        ctx.with_resource(reporting_to(reporter_on(sys.stderr)))
    if ctx.invoked_subcommand is not None and ctx.invoked_subcommand != "train":
        refuse_several(ctx.invoked_subcommand)


cli.help = with_examples(cli.help, FIRST_STEPS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `trm.errors.EXIT_CODES`."""
    make_tolerant()
    if "_TRM_COMPLETE" in os.environ:
        importlib.import_module("trm.cli.bash_completion")  # registers itself with Click
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:  # people also type it after the command
        arguments = ["--debug", *(item for item in arguments if item != "--debug")]
    with Interruptions() as interruptions, include_path_restored():
        try:
            code = _run(in_front(arguments), debug, interruptions)
        except (OSError, SystemExit) as error:
            if not reader_has_gone(error):
                raise
            code = DONE
    flush_or_drop()
    sys.exit(code)


def _run(arguments: list[str], debug: bool, interruptions: Interruptions) -> int:
    """Run the command line and report an error.

    Raises:
        OutputClosed: the reader of stdout or stderr has gone.
    """
    try:
        result = cli.main(arguments, prog_name="trm", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        if is_rank_zero():  # every process has the same arguments
            error.show()
        return error.exit_code
    except ReportedElsewhere as error:
        return error.exit_code
    except TRMError as error:
        if reader_has_gone(error):
            raise OutputClosed(DONE) from error
        return _report(_with_place(error), error.exit_code, debug)
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(interruption_in(error) or error)
    except (Exception, SystemExit) as error:  # a plugin's sys.exit() must not end a command without a message
        if reader_has_gone(error):
            raise
        interruption = interruption_in(error) or interruptions.lost
        if interruption is not None:
            return _interrupted(interruption)
        code = REFUSED if isinstance(error, OSError) and error.errno in WRONG_PATH else FAILED
        return _report(_unexpected(error, debug), code, debug)


def _unexpected(error: BaseException, debug: bool) -> str:
    """The message for an exception that no command handles: a plugin's, the file system's, or a bug in trm."""
    place = _place(error)
    if place is not None:
        return f"{place}: {described(error).rstrip('.')}."
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, OSError):
        return f"Cannot use {error.filename or 'a file'}: {reason(error)}."
    hint = "" if debug else " --debug shows the traceback."
    return f"{described(error).rstrip('.')}. This is a bug in trm.{hint}"


def _place(error: BaseException) -> Blame | None:
    """The line of a plugin that raised an error; None if no plugin's code ran."""
    from trm.plugins.code import blame

    return blame(error, get_registry()) if get_registry.cache_info().currsize else None


def _with_place(error: TRMError) -> str:
    """The message of an error, with the plugin's line if the plugin's code is its cause."""
    if error.__cause__ is None or not get_registry.cache_info().currsize:
        return str(error)
    from trm.plugins.code import message_with_place

    return message_with_place(error, get_registry())


def _interrupted(error: BaseException) -> int:
    run = getattr(error, "run", None)
    advice = (
        [f"Resume with: {command_line(f'train --resume {run}')}"]
        if run
        else [text for text in error.args if isinstance(text, str)]
    )
    echo(" ".join(["Interrupted.", *advice]), err=True)
    return 128 + number_of(error)


def _report(message: str, exit_code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    echo_error(f"Error{whose()}: {message[:LONGEST_MESSAGE]}")
    return exit_code
