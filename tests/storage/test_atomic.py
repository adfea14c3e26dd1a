"""Files and folders are replaced in one step."""

from pathlib import Path

import pytest

from trm.storage import atomic
from trm.storage.atomic import replaced_folder, restore_folder, restore_folders


def write(target: Path, content: str) -> None:
    with replaced_folder(target) as folder:
        (folder / "inside").mkdir()
        (folder / "inside" / "file").write_text(content)


def content(target: Path) -> str:
    return (target / "inside" / "file").read_text()


def test_a_folder_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(tmp_path / "data", "old")
    write(tmp_path / "data", "new")
    assert content(tmp_path / "data") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_failed_block_leaves_the_earlier_folder(tmp_path: Path) -> None:
    write(tmp_path / "data", "old")
    with pytest.raises(KeyError), replaced_folder(tmp_path / "data"):
        raise KeyError
    assert content(tmp_path / "data") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", ["data", "step_5", "a.b", "[x]*"])
def test_a_killed_replacement_is_finished(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    write(target, "old")
    target.rename(tmp_path / f".{name}.old")
    (tmp_path / f".{name}.123.tmp").mkdir()
    restore_folder(target)
    assert content(target) == "old"
    target.rename(tmp_path / f".{name}.old")
    restore_folders(tmp_path)
    assert content(target) == "old"
    write(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_readers_own_folder_is_not_mistaken_for_a_leftover(tmp_path: Path) -> None:
    """`data.old` is a name that people give."""
    write(tmp_path / "data.old", "mine")
    write(tmp_path / "data", "old")
    write(tmp_path / "data", "new")
    restore_folder(tmp_path / "data")
    assert content(tmp_path / "data.old") == "mine"


def test_a_reader_that_restores_between_the_renames_does_not_stop_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "data"
    write(target, "old")
    rename = atomic.os.replace
    asides = []

    def replace_and_restore(source: Path, destination: Path) -> None:
        rename(source, destination)
        if destination == tmp_path / ".data.old" and not asides:
            asides.append(destination)
            restore_folder(target)

    monkeypatch.setattr(atomic.os, "replace", replace_and_restore)
    write(target, "new")
    assert asides
    assert content(target) == "new"


def test_a_checkpoint_that_trm_0_1_was_replacing_is_restored(tmp_path: Path) -> None:
    write(tmp_path / "step_5.old", "old")
    restore_folders(tmp_path)
    assert content(tmp_path / "step_5") == "old"
