"""Whatever a user gets wrong ends with exit code 2, one line that says what, and nothing written."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from tiny_world import make_encoder, make_reviews, save, write_csv

Case = Callable[["Kitchen"], list[object]]


class Kitchen:
    """Makes arguments that are right but for one thing."""

    def __init__(self, world, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.out = folder / "out"

    def distill(
        self, *more: object, recipe: object = "kd", teacher: object = None, data: object = None
    ) -> list[object]:
        known = [str(argument) for argument in more]
        arguments: list[object] = ["distill", recipe, "--out", self.out]
        if teacher != "none":
            arguments += ["--teacher", teacher or self.world.teacher]
        if data != "none" and "--task" not in known:
            arguments += ["--data", data or self.world.reviews]
        return [*arguments, *more]

    def evaluate(self, *more: object, model: object = None) -> list[object]:
        return ["evaluate", model or self.world.teacher, *more]

    def predict(self, *more: object, model: object = None) -> list[object]:
        return ["predict", model or self.world.teacher, *more]

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def csv(self, rows, *, header=("text", "label"), name: str = "data.csv") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_csv(path, rows, header)

    def splits(self, train, dev) -> Path:
        self.csv(train, name="data/train.csv")
        self.csv(dev, name="data/dev.csv")
        return self.folder / "data"

    def teacher_copy(self, *without: str) -> Path:
        copy = shutil.copytree(self.world.teacher, self.folder / "teacher")
        for name in without:
            for path in copy.glob(name):
                path.unlink()
        return copy

    def pickled_teacher(self) -> Path:
        copy = self.teacher_copy("*.safetensors")
        torch.save({}, copy / "pytorch_model.bin")
        return copy

    def teacher_of(self, *label_names: str) -> Path:
        return save(make_encoder(label_names), self.folder / "teacher")

    def constant_teacher(self) -> Path:
        encoder = make_encoder(("negative", "positive"))
        with torch.no_grad():
            encoder.model.classifier.weight.zero_()
            encoder.model.classifier.bias.copy_(torch.tensor([1.0, 0.0]))
        return save(encoder, self.folder / "teacher")

    def objective(self, text: str) -> list[object]:
        return self.distill("--set", f"stages.distil.objectives=[{{{text}}}]")


SCORES = [(text, f"{index / 7:.3f}") for index, (text, _) in enumerate(make_reviews(40, seed=2))]
REVIEWS = make_reviews(40, seed=3)
RANDOM = 'student.init={kind="random"}'
LONG = "n" * 300
MISSING_TRACKER = next(name for name in ("mlflow", "trackio", "wandb") if find_spec(name) is None)

CASES: dict[str, tuple[Case, str]] = {
    # data
    "missing data file": (lambda k: k.distill(data=k.folder / "nope.csv"), "nope.csv' does not exist"),
    "wrong text column": (lambda k: k.distill("--text", "txt"), "no column 'txt'. Did you mean 'text'?"),
    "wrong pair column": (lambda k: k.distill("--text-pair", "b"), "no column 'b'"),
    "no label column": (lambda k: k.distill(data=k.csv(REVIEWS, header=("text", "stars"))), "one of its columns"),
    "unknown label in dev": (
        lambda k: k.distill(data=k.splits(REVIEWS, [("a film", "neutral")])),
        "the label 'neutral', which does not occur in the training examples",
    ),
    "no training examples": (lambda k: k.distill(data=k.splits([], REVIEWS)), "holds no examples"),
    "no development examples": (lambda k: k.distill(data=k.splits(REVIEWS, [])), "holds no examples"),
    "one class only": (lambda k: k.distill(data=k.csv([("a", "good"), ("b", "good")])), "every label is 'good'"),
    "empty text": (lambda k: k.distill(data=k.csv([*REVIEWS, (" ", "positive")])), "row 41 has an empty text"),
    "empty texts": (
        lambda k: k.evaluate("--data", k.csv([("", "positive"), *REVIEWS, ("\t", "negative")])),
        "2 rows have an empty text (rows 1, 42); mend or remove them",
    ),
    "data of an empty name": (lambda k: k.distill("--data", "", data="none"), "an empty name is no file"),
    "empty label": (lambda k: k.distill(data=k.csv([*REVIEWS, ("a film", "")])), "row 41 has no usable label"),
    "broken quotes": (lambda k: k.distill(data=k.file("a.csv", 'text,label\n"a film,positive\n')), "quotation marks"),
    "ragged rows": (lambda k: k.distill(data=k.file("a.csv", "text,label\na,b,c\n")), "has 3 cells"),
    "another encoding": (lambda k: k.distill(data=k.file("a.csv", b"text,label\n\xff\xfe,x\n")), "not UTF-8"),
    "another kind of file": (lambda k: k.distill(data=k.file("a.xlsx", "x")), "'.xlsx' are not read"),
    "folder without train": (lambda k: k.distill(data=k.file("d/dev.csv", "x").parent), "no split 'train'"),
    "unlabelled file that is not there": (lambda k: k.distill("--unlabeled", "nope.txt"), "'nope.txt' does not exist"),
    "a half label": (lambda k: k.distill(data=k.csv([*REVIEWS, ("a", "")])), "set data.missing_labels = 'unlabeled'"),
    "answers and a model": (
        lambda k: k.distill("--teacher-answers", "a.csv"),
        "teacher: both answers ('a.csv') and a model",
    ),
    "answers that are not there": (
        lambda k: k.distill("--teacher-answers", "a.csv", teacher="none"),
        "teacher.answers: 'a.csv' does not exist",
    ),
    "answers without a base": (
        lambda k: k.distill("--teacher-answers", k.csv(REVIEWS), teacher="none", data=k.csv(REVIEWS)),
        "only answers are known, so the student starts from a pre-trained encoder",
    ),
    "answers with another label": (
        lambda k: k.distill("--teacher-answers", k.csv([("a film", "gut")], name="a.csv"), teacher="none"),
        "row 1 has 'gut', with the label 'gut', which the task does not have; it has negative, positive",
    ),
    "no data at all": (lambda k: k.distill(data="none"), "nothing says where the examples are"),
    "unknown task": (lambda k: k.distill("--task", "sst-3"), "must be one of cola, mnli"),
    "task without its folder": (lambda k: k.distill("--task", "sst-2"), "set data.path"),
    "missing GLUE file": (
        lambda k: k.distill("--task", "sst-2", "--data", k.file("SST-2/x.tsv", "x").parent),
        "holds no data of task 'sst-2'",
    ),
    "text given with a known task": (lambda k: k.distill("--task", "trec", "--text", "a"), "must be left out for task"),
    # teacher
    "no teacher": (lambda k: k.distill(teacher="none"), "needs a teacher and none is given"),
    "missing teacher folder": (lambda k: k.distill(teacher=k.folder / "nope"), "nope' does not exist"),
    "teacher without config": (lambda k: k.distill(teacher=k.teacher_copy("config.json")), "it has no config.json"),
    "teacher without tokenizer": (lambda k: k.distill(teacher=k.teacher_copy("token*")), "no usable tokenizer"),
    "teacher without weights": (lambda k: k.distill(teacher=k.teacher_copy("*.safetensors")), "cannot be loaded"),
    "teacher with pickled weights": (lambda k: k.distill(teacher=k.pickled_teacher()), "only safetensors files"),
    "teacher without a head": (lambda k: k.distill(teacher=k.world.base), "no trained classification head"),
    "teacher that has learnt nothing": (lambda k: k.distill(teacher=k.constant_teacher()), "no better than always"),
    "teacher of other labels": (lambda k: k.distill(teacher=k.teacher_of("cat", "dog")), "labels (cat, dog) are not"),
    "teacher of more labels": (lambda k: k.distill(teacher=k.teacher_of("a", "b", "c")), "(a, b, c) are not"),
    "classifier as teacher of scores": (lambda k: k.distill(data=k.csv(SCORES)), "(none: a score)"),
    "start from a base that is not given": (lambda k: k.distill("--set", "start_from=base"), "pass --teacher-base"),
    # recipe
    "unknown recipe": (lambda k: k.distill(recipe="kdd"), "recipe 'kdd' does not exist. Did you mean 'kd'?"),
    "missing recipe file": (lambda k: k.distill(recipe="nope.toml"), "recipe file 'nope.toml' does not exist"),
    "broken recipe": (lambda k: k.distill(recipe=k.file("r.toml", "name = [")), "is not valid TOML"),
    "recipe that is a list": (lambda k: k.distill(recipe=k.file("r.json", "[1]")), "holds a list"),
    "recipe without stages": (
        lambda k: k.distill(recipe=k.file("r.toml", 'name = "r"\ndescription = "d"\nstudent.kind = "whole"')),
        "stages: this field is required",
    ),
    "unknown field": (lambda k: k.distill("--set", "data.max_lenght=9"), "no such field. Did you mean 'max_length'?"),
    "unknown field of an objective": (
        lambda k: k.distill("--set", "stages.distil.objectives.soft_labels.temprature=2"),
        "Did you mean 'temperature'?",
    ),
    "unknown stage": (lambda k: k.distill("--set", "stages.distill.epochs=2"), "has no item 'distill'"),
    "unknown path": (lambda k: k.distill("--set", "sead=1"), "sead: no such field. Did you mean 'seed'?"),
    "override of a field of a number": (lambda k: k.distill("--set", "seed.x=1"), "seed"),
    "override without a value": (lambda k: k.distill("--set", "seed"), "write it as path=value"),
    "wrong type": (lambda k: k.distill("--set", "stages.distil.epochs=many"), "not 'many'"),
    "out of range": (lambda k: k.distill("--set", "stages.distil.optimizer.learning_rate=5"), "learning_rate"),
    "epochs and steps": (lambda k: k.distill("--set", "stages.distil.steps=5"), "exactly one of epochs"),
    "unknown objective": (lambda k: k.objective('kind="soft_label"'), "Did you mean 'soft_labels'?"),
    "objective without a kind": (lambda k: k.objective("weight=1"), "'kind' is missing"),
    "layer that does not exist": (
        lambda k: k.objective('kind="hidden_states", layer_map=[9]'),
        "teacher layer 9 does not exist; the teacher has 2 layers",
    ),
    "layer map with nothing left": (
        lambda k: [*k.objective('kind="patience"'), "--set", 'student={kind="bert", num_layers=1}'],
        "nothing is left",
    ),
    "widths that differ": (
        lambda k: [
            *k.objective('kind="hidden_states", projection="none"'),
            *("--set", "student.hidden_size=8", "--set", RANDOM),
        ],
        "set projection = 'shared'",
    ),
    "width that heads do not divide": (
        lambda k: k.distill("--set", "student.hidden_size=9", "--set", RANDOM),
        "heads",
    ),
    "student deeper than its source": (lambda k: k.distill("--set", "student.num_layers=7"), "7"),
    "scores with class losses only": (
        lambda k: [
            *k.distill(data=k.csv(SCORES), teacher=k.teacher_of()),
            *("--set", 'stages.distil.objectives=[{kind="soft_labels", when="classification"}]'),
        ],
        "none is for a regression task",
    ),
    "texts longer than the model reads": (
        lambda k: k.distill("--set", "data.max_length=512", data=k.csv([*REVIEWS, ("film " * 100, "positive")])),
        "the model reads at most 64",
    ),
    "text to predict that is longer than the model reads": (
        lambda k: k.predict("film " * 100, "--max-length", 100),
        "at most 64",
    ),
    "start of a control that is not known": (
        lambda k: k.distill("--baseline", "base-start"),
        "pass it with --teacher-base",
    ),
    "unknown control": (lambda k: k.distill("--baseline", "hard-label"), "Did you mean 'hard-labels'?"),
    "tracker that is not installed": (
        lambda k: k.distill("--set", f'tracking.trackers=["{MISSING_TRACKER}"]'),
        f"'{MISSING_TRACKER}' is not installed",
    ),
    # run folder
    "nothing to resume": (lambda k: k.distill("--resume"), "nothing to resume"),
    # other commands
    "base that does not exist": (
        lambda k: ["finetune", k.folder / "nope", "--data", k.world.reviews, "--out", k.out],
        "nope' does not exist",
    ),
    "evaluation of nothing": (lambda k: k.evaluate("--data", k.world.reviews, model=k.folder / "x"), "does not exist"),
    "evaluation on nothing": (lambda k: k.evaluate(), "nothing says what to measure on"),
    "evaluation with other labels": (
        lambda k: k.evaluate("--data", k.csv([("a", "x"), ("b", "y")])),
        "are not those of task",
    ),
    "evaluation without labels": (
        lambda k: k.evaluate("--data", k.csv([("a", "")] * 3)),
        "no usable label",
    ),
    "evaluation with a field of training": (
        lambda k: k.evaluate("--data", k.world.reviews, "--set", "stages.distil.epochs=1"),
        "only the fields of 'data' and 'precision'",
    ),
    "results into a missing folder": (
        lambda k: k.evaluate("--data", k.world.reviews, "--out", k.out / "results.json"),
        "make it first",
    ),
    "results into a folder": (lambda k: k.evaluate("--data", k.world.reviews, "--out", k.folder), "this is a folder"),
    "prediction from an empty stdin": (lambda k: k.predict(), "stdin is empty"),
    "prediction from two sources": (lambda k: k.predict("a", "--data", k.csv(REVIEWS)), "not from both"),
    "prediction of a column of no file": (lambda k: k.predict("--text", "review"), "there is none"),
    "prediction of a missing file": (lambda k: k.predict("--data", "nope.csv", "--out", k.out), "does not exist"),
    "prediction of a missing column": (lambda k: k.predict("--data", k.csv(REVIEWS), "--text", "x"), "no column 'x'"),
    "prediction without a head": (lambda k: k.predict("a film", model=k.world.base), "no trained classification head"),
    "recipe to show": (lambda k: ["recipes", "show", "nope"], "recipe 'nope' does not exist"),
    "unknown ablation": (
        lambda k: k.distill("--ablation", "no-atn", recipe="bert-pkd-6"),
        "has no such ablation. Known:",
    ),
    "ablation of a recipe without any": (lambda k: k.distill("--ablation", "top"), "'kd' has no ablations"),
    "stage to drop that is not there": (lambda k: k.distill("--set", "stages.general=none"), "no item 'general'"),
    "teacher number": (
        lambda k: k.objective('kind="soft_labels", teacher=1'),
        "there is no teacher 1; this run has 1 (number 0)",
    ),
    "the same teacher twice": (lambda k: k.distill("--teacher", k.world.teacher), "names a teacher twice"),
    "pre-trained start without a base": (lambda k: k.distill(recipe="bert-pkd-3"), "pass --teacher-base"),
    "student deeper than its teacher": (
        lambda k: k.distill("--teacher-base", k.world.base, recipe="bert-pkd-3"),
        "needs a teacher at least as deep as the student",
    ),
    "heads that are not the teacher's": (
        lambda k: k.distill("--ablation", "no-gd", recipe="tinybert-4x312"),
        "the student has 12 heads and the teacher 2",
    ),
    "recipe to explain for a missing teacher": (
        lambda k: ["recipes", "explain", "kd", "--teacher", k.folder / "nope"],
        "nope' does not exist",
    ),
    "recipe to explain for a teacher that does not fit": (
        lambda k: ["recipes", "explain", "tinybert-4x312", "--teacher", k.world.teacher],
        "the student has 12 heads and the teacher 2",
    ),
    "recipe to explain": (lambda k: ["recipes", "explain", "nope.toml"], "'nope.toml' does not exist"),
    # names that no file can have
    "data of a long name": (lambda k: k.distill(data=LONG), "is too long for the name of a file: it has 300"),
    "development data of a long name": (lambda k: k.distill("--set", f"data.dev={LONG}.csv"), "is too long for"),
    "teacher of a long name": (lambda k: k.distill(teacher=LONG), "is too long for"),
    "base of a long name": (lambda k: k.distill("--teacher-base", LONG, teacher="none"), "is too long for"),
    "recipe of a long name": (lambda k: k.distill(recipe=f"{LONG}.toml"), "is too long for"),
    "general student of a long name": (
        lambda k: k.distill("--general", LONG, recipe="tinybert-4x312"),
        "is too long for",
    ),
    "corpus of a long name": (
        lambda k: ["pretrain", k.world.base, "--corpus", LONG, "--out", k.out],
        "is too long for",
    ),
    "vectors of a long name": (
        lambda k: k.distill("--set", f'student.vectors={{kind="file", path="{LONG}"}}', recipe="bilstm-soft"),
        "is too long for",
    ),
    "run folder of a long name": (lambda k: k.distill("--out", LONG), "is too long for"),
    "results of a long name": (
        lambda k: k.evaluate("--data", k.world.reviews, "--out", LONG),
        "cannot be used: File name too long",
    ),
    "suite of a long name": (lambda k: ["suite", f"{LONG}.toml"], "is too long for"),
    "report of a long name": (lambda k: ["report", LONG], "cannot be used: File name too long"),
    "data with a zero byte": (
        lambda k: k.distill("--set", r'data.path="a\u0000b"', data="none"),
        r"'a\x00b' holds a character that no name of a file can have",
    ),
    "teacher with a zero byte": (
        lambda k: k.distill("--set", r'teacher.model="a\u0000b"', teacher="none"),
        "holds a character that no name of a file can have",
    ),
    # what is nested too deep, too long, or in another encoding
    "deep recipe of JSON": (lambda k: ["recipes", "show", k.file("a.json", "[" * 9_999)], "within each other"),
    "deep recipe of TOML": (lambda k: ["recipes", "show", k.file("a.toml", f"a = {'[' * 9_999}")], "within each other"),
    "recipe of 60 tables": (
        lambda k: ["recipes", "explain", k.file("a.json", '{"a":' * 60 + "1" + "}" * 60)],
        "has more than 50 tables and lists within each other",
    ),
    "recipe in another encoding": (lambda k: ["recipes", "show", k.file("a.toml", b"a = '\xff'")], "is not valid TOML"),
    "deep suite": (lambda k: ["suite", k.file("a.toml", f"a = {'[' * 9_999}")], "within each other"),
    "suite in another encoding": (lambda k: ["suite", k.file("a.toml", b"a = '\xff'")], "is not valid TOML"),
    "deep setting": (lambda k: k.distill("--set", f"seed={'[' * 9_999}"), "seed: must be a whole number, not '[[["),
    "setting of many digits": (lambda k: k.distill("--set", f"seed={'1' * 9_999}"), "seed: must be a smaller number"),
    "field of a long name": (lambda k: k.distill("--set", f"{'a' * 9_999}=1"), "aaa ..."),
    "option of a long name": (lambda k: k.distill(f"--{'a' * 9_999}"), "aaa ..."),
    "ablation of a long name": (lambda k: k.distill("--ablation", "a" * 9_999), "aaa ..."),
    # the command line itself
    "unknown command": (lambda k: ["distil"], "Did you mean 'distill'? See 'potstill -h'."),
    "unknown option": (lambda k: k.distill("--techer", "x"), "--techer"),
    "missing argument": (lambda k: ["finetune"], "Missing argument 'MODEL'. See 'potstill finetune -h'."),
    "option without value": (lambda k: ["distill", "--out"], "--out"),
}


def assert_refused(outcome, expected: str) -> None:
    lines = outcome.stderr.splitlines()
    assert outcome.code == 2, outcome
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("error: ")
    assert len(lines[0]) < 2_000
    assert expected in lines[0]
    assert outcome.stdout == ""


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(name, world, potstill, tmp_path, monkeypatch):
    case, expected = CASES[name]
    kitchen = Kitchen(world, tmp_path)
    arguments = case(kitchen)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert_refused(potstill(*arguments), expected)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_with_other_things_is_left_alone(world, potstill, tmp_path):
    kitchen = Kitchen(world, tmp_path)
    note = kitchen.file("out/note.txt", "mine")
    assert_refused(potstill(*kitchen.distill()), "is not empty and holds no run")
    assert list(kitchen.out.iterdir()) == [note]


def test_a_file_is_no_run_folder(world, potstill, tmp_path):
    kitchen = Kitchen(world, tmp_path)
    kitchen.file("out", "mine")
    assert_refused(potstill(*kitchen.distill()), "is a file")


def test_a_run_is_not_resumed_with_another_recipe(world, potstill, tmp_path):
    kitchen = Kitchen(world, tmp_path)
    small = ("--set", "stages.distil.steps=1", "--set", "stages.distil.epochs=none")
    assert potstill(*kitchen.distill(*small)).code == 0
    assert_refused(potstill(*kitchen.distill(*small)), "already holds a finished run")
    before = json.loads((kitchen.out / "recipe.json").read_text(encoding="utf-8"))
    changed = potstill(*kitchen.distill(*small, "--set", "seed=7", "--resume"))
    assert_refused(changed, "was begun with seed = 0, and 7 is asked for")
    assert json.loads((kitchen.out / "recipe.json").read_text(encoding="utf-8")) == before
