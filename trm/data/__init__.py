"""Puzzles and files: puzzle sets, sampling, and safe reading and writing.

Names are imported on first use, so that the readers cost no import of torch.

Puzzles:
    `PuzzleSet`, `Description`: the puzzles of a split, and what holds for all of them.
    `Graph`, `Edge`, `Group`: the structure of one puzzle's own; see `Description.row`.
    `Augmentation`: the protocol of a random symmetry.
    `Batch`, `GroupSampler`: puzzles as tensors, and the paper's sampling of them.
    `Reading`: the puzzles that a task's `read` found in a text, and the form that it recognized.
    `BaseDataset`: a custom dataset for use without a plugin.
    `IGNORED`, `IntArray`: the label of unscored positions (-100), and the type of token arrays.

Reading what others wrote (all of them bound the amount of memory they use):
    `check_file`, `read_text`, `read_json`, `parse_json`, `csv_lines`: local files and text.
    `csv_rows`, `csv_table`: the rows of a CSV file, by the usual names of its columns.
    `open_text`, `read_puzzle_text`: a text file in any usual encoding, possibly compressed with gzip.
    `hub_file`: a file of a dataset on Hugging Face.

Writing:
    `write_bytes`, `write_json`: replace a file in one step.

Working for a while:
    `progress`: shows how far a job is. `showing`, `Job`: the same, with a heading that changes.
    `showing_compilation`: shows that numba compiles. It is on while a dataset is built.
    `parts`: keeps what a generator has made, so that an interrupted generation continues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.data.augmentation import Augmentation as Augmentation
    from trm.data.batch import Batch as Batch
    from trm.data.compilation import showing_compilation as showing_compilation
    from trm.data.csv_tables import csv_rows as csv_rows
    from trm.data.csv_tables import csv_table as csv_table
    from trm.data.dataset import BaseDataset as BaseDataset
    from trm.data.downloads import hub_file as hub_file
    from trm.data.graphs import Edge as Edge
    from trm.data.graphs import Graph as Graph
    from trm.data.graphs import Group as Group
    from trm.data.puzzle_set import IGNORED as IGNORED
    from trm.data.puzzle_set import Description as Description
    from trm.data.puzzle_set import IntArray as IntArray
    from trm.data.puzzle_set import PuzzleSet as PuzzleSet
    from trm.data.reading import Reading as Reading
    from trm.data.sampler import GroupSampler as GroupSampler
    from trm.data.unfinished import parts as parts
    from trm.progress import Job as Job
    from trm.progress import progress as progress
    from trm.progress import showing as showing
    from trm.storage.atomic import write_bytes as write_bytes
    from trm.storage.atomic import write_json as write_json
    from trm.storage.text_files import open_text as open_text
    from trm.storage.text_files import read_puzzle_text as read_puzzle_text
    from trm.storage.untrusted_input import check_file as check_file
    from trm.storage.untrusted_input import csv_lines as csv_lines
    from trm.storage.untrusted_input import parse_json as parse_json
    from trm.storage.untrusted_input import read_json as read_json
    from trm.storage.untrusted_input import read_text as read_text

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "IGNORED": "trm.data.puzzle_set",
        "Augmentation": "trm.data.augmentation",
        "BaseDataset": "trm.data.dataset",
        "Batch": "trm.data.batch",
        "Description": "trm.data.puzzle_set",
        "Edge": "trm.data.graphs",
        "Graph": "trm.data.graphs",
        "Group": "trm.data.graphs",
        "GroupSampler": "trm.data.sampler",
        "IntArray": "trm.data.puzzle_set",
        "PuzzleSet": "trm.data.puzzle_set",
        "Reading": "trm.data.reading",
        "check_file": "trm.storage.untrusted_input",
        "csv_rows": "trm.data.csv_tables",
        "csv_table": "trm.data.csv_tables",
        "csv_lines": "trm.storage.untrusted_input",
        "hub_file": "trm.data.downloads",
        "open_text": "trm.storage.text_files",
        "Job": "trm.progress",
        "progress": "trm.progress",
        "showing": "trm.progress",
        "parts": "trm.data.unfinished",
        "parse_json": "trm.storage.untrusted_input",
        "read_json": "trm.storage.untrusted_input",
        "read_puzzle_text": "trm.storage.text_files",
        "read_text": "trm.storage.untrusted_input",
        "showing_compilation": "trm.data.compilation",
        "write_bytes": "trm.storage.atomic",
        "write_json": "trm.storage.atomic",
    },
)
