"""The how-to guides: their programs and plugins run as written, and the guides say what the reader ends up with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.guides import Follower
from tests.support.hub_server import running_hub
from tests.support.paths import ROOT

HOW_TO = ROOT / "docs" / "how-to"


def follow(name: str, folder: Path) -> dict[str, str]:
    """The output of each command of a guide."""
    follower = Follower(folder)
    follower.follow(HOW_TO / name)
    return follower.output


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda path: path.name)
def test_a_guide_says_first_what_the_reader_will_have(page: Path) -> None:
    assert page.read_text(encoding="utf-8").split("\n\n")[1].startswith("At the end of this guide")


def test_a_metric_for_an_existing_task(tmp_path: Path) -> None:
    output = follow("add-a-metric.md", tmp_path)
    assert "row_accuracy" in output["trm list-tasks -v"]
    assert "row_accuracy" in output["trm evaluate sudoku --limit 20 --steps 8 --metric row_accuracy"]


@pytest.mark.slow
def test_a_task_without_a_package(tmp_path: Path) -> None:
    output = follow("try-a-task-without-packaging.md", tmp_path)
    checked = output["trm --include-path tasks check-task sorting --only data_arrays --only splits_disjoint"]
    assert "All checks passed" in checked
    assert "200 test puzzles" in output["trm evaluate run --include-path tasks"]


@pytest.mark.slow
def test_a_structure_of_its_own(tmp_path: Path) -> None:
    output = follow("give-puzzles-a-structure.md", tmp_path)
    assert "0012:01100" in output["trm --include-path tasks solve trees 0012:0???? --checkpoint run"]
    assert "exact_accuracy" in output["trm --include-path tasks evaluate run --set task.nodes=10"]


@pytest.mark.slow
def test_a_device_backend(tmp_path: Path) -> None:
    output = follow("write-a-device-backend.md", tmp_path)
    assert "steady: CPU in float32" in output["trm doctor"]
    assert (tmp_path / "run" / "summary.json").exists()


@pytest.mark.slow
def test_your_own_data(tmp_path: Path) -> None:
    output = follow("use-your-own-data.md", tmp_path)
    assert "1 test puzzle of folder" in output["trm evaluate run"]
    assert "exact_accuracy" in output["python sort_digits.py"]


@pytest.mark.slow
def test_a_mixer(tmp_path: Path) -> None:
    follow("write-a-mixer.md", tmp_path)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["model"]["mixing"], config["model"]["mixing_options"]) == ("blur", {"radius": 4})


@pytest.mark.slow
def test_looking_inside(tmp_path: Path) -> None:
    output = follow("look-inside.md", tmp_path)
    shown = output["python inside.py"]
    for part in ("moves: [", "path: [[", "variance: [", "changed cells: [", "latent.0 {'row': "):
        assert part in shown
    assert "<States answer [8, 81, 9, 32]" in output["python notebook.py"]
    assert "sudoku: 4 puzzles, 32 steps, fp32" in output["python notebook.py"]


@pytest.mark.slow
def test_the_python_api(tmp_path: Path) -> None:
    output = follow("use-from-python.md", tmp_path)
    solved, scored, _ = output["python solve.py"].splitlines()[:3]
    assert solved.split()[1] == "True"
    assert "'exact_accuracy'" in scored
    assert (tmp_path / "trace.html").exists()
    assert (tmp_path / "runs" / "mini" / "summary.json").exists()


@pytest.mark.slow
def test_a_playable_page(tmp_path: Path) -> None:
    output = follow("play-in-the-browser.md", tmp_path)
    checked = output["trm check-task picture --only board_fits --only board_accepts_answers"]
    assert "fail" not in checked.lower()
    assert '"kind":"same"' in (tmp_path / "picture.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sweep(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    output = follow("sweep-settings.md", tmp_path)
    assert "trial-3" in output["trm sweep --show runs/grid"]
    assert len(json.loads((tmp_path / "grid.json").read_text())["trials"]) == 4
    assert "cluster_name" in yaml.safe_load((tmp_path / "cluster.yaml").read_text())
    quick = "--set training.max_steps=5 --set task.train_puzzles=60 --set task.test_puzzles=20"
    paths = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "SHARED": str(tmp_path), "TRIALS": "2"}
    for script, index in (("grid.sbatch", "7"), ("grid.sbatch", "7"), ("search.sbatch", "0")):
        environment = (
            os.environ | paths | {"SLURM_ARRAY_TASK_ID": index, "SLURM_CPUS_PER_TASK": "1", "TRM_OPTIONS": quick}
        )
        subprocess.run(["bash", script], cwd=tmp_path, env=environment, check=True, timeout=300)
    assert (tmp_path / "runs/slurm/dim_64-rate_0.004-seed_1/summary.json").exists()
    assert len(list(tmp_path.glob("sudoku-search/trial-*/seed_0/summary.json"))) == 2


@pytest.mark.slow
def test_sharing_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    with running_hub() as hub:
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": "hf_writer"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        output = follow("share-a-model.md", tmp_path)
        assert f"{hub.url}/ann/adder" in output["trm push runs/adder ann/adder --license mit"]
    assert "hf://ann/adder@" in output["trm evaluate hf://ann/adder"]
    assert "hf://ann/adder" in output["trm pull --list ann"]
    assert (tmp_path / "runs" / "theirs" / "latest").exists()
    init = json.loads((tmp_path / "runs" / "finetuned" / "config.json").read_text())["init"]
    assert init.startswith("hf://ann/adder@")
