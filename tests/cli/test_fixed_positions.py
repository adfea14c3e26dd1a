"""What a model predicts at fixed positions reaches no answer, no count of changed cells and no check."""

import json
import re

import pytest

from tests.cli.test_trace import run, untrained_weights
from trm.cli.main import main


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that knows nothing: it predicts noise everywhere, in the operands of a sum too."""
    pytest.importorskip("trm_tasks_arithmetic")
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    untrained_weights("arithmetic", ["task.digits=3", "task.test_examples=3"], path)
    return str(path)


def test_solve_answers_the_puzzle_that_was_asked(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["solve", "arithmetic", "58+967", "--checkpoint", weights, "--steps", "1", "--json"])
    (result,) = json.loads(capsys.readouterr().out)
    assert ended.value.code == 3
    assert result["answer"].startswith("58 + 967 = ")
    assert "was changed" not in result["problem"]


def test_trace_counts_changes_of_the_answer_alone(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("trace", "arithmetic", "58+967", "--checkpoint", weights, "--steps", "2")
    shown = capsys.readouterr().out
    changed = [int(count) for count in re.findall(r"(\d+) changed", shown)]
    assert changed
    assert max(changed) <= 5
    assert "was changed" not in shown
