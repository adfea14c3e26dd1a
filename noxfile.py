"""Test matrix: `nox` runs lint, types and the tests; `nox --list` shows the rest."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

PLUGINS = ("trm_tasks_sudoku", "trm_tasks_maze", "trm_tasks_arc", "trm_tasks_arithmetic")
SOURCES = ("trm", *(f"{plugin}/src" for plugin in PLUGINS))
PINS = ("-c", "constraints.txt")


def editable(*paths: str) -> list[str]:
    """Arguments of pip for packages installed in place."""
    return [argument for path in paths for argument in ("-e", path)]


@nox.session
def lint(session: nox.Session) -> None:
    """Style and common faults."""
    session.install(*PINS, "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python="3.11")
def types(session: nox.Session) -> None:
    """The types of the core and of every plugin."""
    session.install(*PINS, "mypy", "types-PyYAML", *editable(".[test,plot,official]", *PLUGINS))
    session.run("mypy", *SOURCES)


@nox.session(python="3.11")
def tests(session: nox.Session) -> None:
    """All fast tests, as the README runs them."""
    session.install(*PINS, *editable(".[test]", *PLUGINS))
    session.run("pytest", *session.posargs)


@nox.session(python="3.11")
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    session.install(*PINS, *editable(".[test,plot,onnx]", *PLUGINS))
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
def light(session: nox.Session) -> None:
    """What needs no torch: specs, hooks, the loader, the command line's help. Runs on every supported Python."""
    session.install(*PINS, "click", "pluggy", "rich", "pytest")
    session.install("--no-deps", *editable(".", *PLUGINS))
    session.run("pytest", "tests/test_plugins.py", *session.posargs)


@nox.session(python="3.11")
def core(session: nox.Session) -> None:
    """The core alone, with no plugin installed."""
    session.install(*PINS, *editable(".[test]"))
    session.run("pytest", "tests/test_model.py", "tests/test_training.py", "tests/test_programs.py", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("plugin", PLUGINS)
def wheel(session: nox.Session, plugin: str) -> None:
    """A plugin from its built wheel, beside the core from its own."""
    session.install(*PINS, "build", "hatchling")
    wheels = Path(session.create_tmp()) / "wheels"
    for path in (".", plugin):
        session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", str(wheels), path)
    built = [str(max(wheels.glob(f"{name}-*.whl"))) for name in ("trm", plugin)]
    session.install(*PINS, "pytest", "hypothesis", *built)
    session.run("trm", "list-tasks", "-v")
    session.run("pytest", f"{plugin}/tests", *session.posargs)


@nox.session(python="3.11")
def benchmarks(session: nox.Session) -> None:
    """Start-up, throughput and time to accuracy; each prints its own usage with --help."""
    session.install(*PINS, *editable(".[plot]", *PLUGINS))
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script), *session.posargs)
