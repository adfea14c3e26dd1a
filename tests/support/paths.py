"""Where the checkout, its parts and the shared recordings are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
SHARED = ROOT.parent / "shared"
"""Recordings and data beside the checkout; tests that need them skip where it is absent."""
