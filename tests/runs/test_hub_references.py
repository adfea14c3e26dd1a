"""References to models on the Hub, and what the client's cache says about a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm.errors import UsageError
from trm.experiment.portable import without_folders
from trm.runs.hub import HubReference, cached_reference, is_hub_reference
from trm.storage.hub_client import is_damaged

PART = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9_])?", fullmatch=True)
REVISION = st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,10}(/[A-Za-z0-9_-]{1,10})?", fullmatch=True)


@given(PART, PART, REVISION)
def test_a_reference_is_read_as_it_is_written(owner: str, name: str, revision: str | None) -> None:
    reference = HubReference(f"{owner}/{name}", revision)
    assert HubReference.parse(str(reference)) == reference
    assert HubReference.parse(str(reference).removeprefix("hf://")) == reference
    path = Path(str(reference))  # which has lost a slash
    assert is_hub_reference(path)
    assert HubReference.parse(path) == HubReference.parse(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "hf://",
        "hf://name",
        "hf://a b/c",
        "hf://a/b/c",
        "hf://a/b@",
        "hf://a/b@x y",
        "hf://a/b@../..",
        "hf://a/../b",
        "a",
        "",
    ],
)
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as problem:
        HubReference.parse(text)
    assert str(problem.value) == (
        f"{text!r} names no model on the Hub: expected hf://owner/name or hf://owner/name@revision."
    )


def test_an_address_from_the_browser_is_explained() -> None:
    address = "https://hub.example/ann/sudoku/tree/main"
    assert is_hub_reference(address)
    with pytest.raises(UsageError, match=r"Did you mean hf://ann/sudoku\?$"):
        HubReference.parse(address)


@pytest.mark.parametrize("name", ["sudoku", "sudoku:hard", "runs/hf", "hf", "hf/run", "weights.safetensors"])
def test_other_names_of_weights_are_not_taken_for_references(name: str) -> None:
    assert not is_hub_reference(name)


def test_only_the_first_link_of_the_cache_names_the_checksum(tmp_path: Path) -> None:
    content = b"weights"
    blob, store = tmp_path / hashlib.sha256(content).hexdigest(), tmp_path / ("0" * 64)
    store.write_bytes(content)
    blob.symlink_to(store)
    (tmp_path / "model.safetensors").symlink_to(blob)
    assert not is_damaged(tmp_path / "model.safetensors")
    store.write_bytes(b"weightz")
    assert is_damaged(tmp_path / "model.safetensors")


def test_a_cache_without_links_has_no_checksum_to_compare(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert not is_damaged(tmp_path / "model.safetensors")


def test_a_folder_of_the_cache_is_recognized() -> None:
    commit = "a" * 40
    folder = Path("hub/models--ann--add--v2/snapshots") / commit
    assert cached_reference(folder) == HubReference("ann/add--v2", commit)
    assert cached_reference(Path("runs/a")) is None
    assert cached_reference(Path("hub/datasets--ann--add/snapshots") / commit) is None


@pytest.mark.parametrize(
    ("value", "shared"),
    [
        ("/home/ann/data/puzzles", "puzzles"),
        ("dataset csv (task.csv=/home/ann/x.csv, task.size=9)", "dataset csv (task.csv=x.csv, task.size=9)"),
        ("folder /home/ann/data", "folder data"),
        ("hf://ann/add@main", "hf://ann/add@main"),
        ("https://hub.example/ann/add", "https://hub.example/ann/add"),
        ("1/2 and 3/4", "1/2 and 3/4"),
        ({"a": ["/x/y", 1, None]}, {"a": ["y", 1, None]}),
    ],
)
def test_only_folders_of_this_machine_are_cut(value: object, shared: object) -> None:
    assert without_folders(value) == shared
