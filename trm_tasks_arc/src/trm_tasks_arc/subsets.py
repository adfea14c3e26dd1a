"""Named lists of tasks. This module uses only the standard library."""

from __future__ import annotations

_EASY = """
    05269061 0d3d703e 1e0a9b12 25d8a9c8 25ff71a9 3618c87e 3aa6fb7a 3c9b0459 5582e5ca
    6150a2bd 67385a82 67a3c6ac 68b16354 6e02f1e3 6f8cd79b 74dd1130 794b24be 93b581b8
    9565186b 99fa7670 9dfd6313 a79310a0 a85d4709 a9f96cdd aabf363d aedd82e4 b1948b0a
    bda2d7a6 bdad9b1f c8f0f002 cbded52d d037b0a7 d23f8c26 d511f180 e9afcf9a ed36ccf7
    f76d97a5
"""

SUBSETS: dict[str, tuple[str, ...]] = {"easy": tuple(_EASY.split())}
"""`easy`: the 37 of 400 training tasks of ARC-AGI-1 whose grids have at most eight rows and columns and whose outputs have
the shape of their inputs. There was no other criterion."""
