"""Which modules a command runs before the first call of the model, and how often each function that locates weights is called.

Imports do not count: only functions that run outside of import statements. A checkout of another version can be measured
by putting it first on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from types import FrameType
from typing import Any

FUNCTION = 1
"""`CO_OPTIMIZED`: set for functions, not for modules and class bodies."""

MODEL_CALLS = ("supervision_step", "steps", "cycles")
LOCATING = ("locate", "load_model", "load_for_task", "find_weights", "find_shipped")


class Walk:
    """Counts calls of functions of `trm` until the model is called; see `sys.setprofile`."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.reached_model = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        code = frame.f_code
        if event != "call" or self.reached_model or not (module == "trm" or module.startswith("trm.")):
            return
        if code.co_flags & FUNCTION and not _is_importing(frame):
            self.calls[module, code.co_name] += 1
            if module.startswith("trm.model") and code.co_name in MODEL_CALLS:
                self.reached_model = True
                sys.setprofile(None)

    def report(self) -> dict[str, Any]:
        """The distinct modules, and the calls of functions that locate weights."""
        modules = sorted({module for module, _ in self.calls})
        located = {f"{module}.{name}": count for (module, name), count in self.calls.items() if name in LOCATING}
        return {"reached_model": self.reached_model, "modules": len(modules), "located": located, "names": modules}


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", default=["evaluate", "sudoku:hard", "--limit", "10"], help="the command")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options, more = parser.parse_known_args()
    from trm.cli.main import main as trm

    walk = Walk()
    sys.setprofile(walk)
    try:
        trm([*options.words, *more])
    except SystemExit:
        pass
    finally:
        sys.setprofile(None)
    report = walk.report()
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{report['modules']} modules before the first model call; located by {report['located']}")
    print("\n".join(report["names"]))


if __name__ == "__main__":
    main()
