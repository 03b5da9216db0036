"""The report of one run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from potstill.answers import Answer, answer_of_labels, find_answer
from potstill.controls import control_of, known_controls
from potstill.files import write_text
from potstill.layer_map import resolve_layer_map
from potstill.reporting.advice import advise
from potstill.reporting.charts import Line, Spot, draw_lines, draw_reliability, draw_scatter, draw_spots, draw_trust
from potstill.reporting.confusion import confusions
from potstill.reporting.examples import make_cards, make_disagreements
from potstill.reporting.headline import kept_interval, make_figures, make_sentences
from potstill.reporting.likeness import likeness_table, mistake_table
from potstill.reporting.page import render_page
from potstill.reporting.published import Published, read_published
from potstill.reporting.reading import RunRecord, read_run
from potstill.reporting.views import class_table, comparison_table, flatten, in_order, model_table
from potstill.results import ModelResult, QuotedModel, Role, find_pair, name_metric, name_role, write_chosen

_MAX_SCATTER = 600
_SHOWN: tuple[Role, ...] = ("teacher", "student", "model")
"""Models whose outputs are drawn."""


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Draw the report of a finished run.

    Args:
        folder: The run folder.
        out: The page to write; absent: `report.html` in the run folder.

    Returns:
        The page.

    Raises:
        RunError: The folder holds no finished run, or a file in it is damaged.
    """
    page = out if out is not None else folder / "report.html"
    write_text(page, draw_run(read_run(folder)))
    return page


def draw_run(run: RunRecord) -> str:
    """Draw the page of a run."""
    results = run.results
    roles = [role for role in _SHOWN if results.find(role)]
    answer = _answer(run)
    has_cards = answer is not None and answer.no_distribution is None
    disagreements = () if answer is None else make_disagreements(run, answer)
    shown = [role for role in roles if run.examples and run.examples.spread and role in run.examples.spread[0].logits]
    published = read_published(results.task) if results.find("student") and results.find("teacher") else None
    return render_page(
        "run.html",
        _script_data(run, shown),
        title=f"{run.recipe.get('name', run.name)} on {results.task}",
        run=run,
        results=results,
        figures=make_figures(results),
        sentences=make_sentences(results),
        advice=advise(results, run.recipe, may_vary_texts=answer is None or answer.forbids_new_texts is None),
        models=model_table(results),
        comparisons=comparison_table(results),
        tradeoff=_tradeoff(run, published),
        published=published,
        losses=_losses(run),
        scores=_scores(run),
        chosen=_chosen(run),
        course_colours=[(course.name, _colour_course(course.name)) for course in run.courses],
        classes=class_table(results),
        confusions=confusions(results),
        likeness=None if answer is None else likeness_table(run, answer),
        mistakes=None if answer is None else mistake_table(run, answer),
        reliability=_reliability(run),
        trust=None if results.trust is None else draw_trust(results.trust),
        scatters=_scatters(run),
        cards=make_cards(run.examples, shown) if run.examples is not None and has_cards else (),
        shown=[(name_role(role), colour_role(role)) for role in shown],
        temperature=_temperature(run.recipe),
        disagreements=disagreements,
        answer=answer,
        recipe=flatten(run.recipe),
        environment=flatten(run.environment),
    )


def _answer(run: RunRecord) -> Answer | None:
    """Say what kind of answer the run is about; None where it kept no examples."""
    if run.examples is None:
        return None
    names = run.examples.label_names
    if run.predictions is not None:
        return find_answer(run.predictions.kind)(label_names=names)
    return answer_of_labels(names, has_independent_labels=run.examples.has_independent_labels)


def _tradeoff(run: RunRecord, published: Published | None) -> tuple[Markup, ...]:
    """Draw how much quality is kept over how much smaller, and over how much faster."""
    results = run.results
    teacher, judged = results.find("teacher"), results.quoted.find("teacher")
    if teacher is None or not teacher.has_weights:
        return ()
    if published is None or judged is None or judged.score <= 0:
        return ()
    smaller, faster = [], []
    for model in reversed(in_order(results)):
        smaller.append(_spot(run, model, judged, teacher.parameters.total / model.parameters.total))
        if model.speed is not None and teacher.speed is not None:
            times = model.speed.sentences_per_second / teacher.speed.sentences_per_second
            faster.append(_spot(run, model, judged, times))
    others = published.systems
    smaller += [Spot(name=each.name, css="other", x=each.times_smaller, y=each.kept) for each in others]
    is_alike = published.metric == results.primary_metric  # else a ring's height is of something else than a spot's
    y_title = f"% of the teacher's {name_metric(results.primary_metric) if is_alike else 'score'} kept"
    pictures = [draw_spots("times fewer weights than the teacher", y_title, smaller, size=(480.0, 340.0))]
    if faster:
        faster += [Spot(name=each.name, css="other", x=each.times_faster, y=each.kept) for each in others]
        pictures.append(draw_spots("times as fast as the teacher", y_title, faster, size=(480.0, 340.0)))
    return tuple(pictures)


def _spot(run: RunRecord, model: ModelResult, teacher: ModelResult | QuotedModel, x: float) -> Spot:
    item = find_pair(run.results, "teacher")
    interval = kept_interval(item, teacher) if item is not None and model.role == "student" else None
    low, high = interval or (None, None)
    name, score = name_role(model.role, model.name), (run.results.quoted.find(model.role) or model).score
    return Spot(name=name, css=colour_role(model.role), x=x, y=score / teacher.score, low=low, high=high)


def colour_role(role: Role) -> str:
    """Name the class that colours a model."""
    control = control_of(role)
    return control.name if control is not None else "teacher" if role == "teacher" else "student"


def _colour_course(name: str) -> str:
    return next((control.name for control in known_controls() if control.wording == name), "student")


def _losses(run: RunRecord) -> tuple[tuple[str, Markup], ...]:
    """Draw each objective of each stage, with the trainings that have it."""
    lines: dict[tuple[str, str], list[Line]] = {}
    for course in run.courses:
        for curve in course.losses:
            line = Line(name=course.name, css=_colour_course(course.name), points=curve.points)
            lines.setdefault((curve.stage, curve.name), []).append(line)
    pictures = []
    for (stage, name), each in lines.items():
        what = "weighted sum" if name == "loss" else name.replace("_", " ")
        picture = draw_lines(what, each)
        if picture is not None:
            pictures.append((f"stage {stage}: {what}", picture))
    return tuple(pictures)


def _scores(run: RunRecord) -> Markup | None:
    """Draw the primary metric on the examples that choose over the steps, with the teacher's as a level."""
    metric = run.results.primary_metric
    lines = []
    for course in run.courses:
        points = tuple(point for curve in course.scores if curve.name == metric for point in curve.points)
        lines.append(Line(name=course.name, css=_colour_course(course.name), points=points))
    teacher, is_on_dev = run.results.find("teacher"), run.results.chosen_on != "train"
    level = teacher.score if teacher is not None and is_on_dev else None
    where = "development set" if is_on_dev else "held-out part of train"
    return draw_lines(f"{name_metric(metric)}, {where}", lines, percent=True, level=level)


def _chosen(run: RunRecord) -> list[tuple[str, str]]:
    """Tell for every model that was trained here which weights its stages left."""
    models = in_order(run.results)
    return [(name_role(model.role), write_chosen(each)) for model in models for each in model.chosen]


def _reliability(run: RunRecord) -> tuple[tuple[str, float, Markup], ...]:
    """Draw the reliability of every model that has one."""
    models = [model for model in in_order(run.results) if model.calibration is not None]
    pictures = []
    starts = [each.low for model in models if model.calibration is not None for each in model.calibration.bins]
    for model in models:
        if model.calibration is not None:
            name = name_role(model.role, model.name)
            picture = draw_reliability(name, colour_role(model.role), model.calibration, start=min(starts))
            pictures.append((name, model.calibration.error, picture))
    return tuple(pictures)


def _scatters(run: RunRecord) -> tuple[tuple[str, Markup], ...]:
    """Draw answers that are numbers over the gold ones; of many examples an even sample."""
    predictions = run.predictions
    if predictions is None or not find_answer(predictions.kind).is_number:
        return ()
    step = max(1, -(-len(predictions.gold) // _MAX_SCATTER))
    gold = predictions.gold[::step].astype(float).tolist()
    pictures = []
    for role in _SHOWN:
        if role in predictions.logits:
            scores = predictions.logits[role][::step, 0].astype(float).tolist()
            pictures.append((name_role(role), draw_scatter(name_role(role), colour_role(role), gold, scores)))
    return tuple(pictures)


def _temperature(recipe: Mapping[str, Any]) -> float | None:
    """Find the temperature at which the recipe softens labels."""
    for stage in recipe.get("stages", ()):
        for objective in stage.get("objectives", ()) if stage.get("data") != "corpus" else ():
            if "temperature" in objective:
                return float(objective["temperature"])
    return None


def _script_data(run: RunRecord, shown: list[Role]) -> dict[str, Any]:
    """Give the page's script what it redraws: logits of the spread examples and the attention maps."""
    logits = (
        [] if run.examples is None else [[list(each.logits[role]) for role in shown] for each in run.examples.spread]
    )
    if run.attention is None:
        return {"logits": logits, "attention": None}
    examples = [each.model_dump(mode="json") for each in run.attention.examples]
    first = run.attention.examples[0].models
    pairs: list[int] = []
    if {"teacher", "student"} <= first.keys() and first["student"].num_layers <= first["teacher"].num_layers:
        layers = first["student"].num_layers, first["teacher"].num_layers
        pairs = list(resolve_layer_map("uniform", student_layers=layers[0], teacher_layers=layers[1]))
    return {"logits": logits, "attention": {"examples": examples, "pairs": pairs}}
