"""Random pictures whose clues have one solution, each in the split that a hash of its eight images decides."""

from __future__ import annotations

import zlib

import numpy as np

from .lines import BoolArray, clue_numbers, solve

FILL = (0.5, 0.65)
"""Share of the cells that are filled, at least and at most."""

SPLITS = ("train", "test", "validation")
"""The splits. A tenth of all pictures is for the test, and a tenth for validation."""

BATCH = 2000  # pictures that are drawn together


def draw(rng: np.random.Generator, count: int, height: int, width: int, smoothed: float) -> BoolArray:
    """Random pictures ``[count, height, width]``, of which about a share of `smoothed` has larger shapes.

    The cells of a picture with larger shapes are filled where the mean noise around them is greatest.
    """
    noise = rng.random((count, height + 2, width + 2))
    around = np.lib.stride_tricks.sliding_window_view(noise, (3, 3), axis=(1, 2)).mean(axis=(3, 4))
    level = np.where((rng.random(count) < smoothed)[:, None, None], around, noise[:, 1:-1, 1:-1])
    fill = rng.uniform(*FILL, size=count)
    ranks = level.reshape(count, -1).argsort(axis=1).argsort(axis=1) / (height * width)
    return (ranks >= 1 - fill[:, None]).reshape(count, height, width)


def unique(pictures: BoolArray) -> BoolArray:
    """Whether the clues of each picture ``[N, height, width]`` have no other solution ``[N]``."""
    return solve(*clue_numbers(pictures)).counts == 1


def classes(pictures: BoolArray) -> list[bytes]:
    """A key of each picture ``[N, height, width]`` that its rotated and reflected images share, and no other picture."""
    turned = [pictures, pictures.swapaxes(1, 2)]
    images = [image[:, ::down, ::right] for image in turned for down in (1, -1) for right in (1, -1)]
    shapes = [bytes(image.shape[1:]) for image in images]
    flat = [np.packbits(image.reshape(len(image), -1), axis=1) for image in images]
    return [
        min(shape + image[number].tobytes() for shape, image in zip(shapes, flat, strict=True))
        for number in range(len(pictures))
    ]


def split_of(key: bytes) -> str:
    """The split that a picture with this key of `classes` is in."""
    tenth = zlib.crc32(key) % 10
    return {0: "test", 1: "validation"}.get(tenth, "train")


def generate(rng: np.random.Generator, split: str, count: int, size: tuple[int, int], smoothed: float) -> BoolArray:
    """Different pictures of a split whose clues have one solution ``[count, height, width]``."""
    found: list[BoolArray] = []
    seen: set[bytes] = set()
    while len(found) < count:
        pictures = draw(rng, BATCH, *size, smoothed)
        keys = classes(pictures)
        inside = [number for number, key in enumerate(keys) if split_of(key) == split]
        for number, good in zip(inside, unique(pictures[inside]), strict=True):
            if good and keys[number] not in seen:
                seen.add(keys[number])
                found.append(pictures[number])
    return np.stack(found[:count])
