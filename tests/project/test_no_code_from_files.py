"""Nothing that is read is ever run: no call in the sources could do it."""

from __future__ import annotations

import ast

from tests.support.paths import ROOT

SOURCES = sorted(
    path for pattern in ("trm/**/*.py", "*/src/**/*.py", "plugins/*/src/**/*.py") for path in ROOT.glob(pattern)
)
FORBIDDEN = {
    "eval", "exec", "compile", "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open",
    "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen", "joblib.load", "dill.load", "dill.loads",
    "np.fromfile", "zipfile.extractall", "tarfile.open", "shutil.unpack_archive",
}  # fmt: skip
NEEDED = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}


def problems(code: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in FORBIDDEN or name.endswith((".extractall", ".extract")):
            found.append(f"line {node.lineno}: {name}")
        if name in NEEDED:
            argument, wanted = NEEDED[name]
            value = given.get(argument)
            if not (isinstance(value, ast.Constant) and value.value is wanted):
                found.append(f"line {node.lineno}: {name} without {argument}={wanted}")
        if "shell" in given:
            found.append(f"line {node.lineno}: {name} with a shell")
    return found


def test_the_sources_were_found() -> None:
    assert len(SOURCES) > 150


def test_no_code_comes_from_files() -> None:
    found = [
        f"{path.relative_to(ROOT)}, {problem}" for path in SOURCES for problem in problems(path.read_text("utf-8"))
    ]
    # The conformance kit pickles a plugin's parts and reads its own bytes back.
    own_pickles = [problem for problem in found if problem.startswith("trm/testing/") and "pickle.loads" in problem]
    assert set(found) == set(own_pickles)


def test_what_is_forbidden_is_found() -> None:
    code = "eval(x)\ntorch.load(f)\ntorch.load(f, weights_only=True)\nnp.load(f)\narchive.extractall()\nrun(x, shell=True)\n"
    assert len(problems(code)) == 5
