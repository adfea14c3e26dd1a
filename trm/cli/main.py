"""The `trm` command: a group that loads its commands lazily, and the place where errors become sentences."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence

import click

from trm import __version__
from trm.cli.output import echo, echo_error
from trm.cli.signals import Interruptions, interruption_in, number_of
from trm.cli.torchrun import is_rank_zero, refuse_several, whose
from trm.errors import ReportedElsewhere, TRMError, reason

COMMANDS = {
    "list-tasks": ("list_tasks", "The tasks, their plugins and versions."),
    "train": ("train", "Train a model on a task."),
    "evaluate": ("evaluate", "Score a run, a checkpoint or shipped weights."),
    "solve": ("solve", "Answer puzzles given on the line, in a file or on stdin."),
    "import-checkpoint": ("import_checkpoint", "Make a run of a checkpoint of the paper's code or of HRM's."),
    "export": ("export", "Write weights for the paper's code, as ONNX or as a torch.export program."),
    "demo": ("demo", "Watch a trained model solve puzzles, step by step."),
    "trace": ("trace", "The refinement of one puzzle as a page or a picture."),
    "plot": ("plot", "Learning curves of runs, in the terminal and to a file."),
    "compare": ("compare", "Where the settings of runs differ, and what each reached."),
    "data": ("data", "Build data sets on disk, or describe them."),
    "new-task": ("new_task", "Write a plugin package for a task of your own."),
    "check-task": ("check_task", "Run the conformance kit over a task."),
    "doctor": ("doctor", "Versions, devices, plugins and their failures, cache."),
}
"""Module in `trm.cli` and help line of each command, so that `trm --help` imports none of them."""

LONGEST_MESSAGE = 2000
INTERRUPTED = 128 + signal.SIGINT


class LazyGroup(click.Group):
    """Imports a command's module when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"trm.cli.{COMMANDS[name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Click's own would load every command for its help line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="trm")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Train and study Tiny Recursive Models: small networks that solve puzzles by refining an answer.

    Start with `trm train TASK`; `trm list-tasks` shows the tasks.
    """
    ctx.obj = {"debug": debug}
    if ctx.invoked_subcommand is not None and ctx.invoked_subcommand != "train":
        refuse_several(ctx.invoked_subcommand)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 a wrong request, 130 interrupted, 143 terminated."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:  # also accepted after the command, where people type it
        arguments = ["--debug", *(item for item in arguments if item != "--debug")]
    with Interruptions() as interruptions:
        code = _run(arguments, debug, interruptions)
    sys.exit(code)


def _run(arguments: list[str], debug: bool, interruptions: Interruptions) -> int:
    try:
        result = cli.main(arguments, prog_name="trm", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        if is_rank_zero():  # the others were started with the same words
            error.show()
        return error.exit_code
    except ReportedElsewhere as error:
        return error.exit_code
    except TRMError as error:
        return _report(str(error), error.exit_code, debug)
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(interruption_in(error) or error)
    except BrokenPipeError:  # the reader of our output is gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _report(f"{error.filename or 'A file'} can't be used: {reason(error)}.", 1, debug)
    except Exception as error:
        interruption = interruption_in(error) or interruptions.lost
        if interruption is not None:
            return _interrupted(interruption)
        hint = "" if debug else " This is a fault in trm or a plugin; --debug shows where."
        return _report(f"{type(error).__name__}: {error}.{hint}", 1, debug)


def _interrupted(error: BaseException) -> int:
    checkpoint = getattr(error, "checkpoint", None)
    where = f" Go on with: trm train --resume {checkpoint.parent.parent}" if checkpoint else ""
    echo(f"Interrupted.{where}", err=True)
    return 128 + number_of(error)


def _report(message: str, exit_code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    echo_error(f"Error{whose()}: {message[:LONGEST_MESSAGE]}")
    return exit_code
