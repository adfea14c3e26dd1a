"""What the benchmark ran on."""

from __future__ import annotations

import contextlib
import platform
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

import trm
from trm.devices import get_backend

ROOT = Path(__file__).resolve().parents[2]


def description(device: str) -> dict[str, Any]:
    """The device, its driver, and the versions of the software."""
    backend = get_backend(device)
    kind = backend.device.type
    return {
        "device": backend.describe(),
        "devices": torch.get_device_module(kind).device_count(),
        "driver": _printed("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
        if kind == "cuda"
        else None,
        "cuda": torch.version.cuda or torch.version.hip,
        "torch": torch.__version__,
        "trm": trm.__version__,
        "commit": _printed("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(sys.argv),
    }


def _printed(*command: str) -> str | None:
    """The first line that a program prints; None if it fails or is not here."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        lines = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
        return lines[0].strip() if lines else None
    return None
