"""Run folders as a finished run leaves them, made of records alone, with texts that try to become markup."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from potstill.answers import LabelRows, OneClass, measure_trust
from potstill.data import Split, Task
from potstill.evaluation import choose_examples
from potstill.results import (
    AttentionExample,
    AttentionMaps,
    ClassFidelity,
    Comparison,
    ModelAttention,
    ModelResult,
    Parameters,
    Predictions,
    Results,
    Speed,
    Trust,
)

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"
LABELS = ("negative", f"posi<b>tive</b>{HOSTILE}", "neutral")
TEXT = f"a good film {HOSTILE}"
SIZES = {"teacher": 22_000_000, "student": 7_000_000, "student_hard_labels": 7_000_000}
NUM_EXAMPLES = 120


def made_up_task() -> Task:
    return Task(name=f"mood{HOSTILE}", answer=OneClass(label_names=LABELS), is_pair=False, metrics=("accuracy",))


def made_up_logits(seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Gold labels, and logits of models of which the teacher is best."""
    generator = np.random.default_rng(seed)
    gold = generator.integers(3, size=NUM_EXAMPLES)
    right = 2.0 * np.eye(3)[gold]
    noise = {"teacher": 0.9, "student": 1.1, "student_hard_labels": 1.3}
    logits = {role: right + scale * generator.normal(size=(NUM_EXAMPLES, 3)) for role, scale in noise.items()}
    return gold, {role: rows.astype(np.float32) for role, rows in logits.items()}


def made_up_model(role: Any, logits: np.ndarray, gold: np.ndarray, *, is_old: bool) -> ModelResult:
    accuracy = float((logits.argmax(1) == gold).mean())
    size = SIZES[role]
    rate = 4e8 / size
    return ModelResult(
        role=role,
        name=f"run{HOSTILE}",
        metrics={"accuracy": accuracy, "macro_f1": accuracy - 0.01},
        interval=(accuracy - 0.05, accuracy + 0.04),
        num_examples=len(gold),
        fidelity=None if role == "teacher" else ClassFidelity(agreement=0.9, divergence=0.1),
        **({} if is_old else made_up_task().answer.details(logits, LabelRows.one_each(gold))),
        parameters=Parameters(embeddings=size // 2, encoder=size // 2, pooler=0, head=0, total=size),
        size_bytes=4 * size,
        speed=Speed(
            sentences_per_second=rate,
            slowest=rate * 0.9,
            fastest=rate * 1.1,
            num_repeats=5,
            num_sentences=64,
            device="cpu",
            num_threads=1,
            precision="fp32",
        ),
        training_seconds=None if role == "teacher" else 61.5,
    )


def made_up_trust(*, count: int = 2000) -> Trust:
    confidence = np.linspace(0.3, 1.0, count)
    agrees = np.arange(count) % 50 > np.linspace(12, -12, count)
    return measure_trust(confidence, agrees, reference="teacher", split=f"test{HOSTILE}")


def made_up_results(*, is_old: bool = False, seed: int = 0, roles: tuple[str, ...] = tuple(SIZES)) -> Results:
    gold, logits = made_up_logits(seed)
    models = {role: made_up_model(role, logits[role], gold, is_old=is_old) for role in roles}
    student = models.get("student")
    comparisons = (
        []
        if student is None
        else [
            Comparison(
                other=role,
                difference=student.score - other.score,
                interval=(student.score - other.score - 0.05, student.score - other.score + 0.05),
                share=None if is_old else student.score / other.score,
                share_interval=None if is_old else (0.9, 1.01),
                mcnemar=None
                if is_old
                else made_up_task().answer.mcnemar(logits["student"], logits[role], LabelRows.one_each(gold)),
            )
            for role, other in models.items()
            if role != "student"
        ]
    )
    return Results(
        task=made_up_task().name,
        primary_metric="accuracy",
        num_examples=NUM_EXAMPLES,
        models=tuple(models.values()),
        comparisons=tuple(comparisons),
        trust=None if is_old or student is None else made_up_trust(),
        environment={"python": "3.11", "packages": {"torch": HOSTILE}},
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def made_up_events(objectives: tuple[str, ...], *, stages: tuple[str, ...] = ("distil",)) -> str:
    lines = []
    for stage in stages:
        for step in range(10, 60, 10):
            losses = {name: (index + 1) / step for index, name in enumerate(objectives)}
            event = {"event": "step", "stage": stage, "step": step, "loss": sum(losses.values()), "losses": losses}
            lines.append(event | {"epoch": 0.5, "learning_rate": 1e-3, "seconds": 1.0})
            lines.append({"event": "evaluation", "stage": stage, "step": step, "accuracy": 0.5 + step / 200})
        lines.append({"event": "stage", "stage": stage, "steps": 50, "seconds": 1.0})
    return "".join(json.dumps(line) + "\n" for line in lines)


def made_up_attention() -> AttentionMaps:
    def model(layers: int) -> ModelAttention:
        tokens = ("[CLS]", "a", f"film{HOSTILE}", "[SEP]")
        maps = np.random.default_rng(layers).dirichlet(np.ones(4), size=(layers, 2, 4))
        values = base64.b64encode((maps * 255).round().astype(np.uint8).tobytes()).decode()
        return ModelAttention(tokens=tokens, num_layers=layers, num_heads=2, probabilities=values)

    models = {"teacher": model(4), "student": model(2)}
    return AttentionMaps(examples=tuple(AttentionExample(id=i, text=f"{TEXT} {i}", models=models) for i in range(3)))


def write_run(folder: Path, *, is_old: bool = False, seed: int = 0, recipe: dict[str, Any] | None = None) -> Path:
    """Write a run folder; an old one has neither predictions, nor examples, nor attention maps."""
    folder.mkdir(parents=True)
    made_up_results(is_old=is_old, seed=seed).write(folder / "results.json")
    objectives = [{"kind": "soft_labels", "temperature": 2.0}, {"kind": "hard_labels", "weight": 0.5}]
    settings = {
        "name": f"kd{HOSTILE}",
        "description": "Follows the teacher",
        "paper": None,
        "seed": seed,
        "student": {"num_layers": 4},
        "stages": [{"name": "distil", "objectives": objectives}],
    }
    (folder / "recipe.json").write_text(json.dumps(settings | (recipe or {})))
    (folder / "environment.json").write_text(json.dumps({"cpu": HOSTILE, "gpus": []}))
    (folder / "events.jsonl").write_text(made_up_events(("soft_labels", "hard_labels")))
    control = folder / "hard-labels"
    control.mkdir()
    (control / "events.jsonl").write_text(made_up_events(("hard_labels",)))
    if not is_old:
        gold, logits = made_up_logits(seed)
        task, split = (
            made_up_task(),
            Split(texts=[f"{TEXT} {i}" for i in range(NUM_EXAMPLES)], labels=LabelRows.one_each(gold)),
        )
        Predictions(
            task=task.name, kind=task.answer.kind, split="dev", label_names=LABELS, gold=gold, logits=logits
        ).write(folder / "predictions.safetensors")
        choose_examples(task, split, logits).write(folder / "examples.json")
        made_up_attention().write(folder / "attention.json")
    return folder
