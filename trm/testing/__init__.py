"""The conformance kit for plugin authors: the checks of `trm check-task`, also for pytest.

In a plugin's tests::

    from trm.testing import parametrize_with_checks

    @parametrize_with_checks("sudoku")
    def test_conformance(check):
        check()

A plugin that has a mixer and no task calls `check_mixer`.
"""

from __future__ import annotations

from trm.testing.check import CheckFailure, Result
from trm.testing.mixer_checks import check_mixer
from trm.testing.run import CHECKS, check_task, parametrize_with_checks

__all__ = ["CHECKS", "CheckFailure", "Result", "check_mixer", "check_task", "parametrize_with_checks"]
