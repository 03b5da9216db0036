"""The model card: the README.md in the folder of a trained model."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from potstill.files import write_text
from potstill.results import AGREEMENT, ModelResult, Results, describe_results, write_chosen

_HUB_METRICS = {
    "macro_f1": "f1",
    "matthews": "matthews_correlation",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
}
"""What the hub calls a metric, where it has another name for it."""

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def write_model_card(student_folder: Path, results: Results, *, recipe: Mapping[str, Any], pipeline_tag: str) -> None:
    """Write the model card of a trained model.

    Args:
        student_folder: The model's `save_pretrained` folder; gets a README.md.
        results: What was measured; the card is about its student, or else its only model.
        recipe: The resolved recipe as JSON values. Of paths only the last part is told.
        pipeline_tag: What the hub calls the task.
    """
    model = results.find("student") or results.find("model") or results.models[-1]
    parts = [
        _front_matter(model, results, recipe, pipeline_tag),
        _introduction(model, results, recipe),
        "## Results\n\n" + describe_results(results),
        _usage(model, recipe, pipeline_tag),
        _training(model, recipe),
        _limits(model, results, recipe),
    ]
    write_text(student_folder / "README.md", "\n".join(parts))


def _front_matter(model: ModelResult, results: Results, recipe: Mapping[str, Any], pipeline_tag: str) -> str:
    """Write what the Hugging Face hub reads; every value is JSON, which is YAML too."""
    is_student = model.role == "student"
    fields: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": pipeline_tag,
        "tags": ["potstill", *(["knowledge-distillation"] if is_student else [])],
    }
    if (base := _hub_name(recipe)) is not None:
        fields["base_model"] = base
    tested = None if results.test is None else results.test.find(model.role)
    measured = [(results.split, model.metrics)]
    if results.test is not None and tested is not None:
        measured.insert(0, (results.test.split, tested.metrics))
    fields["metrics"] = list(dict.fromkeys(_HUB_METRICS.get(name, name) for name in model.metrics))
    entries = [_index(results.task, split, metrics, pipeline_tag) for split, metrics in measured]
    fields["model-index"] = [{"name": _title(results, recipe), "results": entries}]
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", ""])


def _index(task: str, split: str, metrics: Mapping[str, float], pipeline_tag: str) -> dict[str, Any]:
    """Give the figures of a split as the hub reads them."""
    return {
        "task": {"type": pipeline_tag, "name": pipeline_tag.capitalize().replace("-", " ")},
        "dataset": {"type": task, "name": task, "split": split},
        "metrics": [
            {"type": _HUB_METRICS.get(name, name), "name": name, "value": round(value, 6)}
            for name, value in metrics.items()
        ],
    }


def _title(results: Results, recipe: Mapping[str, Any]) -> str:
    return f"{recipe['name']}-{results.task}"


def _introduction(model: ModelResult, results: Results, recipe: Mapping[str, Any]) -> str:
    paper = f" ({recipe['paper']})" if recipe.get("paper") else ""
    source = recipe.get("teacher") or {}
    if model.role == "student":
        what = "A student that was distilled"
        if source.get("answers"):
            what += (
                f" from the answers in `{_last_part(source['answers'])}`, starting from `{_last_part(source['base'])}`,"
            )
        elif source.get("model"):
            what += f" from the teacher `{_last_part(source['model'])}`"
        elif source.get("base"):
            what += f" from a teacher that was fine-tuned from `{_last_part(source['base'])}`"
    else:
        what = f"An encoder that was fine-tuned from `{_last_part(source.get('base') or 'a pre-trained encoder')}`"
    return (
        f"# {_title(results, recipe)}\n\n"
        f"{what} on the task `{results.task}`, with the recipe `{recipe['name']}` of Potstill{paper}. "
        f"{recipe['description']}.\n\nIt has {model.parameters.total:,} weights "
        f"({model.parameters.encoder:,} of them in the encoder's layers) and takes {model.size_bytes / 1e6:.1f} MB.\n"
    )


def import_line(recipe: Mapping[str, Any]) -> str:
    """Give the line that must stand before transformers loads a recipe's student.

    Args:
        recipe: The resolved recipe as JSON values.

    Returns:
        A line of Python with its end; empty where transformers knows the kind of model by itself.
    """
    is_ours = recipe.get("student", {}).get("kind") == "bilstm"
    return "import potstill  # teaches transformers this kind of model\n" if is_ours else ""


def _usage(model: ModelResult, recipe: Mapping[str, Any], pipeline_tag: str) -> str:
    folder = "student" if model.role == "student" else "model"
    first_line = import_line(recipe)
    return f"""## How to use it

```python
{first_line}from transformers import pipeline

classify = pipeline("{pipeline_tag}", "path/to/{folder}")
print(classify("A text."))
```

or, for many texts, `potstill predict path/to/{folder} --data texts.csv --text COLUMN`.
"""


def _training(model: ModelResult, recipe: Mapping[str, Any]) -> str:
    rows = []
    for stage in recipe["stages"]:
        loss = " + ".join(f"{item['weight']:g} x {item['kind']}" for item in stage["objectives"])
        length, rate = stage.get("epochs"), stage["optimizer"]["learning_rate"]
        if isinstance(length, Mapping):
            length = f"{length['passes']:g} epochs, in {length['min_steps']:,} to {length['max_steps'] or 'any'} steps"
        else:
            length = f"{stage['steps']} steps" if length is None else f"{length:g} epochs"
        rates = "the best of " + ", ".join(f"{each:g}" for each in rate) if isinstance(rate, list) else f"{rate:g}"
        rows.append(f"- `{stage['name']}`: {loss}; {length}, learning rate {rates}")
    rows += [f"- {write_chosen(each)}" for each in model.chosen]
    data = recipe["data"]
    where = f"the task `{data['task']}`" if data.get("task") else f"`{_last_part(data.get('path') or 'data')}`"
    return "\n".join(
        [
            "## How it was trained",
            "",
            f"On {where}, with texts of up to {data['max_length']} tokens, seed {recipe['seed']}, "
            f"{recipe['precision']} arithmetic.",
            "",
            *rows,
            "",
            "The file `recipe.json` of the run repeats it.",
            "",
        ]
    )


def _limits(model: ModelResult, results: Results, recipe: Mapping[str, Any]) -> str:
    quoted = results.quoted
    lines = [
        f"- The figures to quote are those of the {quoted.split} split, {quoted.num_examples:,} examples. The "
        "intervals are over examples; another seed of the training gives other figures.",
        f"- It knows the labels and the kind of text of this data only, and what is longer than "
        f"{recipe['data']['max_length']} tokens was cut.",
    ]
    if results.trust is not None:
        lines.append(f"- When to trust it: {results.trust.tell()}. Of other kinds of text nothing is promised.")
    if results.reference == "teacher":
        lines.append(f"- The examples have no gold labels, so all figures are {AGREEMENT}.")
    if model.role == "student":
        lines.append("- A student repeats the mistakes and the biases of its teacher, and adds its own.")
    if model.speed is not None:
        speed, gpus = model.speed, results.environment.get("gpus")
        gpu = gpus[0] if isinstance(gpus, list) and gpus else None
        threads = "1 thread" if speed.num_threads == 1 else f"{speed.num_threads} threads"
        processor = (results.environment.get("cpu") if speed.device == "cpu" else gpu) or speed.device
        lines.append(
            f"- The speed was measured on {processor} ({threads}, {speed.precision}), "
            "over texts of this task; it is another one elsewhere."
        )
    return "\n".join(["## Limits", "", *lines, ""])


def _hub_name(recipe: Mapping[str, Any]) -> str | None:
    """Give the name of the model that this one was made from, if it is on the hub."""
    source = recipe.get("teacher") or {}
    for name in (source.get("model"), source.get("base")):
        if name and _HUB_NAME.fullmatch(name) and not Path(name).exists():
            return str(name)
    return None


def _last_part(path: str) -> str:
    """Tell a hub name as it is, and of a path its last part."""
    return path if _HUB_NAME.fullmatch(path) and not Path(path).exists() else Path(path).name
