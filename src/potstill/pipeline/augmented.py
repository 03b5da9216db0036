"""The augmented examples of a run: made once, kept by content beside the run, and labelled as the recipe says."""

import hashlib
import json
from dataclasses import replace

import numpy as np

from potstill.answers import LabelRows, find_given_words
from potstill.augmentation import AugmentationConfig, read_columns
from potstill.data import Split
from potstill.errors import DataError
from potstill.files import is_whole, one_at_a_time, whole_folder
from potstill.hub import find_masked_lm
from potstill.pipeline.open_run import OpenRun, RunTeacher
from potstill.pipeline.sources import AugmentedExamples, TaskSource
from potstill.pipeline.targets import look_up_logits
from potstill.pipeline.texts import TextMaker, TextTeacher
from potstill.pipeline.varied import check_texts
from potstill.processes import main_first
from potstill.progress import ProgressCallback

_TEXTS = "texts.parquet"
_WAITING = "waiting for {}, which makes the same augmented examples"


def plan_texts(run: OpenRun[TaskSource], teacher: RunTeacher | None) -> TextMaker | None:
    """Say how the texts of a run are made, and refuse what cannot be done."""
    recipe = run.recipe
    if recipe.augmentation is None:
        return None
    check_texts(
        run.source.data,
        recipe.augmentation.method,
        "leave it out (--set augmentation=none, and data = 'task' in its stages; TinyBERT's recipes have --ablation "
        "no-da)",
    )
    labeller = None
    if teacher is not None and teacher.table is None:
        labeller = TextTeacher(
            encoders=tuple(single.model for single in teacher.singles),
            fingerprint=teacher.fingerprint,
            max_length=recipe.data.longest,
            combine=recipe.teacher.combine,
            weights=recipe.teacher.weights,
        )
    return TextMaker(
        data=run.source.data,
        config=_name_masked_lm(recipe.augmentation, recipe.teacher.base, run.callback),
        teacher=labeller,
        precision=run.precision,
        device=run.device,
        callback=run.callback,
    )


def _name_masked_lm(config: AugmentationConfig, base: str | None, callback: ProgressCallback) -> AugmentationConfig:
    """Put the pre-trained base where a method asks for it, if it is a masked language model."""
    method = config.method
    if not method.asks_base:
        return config
    found = base if base is not None and find_masked_lm(base) is not None else None
    if found is None:
        why = "is not given" if base is None else f"({base}) has no masked-LM head"
        callback.note(
            f"augmentation: teacher.base {why}, so candidates of all words are neighbours; a masked language model in "
            "augmentation.method.masked_lm gives better ones"
        )
    return config.model_copy(update={"method": method.with_masked_lm(found)})


def make_examples(run: OpenRun[TaskSource], maker: TextMaker, teacher: RunTeacher | None) -> AugmentedExamples:
    """Make the examples of a run, or read them where an earlier run with the same settings left them."""
    texts = replace(maker, config=maker.config.model_copy(update={"labels": "none"}))  # labels do not change the texts
    key = hashlib.sha256(json.dumps(texts.identity, sort_keys=True).encode()).hexdigest()[:16]
    folder, note = run.folder.store / f"augmented-{key}", run.callback.note
    lock = folder.with_name(f".{folder.name}.lock")
    with main_first(), one_at_a_time(lock, lambda who: note(_WAITING.format(who))):
        if is_whole(folder):
            note(f"augmented examples read from {folder.name}")
        else:
            if folder.exists():
                note(f"augmented examples {folder.name} are damaged and are made anew")
            parts = folder.with_name(f".{folder.name}.parts")
            with whole_folder(folder) as aside:
                texts.write(aside / _TEXTS, parts=parts)
    columns = read_columns(folder / _TEXTS)
    if not columns["text"]:
        raise DataError(
            "augmentation: no text came out that was not there before; raise copies or the probabilities of the method."
        )
    labels = run.source.data.train.labels
    assert labels is not None, "training examples have labels"
    examples = AugmentedExamples(
        split=Split(
            texts=columns["text"],
            pairs=columns.get("text_pair"),
            words=find_given_words(columns["text"], columns["tokens"]) if "tokens" in columns else None,
        ),
        inherited=labels.take(np.array(columns["source_row"], dtype=np.int64)),
        is_original=np.array([method == "original" for method in columns["method"]]),
    )
    total, originals = len(examples.split), int(examples.is_original.sum())
    run.callback.note(f"augmented examples: {total:,}, of them {total - originals:,} new texts")
    if maker.config.labels != "teacher":
        return examples
    assert teacher is not None, "the teacher's labels are refused without one"
    return replace(examples, taught=_ask(replace(run, source=replace(run.source, augmented=examples)), teacher))


def _ask(run: OpenRun[TaskSource], teacher: RunTeacher) -> LabelRows:
    """Take the teacher's most probable label, or its score, for new texts; what it says is stored for the stages."""
    examples = run.source.augmented
    assert examples is not None, "texts are made before they are labelled"
    stage = next(stage for stage in run.recipe.stages if stage.data in ("augmented", "transfer"))
    logits = look_up_logits(run, stage.model_copy(update={"data": "augmented"}), teacher).cpu().numpy()
    labels, is_original = examples.inherited, np.repeat(examples.is_original, np.diff(examples.inherited.offsets))
    values = labels.values.copy()
    values[~is_original] = run.source.data.task.answer.decide(logits)[~is_original]
    return LabelRows(values=values, offsets=labels.offsets)
