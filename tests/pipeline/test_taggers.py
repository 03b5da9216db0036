"""A tagger is fine-tuned, distilled, measured, exported and served, as a classifier is."""

import json
import shutil
from pathlib import Path

import html5lib
import numpy as np
import pytest
from tiny_tagger import LABELS, PLAIN, save_base, write_columns
from transformers import AutoModelForTokenClassification, pipeline

import potstill
from potstill import augment, distill, finetune
from potstill.answers import Tags, measure_trust
from potstill.cli.entry import run as run_command
from potstill.data import DataConfig, Split, load_task_data
from potstill.errors import PotstillError
from potstill.pipeline import Run
from potstill.results import Predictions

FAST = ["precision=fp32", "stages.0.epochs=none", "stages.0.optimizer.learning_rate=0.01"]
TEXTS = ["ann lee saw oslo north.", "idas kimly, romaly city bo", "the old home", "oslo oslo ann ann lee kim"]
LOSSES = ("soft_labels", "hidden_states", "attention_scores", "hard_labels")
LAYERS = "stages.0.objectives=[" + ", ".join(f'{{kind="{kind}"}}' for kind in LOSSES) + "]"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    for name, count in (("train", 160), ("dev", 40)):
        write_columns(folder / f"{name}.conll", count=count, seed=count)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def teacher(base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("teacher") / "run"
    return finetune(str(base), data=str(data), out=out, overrides=[*FAST, "stages.0.steps=24"])


@pytest.fixture(scope="module")
def student(teacher: Run, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out, settings = tmp_path_factory.mktemp("student") / "run", [*FAST, "stages.0.steps=8", "data.max_length=9"]
    more = out.parent / "more.txt"
    more.write_text("".join(f"{word} ann {word} roma city.\n" for word in PLAIN), encoding="utf-8")
    settings += ["student.num_layers=1", "student.hidden_size=16"]
    given = {"teacher": str(teacher.folder), "data": str(data), "unlabeled": [str(more)]}
    return distill("kd", **given, out=out, overrides=settings)


def test_the_teacher_learns_and_the_student_follows_it(teacher: Run, student: Run) -> None:
    (model,) = teacher.results.models
    assert list(model.metrics) == [
        "entity_f1",
        "entity_precision",
        "entity_recall",
        "entity_macro_f1",
        "accuracy",
    ]
    assert model.metrics["entity_f1"] > 0.95
    assert [each.label for each in model.classes] == ["LOC", "PER"]
    ours = student.results.find("student")
    assert ours is not None
    assert ours.metrics["entity_f1"] > 0.9
    assert student.results.transfer.num_unlabeled == len(PLAIN)


def test_a_run_keeps_a_row_for_every_word_though_texts_were_read_in_parts(student: Run) -> None:
    kept = Predictions.read(student.folder / "predictions.safetensors")
    lines = (Path(json.loads((student.folder / "recipe.json").read_text())["data"]["path"]) / "dev.conll").read_text()
    gold = [line.split("\t")[1] for line in lines.splitlines() if line]
    assert [LABELS[index] for index in kept.gold] == gold
    assert kept.offsets[-1] == len(gold) == len(kept.logits["student"])
    assert len(kept.offsets) == 41
    page = (student.folder / "report.html").read_text(encoding="utf-8")
    assert ">LOC<" in page
    body = html5lib.parse(page, namespaceHTMLElements=False)
    tables = {"".join(each.find("caption").itertext()).strip()[:30]: each for each in body.iter("table")}
    counts = [[cell.text for cell in row] for row in tables["Entities on dev by what became"].iter("tr")]
    assert [row[0] for row in counts[1:]][-2:] == ["missed", "invented"]
    number = sum(each.support for each in student.results.find("student").classes)
    assert [sum(int(row[place]) for row in counts[1:-1]) for place in (1, 2)] == [number] * 2
    assert any(caption.startswith("The student's answers") for caption in tables)
    marked = [each for each in body.iter("span") if each.get("class") == "marked"]
    assert [each.find("small").text for each in marked[:3]] == ["gold", "teacher", "student"]
    assert any(each.find("mark") is not None for each in marked)


def test_transformers_finds_the_same_spans(student: Run) -> None:
    classify = pipeline("token-classification", str(student.student), aggregation_strategy="first")
    ours = potstill.load(student.folder, max_length=40)(TEXTS)  # whole, as transformers reads them
    for text, prediction in zip(TEXTS, ours, strict=True):
        theirs = [(each["start"], each["end"], each["entity_group"]) for each in classify(text)]
        assert [(span.start, span.end, span.label) for span in prediction.spans] == theirs
        scores = [span.score for span in prediction.spans]
        assert scores == pytest.approx([each["score"] for each in classify(text)], abs=1e-5)
    assert any(prediction.spans for prediction in ours)
    card = (student.student / "README.md").read_text(encoding="utf-8")
    assert '"pipeline_tag": "token-classification"' in card
    assert 'pipeline("token-classification"' in card


def test_a_long_text_is_answered_to_its_end(student: Run) -> None:
    (prediction,) = potstill.load(student.folder)(["the home . " * 30 + "ann lee"])
    assert [(span.label, span.text) for span in prediction.spans][-1] == ("PER", "ann lee")


def test_commands_take_a_tagger(student: Run, teacher: Run, data: Path, tmp_path: Path, capsys) -> None:
    assert run_command(["predict", str(student.folder), "ann lee saw roma", " "]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [span["text"] for span in lines[0]["spans"]] == ["ann lee", "roma"]
    assert lines[1] == {"spans": None}
    told = tmp_path / "told.jsonl"
    rows = [{"text": text} for text in TEXTS]
    told.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    out = tmp_path / "answers.jsonl"
    assert run_command(["predict", str(student.folder), "--data", str(told), "--with-text", "--out", str(out)]) == 0
    assert run_command(["evaluate", str(student.folder), "--data", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["metrics"]["entity_f1"] == 1.0
    assert run_command(["compare", str(teacher.folder), str(student.folder), "--data", str(out)]) == 0
    few = ["--texts", "9", "--repeats", "1", "--no-probe"]
    assert run_command(["bench", str(student.folder), "--data", str(data / "dev.conll"), *few]) == 0


def test_a_text_is_kept_or_deferred_as_a_whole(student: Run, tmp_path: Path) -> None:
    kept = Predictions.read(student.folder / "predictions.safetensors")
    answer, owners = Tags(label_names=kept.label_names), np.repeat(np.arange(40), np.diff(kept.offsets))
    spelling, trust = answer.spelling, student.results.trust
    found = [spelling.find(answer.decide(kept.logits[name]), kept.offsets) for name in ("student", "teacher")]
    entities = [{*zip(each.first, each.last, each.types, strict=True)} for each in found]
    differ = {owners[first] for first, *_ in entities[0] ^ entities[1]}
    assert (trust.reference, trust.split, trust.num_texts) == ("teacher", "dev", 40)
    assert trust.steps[-1].num_agreed == 40 - len(differ)
    folder = shutil.copytree(student.student, tmp_path / "student")
    plain = potstill.load(folder)
    words = answer.find_words(TEXTS)
    shares = answer.probabilities(plain.logits(Split(texts=TEXTS, words=words))).max(axis=1)
    least = [shares[start:stop].min() for start, stop in zip(words.offsets, words.offsets[1:], strict=False)]
    measured = np.repeat([1.0, float(np.median(least)), 0.0], 60)
    measure_trust(measured, np.repeat([True, True, False], 60), reference="teacher", split="test").write(
        folder / "trust.json"
    )
    classify = potstill.load(folder, agree=0.9)
    predictions = classify([*TEXTS, " "])
    assert [each.defers for each in predictions] == [*(share < np.median(least) for share in least), True]
    assert [each.spans for each in predictions] == [*(each.spans for each in plain(TEXTS)), None]
    assert {each.defers for each in predictions[:-1]} == {True, False}


def test_a_table_of_what_a_tagger_says_teaches_as_the_tagger_does(
    teacher: Run, base: Path, data: Path, tmp_path
) -> None:
    loaded, config = load_task_data(DataConfig(path=str(data))), [*FAST, "stages.0.steps=8", "student.num_layers=1"]
    config += ["start_from=base", "student.init.kind=random"]
    splits = (loaded.train, loaded.dev)
    classify, lines = potstill.load(teacher.folder), []
    for split in splits:
        logits, offsets = classify.logits(split).tolist(), split.row_offsets
        rows = [logits[start:stop] for start, stop in zip(offsets, offsets[1:], strict=False)]
        lines += [{"tokens": split.words_of(place), "logits": row} for place, row in enumerate(rows)]
    unique = {json.dumps(line["tokens"]): json.dumps(line) for line in lines}
    table = tmp_path / "answers.jsonl"
    table.write_text("\n".join(unique.values()), encoding="utf-8")
    given = {"data": str(data), "overrides": config}
    ours = distill("kd", **given, teacher_answers=str(table), base=str(base), out=tmp_path / "a" / "run")
    theirs = distill("kd", **given, teacher=str(teacher.folder), base=str(base), out=tmp_path / "b" / "run")
    kept = [Predictions.read(run.folder / "predictions.safetensors").logits for run in (ours, theirs)]
    np.testing.assert_allclose(kept[0]["student"], kept[1]["student"], atol=1e-3)
    np.testing.assert_allclose(kept[0]["teacher"], kept[1]["teacher"], atol=1e-4)


def test_spans_of_a_black_box_teach_and_some_texts_may_have_none(teacher, base, data, tmp_path) -> None:
    more = [f"{word} ann {word} U.S. roma city." for word in PLAIN]
    (tmp_path / "more.txt").write_text("\n".join(more), encoding="utf-8")
    asked = ["predict", str(teacher.folder), "--data", str(tmp_path / "more.txt"), "--with-text"]
    assert run_command([*asked, "--out", str(tmp_path / "answers.jsonl")]) == 0
    with (tmp_path / "answers.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n".join(json.dumps({"text": each, "spans": None}) for each in TEXTS))
    given = {"data": str(data), "unlabeled": [str(tmp_path / "more.txt")], "base": str(base)}
    settings = [*FAST, "stages.0.steps=2", "student.init.kind=random", "data.max_length=9"]
    run = distill(
        "kd", **given, teacher_answers=str(tmp_path / "answers.jsonl"), out=tmp_path / "r", overrides=settings
    )
    assert run.results.transfer.num_unlabeled == len(more)
    assert run.results.find("teacher") is None  # it says nothing of dev
    assert np.isfinite(run.results.models[0].metrics["entity_f1"])


def test_an_export_is_held_to_the_score_of_entities(student: Run, data: Path, tmp_path: Path) -> None:
    made = potstill.pipeline.export(student.folder, out=tmp_path / "made")
    whole, trust = made.report.files[0].trust, student.results.trust
    assert (whole.num_texts, whole.steps[-1].num_agreed) == (trust.num_texts, trust.steps[-1].num_agreed)
    assert made.report.metric == "entity_f1"
    assert [file.score for file in made.report.files] == pytest.approx([made.report.files[0].score] * 2, abs=0.02)
    found = []
    for place, backend in ((student.folder, "sdpa"), (tmp_path / "made", "onnx"), (tmp_path / "made", "onnx-int8")):
        predictions = potstill.load(place, backend=backend)(TEXTS)
        found.append([[(span.text, span.label) for span in each.spans] for each in predictions])
    assert found[0] == found[1] == found[2]


def test_a_distilbert_from_layers_learns_from_every_sort_of_loss(teacher, data, tmp_path) -> None:
    settings = ["stages.0.steps=1", "stages.0.epochs=none", LAYERS, "data.limit=16", "precision=fp32"]
    settings += ["student.kind=distilbert", "student.init.kind=teacher_layers", "student.num_layers=1"]
    settings += ["student.hidden_size=none", "student.feed_forward_size=none"]
    run = distill("kd", teacher=str(teacher.folder), data=str(data), out=tmp_path / "run", overrides=settings)
    saved = AutoModelForTokenClassification.from_pretrained(run.student)
    assert saved.config.id2label == dict(enumerate(LABELS))
    assert np.isfinite(run.results.find("student").metrics["entity_f1"])


def test_a_student_of_other_tokens_follows_the_labels_and_states_of_words(teacher, data, tmp_path) -> None:
    spelt = save_base(tmp_path / "spelt", spells=True)
    settings = ["start_from=base", "student.init.kind=random", "student.hidden_size=32", "student.num_layers=2"]
    settings += ['stages.0.objectives=[{kind="soft_labels"}, {kind="hidden_states"}]', "stages.0.steps=2"]
    given = {"teacher": str(teacher.folder), "teacher_base": str(spelt), "data": str(data)}
    run = distill("kd", **given, out=tmp_path / "run", overrides=["precision=fp32", "stages.0.epochs=none", *settings])
    assert run.results.find("student").fidelity.agreement > 0
    with pytest.raises(PotstillError) as caught:
        distill("kd", **given, out=tmp_path / "cut", overrides=[*settings[:5], "data.max_length=8"])
    assert "are read in parts, which differ between two tokenizers" in str(caught.value)


def test_a_bilstm_over_words_is_distilled_served_and_exported(teacher, data, tmp_path) -> None:
    settings = ["stages.0.steps=40", "stages.0.epochs=none", "student.lstm_size=16", "student.head_size=16"]
    settings += ["student.vectors.size=16", "precision=fp32", "data.max_length=9"]
    run = distill("bilstm-soft", teacher=str(teacher.folder), data=str(data), out=tmp_path / "run", overrides=settings)
    assert run.results.find("student").fidelity.agreement > 0.6
    classify = pipeline("token-classification", str(run.student), aggregation_strategy="simple")
    found = [[(each["start"], each["end"], each["entity_group"]) for each in classify(text)] for text in TEXTS]
    potstill.pipeline.export(run.folder, out=tmp_path / "made")
    for place, backend in ((run.folder, "sdpa"), (tmp_path / "made", "onnx"), (tmp_path / "made", "onnx-int8")):
        ours = potstill.load(place, backend=backend, max_length=40)(TEXTS)
        assert [[(span.start, span.end, span.label) for span in each.spans] for each in ours] == found
    assert any(found)


def test_what_drops_or_moves_words_is_refused(teacher, data, tmp_path) -> None:
    settings = ["augmentation.method.kind=tang", "stages.0.data=augmented"]
    with pytest.raises(
        PotstillError, match=r"augmentation\.method\.ngram_probability: it drops or moves words"
    ) as caught:
        distill("kd", teacher=str(teacher.folder), data=str(data), out=tmp_path / "run", overrides=settings)
    assert "set it to 0" in str(caught.value)


def test_words_outside_of_entities_are_varied_and_keep_their_labels(teacher, data, tmp_path) -> None:
    quiet = ["augmentation.method.ngram_probability=0", "augmentation.method.replace_probability=0"]
    made = augment(
        out=tmp_path / "new.jsonl", data=str(data), copies=2, overrides=[*quiet, "augmentation.labels=inherited"]
    )
    rows = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text(encoding="utf-8").splitlines()]
    assert made.num_new == sum(row["method"] == "tang" for row in rows) > 100
    sources = {row["source_row"]: row for row in rows if row["method"] == "original"}
    for row in rows:
        old = sources[row["source_row"]]
        assert row["tags"] == old["tags"]
        changed = {tag for tag, new, word in zip(row["tags"], row["tokens"], old["tokens"], strict=True) if new != word}
        assert changed <= {"O"}
        assert changed or row is old
    again = load_task_data(DataConfig(path=str(tmp_path / "new.jsonl")))
    assert again.task.label_names == LABELS
    settings = [*FAST, "stages.0.steps=2", "stages.0.data=augmented", "data.max_length=9", "student.num_layers=1"]
    settings += [LAYERS, "augmentation.copies=1", "augmentation.labels=inherited", "student.hidden_size=16"]
    settings += ["augmentation.method.kind=tang", *quiet]
    run = distill("kd", teacher=str(teacher.folder), data=str(data), out=tmp_path / "run", overrides=settings)
    assert np.isfinite(run.results.find("student").metrics["entity_f1"])


def test_parts_of_speech_are_not_varied(tmp_path) -> None:
    rows = [{"tokens": [word, "bark"], "tags": ["NN", "VB"]} for word in PLAIN]
    (tmp_path / "pos.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(PotstillError, match="every word bears a label that another one would not"):
        augment(out=tmp_path / "new.jsonl", data=str(tmp_path / "pos.jsonl"))


def test_a_tagger_is_no_teacher_of_classes(teacher, data, tmp_path) -> None:
    rows = [f"{name} {word},{name}" for word in PLAIN[:10] for name in ("ann", "roma")]
    (tmp_path / "classes.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    with pytest.raises(PotstillError) as caught:
        distill("kd", teacher=str(teacher.folder), data=str(tmp_path / "classes.csv"), out=tmp_path / "run")
    assert "was trained to give each word a label" in str(caught.value)
