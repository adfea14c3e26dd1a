"""The broken plugins, installed as pip would leave them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import pytest

import trm.testing.run
from tests.support.broken_plugins import ALL
from trm.plugins.registry import get_registry

MODULES = {
    "heavy": "import numpy\nfrom tests.support.broken_plugins import ALL\nPLUGIN = ALL.heavy\n",
    "fragile": "import sys\nif 'pytest' not in sys.modules:\n    raise ImportError('later, please')\n"
    "from tests.support.broken_plugins import ALL\nPLUGIN = ALL.fragile\n",
}
"""The plugins whose module itself is broken, with its code."""


@pytest.fixture(scope="package", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All broken plugins in one distribution."""
    folder = tmp_path_factory.mktemp("site")
    for name, code in MODULES.items():
        (folder / f"{name}_plugin.py").write_text(code)
    info = folder / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    lines = [f"{name} = tests.support.broken_plugins:ALL.{name}" for name in vars(ALL) if name not in MODULES]
    lines += [f"{name} = {name}_plugin:PLUGIN" for name in MODULES]
    (info / "entry_points.txt").write_text("[trm]\n" + "\n".join(lines) + "\n")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    _forget()
    yield
    sys.path.remove(str(folder))
    _forget()


def _forget() -> None:
    get_registry.cache_clear()
    trm.testing.run._subject.cache_clear()
