"""Runs that differ in nothing but their seed belong together; what else differs gives each group its name."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from potstill.errors import RunError
from potstill.files import read_json
from potstill.reporting.reading import RunRecord
from potstill.reporting.views import flatten
from potstill.results import ModelResult

_LEFT_OUT = ("seed", "description", "paper", "name", "data.path", "checkpoints", "tracking")
"""Settings that make no other system, or that name a place; groups of settings are left out whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One quantity over the seeds of a group.

    Attributes:
        values: One value for each run, at least one.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """Their standard deviation (n - 1); None for a single run."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of one system on one task.

    Attributes:
        name: The system.
        task: The task.
        metric: The primary metric.
        runs: Its runs.
    """

    name: str
    task: str
    metric: str
    runs: tuple[RunRecord, ...]

    @property
    def split(self) -> str:
        """The examples that its figures are about."""
        return self.runs[0].results.split

    @property
    def models(self) -> tuple[ModelResult, ...]:
        """The model of each run that it is about."""
        return tuple(_find_model(run) for run in self.runs)

    @property
    def score(self) -> Spread:
        """The primary metric, as a fraction."""
        return Spread(values=tuple(model.score for model in self.models))

    @property
    def kept(self) -> Spread | None:
        """Share of the teacher's metric that was kept; None without a teacher, or where its metric is not above 0."""
        return self._against_teacher(lambda model, teacher: model.score / teacher.score if teacher.score > 0 else None)

    @property
    def times_smaller(self) -> Spread | None:
        """The teacher's weights divided by the model's."""
        return self._against_teacher(
            lambda model, teacher: teacher.parameters.total / model.parameters.total if teacher.has_weights else None
        )

    @property
    def times_faster(self) -> Spread | None:
        """The model's sentences a second divided by the teacher's."""
        return self._against_teacher(
            lambda model, teacher: (
                model.speed.sentences_per_second / teacher.speed.sentences_per_second
                if model.speed is not None and teacher.speed is not None
                else None
            )
        )

    def control(self, role: str) -> Spread | None:
        """The metric of the same student without a teacher, over the runs that have it."""
        found = [model.score for run in self.runs for model in run.results.models if model.role == role]
        return Spread(values=tuple(found)) if found else None

    def _against_teacher(self, measure: Any) -> Spread | None:  # noqa: ANN401 - a function of two models
        values = []
        for run, model in zip(self.runs, self.models, strict=True):
            teacher = run.results.find("teacher")
            if teacher is not None and (value := measure(model, teacher)) is not None:
                values.append(value)
        return Spread(values=tuple(values)) if values else None


def _find_model(run: RunRecord) -> ModelResult:
    """Give the model that a run is about: its student, or else its only model."""
    results = run.results
    return results.find("student") or results.find("model") or results.models[-1]


def group_runs(runs: Sequence[RunRecord]) -> tuple[Group, ...]:
    """Put runs that differ in nothing but their seed together.

    Args:
        runs: Runs of any tasks and recipes.

    Returns:
        Groups, those of one task together. A run of a suite is called by its row; others by their recipe, and by the
        settings that tell them from other groups of that recipe. Of runs that repeat a seed on the same data the last
        one counts. Where all runs of a task were measured on a test set, the figures are those on it.
    """
    untested = {run.results.task for run in runs if run.results.test is None}
    runs = [run if run.results.task in untested else _quote(run) for run in runs]
    by_identity: dict[tuple[str, str, str], list[RunRecord]] = {}
    for run in runs:
        settings = json.dumps(_settings(run.recipe), sort_keys=True)
        key = (run.results.task, _row(run) or str(run.recipe.get("name", run.name)), settings)
        by_identity.setdefault(key, []).append(run)
    groups = [
        Group(
            name=_name(key, [json.loads(other[2]) for other in by_identity if other[:2] == key[:2]]),
            task=key[0],
            metric=each[0].results.primary_metric,
            runs=tuple({_draw(run): run for run in each}.values()),
        )
        for key, each in by_identity.items()
    ]
    tasks = list(dict.fromkeys(group.task for group in groups))
    return tuple(sorted(groups, key=lambda group: tasks.index(group.task)))


def _quote(run: RunRecord) -> RunRecord:
    """Put the figures on the test set in the place of those on the development set."""
    results, test = run.results, run.results.test
    assert test is not None
    models = []
    for model in results.models:
        tested = test.find(model.role)
        names = () if tested is None else ("metrics", "interval", "fidelity")
        models.append(model.model_copy(update={name: getattr(tested, name) for name in names}))
    return replace(run, results=results.model_copy(update={"split": test.split, "models": tuple(models)}))


def _draw(run: RunRecord) -> tuple[str, str]:
    """Tell what a run's chance and examples were; another run with the same ones says nothing of the spread."""
    return json.dumps(run.recipe.get("seed")), json.dumps(run.environment.get("data_fingerprint"))


def _settings(recipe: Mapping[str, Any]) -> dict[str, str]:
    return {
        path: value
        for path, value in flatten(recipe)
        if not any(f"{path}.".startswith(f"{each}.") for each in _LEFT_OUT)
    }


def _name(key: tuple[str, str, str], rivals: Sequence[Mapping[str, str]]) -> str:
    """Name a group by its recipe and by up to three settings in which its rivals differ."""
    own: dict[str, str] = json.loads(key[2])
    differing = [path for path in own if any(rival.get(path) != own[path] for rival in rivals)]
    told = ", ".join(f"{path.removeprefix('student.')} = {own[path]}" for path in differing[:3])
    return f"{key[1]} ({told})" if told else key[1]


def _row(run: RunRecord) -> str | None:
    """Read the name that a suite gave the run's row, if it is a suite's."""
    folder = run.folder.resolve()
    request = folder.parent.parent / "cells" / f"{folder.name}.json"
    try:
        row = read_json(request, remedy="bring it back").get("row")
    except RunError:  # no suite's run, or one that goes by its recipe from now on
        return None
    return row if isinstance(row, str) else None
