"""What to try next where a student is worse than its teacher, in the order of what it costs to try."""

from collections.abc import Iterator, Mapping
from typing import Any

from potstill.results import Results, find_pair

_OF_LAYERS = {"layer_map", "projection", "student_layer", "pairs"}
"""Fields of objectives that compare layers."""


def advise(results: Results, recipe: Mapping[str, Any], *, may_vary_texts: bool) -> tuple[str, ...]:
    """Say what to try next, if a student is worse than its teacher by more than chance.

    Args:
        results: What was measured.
        recipe: The resolved recipe, as JSON values.
        may_vary_texts: Whether new texts can be made out of the training examples.

    Returns:
        What fits the run, the cheapest first; nothing where the student is not worse, or has no teacher.
    """
    pair = find_pair(results, "teacher")
    if pair is None or pair.interval[1] >= 0 or not recipe.get("stages"):
        return ()
    return tuple(_suggest(results, recipe, may_vary_texts=may_vary_texts))


def _suggest(results: Results, recipe: Mapping[str, Any], *, may_vary_texts: bool) -> Iterator[str]:
    stages, student = recipe["stages"], recipe.get("student", {})
    last, model = stages[-1], results.find("student")
    if model is not None and model.chosen and model.chosen[-1].is_rising:
        longer = _lengthen(last, model.chosen[-1].num_steps)
        yield f"train longer: the score of stage '{last['name']}' was still rising at its last scoring; {longer}"
    objectives = [objective for stage in stages for objective in stage["objectives"]]
    if not any(objective.keys() & _OF_LAYERS for objective in objectives) and "hidden_size" in student:
        yield f"follow the teacher's layers too: recipe 'house' instead of '{recipe.get('name')}'"
    if all("temperature" in objective for objective in objectives):
        yield "learn from the gold labels beside the teacher's answers: recipe 'kd-labels'"
    if "hidden_size" in student:
        sizes = [f"{name} (now {student[name]:g})" for name in ("num_layers", "hidden_size") if student.get(name)]
        yield f"take a larger student: --set student.{' or student.'.join(sizes)}"
    read = {stage.get("data") for stage in stages}
    more = ["--unlabeled FILE"] if "transfer" in read and not recipe.get("data", {}).get("unlabeled") else []
    if may_vary_texts and "augmented" not in read:
        more.append(f"--set stages.{last['name']}.data=augmented --set augmentation.method.kind=tang")
    if more:
        yield f"give the teacher more texts to answer: {', or '.join(more)}"


def _lengthen(stage: Mapping[str, Any], num_steps: int) -> str:
    """Say how to double the length of a stage."""
    path, epochs = f"--set stages.{stage['name']}", stage.get("epochs")
    if isinstance(epochs, Mapping):  # bounded in steps
        return f"{path}.epochs=none {path}.steps={2 * num_steps}"
    return f"{path}.steps={2 * num_steps}" if epochs is None else f"{path}.epochs={2 * epochs:g}"
