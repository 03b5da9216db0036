"""What a reader in a hurry should know: three figures and a few sentences."""

from dataclasses import dataclass

from potstill.controls import known_controls
from potstill.results import (
    AGREEMENT,
    ClassFidelity,
    Comparison,
    ModelResult,
    QuotedModel,
    Results,
    describe_worth,
    find_pair,
    find_warnings,
    name_metric,
    name_role,
    write_brackets,
    write_count,
    write_hundred,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineFigure:
    """A large figure.

    Attributes:
        value: The figure.
        label: What it is.
        detail: Its interval, and what it was made from.
    """

    value: str
    label: str
    detail: str


def make_figures(results: Results) -> tuple[HeadlineFigure, ...]:
    """Give the figures of the headline."""
    student, teacher = results.find("student"), results.find("teacher")
    if student is None or teacher is None:
        return _alone(student or results.models[-1], results)
    if not teacher.has_weights:
        return (_quality_kept(results, student, teacher), *_alone(student, results)[1:])
    ours, theirs = student.parameters, teacher.parameters
    return (
        _quality_kept(results, student, teacher),
        HeadlineFigure(
            value=f"{theirs.total / ours.total:.1f} ×",
            label="smaller",
            detail=f"{write_count(ours.total)} weights against {write_count(theirs.total)}; in the layers alone "
            f"{theirs.encoder / max(1, ours.encoder):.1f} ×; {student.size_bytes / 1e6:,.1f} MB against "
            f"{teacher.size_bytes / 1e6:,.1f} MB",
        ),
        _times_faster(student, teacher),
    )


def make_sentences(results: Results) -> tuple[str, ...]:
    """Say what the figures mean."""
    student, teacher = results.find("student"), results.find("teacher")
    sentences = [*find_warnings(results)]
    trusted = [] if results.trust is None else [f"When to trust it: {results.trust.tell()}."]
    if student is None:
        return (*sentences, *trusted)
    quoted = results.quoted
    if results.reference == "teacher":
        sentences.append(f"The examples have no gold labels; all figures are {AGREEMENT}.")
    if results.transfer is not None:
        told = results.transfer.tell()
        sentences.append(f"The student {told[:1].lower()}{told[1:]}.")
    measured = quoted.find("student") or student
    if isinstance(measured.fidelity, ClassFidelity):
        sentences.append(
            f"Student and teacher choose the same class in {write_hundred(measured.fidelity.agreement)} % of the "
            f"{quoted.num_examples:,} examples of {quoted.split}."
        )
    for item in quoted.comparisons:
        other = quoted.find(item.other)
        if other is not None:
            sentences.append(_compare(item, other, name_metric(results.primary_metric)))
    sentences += [*describe_worth(results), *trusted]
    if teacher is None:
        return tuple(sentences)
    simplest = known_controls()[0]
    if not any(item.other != "teacher" for item in quoted.comparisons):
        sentences.append(
            "What the teacher was good for is not known: the run has no control. Run it again with "
            f"--baseline {simplest.name} for {simplest.purpose}."
        )
    return tuple(sentences)


def kept_interval(comparison: Comparison, teacher: ModelResult | QuotedModel) -> tuple[float, float] | None:
    """Give the interval of the share of the teacher's quality that was kept."""
    if comparison.share_interval is not None or teacher.score <= 0:
        return comparison.share_interval
    low, high = comparison.interval
    return 1 + low / teacher.score, 1 + high / teacher.score


def speed_range(student: ModelResult, teacher: ModelResult) -> tuple[float, float, float] | None:
    """Say how many times faster a model is than its teacher."""
    ours, theirs = student.speed, teacher.speed
    if ours is None or theirs is None:
        return None
    return (
        ours.sentences_per_second / theirs.sentences_per_second,
        ours.slowest / theirs.fastest,
        ours.fastest / theirs.slowest,
    )


def _quality_kept(results: Results, student: ModelResult, teacher: ModelResult) -> HeadlineFigure:
    metric, quoted = name_metric(results.primary_metric), results.quoted
    ours, theirs = quoted.find("student") or student, quoted.find("teacher") or teacher
    chosen = ", which chose the weights" if quoted is results and results.chosen_on == "dev" else ""
    made_from = f"{write_hundred(ours.score)} against {write_hundred(theirs.score)} {metric} on {quoted.split}{chosen}"
    comparison = find_pair(results, "teacher")
    interval = None if comparison is None else kept_interval(comparison, theirs)
    if theirs.score <= 0:
        return HeadlineFigure(value=write_hundred(ours.score), label=metric, detail=made_from)
    between = "" if interval is None else f"95 % interval {write_brackets(interval)}; "
    return HeadlineFigure(
        value=f"{write_hundred(ours.score / theirs.score)} %",
        label=f"of the teacher's {metric} kept",
        detail=between + made_from,
    )


def _times_faster(student: ModelResult, teacher: ModelResult) -> HeadlineFigure:
    times = speed_range(student, teacher)
    if times is None or student.speed is None or teacher.speed is None:
        return HeadlineFigure(value="–", label="speed not measured", detail="")
    speed = student.speed
    return HeadlineFigure(
        value=f"{times[0]:.1f} ×",
        label="faster",
        detail=f"{times[1]:.1f} to {times[2]:.1f} × over {speed.num_repeats} repeats; "
        f"{speed.sentences_per_second:,.0f} against {teacher.speed.sentences_per_second:,.0f} sentences/s on "
        f"{_device(student)}",
    )


def _device(model: ModelResult) -> str:
    assert model.speed is not None
    if model.speed.device != "cpu":
        return f"{model.speed.device}, {model.speed.precision}"
    return f"{model.speed.num_threads} CPU thread{'s' if model.speed.num_threads > 1 else ''}, {model.speed.precision}"


def _alone(model: ModelResult, results: Results) -> tuple[HeadlineFigure, ...]:
    speed, quoted = model.speed, results.quoted
    measured = quoted.find(model.role) or model
    return (
        HeadlineFigure(
            value=write_hundred(measured.score),
            label=name_metric(results.primary_metric),
            detail=f"95 % interval {write_brackets(measured.interval)} on {quoted.split}",
        ),
        HeadlineFigure(
            value=write_count(model.parameters.total),
            label="weights",
            detail=f"{write_count(model.parameters.encoder)} of them in the layers; {model.size_bytes / 1e6:,.1f} MB",
        ),
        HeadlineFigure(
            value="–" if speed is None else f"{speed.sentences_per_second:,.0f}",
            label="speed not measured" if speed is None else "sentences/s",
            detail="" if speed is None else f"{speed.slowest:,.0f} to {speed.fastest:,.0f} on {_device(model)}",
        ),
    )


def _compare(item: Comparison, other: ModelResult | QuotedModel, metric: str) -> str:
    low, high = item.interval
    who = "The teacher" if item.other == "teacher" else f"The same student on {name_role(item.other)}"
    between = write_brackets(item.interval, sign="+")
    said = (
        f"{who} has {metric} {write_hundred(other.score)}; the student is {write_hundred(item.difference, sign='+')} "
        f"points from it, 95 % interval {between}"
    )
    if low <= 0 <= high:
        return f"{said}: these examples do not tell the two apart."
    return f"{said}: the student is {'better' if item.difference > 0 else 'worse'} by more than chance."
