"""`potstill doctor`: every planted fault is named, and nothing else; what is sound is called so."""

import json
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tiny_world import MARKS, make_encoder, make_reviews, save, write_csv
from typer.main import get_command

from potstill.answers import LabelRows, Score
from potstill.cli import app
from potstill.data import DataConfig, Split, Task, TaskData, load_task_data
from potstill.doctor import CHECKS, BuiltCase, Case, MachineCase, TaughtCase
from potstill.recipe import load_recipe
from potstill.results import ChosenWeights

OTHER = {"negative": "positive", "positive": "negative"}
LONG = ["--set", "stages.0.epochs=60"]


def reviews(count, *, seed):
    """Reviews of which no two are alike, as each names two films of its own."""
    draw = random.Random(seed)
    films = ["".join(draw.choices("abcdefghijklmnop", k=7)) for _ in range(2 * count)]
    rows = zip(make_reviews(count, seed=seed), films[::2], films[1::2], strict=True)
    return [(f"{first} {text} {second}", label) for (text, label), first, second in rows]


def sound_rows():
    return reviews(300, seed=0), reviews(100, seed=1)


def new_rows(count, label, *, seed):
    return [(text, label) for text, _ in reviews(count, seed=seed)]


def weighted(count, share, *, seed):
    """Reviews of which a share is negative."""
    found = {label: [row for row in reviews(4 * count, seed=seed) if row[1] == label] for label in MARKS}
    some = round(share * count)
    return found["negative"][:some] + found["positive"][: count - some]


def spoil(text):
    return text.replace("a", "caf\u00c3\u00a9", 1) if "a" in text else f"{text} caf\u00c3\u00a9"


def digits(rows):
    draw = random.Random(len(rows))
    return [(str(draw.randrange(10**11, 10**12)), label) for _, label in rows]


IN_DATA = {
    "another label": ("texts with two labels", lambda a, b: ([*a, *((t, OTHER[x]) for t, x in a[:4])], b)),
    "dev in train": ("texts in two splits", lambda a, b: (a, [*b, *a[:9]])),
    "dev nearly in train": (
        "texts in two splits",
        lambda a, b: (a, [*b, *((f"{t}s", x) for t, x in sorted(a, key=lambda row: -len(row[0]))[:9])]),
    ),
    "repeats": ("repeated texts", lambda a, b: ([*a, *a[:80]], b)),
    "rare": ("rare classes", lambda a, b: ([*a, *new_rows(3, "odd", seed=7)], [*b, *new_rows(2, "odd", seed=8)])),
    "missing": ("missing classes", lambda a, b: ([*a, *new_rows(12, "odd", seed=7)], b)),
    "skewed": ("one class only", lambda *_: (weighted(300, 0.04, seed=0), weighted(100, 0.04, seed=1))),
    "drift": ("shares of classes", lambda *_: (weighted(300, 0.3, seed=0), weighted(100, 0.8, seed=1))),
    "few": ("number of examples", lambda a, b: (a, b[:20])),
    "few to learn from": ("number of examples", lambda a, b: (a[:60], b)),
    "letters": ("letters", lambda a, b: ([*((spoil(t), x) for t, x in a[:5]), *a[5:]], b)),
    "numbers": ("words", lambda a, b: (digits(a), digits(b))),
    "told": ("labels within texts", lambda a, b: ([(f"{t} {x}", x) for t, x in a], b)),
}


def found_in(case):
    return {found.check for check in CHECKS for found in check.examine(case) if found.state not in ("ok", "unknown")}


def read(folder, train, dev, **files):
    folder.mkdir(exist_ok=True)
    for name, rows in {"train": train, "dev": dev, **files}.items():
        write_csv(folder / f"{name}.csv", rows)
    return load_task_data(DataConfig(path=str(folder)))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Sound data, and a teacher's logits on them that are right but for a few."""
    data = read(tmp_path_factory.mktemp("sound") / "data", *sound_rows())
    return Case(recipe=load_recipe("kd"), data=data)


def teach(case, **changes):
    def logits(split):
        return 6.0 * np.eye(2, dtype=np.float32)[split.labels.values]

    data = case.data
    values = {"dev": data.dev, "dev_logits": logits(data.dev), "train": data.train, "train_logits": logits(data.train)}
    return replace(case, taught=TaughtCase(name="t", **(values | changes)))


BUILT = BuiltCase(num_weights=10, num_teacher_weights=100, num_steps={"a": 1_000}, trial_loss=(1.0, 0.5))
MACHINE = MachineCase(seconds=60.0, needed_memory=2**30, free_memory=2**33, needed_disk=2**20, free_disk=2**33)


def test_nothing_is_found_in_what_is_sound(sound):
    assert found_in(replace(teach(sound), built=BUILT, machine=MACHINE)) == set()


@pytest.mark.parametrize(("check", "change"), IN_DATA.values(), ids=IN_DATA)
def test_faults_of_data_are_named(check, change, tmp_path):
    data = read(tmp_path / "data", *change(*sound_rows()))
    assert found_in(Case(recipe=load_recipe("kd"), data=data)) == {check}


def test_a_test_set_that_is_dev_and_pairs_of_one_text_are_named(tmp_path):
    train, dev = sound_rows()
    assert found_in(Case(recipe=load_recipe("kd"), data=read(tmp_path / "data", train, dev, test=dev[:30]))) == {
        "texts in two splits"
    }
    data = read(tmp_path / "pairs", train, dev)
    twins = replace(
        data, train=replace(data.train, pairs=data.train.texts), dev=replace(data.dev, pairs=data.dev.texts)
    )
    assert found_in(Case(recipe=load_recipe("kd"), data=twins)) == {"texts of a pair"}


def swapped(split):
    return 6.0 * np.eye(2, dtype=np.float32)[1 - split.labels.values]


def mostly_right(split, share):
    says = np.where(np.arange(len(split)) < share * len(split), split.labels.values, 1 - split.labels.values)
    return 6.0 * np.eye(2, dtype=np.float32)[says]


WEIGHTS = {"stage": "a", "step": 9, "num_steps": 9, "score": 0.8, "highest": 0.8, "last": 0.8, "num_scorings": 9}

IN_TEACHERS = {
    "chance": ({"what the teacher knows"}, lambda d: {"dev_logits": np.zeros((len(d.dev), 2), np.float32)}),
    "order": ({"order of labels", "what the teacher knows"}, lambda d: {"dev_logits": swapped(d.dev)}),
    "words": (set(), lambda d: {"dev_logits": mostly_right(d.dev, 0.8)}),
    "rising": ({"end of the teacher's training"}, lambda _: {"chosen": (ChosenWeights(is_rising=True, **WEIGHTS),)}),
    "train": ({"labels of train"}, lambda d: {"train_logits": mostly_right(d.train, 0.5)}),
}


@pytest.mark.parametrize(("checks", "change"), IN_TEACHERS.values(), ids=IN_TEACHERS)
def test_faults_of_teachers_are_named(checks, change, sound):
    found = found_in(teach(sound, **change(sound.data)))
    assert found - {"bag of words", "classes never found"} == checks
    assert ("bag of words" in found) == ("dev_logits" in change(sound.data))


def test_a_class_that_is_never_found_is_named(tmp_path):
    train, dev = sound_rows()
    odd = new_rows(40, "odd", seed=7), new_rows(10, "odd", seed=8)
    case = Case(recipe=load_recipe("kd"), data=read(tmp_path / "data", [*train, *odd[0]], [*dev, *odd[1]]))
    gold = case.data.dev.labels.values
    says = np.where(gold == case.data.task.label_names.index("odd"), 0, gold)
    logits = 6.0 * np.eye(3, dtype=np.float32)[says]
    taught = TaughtCase(name="t", dev=case.data.dev, dev_logits=logits)
    assert "classes never found" in found_in(replace(case, taught=taught))


def test_scores_that_are_counted_the_other_way_are_named():
    texts = [text for text, _ in make_reviews(120, seed=0)]
    scores = LabelRows.one_each(np.linspace(0, 1, 120, dtype=np.float32))
    split = Split(texts=texts, labels=scores)
    task = Task(name="s", answer=Score(), is_pair=False, metrics=("pearson",))
    data = TaskData(task=task, train=split, dev=split, fingerprint="0")
    taught = TaughtCase(name="t", dev=split, dev_logits=-scores.values[:, None])
    found = found_in(Case(recipe=load_recipe("kd"), data=data, taught=taught))
    assert {"order of labels", "what the teacher knows"} <= found


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("size of the student", {"num_weights": 90}),
        ("stages left out", {"left_out": {"a": "no layers"}}),
        ("number of steps", {"num_steps": {"a": 40}}),
        ("trial", {"trial_loss": (1.0, float("nan"))}),
        ("trial", {"trial_loss": (1.0, 9.0)}),
        ("hours", {"seconds": 90_000.0}),
        ("memory", {"needed_memory": 2**33}),
        ("disk", {"needed_disk": 2**33}),
    ],
)
def test_faults_of_students_and_machines_are_named(check, changes, sound):
    built = replace(BUILT, **{name: value for name, value in changes.items() if hasattr(BUILT, name)})
    machine = replace(MACHINE, **{name: value for name, value in changes.items() if hasattr(MACHINE, name)})
    assert found_in(replace(sound, built=built, machine=machine)) == {check}


def look(potstill, world, *options, teacher=None, data=None, recipe="kd"):
    given = ["--data", data or world.reviews, "--teacher", teacher or world.teacher]
    outcome = potstill("doctor", recipe, *given, "--json", *options)
    values = json.loads(outcome.stdout)
    assert (outcome.code == 2) == (values["faults"] > 0)
    return {found["check"]: found["state"] for found in values["findings"] if found["state"] in ("warning", "fault")}


def test_a_sound_run_has_no_finding_and_leaves_no_trace(potstill, world, tmp_path):
    assert look(potstill, world, *LONG) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("check", "state", "options"),
    [
        ("number of steps", "warning", []),
        ("texts cut", "warning", [*LONG, "--set", "data.max_length=8"]),
        (
            "size of the student",
            "warning",
            [*LONG, "--set", "student.num_layers=1.0", "--set", "student.hidden_size=1.0"],
        ),
        ("hours", "warning", ["--set", "stages.0.epochs=none", "--set", "stages.0.steps=100000000"]),
        ("student", "fault", [*LONG, "--set", "student.num_layers=9"]),
        ("data", "fault", [*LONG, "--label", "stars"]),
    ],
)
def test_faults_of_settings_are_named(check, state, options, potstill, world):
    assert look(potstill, world, *options)[check] == state


def test_faults_of_what_is_given_are_named(potstill, world, tmp_path):
    untrained = save(make_encoder(tuple(MARKS), seed=3), tmp_path / "untrained")
    assert look(potstill, world, *LONG, teacher=untrained)["what the teacher knows"] == "fault"
    strange = save(make_encoder(("up", "down")), tmp_path / "strange")
    assert look(potstill, world, *LONG, teacher=strange)["teacher"] == "fault"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name, seed in (("train", 0), ("dev", 1)):
        rows = [(f"{text} guten Tag lieber Mensch {number}", label) for number, (text, label) in
                enumerate(make_reviews(160, seed=seed))]  # fmt: skip
        write_csv(foreign / f"{name}.csv", rows)
    assert look(potstill, world, *LONG, data=foreign)["unknown words"] == "warning"
    texts = write_csv(tmp_path / "more.csv", [(text,) for text, _ in make_reviews(60, seed=1)], header=("text",))
    with_texts = look(potstill, world, *LONG, "--set", "stages.0.data=transfer", "--unlabeled", texts)
    assert {"unlabelled texts"} <= with_texts.keys()


def test_what_lies_in_the_way_is_named(potstill, world, tmp_path):
    out = tmp_path / "runs" / "mine"
    store = tmp_path / "runs" / "store"
    (store / "logits-other-teacher-fp32").mkdir(parents=True)
    (store / "augmented-abc").mkdir()
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    found = look(potstill, world, *LONG, "--out", out)
    assert (found["store"], found["run folder"]) == ("warning", "fault")
    shutil.rmtree(tmp_path / "runs")


def test_a_run_tells_what_the_quick_checks_find(potstill, world, tmp_path):
    shared = tmp_path / "shared"
    shutil.copytree(world.reviews, shared)
    rows = (shared / "train.csv").read_text().splitlines()
    (shared / "dev.csv").write_text("\n".join([(shared / "dev.csv").read_text().rstrip("\n"), *rows[1:9]]) + "\n")
    outcome = potstill("distill", "kd", "--data", shared, "--teacher", world.teacher)
    assert outcome.code == 0
    assert "warning: " in outcome.stderr
    assert "stand in dev too" in " ".join(outcome.stderr.split())


def test_it_takes_the_options_of_distill_but_for_what_only_trains():
    distill, doctor = (
        {name for param in get_command(app).commands[command].params for name in param.opts}
        for command in ("distill", "doctor")
    )
    assert distill - doctor == {"--baseline", "--dry-run"}


def test_a_flag_changes_the_recipe_that_is_looked_at(potstill, world):
    outcome = potstill("doctor", "kd", "--teacher", world.teacher, "--data", world.reviews, "--max-length", 8)
    assert outcome.code == 0, outcome.stderr
    assert "cut at 8 tokens" in " ".join(outcome.stdout.split())
