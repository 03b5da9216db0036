"""Whatever is put in, what comes out is a result or one clear sentence: no traceback, and no exit code but 0 and 2.

`POTSTILL_FUZZ=20000 pytest tests/cli/test_fuzz.py` tries more examples than the suite has time for.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from potstill.answers import ANSWERS, FORMS, ToldAnswers
from potstill.cli import run
from potstill.data import DataConfig, load_answers, load_task_data, read_texts
from potstill.errors import PotstillError

TRIES = int(os.environ.get("POTSTILL_FUZZ", "25"))
few = settings(
    max_examples=TRIES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize="POTSTILL_FUZZ" not in os.environ,  # the suite tries the same examples everywhere
)
ODD = (
    "",
    "nan",
    "NaN",
    "inf",
    "-1",
    "1e999",
    "0x10",
    "null",
    "None",
    "true",
    "\x00",
    "é",
    "\ud800",
    "=1+1",
    "1,5",
    "🙂",
    "'",
    '"',
)
words = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
cells = st.one_of(st.sampled_from(("good", "bad", "a film", "0", "1", "0.5")), words)


def call(*arguments):
    """Run a command in this process; a defect fails the test with its traceback."""
    out, err, nothing = io.StringIO(), io.StringIO(), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    closed = mock.patch.object(sys, "stdin", nothing)
    with closed, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    assert code in (0, 2), (arguments, err.getvalue()[-3000:])
    assert "Traceback" not in err.getvalue()


@contextlib.contextmanager
def some_file(name, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        yield path


PATHS = " ".join(
    (
        "seed name student student.kind student.num_layers student.init student.init.kind teacher.model",
        "teacher.models teacher.weights teacher.combine stages stages.0 stages.0.epochs stages.0.steps",
        "stages.distil.optimizer stages.0.optimizer.learning_rate stages.0.objectives",
        "stages.0.objectives.0.kind stages.0.objectives.0.temperature stages.0.objectives.0.layer_map",
        "stages.0.schedule.warmup stages.0.batches data data.path data.labels data.max_length data.metrics",
        "data.kind augmentation augmentation.method augmentation.method.kind precision compile",
        "checkpoints.keep tracking.trackers",
    )
).split()


@few
@given(st.lists(st.tuples(st.sampled_from(PATHS) | words, values), min_size=1, max_size=4))
def test_settings(changes):
    options = [f"--set={path}={value if isinstance(value, str) else json.dumps(value)}" for path, value in changes]
    call("recipes", "explain", "kd-hidden", *options)


@st.composite
def spoilt_recipes(draw):
    name = draw(st.sampled_from(("kd", "house", "tinybert-4x312", "bert-pkd-6")))
    lines = (files("potstill.recipes") / f"{name}.toml").read_text(encoding="utf-8").split("\n")
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        name = lines[place].split("=")[0]
        lines[place] = draw(
            st.one_of(values.map(lambda value, name=name: f"{name}= {json.dumps(value)}"), words, st.just(""))
        )
    return "\n".join(lines)


@few
@given(st.one_of(spoilt_recipes(), st.text(max_size=80), st.binary(max_size=60)))
def test_recipe_files(content):
    with some_file("mine.toml", content) as path:
        call("recipes", "show", path, "--resolved")


COMMANDS = (
    "distill",
    "finetune",
    "doctor",
    "pretrain",
    "augment",
    "evaluate",
    "predict",
    "suite",
    "tables",
    "submit",
    "export",
)
COMMANDS += (
    "bench",
    "compare",
    "push",
    "report",
    "recipes",
    "recipes show",
    "recipes list",
    "recipes explain",
    "tasks",
)
OPTIONS = (
    "--task",
    "--data",
    "--text",
    "--label",
    "--labels",
    "--teacher",
    "--teacher-base",
    "--teacher-answers",
    "--out",
)
OPTIONS += (
    "--set",
    "--ablation",
    "--baseline",
    "--resume",
    "--json",
    "--format",
    "--max-length",
    "--plugin",
    "--unlabeled",
)
OPTIONS += ("--corpus", "--general", "--device", "--backend", "--text-pair", "--batch-size", "--no-such-option", "-h")


@few
@given(
    st.sampled_from(COMMANDS),
    st.lists(st.one_of(words, st.sampled_from(("kd", "trec", "no-such-model", "x.csv", "."))), max_size=2),
    st.lists(st.tuples(st.sampled_from(OPTIONS), words), max_size=4),
)
def test_command_lines(command, arguments, options):
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        call(*command.split(), *arguments, *(part for option in options for part in option))


def rows_of(kind):
    row = st.lists(cells, max_size=4)
    if kind == "jsonl":
        objects = st.dictionaries(st.sampled_from(("text", "label", "x")) | words, values | cells, max_size=4)
        return st.lists(objects.map(json.dumps) | words, max_size=8).map("\n".join)
    mark = {"csv": ",", "tsv": "\t"}[kind]
    header = st.sampled_from((["text", "label"], ["text", "label", "text_pair"], ["text"], ["a", "a"], [""]))
    return st.tuples(header, st.lists(row, max_size=8)).map(
        lambda both: "\n".join(mark.join(r) for r in [both[0], *both[1]])
    )


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz"])
def test_files_of_examples(kind):
    content = (
        rows_of(kind) if kind in ("csv", "tsv", "jsonl") else st.one_of(values.map(json.dumps), st.binary(max_size=99))
    )

    @few
    @given(st.one_of(content, st.binary(max_size=200)), st.sampled_from(("auto", *(each.kind for each in ANSWERS))))
    def read(written, wanted):
        with some_file(f"mine.{kind}", written) as path, contextlib.suppress(PotstillError):
            load_task_data(DataConfig(path=str(path), kind=wanted))
        with some_file(f"mine.{kind}", written) as path, contextlib.suppress(PotstillError):
            read_texts(path)

    read()


@few
@given(
    st.sampled_from(ANSWERS),
    st.sampled_from(list(FORMS)),
    st.lists(
        st.one_of(cells, values, st.dictionaries(st.sampled_from(("good", "bad")), values)), min_size=1, max_size=5
    ),
)
def test_told_answers(kind, form, told):
    answer = kind(label_names=("bad", "good")) if kind.has_names else kind()
    with contextlib.suppress(PotstillError):
        rows = answer.read_answers(ToldAnswers(form=form, cells=told, place="here"))
        assert rows.shape == (len(told), answer.num_labels)
        assert not np.isinf(rows).any()


@few
@given(rows_of("csv"))
def test_files_of_answers(written):
    with some_file("mine.csv", "text,label\na film,good\na plot,bad\nthe end,good\nfine,bad\n" * 6) as path:
        config = DataConfig(path=str(path))
        data = load_task_data(config)
        with some_file("told.csv", written) as answers, contextlib.suppress(PotstillError):
            load_answers(str(answers), config, data.task)
