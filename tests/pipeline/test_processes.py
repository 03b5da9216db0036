"""Two processes that torchrun starts share one run: its steps, its files and its figures are those of one process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from potstill.cli.entry import run as run_command

STAGES = (
    "stages=[{name='layers', data='augmented', steps=5, accumulate=2, select='last', batches={examples_per_batch=7}, "
    "objectives=[{kind='hidden_states'}, {kind='attention_scores', layer_map=[3]}], optimizer={epsilon=1e-3}}, "
    "{name='labels', steps=6, evaluations_per_epoch=3, batches={examples_per_batch=5}, "
    "objectives=[{kind='soft_labels'}, {kind='hard_labels'}], optimizer={epsilon=1e-3}}]"
)
SETTINGS = (
    STAGES,
    "student.num_layers=1",
    "student.dropout=0",  # each process would draw its own
    "student.attention_dropout=0",
    "augmentation.method.kind=tang",
    "augmentation.method.replace_probability=0",
    "augmentation.copies=1",
    "precision=fp32",
    "tracking.every_steps=1",
    "teacher.states=run",
    "student.init.kind=random",
)


def arguments(teacher: Path, reviews: Path, out: Path) -> list[str]:
    data = ["--data", str(reviews), "--text", "review", "--label", "stars", "--teacher", str(teacher)]
    return ["distill", "kd", *data, "--out", str(out), *(part for line in SETTINGS for part in ("--set", line))]


def launch(*command: str) -> subprocess.CompletedProcess[str]:
    started = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "potstill"]
    source = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*started, *command], env=environment, capture_output=True, text=True, timeout=600)


def losses(folder: Path) -> list[tuple[str, int, float]]:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [(event["stage"], event["step"], event["loss"]) for event in events if event["event"] == "step"]


def test_two_processes_make_the_run_of_one(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    assert run_command(arguments(teacher, reviews, tmp_path / "alone" / "run")) == 0
    done = launch(*arguments(teacher, reviews, tmp_path / "shared" / "run"))
    assert done.returncode == 0, done.stderr
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    ours, theirs = losses(alone / "run"), losses(shared / "run")
    assert [event[:2] for event in theirs] == [event[:2] for event in ours]
    assert len(ours) == 11
    assert [event[2] for event in theirs] == pytest.approx([event[2] for event in ours], rel=2e-4)
    weights, others = (load_file(path / "run" / "student" / "model.safetensors") for path in (alone, shared))
    assert all(torch.allclose(weights[name], others[name], atol=2e-5) for name in weights)
    assert {path.name for path in (shared / "store").iterdir()} == {path.name for path in (alone / "store").iterdir()}
    assert done.stderr.count("augmented examples: ") == 1, "only the main process speaks"


def test_what_is_for_one_process_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launched = {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in launched.items():
        monkeypatch.setenv(name, value)
    assert run_command(["export", "model"]) == 2
    assert "'export' runs in one process; distill, finetune, pretrain can be started" in capsys.readouterr().err
