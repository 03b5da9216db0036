"""The pages of the site: they are all there, link to what there is, and what they say to run runs."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from runpy import run_path
from shutil import copytree

import pytest
from tiny_world import make_reviews, write_csv

from potstill.answers import Tags
from potstill.data import DataConfig, Task, load_answers
from potstill.recipe import load_recipe
from potstill.suites import load_suite

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCRIPT = run_path(str(ROOT / "scripts" / "site_pages.py"))
MADE = SCRIPT["write_pages"]()
SITE = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
NAV = re.findall(r": (\S+\.md)$", SITE.partition("\nnav:")[2], re.M)
WRITTEN = {name: (DOCS / name).read_text(encoding="utf-8") for name in NAV if name not in MADE}
GROUPS = ("data", "teacher", "student", "augmentation", "stages", "checkpoints", "tracking", "corpus", "masking")
GROUPS += ("objectives", "batches", "optimizer", "schedule", "shares")
"""Fields that are tables of further fields."""
PAGES = WRITTEN | dict(MADE)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.M | re.S)


def anchors(page: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", PAGES[page], re.M)
    return {re.sub(r"[^\w\s-]", "", head).strip().lower().replace(" ", "-") for head in heads}


def test_every_page_has_a_place_and_llms_txt_names_it():
    unplaced = re.findall(r"^  (\S+\.md)$", SITE.partition("exclude_docs: |\n")[2], re.M)
    assert sorted(NAV) == sorted({*(path.name for path in DOCS.glob("*.md") if path.name not in unplaced), *MADE})
    listed = re.findall(r"\]\((\S+?)\.html\)", (DOCS / "llms.txt").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(name.removesuffix(".md") for name in NAV)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_to_what_there_is(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        file, _, anchor = target.partition("#")
        if "://" in target or page == "changelog.md":
            continue
        assert file in ("", *PAGES) or (DOCS / file).is_file(), target
        assert not anchor or anchor in anchors(file or page), target


def test_the_picture_is_that_of_the_page_it_was_taken_from():
    assert (DOCS / "frontier.svg").read_text(encoding="utf-8") == SCRIPT["draw_frontier"]()


@pytest.mark.parametrize("page", WRITTEN)
def test_a_recipe_or_suite_on_a_page_is_one(page, tmp_path):
    for text in blocks(page, "toml"):
        file = tmp_path / "mine.toml"
        file.write_text(text, encoding="utf-8")
        assert load_suite(str(file)) if "systems" in tomllib.loads(text) else load_recipe(str(file))


def test_every_setting_and_objective_is_told_of():
    from potstill.kinds import find_kinds
    from potstill.objectives import ObjectiveConfig

    rows = [row.split(" | ") for row in re.findall(r"^\| (`[^`]+` \|.*) \|$", MADE["settings.md"], re.M)]
    assert [row for row in rows if len(row) != 4 or not row[1].strip() or not row[3].strip()] == []
    paths = {row[0].strip("`") for row in rows}
    assert {"seed", "int8", "per_channel", "repeats"} <= paths
    values = load_recipe("tinybert-4x312").model_dump(mode="json")
    of_stages = {f"stages.NAME.{name}" for name in values["stages"][0] if name not in GROUPS}
    of_data = {f"data.{name}" for name in values["data"] if name not in GROUPS}
    assert of_stages | of_data | {name for name in values if name not in GROUPS} <= paths
    told = re.findall(r"^## (\w+)$", MADE["objectives.md"], re.M)
    ours = [kind for kind, config in find_kinds(ObjectiveConfig).items() if config.__module__.startswith("potstill.")]
    assert set(ours) <= set(told)
    assert "KL(" in MADE["objectives.md"]


def test_every_public_name_is_in_the_reference_and_is_there():
    import potstill

    told = re.findall(r"^::: (\S+)$", PAGES["python.md"], re.M)
    for path in told:
        module, _, name = path.rpartition(".")
        assert getattr(import_module(module), name).__module__ == module, path
    assert {*potstill.__all__} <= {path.rpartition(".")[2] for path in told}


def test_the_python_on_the_pages_runs(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copytree(world.teacher, "my-teacher")
    write_csv(Path("reviews.csv"), make_reviews(80, seed=0), ("review", "stars"))
    run_all("python.md")
    copytree("runs/first", "runs/house")
    run_all("ship.md")
    assert Path("comparison.html").is_file()


def test_a_loss_on_a_page_is_trained_with(potstill, world, tmp_path):
    (text,) = blocks("research.md", "python")
    (tmp_path / "my_losses.py").write_text(text, encoding="utf-8")
    (command,) = [text for text in blocks("research.md", "sh") if "--plugin" in text]
    loss = re.search(r"--set '(.*?)'", command)
    assert loss is not None
    places = ["--teacher", world.teacher, "--data", world.reviews, "--plugin", tmp_path / "my_losses.py"]
    outcome = potstill("distill", "kd", *places, "--set", loss[1], "--epochs", "1", "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.stderr
    assert "logit_distance" in (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8")


def test_answers_on_a_page_are_all_read(potstill, tmp_path):
    answers = [text for text in blocks("few-labels.md", "json") if "text" in text and "spans" not in text]
    assert answers
    for text in answers:
        rows = [text.replace('"text": "', f'"text": "{number} ') for number in range(10)]
        (tmp_path / "answers.jsonl").write_text("".join(rows), encoding="utf-8")
        told = json.loads(potstill("audit", tmp_path / "answers.jsonl", "--json").stdout)
        assert (told["num_texts"], told["num_abstained"]) == (10 * text.count("\n"), 0)


def test_answers_about_words_on_a_page_are_all_read(tmp_path):
    names = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    task = Task(name="tags", answer=Tags(label_names=names), is_pair=False, metrics=("entity_f1",))
    answers = [text for text in blocks("few-labels.md", "json") if "spans" in text or "tokens" in text]
    assert len(answers) == 3
    for text in answers:
        (tmp_path / "answers.jsonl").write_text(text, encoding="utf-8")
        table = load_answers(str(tmp_path / "answers.jsonl"), DataConfig(path="x.conll"), task)
        assert len(table.exact) == text.count("\n") == 2
        assert (table.logits.argmax(axis=1) > 0).any()


def strings_of_the_code() -> Iterator[str]:
    """Give the texts that stand in the code, with `{}` where a value is put in."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_a_message_that_the_page_about_mistakes_quotes_is_one_that_the_code_has():
    quoted = re.findall(r"^\| `([^`]+)` \|", PAGES["troubleshooting.md"], re.M)
    texts = set(strings_of_the_code())
    assert len(quoted) > 10
    for message in quoted:
        parts = re.split(r"\.\.\.|(?<=')[^' ]+(?=')", message)
        found = re.compile(".*".join(map(re.escape, parts)), re.S)
        assert len("".join(parts)) > 10, message
        assert any(map(found.search, texts)), message


def run_all(page: str) -> None:
    names: dict[str, object] = {}
    for text in blocks(page, "python"):
        exec(compile(text, page, "exec"), names)
