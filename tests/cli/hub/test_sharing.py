"""`trm push`, `trm pull` and hf://owner/name, with the real client against a server on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.hub.conftest import SETTINGS
from tests.support.command import refused, trm
from tests.support.hub_server import Hub

pytest.importorskip("huggingface_hub")
pytest.importorskip("trm_tasks_arithmetic")

FILES = {"README.md", "model.safetensors", "config.json", "summary.json", "metrics.jsonl"}


def test_a_model_is_pushed_listed_pulled_evaluated_and_trained_from(hub: Hub, run: Path, tmp_path: Path) -> None:
    pushed = json.loads(trm(f"push {run} ann/whole --json").out)
    assert pushed["url"] == f"{hub.url}/ann/whole"
    assert set(pushed["files"]) == FILES
    assert sum(path.startswith("/api/models/ann/whole/commit") for _, path in hub.requests) == 1
    listed = {entry["model"]: entry for entry in json.loads(trm("pull --list ann --json").out)}
    assert listed["ann/whole"]["task"] == "arithmetic"

    pinned = f"hf://ann/whole@{pushed['commit']}"
    assert trm("pull ann/whole --output theirs").code == 0
    assert trm("compare theirs").code == 0
    scores = [
        json.loads(trm(f"evaluate {weights} --json").out) for weights in (run, "theirs", "hf://ann/whole", pinned)
    ]
    assert all(score["metrics"] == scores[0]["metrics"] for score in scores)
    assert [score["source"] for score in scores] == [None, None, pinned, pinned]

    trained = trm(f"train arithmetic {SETTINGS} --init hf://ann/whole --quiet --output new")
    assert trained.code == 0, trained.err
    assert json.loads(Path("new/config.json").read_text())["init"] == pinned
    assert "hf://ann/add" not in trm("push new ann/whole --dry-run").out
    assert f"--init {pinned}" in trm("push new ann/whole --dry-run").out


def test_the_card_has_metadata_that_the_client_reads(hub: Hub, run: Path, model: str) -> None:
    from huggingface_hub import ModelCard

    repository = hub.repositories["ann/add"]
    files = repository.commits[repository.branches["main"]]
    assert files.keys() >= FILES
    data = ModelCard(files["README.md"].content.decode()).data
    summary = json.loads((run / "summary.json").read_text())
    assert (data.library_name, data.pipeline_tag, data.license) == ("trm", "other", "mit")
    scores = {result.metric_type: result.metric_value for result in data.eval_results or ()}
    assert scores == pytest.approx(summary["final_metrics"], abs=1e-6)


def test_the_card_says_what_the_figures_need(hub: Hub, run: Path, model: str) -> None:
    done = trm(f"push {run} ann/add --dry-run --license mit")
    for text in (
        "On 20 test puzzles, with 8 supervision steps",
        "None of them are in the training data.",
        "| exact_accuracy | 0.00% | 0.00% to 16.11% |",
        "[^structure]: The network is given the structure of the puzzle: which positions share a number;",
        "| data | 100 puzzles of dataset uniform (task.train_examples=100, task.test_examples=20), seed 3, fingerprint",
        "trm train arithmetic --preset quick --seed 3 --set task.train_examples=100 --set task.test_examples=20 --set "
        "training.max_steps=3\n",
        'solver = trm.load("hf://ann/add")',
        "## Licence\n\n`mit`",
    ):
        assert text in done.out


def test_no_path_of_this_machine_is_uploaded(hub: Hub, run: Path, model: str) -> None:
    repository = hub.repositories["ann/add"]
    for name, file in repository.commits[repository.branches["main"]].items():
        assert b"private-folder" not in file.content, name


def test_no_path_of_the_data_is_uploaded(hub: Hub, tmp_path: Path) -> None:
    data = tmp_path / "private-data" / "sums"
    assert trm(f"data build arithmetic {SETTINGS.rpartition('--set')[0]} --output {data}").code == 0
    trained = trm(f"train arithmetic --data {data} --set training.max_steps=2 --quiet --output run")
    assert trained.code == 0, trained.err
    assert trm("push run ann/private").code == 0
    repository = hub.repositories["ann/private"]
    files = repository.commits[repository.branches["main"]]
    assert b"--data sums" in files["README.md"].content
    assert b"folder sums" in files["summary.json"].content
    for name, file in files.items():
        assert b"private-data" not in file.content, name


def test_a_dry_run_shows_the_files_and_uses_no_network(hub: Hub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert set(json.loads(trm(f"push {run} ann/x --dry-run --json").out)["files"]) == FILES
    assert hub.requests == []


def test_a_second_push_without_changes_makes_no_commit(hub: Hub, run: Path, model: str) -> None:
    before = dict(hub.repositories["ann/add"].commits)
    assert "Nothing has changed since the last upload" in trm(f"push {run} ann/add --license mit").out
    assert hub.repositories["ann/add"].commits == before


def test_a_branch_is_created_and_read(hub: Hub, run: Path) -> None:
    done = json.loads(trm(f"push {run} ann/branches --revision dev --json").out)
    assert done["url"].endswith("/ann/branches/tree/dev")
    assert hub.repositories["ann/branches"].branches["main"] != done["commit"]
    assert json.loads(trm("pull ann/branches@dev --json").out)["model"] == f"hf://ann/branches@{done['commit']}"
    refused(
        trm(f"push {run} ann/branches@a --revision b"),
        "Both hf://ann/branches@a and --revision b name a branch. Omit one of them.",
    )


def test_earlier_weights_get_scores_of_their_own(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    assert trm(f"train arithmetic {SETTINGS} --set training.save_interval=1 --quiet --output {folder}").code == 0
    assert trm(f"push {folder}/step_2 ann/early").code == 0
    assert trm("pull ann/early --output early").code == 0
    assert [path.name for path in Path("early/checkpoints").iterdir()] == ["step_2"]
    summary = json.loads(Path("early/summary.json").read_text())
    assert (summary["steps"], summary["test_puzzles"]) == (2, 20)
    assert summary["final_metrics"] == json.loads(trm("evaluate early --json").out)["metrics"]


def test_shipped_weights_can_be_pushed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trm("push arithmetic ann/shipped").code == 0
    assert json.loads(trm("pull ann/shipped -o online --json").out)["task"] == "arithmetic"
    assert not Path("online/metrics.jsonl").exists()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the cache knows that there are no metrics
    assert trm("pull ann/shipped -o offline").code == 0
    assert Path("offline/summary.json").read_bytes() == Path("online/summary.json").read_bytes()


def test_the_cache_serves_without_a_network(hub: Hub, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = json.loads(trm(f"pull {model} --json").out)["model"]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert json.loads(trm(f"evaluate {model} --limit 5 --json").out)["source"] == commit
    refused(
        trm("evaluate hf://ann/other"),
        "Cannot download hf://ann/other: HF_HUB_OFFLINE is set, so only what is in the cache can be read. Unset it.",
    )


def test_a_pulled_model_does_not_replace_what_is_there(hub: Hub, model: str) -> None:
    assert trm(f"pull {model} -o theirs").code == 0
    refused(
        trm(f"pull {model} -o theirs"), "theirs is a run already. Choose another --output, or replace it with --force."
    )
    Path("theirs/summary.json").unlink()
    assert trm(f"pull {model} -o theirs --force").code == 0
    assert Path("theirs/summary.json").exists()
    Path("photos").mkdir()
    Path("photos/cat.png").write_bytes(b"cat")
    refused(trm(f"pull {model} -o photos --force"), "The output folder photos is not empty. Choose another --output.")
    assert Path("photos/cat.png").exists()
    assert trm(f"pull {model} -o one.safetensors").code == 0
    refused(
        trm(f"pull {model} -o one.safetensors"),
        "one.safetensors exists. Choose another --output, or replace it with --force.",
    )
    assert trm("evaluate one.safetensors --limit 5").code == 0


def test_a_pulled_model_cannot_be_resumed_and_says_how_to_go_on(hub: Hub, model: str) -> None:
    assert trm(f"pull {model} -o theirs").code == 0
    summary = Path("theirs/summary.json").read_text()
    refused(
        trm("train --resume theirs --set training.max_steps=9"),
        "theirs has weights without the state of their training, so it cannot be resumed. Start a new run from them: "
        "trm train arithmetic --init theirs",
    )
    assert Path("theirs/summary.json").read_text() == summary


def test_compare_and_plot_take_models_on_the_hub(hub: Hub, run: Path, model: str) -> None:
    commit = hub.repositories["ann/add"].branches["main"][:8]
    assert f"{model}@{commit}" in trm(f"compare {run} {model} --markdown").out
    assert trm(f"plot {model}").code == 0
    assert "trm pull --list OWNER" in trm(f"runs {model}").err


def test_a_checkpoint_of_the_papers_code_is_named_and_imported(hub: Hub) -> None:
    from tests.support.small_run import MODEL
    from trm import TinyRecursiveModel
    from trm.interop.official import save_checkpoint

    config = MODEL.model_copy(update={"mlp_multiple_of": 256, "puzzle_tokens": 1})
    save_checkpoint(TinyRecursiveModel(config), Path("paper"), 7, None)
    hub.add("them/paper", {path.name: path.read_bytes() for path in Path("paper").iterdir()})
    refused(
        trm("evaluate hf://them/paper"),
        "hf://them/paper holds a checkpoint of the paper's code. Convert it into a run: trm import-checkpoint hf://them/paper "
        "--task TASK",
    )
    assert trm("import-checkpoint hf://them/paper --output imported").code == 0
    assert Path("imported/config.json").exists()


def spoilt(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_a_damaged_download_is_found_and_repaired(hub: Hub, model: str, tmp_path: Path) -> None:
    hub.spoil = spoilt
    done = trm(f"evaluate {model}")
    assert done.code == 2
    assert done.err.startswith("Error: The download of hf://ann/add is damaged: the checksum of ")
    assert done.err.endswith("differs from the Hub's. Download it again: trm pull hf://ann/add --force\n")
    hub.spoil = bytes
    assert trm(f"pull {model} --force").code == 0
    assert trm(f"evaluate {model} --limit 5").code == 0
