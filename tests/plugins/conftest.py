"""A folder in which tests install plugins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.distributions import Site, site_folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Site]:
    """A folder of distributions on the import path of this process."""
    with site_folder(tmp_path, monkeypatch, capsys) as found:
        yield found
