"""How figures and names are written for people: in the terminal's table, in Markdown and in the report."""

from potstill.controls import control_of, known_controls
from potstill.results.figures import ChosenWeights, Interval, Role

_METRICS = {
    "entity_f1": "entity F1",
    "entity_macro_f1": "entity macro F1",
    "entity_precision": "entity precision",
    "entity_recall": "entity recall",
    "f1": "F1",
    "macro_f1": "macro F1",
    "matthews": "Matthews",
    "micro_f1": "micro F1",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "pearson_spearman": "mean of Pearson and Spearman",
    "subset_accuracy": "subset accuracy",
}


AGREEMENT = "measured against the teacher's answers: agreement with it, not what is right"
"""What figures are where there are no gold labels."""


def rank_role(role: Role) -> int:
    """Rank the parts of a run from what is compared with to what is compared."""
    return ["teacher", *(control.role for control in reversed(known_controls())), "model", "student"].index(role)


def name_role(role: Role, name: str = "model") -> str:
    """Call a model by its part in the run, or by its own name where it has none."""
    control = control_of(role)
    if control is not None:
        return control.wording
    return role if role in ("teacher", "student") else name


NO_INTERVAL = "[none]: every resample gives the same value, as where a model has one answer to all texts"
"""Why a score may stand without an interval: it would look certain, and is no more than a formula's value."""


def name_metric(name: str) -> str:
    """Write a metric's name as one would in a text."""
    return _METRICS.get(name, name)


def write_hundred(fraction: float, *, sign: str = "") -> str:
    """Write a fraction times 100 with one decimal; `sign="+"` shows the sign of positive ones."""
    return f"{fraction * 100:{sign}.1f}"


def write_brackets(interval: Interval, *, sign: str = "") -> str:
    """Write an interval of fractions, times 100.

    Args:
        interval: Both ends.
        sign: `+` shows the sign of positive ends, for differences.

    Returns:
        Both ends in brackets; `[none]` for a score whose ends are one, which is why `NO_INTERVAL` says.

    Example:
        >>> write_brackets((0.25, 0.5)), write_brackets((0.0, 0.0))
        ('[25.0, 50.0]', '[none]')
    """
    if not sign and interval[0] == interval[1]:
        return "[none]"
    low, high = (write_hundred(end, sign=sign) for end in interval)
    return f"[{low}, {high}]"


def write_count(number: int) -> str:
    """Shorten a number of weights to three figures or so; a teacher of which only answers are known has none."""
    if number == 0:
        return "-"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


def compare_times(gain: float | int, base: float | int, better: str, worse: str) -> str:
    """Say how many times one number is the other, such as `4.5x faster`; nothing where it is no change at all."""
    if min(gain, base) <= 0:
        return ""
    times, word = (gain / base, better) if gain >= base else (base / gain, worse)
    return f"{times:.1f}x {word}" if times >= 1.05 else ""


def write_chosen(chosen: ChosenWeights) -> str:
    """Tell which weights a stage left, and how they compare with its best and its last ones."""
    epoch = "" if chosen.epoch is None else f" (epoch {chosen.epoch:.4g})"
    said = (
        f"stage {chosen.stage}: the weights of step {chosen.step:,} of {chosen.num_steps:,}{epoch}, chosen at "
        f"{write_hundred(chosen.score)}"
    )
    if chosen.num_scorings == 1:
        return said
    return (
        f"{said}; of {chosen.num_scorings} scorings the highest was {write_hundred(chosen.highest)}, the last "
        f"{write_hundred(chosen.last)}, and what is within {write_hundred(chosen.margin)} counts as equal"
    )
