"""Run folders with figures that were never measured, for the tables."""

import json
from pathlib import Path

SPEED = {
    "slowest": 1.0,
    "fastest": 1.0,
    "num_repeats": 1,
    "num_sentences": 1,
    "device": "cpu",
    "num_threads": 1,
    "precision": "fp32",
}


def model(role: str, metrics: dict[str, float], *, weights: int = 10, rate: float = 100.0, other=None) -> dict:
    return {
        "role": role,
        "name": "someone",
        "metrics": metrics,
        "interval": [0.0, 1.0],
        "num_examples": 10,
        "other_splits": other or {},
        "parameters": {"embeddings": weights, "encoder": 0, "pooler": 0, "head": 5, "total": weights + 5},
        "size_bytes": 1,
        "speed": SPEED | {"sentences_per_second": rate},
        "training_seconds": 60.0,
    }


def write_run(folder: Path, task: str, models: list[dict], *, recipe: str = "kd", seed: int = 0, examples=None) -> None:
    folder.mkdir(parents=True)
    results = {
        "task": task,
        "primary_metric": next(iter(models[0]["metrics"])),
        "num_examples": 10,
        "models": models,
        "environment": {},
        "created": "2026-01-01T00:00:00Z",
    }
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "recipe.json").write_text(json.dumps({"name": recipe, "seed": seed}))
    (folder / "environment.json").write_text(json.dumps({"num_train_examples": examples} if examples else {}))
    (folder / "student").mkdir()
    shape = {"num_hidden_layers": 4, "hidden_size": 312, "intermediate_size": 1200}
    (folder / "student" / "config.json").write_text(json.dumps(shape))


def write_cell(suite: Path, row: str, task: str, models: list[dict], *, seed: int = 0, examples=None) -> None:
    cell = f"{row}.{task}.{seed}".replace(" ", "-").lower()
    write_run(suite / "runs" / cell, task, models, seed=seed, examples=examples)
    (suite / "cells").mkdir(exist_ok=True)
    (suite / "cells" / f"{cell}.json").write_text(
        json.dumps({"row": row, "task": task, "seed": seed, "is_general": False})
    )
