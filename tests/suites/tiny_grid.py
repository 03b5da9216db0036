"""A suite of two systems on two small tasks of one's own."""

from pathlib import Path

from potstill.suites import Suite


def make_suite(base: Path, data: Path, **fields: object) -> Suite:
    """Make a suite of 2 systems x 2 tasks x 2 seeds, whose teachers learn their tasks."""
    values: dict[str, object] = {
        "name": "tiny",
        "description": "two systems on two tasks",
        "systems": [
            {"name": "KD", "recipe": "kd", "set": ["stages.0.epochs=1"]},
            {"name": "Labels", "recipe": "fine-tune", "ablation": "teacher-start", "set": ["stages.0.epochs=1"]},
        ],
        "tasks": [
            {"name": "stars", "data": str(data), "set": ["data.text=review", "data.label=stars"]},
            {"name": "score", "data": str(data), "set": ["data.text=review", "data.label=score"]},
        ],
        "seeds": [0, 1],
        "set": ["precision=fp32", "stages.0.evaluations_per_epoch=1"],
        "teacher": {"base": str(base), "set": ["stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3"]},
    }
    return Suite.parse(values | fields)


def make_small_suite(base: Path, data: Path, **fields: object) -> Suite:
    """Make a suite of 1 system x 1 task x 2 seeds: with the teacher, 3 runs."""
    tasks = [{"name": "stars", "data": str(data), "set": ["data.text=review", "data.label=stars"]}]
    systems = [{"name": "KD", "recipe": "kd", "set": ["stages.0.epochs=1"]}]
    return make_suite(base, data, **({"tasks": tasks, "systems": systems} | fields))
