"""A run from data to results, on a tiny encoder and a real file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from potstill import distill, finetune
from potstill.recipe import load_recipe
from potstill.results import Results

QUICK = ["precision=fp32", "stages.0.epochs=1"]


def test_run_folder_holds_what_it_promises(student_run: Path) -> None:
    for name in ("recipe.json", "environment.json", "events.jsonl", "results.json", "student/README.md"):
        assert (student_run / name).is_file(), name
    assert (student_run / "student" / "model.safetensors").is_file()
    assert not list(student_run.rglob("*.partial"))


def test_student_learns_from_the_teacher_and_controls_are_measured(student_run: Path) -> None:
    results = Results.read(student_run / "results.json")
    assert [model.role for model in results.models] == [
        "teacher",
        "student",
        "student_hard_labels",
        "student_base_start",
        "student_random_start",
    ]
    student = results.find("student")
    assert student is not None
    assert student.score > 0.9
    assert student.fidelity is not None
    assert {comparison.other for comparison in results.comparisons} == {
        "teacher",
        "student_hard_labels",
        "student_base_start",
        "student_random_start",
    }


def test_student_loads_in_transformers_without_this_package(student_run: Path) -> None:
    code = (
        "import sys; sys.modules['potstill'] = None\n"
        "from transformers import AutoModelForSequenceClassification as M, AutoTokenizer as T\n"
        f"folder = {str(student_run / 'student')!r}\n"
        "model, info = M.from_pretrained(folder, output_loading_info=True)\n"
        "assert not info['missing_keys'], info\n"
        "logits = model(**T.from_pretrained(folder)('the good film', return_tensors='pt')).logits[0]\n"
        "print(model.config.id2label[int(logits.argmax())])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "good"


def test_resolved_recipe_repeats_the_run_bit_for_bit(student_run: Path, tmp_path: Path) -> None:
    again = distill(str(student_run / "recipe.json"), out=tmp_path / "again")
    ours = (again.student / "model.safetensors").read_bytes()
    assert ours == (student_run / "student" / "model.safetensors").read_bytes()


def test_events_tell_the_course_of_the_run(student_run: Path) -> None:
    events = [json.loads(line) for line in (student_run / "events.jsonl").read_text().splitlines()]
    steps = [event for event in events if event["event"] == "step"]
    assert set(steps[0]["losses"]) == {"soft_labels"}
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert [event["event"] for event in events].count("evaluation") == 10
    assert events[-1]["event"] == "stage"


def test_only_who_follows_a_teacher_is_chosen_by_the_distance_from_it(student_run: Path) -> None:
    def distances(folder: Path) -> list[float | None]:
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        return [event.get("distance") for event in events if event["event"] == "evaluation"]

    assert all(distances(student_run))
    assert not any(distances(student_run / "hard-labels"))


def test_other_seed_gives_another_student(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    def run(seed: int) -> bytes:
        done = distill(
            "kd",
            teacher=str(teacher),
            data=str(reviews),
            text="review",
            label="stars",
            out=tmp_path / str(seed),
            overrides=[*QUICK, f"seed={seed}"],
        )
        return (done.student / "model.safetensors").read_bytes()

    assert run(1) != run(2)


def test_regression_follows_the_teachers_score(base: Path, reviews: Path, tmp_path: Path) -> None:
    data = {"data": str(reviews), "text": "review", "label": "score"}
    learning = ["precision=fp32", "stages.0.epochs=12", "stages.0.optimizer.learning_rate=3e-3"]
    teacher = finetune(str(base), out=tmp_path / "teacher", overrides=learning, **data)
    run = distill("kd", teacher=str(teacher.folder), out=tmp_path / "run", overrides=learning, **data)
    resolved = json.loads((run.folder / "recipe.json").read_text())
    assert [objective["kind"] for objective in resolved["stages"][0]["objectives"]] == ["logits_mse"]
    assert run.results.primary_metric == "spearman"
    assert run.results.models[0].metrics["spearman"] > 0.3


@pytest.mark.parametrize("objectives", ["{kind='soft_labels'}", "{kind='hidden_states'}, {kind='attention_scores'}"])
def test_accumulated_batches_measure_the_mean_over_their_union(
    teacher: Path, reviews: Path, tmp_path: Path, objectives: str
) -> None:
    def first_losses(name: str, *batching: str) -> dict[str, float]:
        run = distill(
            "kd",
            teacher=str(teacher),
            data=str(reviews),
            text="review",
            label="stars",
            out=tmp_path / name,
            overrides=[
                "precision=fp32",
                "stages.0.epochs=none",
                "stages.0.steps=1",
                "stages.0.batches.tokens_per_batch=8192",
                f"stages.0.objectives=[{objectives}]",
                "student.dropout=0.0",
                "student.attention_dropout=0.0",
                *batching,
            ],
        )
        losses: dict[str, float] = json.loads((run.folder / "events.jsonl").read_text().splitlines()[0])["losses"]
        return losses

    whole = first_losses("whole", "stages.0.batches.examples_per_batch=1000")
    parts = first_losses("parts", "stages.0.batches.examples_per_batch=50", "stages.0.accumulate=5")
    assert parts == pytest.approx(whole, rel=1e-4, abs=1e-7)


def test_without_teacher_keeps_every_stage_and_its_length() -> None:
    recipe = load_recipe("kd-hidden")
    control = recipe.without_teacher()
    assert [stage.name for stage in control.stages] == [stage.name for stage in recipe.stages]
    assert not control.needs_teacher
