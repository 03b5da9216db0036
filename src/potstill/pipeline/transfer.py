"""What a run learns from: examples, further texts, answers; read once, kept by content beside the run."""

from dataclasses import replace

import numpy as np

from potstill.data import AnswerTable, TaskData, TransferSet, load_answers, load_task_data, load_transfer
from potstill.errors import DataError, RecipeError
from potstill.hub import describe_model
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import AugmentedExamples, TaskSource
from potstill.pipeline.tokenising import find_length
from potstill.processes import main_first
from potstill.recipe import Recipe
from potstill.training import resolve_precision


def load_examples(recipe: Recipe) -> TaskData:
    """Load the examples of a recipe; of data of one's own, with all labels of its teacher."""
    names = recipe.teacher.names
    return load_task_data(recipe.data, label_names=describe_model(names[0]).label_names if names else ())


def settle(recipe: Recipe, data: TaskData) -> Recipe:
    """Fill in what data, models and machine decide."""
    recipe = recipe.for_answer(data.task.answer).with_precision(resolve_precision(recipe.precision))
    recipe = recipe.with_length(find_length(recipe.data, *recipe.teacher.names, recipe.teacher.base))
    return recipe.without_gold() if _lacks_gold(data) else recipe


def _lacks_gold(data: TaskData) -> bool:
    return data.train.labels is not None and not len(data.train.labels.values)


def check_gold(recipe: Recipe, data: TaskData) -> None:
    """Refuse what reads gold labels where no example has one."""
    if not _lacks_gold(data):
        return
    if recipe.augmentation is not None:
        raise RecipeError("augmentation: no training example has a label that new texts could have; leave it out.")
    for stage in recipe.stages:
        if found := next((each.kind for each in stage.objectives if each.reads_gold), None):
            raise RecipeError(
                f"stages.{stage.name}.objectives: '{found}' reads gold labels, and no training example has one; leave "
                "it out, as recipe 'kd' does, and leave out controls, which learn from labels alone."
            )


def with_texts(run: OpenRun[TaskSource]) -> OpenRun[TaskSource]:
    """Read what a run learns from beyond labelled examples and a model: unlabelled texts, and answers about texts."""
    source, recipe, note = run.source, run.recipe, run.callback.note
    check_gold(recipe, source.data)
    given, answers = recipe.teacher.answers, None
    if given is not None:
        answers = load_answers(given, recipe.data, source.data.task)
    if recipe.reads_transfer:
        with main_first():
            transfer = load_transfer(
                source.data,
                recipe.data,
                store=run.folder.store,
                callback=run.callback,
                teacher=answers or ("model" if recipe.needs_teacher else None),
            )
        source = replace(source, transfer=transfer)
        if transfer is not None and (told := _tell_held_out(transfer, recipe)) is not None:
            note(told)
    if source.transfer is None and recipe.augmentation is None:
        for stage in recipe.stages:
            if stage.shares is not None:
                raise RecipeError(
                    f"stages.{stage.name}.shares: without effect, as there are only the task's own texts; give others "
                    "(--unlabeled), or leave it out."
                )
    if answers is not None:
        _check_answers(answers, source, recipe)
        found = int((answers.find(source.texts) >= 0).sum())
        note(f"{answers.name} answers {found:,} of {len(source.texts):,} texts to learn from")
        source = replace(source, answers=answers)
    return replace(run, source=source)


def _tell_held_out(transfer: TransferSet, recipe: Recipe) -> str | None:
    """Say how many unlabelled texts are held out, or that they are too few for it."""
    figures, why = transfer.figures, "to find out when the student can be trusted (data.trust_fraction)"
    if figures.num_held_out:
        total = figures.num_unlabeled + figures.num_held_out
        return f"{figures.num_held_out:,} of {total:,} unlabelled texts are held out, {why}"
    if not figures.num_unlabeled or recipe.data.trust_fraction is not None or not recipe.needs_teacher:
        return None
    return f"none of {figures.num_unlabeled:,} unlabelled texts is held out {why}"


def _check_answers(answers: AnswerTable, source: TaskSource, recipe: Recipe) -> None:
    """Refuse answers about other texts, and those that no student can start from."""
    if not (answers.find(source.texts) >= 0).any():
        raise DataError(
            f"teacher.answers: {answers.name} answers none of the {len(source.texts):,} texts to learn from; it must "
            "hold their texts as they stand in the data."
        )
    if recipe.teacher.base is None:
        raise RecipeError(
            "teacher.base: of this teacher only answers are known, so the student starts from a pre-trained encoder, "
            "and that is not given; pass --base."
        )


def with_examples(run: OpenRun[TaskSource], examples: AugmentedExamples) -> OpenRun[TaskSource]:
    """Add augmented examples, which belong to all texts, too, where a stage reads those."""
    source, config = run.source, run.recipe.augmentation
    assert config is not None, "a recipe that makes texts says how"
    if not run.recipe.reads_transfer:
        return replace(run, source=replace(source, augmented=examples))
    new, labels = np.flatnonzero(~examples.is_original), examples.labels(config.labels)
    texts = replace(examples.split, labels=labels).take(new)
    transfer = source.transfer or TransferSet.of_task(source.data, run.folder.store)
    transfer = transfer.joined(texts, source.data.measured)
    return replace(run, source=replace(source, augmented=examples, transfer=transfer))
