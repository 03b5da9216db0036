"""The page of one run: whole, valid, self-contained, and made of text that stays text."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import HOSTILE, LABELS, TEXT, made_up_results, made_up_trust

from potstill.answers import LabelRows
from potstill.answers.score import Score
from potstill.data import Split, Task
from potstill.evaluation import choose_examples
from potstill.reporting import read_run, write_report
from potstill.reporting.page import embed_json
from potstill.reporting.run_report import draw_run
from potstill.results import ClassFigures, Predictions, Results, ScoreFidelity

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def parse(page: str) -> Element:
    """Parse a page; any error of its markup raises."""
    return html5lib.HTMLParser(strict=True).parse(page)


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def section(root: Element, name: str) -> Element:
    (found,) = root.iterfind(f".//{HTML}section[@id='{name}']")
    return found


@pytest.fixture(scope="module")
def page(whole_run: Path) -> str:
    return draw_run(read_run(whole_run))


@pytest.fixture(scope="module")
def root(page: str) -> Element:
    return parse(page)


def test_a_page_says_and_draws_when_the_student_can_be_trusted(root: Element):
    trust, shown = made_up_trust(), section(root, "trust")
    assert trust.promise.threshold is not None
    assert trust.tell() in text_of(shown)
    (picture,) = shown.iter(f"{SVG}svg")
    share = 100 * trust.steps[-1].num_agreed / trust.num_texts
    assert f"of the surest 100 % it agrees with its teacher in {share:.1f} %" in (picture.get("aria-label") or "")
    assert len([each for each in picture.iter(f"{SVG}circle") if "dot" in each.get("class", "")]) == 1


def test_a_page_is_valid_and_small(page: str, root: Element):
    assert root.tag == f"{HTML}html"
    assert len(page.encode()) < 2_000_000


def test_text_from_data_never_becomes_markup(root: Element):
    scripts = root.findall(f".//{HTML}script")
    assert [script.get("type") for script in scripts] == ["application/json", None]
    assert root.findall(f".//{HTML}img") == []
    assert root.findall(f".//{HTML}b") == []
    handlers = [name for element in root.iter() for name, _ in element.items() if str(name).startswith("on")]
    assert handlers == []
    assert f"kd{HOSTILE} on mood{HOSTILE}" in text_of(root.find(f".//{HTML}h1"))
    cells = {text_of(cell) for cell in section(root, "errors").iter(f"{HTML}th")}
    assert set(LABELS) <= cells
    assert TEXT in text_of(section(root, "disagreements"))
    assert HOSTILE in text_of(section(root, "settings"))
    assert "run<script>alert(3)<" in text_of(root.find(f".//{HTML}header"))


def test_the_policy_lets_in_only_what_is_written_into_the_page(root: Element):
    (policy,) = [each.get("content") for each in root.iter(f"{HTML}meta") if each.get("http-equiv")]
    assert policy.startswith("default-src 'none'; ")
    (style,) = root.iter(f"{HTML}style")
    script = root.findall(f".//{HTML}script")[1]
    for name, element in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in policy
    assert not any(element.get("style") for element in root.iter())


def test_a_page_asks_for_nothing_outside(page: str, root: Element):
    addresses = [value for each in root.iter() for name, value in each.items() if name in ("src", "href")]
    assert set(addresses) - {"data:,"} == {address for address in addresses if address.startswith("#")}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|\beval\b", page)


def test_the_headline_says_what_was_kept_and_what_was_won(root: Element, whole_run: Path):
    results = Results.read(whole_run / "results.json")
    student, teacher = results.find("student"), results.find("teacher")
    said = text_of(section(root, "summary"))
    assert f"{student.score / teacher.score * 100:.1f} %" in said
    assert "95 % interval [90.0, 101.0]" in said
    assert "3.1 ×" in said
    assert "57 against 18 sentences/s" in said
    assert "2.6 to 3.8 ×" in said
    assert "The same student on labels only has accuracy" in said


def test_every_figure_of_every_model_is_in_a_table(root: Element):
    rows = [[text_of(cell) for cell in row] for row in section(root, "models").iter(f"{HTML}tr")]
    assert rows[0] == ["figure", "teacher", "labels only", "student"]
    figures = {row[0]: row[1:] for row in rows}
    assert figures["same class as the teacher, %"] == ["–", "90.0", "90.0"]
    assert figures["weights"] == ["22.0 M", "7.0 M", "7.0 M"]
    calibration = [model.calibration.error for model in made_up_results().models]
    assert sorted(figures["calibration error, points"]) == sorted(f"{error * 100:.1f}" for error in calibration)


def test_the_comparisons_show_mcnemars_test(root: Element):
    rows = [[text_of(cell) for cell in row] for row in section(root, "models").iter(f"{HTML}tr")]
    (row,) = [each for each in rows if each[0] == "student minus labels only"]
    (item,) = [each for each in made_up_results().comparisons if each.other == "student_hard_labels"]
    assert row[3:5] == [str(item.mcnemar.only_student), str(item.mcnemar.only_other)]
    assert row[5] == f"{item.mcnemar.p_value:.3f}" or row[5] == "< 0.001"


def test_the_published_systems_stand_beside_the_run(root: Element):
    labels = [each.get("aria-label") for each in section(root, "tradeoff").iter(f"{SVG}svg")]
    assert len(labels) == 2
    for label in labels:
        assert "TinyBERT, 4 layers: " in label
        assert "96.2 %" in label  # 76.5 / 79.5
    assert "7.52x" in labels[0]
    assert "9.45x" in labels[1]
    assert "those of the 4-layer models" in text_of(section(root, "tradeoff"))


def test_each_objective_of_each_stage_has_a_curve(root: Element):
    captions = [text_of(each) for each in section(root, "training").iter(f"{HTML}figcaption")]
    assert captions == [
        "Score on the development set; the dashed line is the teacher",
        "Loss, stage distil: soft labels",
        "Loss, stage distil: hard labels",
        "Loss, stage distil: weighted sum",
    ]
    hard = [each.get("aria-label") for each in section(root, "training").iter(f"{SVG}svg")][2]
    assert "student from 0.2 to 0.04" in hard
    assert "labels only from 0.1 to 0.02" in hard


def test_the_confusion_adds_up_and_its_colours_follow_the_rows(root: Element):
    (teacher, student) = section(root, "errors").iterfind(f".//{HTML}table[@class='confusion']")
    for table in (teacher, student):
        cells = [int(text_of(cell)) for cell in table.iter(f"{HTML}td")]
        assert sum(cells) == 120
        first = list(table.iter(f"{HTML}tr"))[1]
        counts = [int(text_of(cell)) for cell in first.iter(f"{HTML}td")]
        heats = [cell.get("class").split()[0] for cell in first.iter(f"{HTML}td")]
        assert heats == [f"heat-{round(10 * count / sum(counts))}" for count in counts]


def test_softened_distributions_begin_at_temperature_one(root: Element):
    (card, *others) = section(root, "softened").iter(f"{HTML}article")
    assert len(others) == 11
    numbers = [float(text_of(each)) for each in card.iter(f"{HTML}span") if each.get("class") == "number"]
    assert sum(numbers[0::2]) == pytest.approx(100, abs=0.2)
    assert sum(numbers[1::2]) == pytest.approx(100, abs=0.2)
    data = json.loads(root.findall(f".//{HTML}script")[0].text)
    logits = np.array(data["logits"][0][0])
    expected = np.exp(logits) / np.exp(logits).sum() * 100
    assert numbers[0] == pytest.approx(expected.max(), abs=0.06)


def test_disagreements_are_sorted_by_divergence(root: Element):
    table = section(root, "disagreements").find(f".//{HTML}tbody")
    distances = [float(text_of(row[0])) for row in table]
    assert len(distances) == 100
    assert distances == sorted(distances, reverse=True)


def test_pictures_and_tables_speak_to_those_who_do_not_see_them(root: Element):
    for picture in root.iter(f"{SVG}svg"):
        assert picture.get("aria-hidden") == "true" or (picture.get("role"), len(picture.get("aria-label")) > 30) == (
            "img",
            True,
        )
    for table in root.iter(f"{HTML}table"):
        assert table.find(f"{HTML}caption") is not None
        assert all(cell.get("scope") for cell in table.iter(f"{HTML}th"))
    names = {each.get("for") for each in root.iter(f"{HTML}label")}
    for control in (*root.iter(f"{HTML}input"), *root.iter(f"{HTML}output")):
        assert control.get("id") in names or control.get("for")
    levels = [int(each.tag[-1]) for each in root.iter() if re.fullmatch(rf"{re.escape(HTML)}h\d", str(each.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))
    assert root.get("lang") == "en"


def test_links_within_the_page_lead_somewhere(root: Element):
    names = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(names) == len(set(names))
    for link in root.iter(f"{HTML}a"):
        assert link.get("href").removeprefix("#") in names


def test_a_run_of_an_older_version_still_gets_a_report(make_run):
    folder = make_run(is_old=True)
    root = parse(write_report(folder).read_text(encoding="utf-8"))
    assert "potstill report RUN --remeasure" in text_of(section(root, "softened"))
    for name in ("errors", "softened", "attention", "disagreements"):
        assert "this run was made by an older version" in text_of(section(root, name))
    assert "95 % interval [" in text_of(section(root, "summary"))
    assert len(list(section(root, "tradeoff").iter(f"{SVG}svg"))) == 2


@pytest.mark.parametrize("name", ["recipe.json", "environment.json", "events.jsonl", "attention.json"])
def test_a_file_that_is_absent_costs_its_section_only(make_run, name: str):
    folder = make_run()
    (folder / name).unlink()
    page = draw_run(read_run(folder))
    assert "Quality and cost" in page
    parse(page)


def test_a_model_without_a_teacher_gets_its_own_headline(make_run):
    folder = make_run(is_old=True)
    results = made_up_results(roles=("student",))
    alone = results.models[0].model_copy(update={"role": "model", "fidelity": None})
    results.model_copy(update={"models": (alone,), "comparisons": ()}).write(folder / "results.json")
    root = parse(draw_run(read_run(folder)))
    assert "sentences/s" in text_of(section(root, "summary"))
    assert "it takes a student and its teacher" in text_of(section(root, "tradeoff"))


def test_a_regression_gets_scatter_charts_instead_of_classes(make_run):
    folder = make_run()
    generator = np.random.default_rng(0)
    gold = generator.uniform(0, 5, size=40).astype(np.float32)
    logits = {
        role: (gold[:, None] + generator.normal(size=(40, 1))).astype(np.float32) for role in ("teacher", "student")
    }
    task = Task(name="similar", answer=Score(), is_pair=True, metrics=("spearman",))
    split = Split(texts=["one"] * 40, pairs=["other"] * 40, labels=LabelRows.one_each(gold))
    Predictions(task="similar", kind="regression", split="dev", label_names=(), gold=gold, logits=logits).write(
        folder / "predictions.safetensors"
    )
    choose_examples(task, split, logits).write(folder / "examples.json")
    results = made_up_results(is_old=True, roles=("teacher", "student"))
    fidelity = ScoreFidelity(pearson=0.9, mean_absolute_difference=0.3)
    models = tuple(
        model.model_copy(update={"metrics": {"spearman": 0.8}, "fidelity": model.fidelity and fidelity})
        for model in results.models
    )
    changes = {"primary_metric": "spearman", "models": models}
    results.model_copy(update=changes).write(folder / "results.json")
    root = parse(draw_run(read_run(folder)))
    labels = [each.get("aria-label") for each in section(root, "errors").iter(f"{SVG}svg")]
    assert labels == [
        f"Scatter chart of the {who}'s scores over the gold scores, 40 examples." for who in ("teacher", "student")
    ]
    assert "its models give scores, not distributions" in text_of(section(root, "softened"))
    first = section(root, "disagreements").find(f".//{HTML}tbody")[0]
    assert text_of(first[1]) == "oneother" or text_of(first[1]) == "one other"
    assert float(text_of(first[0])) == pytest.approx(np.abs(logits["student"] - logits["teacher"]).max(), abs=1e-3)


def test_many_labels_give_a_list_of_confusions_instead_of_a_matrix(make_run):
    folder = make_run(is_old=True)
    results = made_up_results(is_old=True)
    names = [f"intent {number}" for number in range(40)]
    confusion = {name: {name: 5, names[number - 1]: number + 1} for number, name in enumerate(names)}
    models = tuple(model.model_copy(update={"confusion": confusion}) for model in results.models)
    figures = tuple(ClassFigures(label=name, precision=0.5, recall=0.5, f1=0.5, support=9) for name in names)
    models = tuple(model.model_copy(update={"classes": figures}) for model in models)
    results.model_copy(update={"models": models}).write(folder / "results.json")
    errors = section(parse(draw_run(read_run(folder))), "errors")
    assert errors.findall(f".//{HTML}table[@class='confusion']") == []
    rows = [[text_of(cell) for cell in row] for row in errors.iter(f"{HTML}tr")]
    assert ["intent 39", "intent 38", "40"] in rows


def test_a_report_is_drawn_without_torch(whole_run: Path, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from potstill.reporting import write_report; "
        f"write_report(Path({str(whole_run)!r}), Path({str(tmp_path / 'out.html')!r})); "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_embedded_json_survives_and_holds_no_markup(value):
    text = str(embed_json(value))
    assert json.loads(text) == value
    assert not set("<>&") & set(text)
