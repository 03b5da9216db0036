"""Stages with data = "augmented": texts are made once by content, labelled as the recipe says, and followed."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from shutil import rmtree
from threading import Event

import numpy as np
import pyarrow.parquet
import pytest
from safetensors.torch import load_file
from scipy.special import softmax
from transformers import AutoModel, AutoTokenizer

from potstill import distill
from potstill.data import load_task_data
from potstill.errors import DataError, RecipeError
from potstill.files import one_at_a_time
from potstill.hub import load_classifier
from potstill.pipeline.augmented import make_examples, plan_texts
from potstill.pipeline.open_run import OpenRun
from potstill.pipeline.sources import TaskSource
from potstill.pipeline.teacher import find_teacher
from potstill.progress import SilentCallback
from potstill.recipe import load_recipe
from potstill.run_folder import RunFolder

AUGMENTED = (
    "stages.distil.data=augmented",
    "augmentation.method.kind=tang",
    "augmentation.method.replace_probability=0",
    "augmentation.copies=2",
    "stages.distil.epochs=none",
    "stages.distil.steps=4",
    "precision=fp32",
)
SOFT = 'stages.distil.objectives=[{kind="soft_labels"}]'


def run(teacher, reviews, out, *overrides, **more):
    return distill(
        "kd",
        teacher=str(teacher),
        data=str(reviews),
        text="review",
        label="stars",
        out=out,
        overrides=overrides,
        **more,
    )


@pytest.fixture(scope="module")
def first(teacher, reviews, tmp_path_factory):
    """The folder of a run on augmented texts with a control."""
    out = tmp_path_factory.mktemp("augmented") / "first"
    run(teacher, reviews, out, *AUGMENTED, "augmentation.labels=teacher", baselines=["hard-labels"])
    return out


def stored(folder):
    return sorted(path.name for path in (folder.parent / "store").glob("[!.]*"))


def num_asked(folder):
    """About how many texts the teacher was asked each time."""
    shards = (folder.parent / "store").glob("logits-*/*/*.safetensors")
    return [len(load_file(path)["logits.0/values"]) for path in shards]


def test_texts_and_logits_are_stored_beside_the_run(first):
    names = stored(first)
    assert len([name for name in names if name.startswith("augmented-")]) == 1
    assert len([name for name in names if name.startswith("logits-")]) == 1
    texts = pyarrow.parquet.read_table(next((first.parent / "store").glob("augmented-*/texts.parquet")))
    assert [len(set(texts["text"].to_pylist()))] == num_asked(first)
    assert num_asked(first) > [216]
    assert not list((first.parent / "store").glob(".*.part*"))
    assert (first / "student" / "config.json").is_file()
    assert not (first / "store").exists()


def test_another_run_reuses_them_whatever_its_labels_and_its_training(first, teacher, reviews):
    before = stored(first), num_asked(first)
    run(teacher, reviews, first.parent / "second", *AUGMENTED, SOFT, "seed=5")
    assert (stored(first), num_asked(first)) == before


def test_of_other_texts_only_the_new_ones_are_asked_about(first, teacher, reviews):
    before = stored(first)
    run(teacher, reviews, first.parent / "third", *AUGMENTED, SOFT, "augmentation.seed=1")
    assert len(stored(first)) == len(before) + 1
    assert sorted(num_asked(first))[0] < sorted(num_asked(first))[-1], "both have the texts of the task"


def test_the_control_has_the_label_of_the_source(first):
    recipe = json.loads((first / "hard-labels" / "recipe.json").read_text())
    assert recipe["augmentation"]["labels"] == "inherited"
    assert recipe["stages"][0]["data"] == "augmented"
    assert json.loads((first / "recipe.json").read_text())["augmentation"]["labels"] == "teacher"


def look_again(folder):
    """The augmented examples of a run, and what its teacher says of them when it is asked anew."""
    recipe = load_recipe(str(folder / "recipe.json"))
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    run = OpenRun(source=source, folder=RunFolder(path=folder), callback=SilentCallback())
    run_teacher = find_teacher(run, lambda *_: None)
    examples = make_examples(run, plan_texts(run, run_teacher), run_teacher)
    batches = replace(source, augmented=examples).batches_of("augmented", run_teacher.encoder)
    return source, examples, source.logits(run_teacher.encoder, batches)


def test_labels_follow_their_rule(first, teacher, reviews):
    source, examples, logits = look_again(first)
    new = ~examples.is_original
    assert np.array_equal(examples.taught.values[new], logits.argmax(1)[new])
    assert np.array_equal(examples.taught.values[~new], examples.inherited.values[~new])
    assert examples.split.texts[0] == source.data.train.texts[0]
    assert examples.labels("none") is None
    assert examples.labels("inherited") is examples.inherited
    augmentation = source.recipe.augmentation
    for rule in ("none", "inherited", "teacher"):
        ruled = source.recipe.model_copy(update={"augmentation": augmentation.model_copy(update={"labels": rule})})
        read = replace(source, recipe=ruled, augmented=examples).batches_of("augmented", load_classifier(str(teacher)))
        assert read.tokenised.labels is examples.labels(rule)


def test_a_stage_on_task_and_one_on_augmented_texts_go_together(first, teacher, reviews):
    stages = (
        "stages=[{name='new', data='augmented', steps=2, select='last', objectives=[{kind='hidden_states'}]}, "
        "{name='own', steps=2, objectives=[{kind='soft_labels'}, {kind='hard_labels'}]}]"
    )
    chosen = (*(line for line in AUGMENTED if line.startswith("augmentation")), "precision=fp32")
    before = num_asked(first)
    run(teacher, reviews, first.parent / "two", stages, *chosen)
    assert num_asked(first) == before, "the texts of the task are among the augmented ones"


def test_balanced_filtered_texts_of_neighbours_serve_too(first, teacher, reviews):
    chosen = (
        'augmentation={method={kind="tinybert", vectors="embeddings", candidates=3}, copies=2, balance_classes=true, '
        "filter={min_margin=0.05}}",
        *(line for line in AUGMENTED if not line.startswith("augmentation")),
    )
    run(teacher, reviews, first.parent / "fourth", *chosen, SOFT)
    _, examples, logits = look_again(first.parent / "fourth")
    likely = np.sort(softmax(logits, axis=1))
    new = ~examples.is_original
    assert new.sum() > 100
    assert (likely[:, -1] - likely[:, -2])[new].min() >= 0.049


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("stages.distil.data=augmented",), "nothing says how they are made"),
        (("stages.distil.data=task", "augmentation.method.kind=tang"), "no stage reads the texts that it makes"),
        (AUGMENTED, "'hard_labels' reads gold labels, which new texts have not"),
        (("stages.distil.data=augmented", "augmentation.method.kind=tank"), "unknown kind 'tank'"),
    ],
)
def test_recipes_that_cannot_be_run_are_refused(overrides, words):
    with pytest.raises(RecipeError, match=words):
        load_recipe("kd-labels", overrides=overrides)


def test_nothing_new_is_refused_where_originals_are_left_out(first, teacher, reviews):
    nothing = ("augmentation.method.mask_probability=0", "augmentation.method.ngram_probability=0")
    with pytest.raises(DataError, match="no text came out"):
        run(teacher, reviews, first.parent / "empty", *AUGMENTED, SOFT, *nothing, "augmentation.keep_originals=false")


def test_two_runs_do_not_make_the_same_texts_at_once(reviews, tmp_path):
    fields = {"data.path": str(reviews), "data.text": "review", "data.label": "stars", "precision": "fp32"}
    recipe = load_recipe("bilstm-soft", fields=fields, overrides=AUGMENTED)
    source, folder = (
        TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data)),
        RunFolder(path=tmp_path / "run"),
    )
    run, notes, waiting = OpenRun(source=source, folder=folder, callback=SilentCallback()), Notes(), Event()
    notes.note = lambda text: waiting.set() if "waiting for process" in text else None
    first = make_examples(run, plan_texts(run, None), None)
    (path,) = folder.store.glob("augmented-*")
    rmtree(path)

    def second():
        other = replace(run, callback=notes)
        return make_examples(other, plan_texts(other, None), None)

    with ThreadPoolExecutor() as pool:
        with one_at_a_time(path.with_name(f".{path.name}.lock")):
            made = pool.submit(second)
            assert waiting.wait(timeout=60)
            assert not path.exists()
        assert list(made.result(timeout=60).split.texts) == list(first.split.texts)


class Notes:
    """Keeps what a run says."""

    def __init__(self):
        self.said = []

    def note(self, text):
        self.said.append(text)

    def task(self, name, total, *, done=0):
        return SilentCallback().task(name, total, done=done)


@pytest.mark.parametrize(
    ("given", "said"),
    [("base", None), ("bare", "has no masked-LM head, so candidates of all words are neighbours"), (None, "not given")],
)
def test_tinybert_asks_the_pretrained_base_where_it_is_a_masked_language_model(given, said, base, reviews, tmp_path):
    if given == "bare":
        given = tmp_path / "bare"
        AutoModel.from_pretrained(base).save_pretrained(given)
        AutoTokenizer.from_pretrained(base).save_pretrained(given)
    elif given == "base":
        given = base
    fields = {"teacher.base": None if given is None else str(given), "data.path": str(reviews), "precision": "fp32"}
    fields |= {"data.text": "review", "data.label": "stars"}
    recipe = load_recipe("tinybert-4x312", ablations=["no-gd"], fields=fields)
    notes = Notes()
    source = TaskSource(recipe=recipe.with_length(128), data=load_task_data(recipe.data))
    maker = plan_texts(OpenRun(source=source, folder=RunFolder(path=tmp_path), callback=notes), None)
    assert maker.config.method.masked_lm == (str(given) if said is None else None)
    assert [said in note for note in notes.said] == ([] if said is None else [True])
