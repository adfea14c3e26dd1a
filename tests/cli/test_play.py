"""`trm play`: the file, the browser, the gallery, and what is refused."""

from __future__ import annotations

import json
import re
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.cli import play
from trm.data import Description
from trm.errors import EXIT_CODES, REFUSED, TRMError, UsageError
from trm.experiment.playing import levels_of
from trm.experiment.structure_note import structure_note
from trm.render import Board, Count, Distinct, Equation, Given, Same, Sum, TokenLook, Way, groups_of, token_board
from trm.render.play.build import GalleryEntry, PlayPage, gallery_index
from trm.render.play.network import network_data

HOSTILE = "</script><img src=http://example.invalid/x>{{data}}"


@pytest.fixture(autouse=True)
def _few_examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trm.experiment.playing.CELLS", 0)
    monkeypatch.setattr("trm.experiment.playing.FEWEST", 4)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(play.command, arguments, standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, TRMError):
        raise result.exception
    return result


def content(page: Path) -> dict[str, object]:
    """The data of a page."""
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"))
    assert match
    data: dict[str, object] = json.loads(match[1])
    return data


def test_a_page_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("arithmetic", "12+34", "--output", str(page)).output.startswith(f"Written: {page} (")
    text = page.read_text("utf-8")
    assert len(text) < 2_000_000
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|href)="(?!data:|https://arxiv\.org/)', text) == []
    assert content(page)["puzzle"] == [11, 1, 1, 2, 3, 11, 1, 1, 4, 5, 14, 14, 14, 14, 14]
    assert "29,698 parameters" in text
    assert "exact_accuracy 99.95%" in text


def test_weights_are_used_at_the_size_of_the_puzzle(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("sudoku", "1234341221434321", "--examples", "0", "--output", str(page))
    assert result.exception is None
    board = content(page)["board"]
    assert isinstance(board, dict)
    assert (board["columns"], board["length"]) == (4, 16)
    assert "not of the size on this page." in page.read_text("utf-8")


def test_a_mixer_without_a_javascript_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm.experiment.playing.has_javascript_form", lambda config: False)
    error = run("arithmetic").exception
    assert isinstance(error, UsageError)
    assert "has the mixer 'relational', which cannot run in a page: only " in str(error)


def test_the_page_is_opened_in_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Browser:
        def open(self, address: str) -> bool:
            opened.append(address)
            return True

    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    monkeypatch.setattr(webbrowser, "get", Browser)
    assert "Opened in the browser." in run("arithmetic", "--examples", "0").output
    page = tmp_path / "play" / "arithmetic-quick.html"
    assert opened == [page.as_uri()]
    assert page.is_file()


def test_without_a_browser_the_address_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    monkeypatch.setattr(webbrowser, "get", none)
    result = run("arithmetic", "--examples", "0")
    assert result.exit_code == 0
    assert f"No browser could be opened. Open this address in one: file://{tmp_path}/play/" in result.output


def test_a_gallery_has_a_page_for_all_shipped_weights(tmp_path: Path) -> None:
    folder = tmp_path / "site" / "gallery"
    run("--gallery", str(folder), "arithmetic", "--examples", "1")
    assert sorted(path.name for path in folder.iterdir()) == ["arithmetic-quick.html", "index.html"]
    assert '<a href="arithmetic-quick.html">arithmetic:quick</a>' in (folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("arithmetic", "--checkpoint", "nowhere"), "There is no checkpoint nowhere"),
        (("arithmetic:quick", "--preset", "quick"), "Both arithmetic:quick and --preset quick name weights."),
        (("arithmetic", "--preset", "paper"), "ships no weights for a preset 'paper'"),
        (
            ("arithmetic", "--output", "nowhere/page.html"),
            "Cannot write nowhere/page.html: there is no folder nowhere.",
        ),
        (("arithmetic", "12+"), "Line 1: '12+' is not a problem."),
        (("arithmetic", "1+2\n3+4"), "Expected one puzzle, the text has 2."),
        (("arithmetic", "--gallery", "g", "--output", "x.html"), "--gallery makes pages of shipped weights"),
        (("arc",), "ships no weights"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: tuple[str, ...], message: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, TRMError)
    assert message in str(error)
    assert error.exit_code == REFUSED in EXIT_CODES


def test_a_file_in_place_of_the_gallery_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = run("arithmetic", "--gallery", str(tmp_path / "file" / "gallery")).exception
    assert isinstance(error, UsageError)
    assert "Choose another --gallery." in str(error)


def small_page(parameters: int = 32, **changes: object) -> PlayPage:
    description = Description(vocab_size=3, seq_len=4, token_names=("a", "b", "c"))
    config = TRMConfig(vocab_size=3, context_length=4, hidden_dim=parameters, num_heads=4, n_supervision=2)
    settings: dict[str, object] = {
        "title": HOSTILE,
        "lead": HOSTILE,
        "board": token_board(description),
        "description": description,
        "network": network_data(TinyRecursiveModel(config)),
        "steps": 2,
        "notes": (HOSTILE,),
    }
    return PlayPage(**(settings | changes))  # type: ignore[arg-type]


def test_text_from_tasks_stays_text() -> None:
    page = small_page().html()
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert "<img" not in gallery_index([GalleryEntry("a.html", HOSTILE, HOSTILE)])


def test_a_network_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match=r"The page would have \d+\.\d MB, more than 2: the network is too large"):
        small_page(256).html()


def test_difficulty_is_by_thirds_and_equal_effort_is_equally_difficult() -> None:
    assert levels_of([1, 2, 3, 9], 8) == ["easy", "medium", "hard", "unsolved"]
    assert levels_of([1, 1, 1, 1], 8) == ["easy"] * 4
    assert levels_of([3, 2, 2, 2, 2, 9], 8) == ["hard", "easy", "easy", "easy", "easy", "unsolved"]
    assert levels_of([9], 8) == ["unsolved"]


def test_the_note_on_structure_names_what_the_mixer_reads() -> None:
    grid = Structure(grid=(2, 2), relations={"row": [0, 0, 1, 1]}, neighbours=[(0, 1)])
    notes = {}
    for mixing in ("attention", "relational", "grid"):
        config = TRMConfig(vocab_size=3, context_length=4, hidden_dim=32, num_heads=4, mixing=mixing, structure=grid)
        notes[mixing] = structure_note(config)
    assert notes["attention"].startswith("The network is not given the structure of the puzzle")
    assert (
        "which positions share a row; the positions on a grid of 2 x 2 and 1 neighbour of each." in notes["relational"]
    )
    assert "is given the structure of the puzzle: the row and the column of each position." in notes["grid"]
    shifted = {
        "structure": Structure(grid=(2, 2), interchangeable=[1, 2]),
        "mixing_options": {"numbers": "differences"},
    }
    config = TRMConfig(vocab_size=3, context_length=4, hidden_dim=32, num_heads=4, mixing="grid", **shifted)
    given = "the row and the column of each position; that every part of the grid is alike; that 2 tokens can be inter"
    assert given in structure_note(config)


def test_groups_are_in_the_order_of_their_numbers() -> None:
    assert groups_of([1, 0, 1, 0]) == ((1, 3), (0, 2))


def test_a_board_that_does_not_fit_is_described() -> None:
    description = Description(vocab_size=2, seq_len=4)
    look = TokenLook(text="a", keys="a")
    board = Board(
        looks=(look, TokenLook(text="b" * 13, keys="a", role="tower", color="red")),  # type: ignore[arg-type]
        columns=5,
        blank=2,
        editable=(4,),
        empty=(0,),
        boxes=(0, 1),
        lines=((0, 6),),
        text=((0, 4), "="),
        rules=(
            Distinct(groups=((0, 9),)),
            Same(groups=((5,),)),
            Given(blanks=(7,)),
            Count(groups=((0,),), tokens=(3,)),
            Sum(groups=((0,), (1,)), values=(1,), totals=(1, 2, 3)),
            Way(start=0, goal=1, path=2, free=(0,)),
            Equation(text=((0,),)),
        ),
    )
    problems = list(board.problems(description))
    assert [problem.split(":")[0] for problem in problems[-8:]] == [
        "Distinct",
        "Same",
        "Given",
        "Count",
        "Sum",
        "Sum",
        "Way",
        "Equation",
    ]
    assert len(problems) == 19, problems
    assert list(token_board(description).problems(description)) == []
