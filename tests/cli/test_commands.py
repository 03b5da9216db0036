"""Every command from its arguments to what it prints and writes."""

import io
import json
import subprocess
import sys
import tomllib

import pytest
from transformers import pipeline

SHORT = ("--set", "stages.distil.epochs=none", "--set", "stages.distil.steps=4")
COMMANDS = [
    "distill",
    "finetune",
    "evaluate",
    "predict",
    "export",
    "bench",
    "recipes",
    "recipes list",
    "recipes show",
    "tasks",
]


@pytest.fixture(scope="session")
def finished(world, tmp_path_factory):
    """The folder of a finished run."""
    from potstill.cli import run

    folder = tmp_path_factory.mktemp("runs") / "first"
    arguments = ["distill", "kd", "--teacher", str(world.teacher), "--data", str(world.reviews), "--out", str(folder)]
    assert run([*arguments, *SHORT]) == 0
    return folder


def test_help_does_not_wait_for_torch():
    code = (
        "import sys, potstill\n"
        "from potstill.cli import run\n"
        "assert run(['--help']) == 0\n"
        "slow = {'asyncio', 'filelock', 'importlib.metadata', 'pydantic'}\n"
        "assert not slow & set(sys.modules), 'the list of commands needs none of them'\n"
        "assert run(['distill', '-h']) == 0\n"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules), 'too much is imported'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help(potstill, command, option):
    outcome = potstill(*command.split(), option)
    assert outcome.code == 0
    assert f"potstill {command}" in outcome.stdout


@pytest.mark.parametrize("command", ["distill", "finetune", "evaluate", "predict", "recipes", "report"])
def test_help_gives_examples(potstill, command):
    assert "Examples" in potstill(command, "-h").stdout


def test_the_command_alone_shows_its_help(potstill):
    outcome = potstill()
    assert outcome.code == 0
    assert "Commands" in outcome.stdout


def test_the_version_is_the_installed_one(potstill):
    from importlib.metadata import version

    assert potstill("--version").stdout == f"potstill {version('potstill')}\n"


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "potstill", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("potstill ")


def test_a_shell_gets_a_completion_script(potstill, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    outcome = potstill("--show-completion", "bash")
    assert "potstill" in outcome.stdout


def test_distill_prints_the_table_and_how_to_load_the_student(potstill, world, tmp_path):
    controls = ("--baseline", "hard-labels", "--baseline", "random-start")
    outcome = potstill("distill", "kd", "--teacher", world.teacher, "--data", world.reviews, *SHORT, *controls)
    assert outcome.code == 0, outcome.stderr
    for words in (" teacher ", " student ", "labels only", "random start", "accuracy", "same as teacher"):
        assert words in outcome.stdout
    assert "run folder: runs/kd" in outcome.stdout
    assert 'model = pipeline("text-classification", "runs/kd/student")' in outcome.stdout
    assert "Loading weights" not in outcome.stderr
    assert "\x1b" not in outcome.stderr + outcome.stdout
    assert (tmp_path / "runs" / "kd" / "student" / "README.md").is_file()
    classify = pipeline("text-classification", str(tmp_path / "runs" / "kd" / "student"))
    assert classify("the film is good")[0]["label"] in ("negative", "positive")


def test_a_second_run_gets_a_folder_of_its_own(potstill, world, tmp_path):
    for _ in range(2):
        assert potstill("distill", "kd", "--teacher", world.teacher, "--data", world.reviews, *SHORT).code == 0
    assert {path.parent.name for path in (tmp_path / "runs").glob("*/results.json")} == {"kd", "kd-2"}


def test_distill_prints_json_for_programs(potstill, world, tmp_path):
    out = tmp_path / "run"
    arguments = ("--teacher", world.teacher, "--data", world.reviews, "--out", out, "--json")
    outcome = potstill("distill", "kd", *arguments, *SHORT)
    printed = json.loads(outcome.stdout)
    assert printed["folder"] == str(out)
    assert printed["student"] == str(out / "student")
    assert printed["results"] == json.loads((out / "results.json").read_text(encoding="utf-8"))


def test_a_run_is_repeated_from_its_recipe(potstill, finished, tmp_path):
    again = tmp_path / "again"
    assert potstill("distill", finished / "recipe.json", "--out", again).code == 0
    for name in ("model.safetensors", "config.json"):
        assert (again / "student" / name).read_bytes() == (finished / "student" / name).read_bytes()


def test_finetune_makes_a_teacher_that_distill_takes(potstill, world, tmp_path):
    teacher = tmp_path / "teacher"
    longer = ("--set", "stages.finetune.epochs=8", "--set", "stages.finetune.optimizer.learning_rate=5e-3")
    assert potstill("finetune", world.base, "--data", world.reviews, "--out", teacher, *longer).code == 0
    outcome = potstill(
        "distill", "kd", "--teacher", teacher, "--data", world.reviews, "--out", tmp_path / "run", *SHORT
    )
    assert outcome.code == 0, outcome.stderr


def test_evaluate_measures_a_run_on_its_own_data(potstill, finished):
    outcome = potstill("evaluate", finished, "--json")
    printed = json.loads(outcome.stdout)
    measured = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    (student,) = [model for model in measured["models"] if model["role"] == "student"]
    assert printed["models"][0]["metrics"] == student["metrics"]
    assert printed["models"][0]["role"] == "model"


def test_evaluate_compares_with_a_teacher_and_writes_a_file(potstill, finished, world, tmp_path):
    out = tmp_path / "results.json"
    outcome = potstill("evaluate", finished / "student", "--teacher", world.teacher, "--out", out)
    assert "student minus teacher" in outcome.stdout
    assert [model["role"] for model in json.loads(out.read_text(encoding="utf-8"))["models"]] == ["teacher", "student"]


def test_predict_reads_the_command_line(potstill, world):
    outcome = potstill("predict", world.teacher, "the film is great", "a dull plot")
    first, second = map(json.loads, outcome.stdout.splitlines())
    assert (first["label"], second["label"]) == ("positive", "negative")
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert outcome.stderr == ""


@pytest.mark.parametrize(
    ("lines", "labels", "code", "why"),
    [
        (b"the film is great\r\na dull plot\n", ["positive", "negative"], 0, ""),
        (b"\xef\xbb\xbfthe film is great\n\n \n", ["positive", None, None], 0, "2 without a word"),
        (b"the film is great\n\na dull plot\n", ["positive", None, "negative"], 0, "answered with null (rows 2)"),
        (b"the film is great\ncaf\xe9\n", ["positive"], 2, "line 2 of stdin is not UTF-8 text"),
    ],
)
def test_predict_reads_stdin_line_by_line(potstill, world, monkeypatch, lines, labels, code, why):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
    outcome = potstill("predict", world.teacher, "--with-text")
    answers = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == labels
    assert answers[0]["text"] == "the film is great"
    assert outcome.code == code
    assert why in outcome.stderr


def test_half_a_character_is_refused(potstill, world, tmp_path):
    path = tmp_path / "cut.jsonl"
    path.write_text('{"text": "good \\ud83d film"}\n{"text": "a dull plot"}\n')
    outcome = potstill("predict", world.teacher, "--data", path)
    assert outcome.code == 2
    assert "row 1 has half of a character; mend or remove the row." in outcome.stderr
    outcome = potstill("predict", world.teacher, "good \ud83d film")
    assert outcome.code == 2
    assert "a text has half of a character, at 'good \\ud83d film'" in outcome.stderr


def test_predict_reads_and_writes_files_in_order(potstill, world, tmp_path):
    out = tmp_path / "answers.jsonl"
    outcome = potstill("predict", world.teacher, "--data", world.reviews / "dev.csv", "--out", out)
    assert outcome.stdout == ""
    labels = [json.loads(line)["label"] for line in out.read_text(encoding="utf-8").splitlines()]
    gold = [
        line.rpartition(",")[2] for line in (world.reviews / "dev.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    assert len(labels) == len(gold)
    assert sum(map(str.__eq__, labels, gold)) / len(gold) > 0.9


def test_recipes_are_listed_shown_and_explained(potstill):
    listed = potstill("recipes")
    assert listed == potstill("recipes", "list")
    names = [entry["name"] for entry in json.loads(potstill("recipes", "--json").stdout)]
    assert "kd" in names
    for name in names:
        assert name in listed.stdout
        assert tomllib.loads(potstill("recipes", "show", name).stdout)["name"] == name
        page = potstill("recipes", "explain", name).stdout
        assert "Stage 1 of" in page
        assert "Loss: " in page
        assert json.loads(potstill("recipes", "explain", name, "--json").stdout)["name"] == name


def test_a_recipe_that_extends_another_is_shown_resolved_and_tells_whence_a_field_comes(potstill, tmp_path):
    shown = potstill("recipes", "show", "bert-pkd-6-last").stdout
    assert 'extends = "bert-pkd-6"' in shown
    assert "temperature =" not in shown
    (tmp_path / "whole.toml").write_text(potstill("recipes", "show", "bert-pkd-6-last", "--resolved").stdout)
    whole = potstill("recipes", "explain", "whole.toml", "--json").stdout
    assert whole == potstill("recipes", "explain", "bert-pkd-6-last", "--json").stdout
    plain = potstill("recipes", "explain", "kd", "--json").stdout
    (tmp_path / "null.json").write_text(plain.replace('"clip_norm": 1.0', '"clip_norm": null'))
    assert "TOML has no word" in potstill("recipes", "show", "null.json", "--resolved").stderr
    page = potstill("recipes", "explain", "bert-pkd-6-last").stdout
    assert "Extends: bert-pkd-6\n" in page
    assert "From bert-pkd-6: 1 - alpha.\n" in page
    assert "Here: PKD-Last: the last layers but one; the last student layer is left out.\n" in page
    changed = potstill("recipes", "explain", "bert-pkd-6-last", "--ablation", "skip").stdout
    assert "PKD-Last: the last" not in changed


def test_a_recipe_of_ones_own_is_shown_and_explained(potstill, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(potstill("recipes", "show", "kd").stdout.replace("temperature = 2.0", "temperature = 7.5"))
    assert potstill("recipes", "show", mine).stdout == mine.read_text(encoding="utf-8")
    page = potstill("recipes", "explain", mine).stdout
    assert "temperature = 7.5 (default 1.0)" in page
    assert "T > 0 divides both logits" in page


def test_an_explanation_counts_weights_and_tells_sources_figures_and_ablations(potstill):
    page = potstill("recipes", "explain", "tinybert-4x312").stdout
    for words in ("9,683,856", "4,568,736", "97,656", "109,483,778", "240,384", "0 follows 0, 1 follows 3"):
        assert words in page
    assert "Here: authors' README; the paper chooses from 1e-5, 2e-5 and 3e-5." in page
    assert "MNLI-m 82.5, MNLI-mm 81.8" in page
    assert "no-trm: No Trm: " in page
    without = potstill("recipes", "explain", "tinybert-4x312", "--ablation", "no-gd", "--ablation", "no-attn").stdout
    assert "Stage 1 of 2: intermediate" in without
    assert "attention_scores -" not in without
    assert "Loss: 1 x hidden_states" in without
    assert "Here: the paper; 10 for MNLI" in without, "comments go with their stage"


@pytest.mark.parametrize(
    ("recipe", "ablations", "told"),
    [
        (
            "tinybert-4x312",
            (),
            "starts at random, with the vocabulary of the pre-trained encoder (--teacher-base); what",
        ),
        ("tinybert-4x312", ("no-gd",), "starts at random, with the vocabulary of the fine-tuned teacher."),
        ("bert-pkd-6", (), "starts from layers of the pre-trained encoder (--teacher-base)."),
        ("kd", (), "starts from layers of the fine-tuned teacher, cut down to its sizes."),
        ("bilstm-soft", (), "starts at random, but for its word vectors from the fine-tuned teacher."),
        ("teacher", (), "starts as the pre-trained encoder (--teacher-base), all of it."),
    ],
)
def test_an_explanation_tells_what_the_first_weights_are(potstill, recipe, ablations, told):
    chosen = [argument for name in ablations for argument in ("--ablation", name)]
    page = " ".join(potstill("recipes", "explain", recipe, *chosen).stdout.split())
    assert f"teacher; the student {told}" in page


def test_recipes_are_grouped_by_paper(potstill):
    lines = potstill("recipes").stdout.splitlines()
    (paper,) = [number for number, line in enumerate(lines) if "Jiao et al. 2020, arXiv:1909.10351" in line]
    rest = lines[paper + 1 :]
    end = next(number for number, line in enumerate(rest) if "arXiv" in line)
    assert sum("tinybert-" in line for line in rest[:end]) == 4, "and none of them stands elsewhere"
    assert sum("bert-pkd" in line for line in rest[:end]) == 0
    (entry,) = [
        item for item in json.loads(potstill("recipes", "list", "--json").stdout) if item["name"] == "bert-pkd-6"
    ]
    assert entry["ablations"][:4] == ["last", "kd", "fine-tune", "raw"]


@pytest.mark.parametrize("depth", ["3", "0.25"])
def test_an_explanation_shows_which_layer_follows_which(potstill, tmp_path, depth):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f'name = "mine"\ndescription = "one of mine"\n[student]\nkind = "bert"\nnum_layers = {depth}\n'
        '[[stages]]\nname = "distil"\nsteps = 3\nobjectives = [{kind = "hidden_states", layer_map = "uniform"}]\n'
    )
    page = potstill("recipes", "explain", mine).stdout
    assert "With a teacher of 12 layers: 0 follows 0, 1 follows 4, 2 follows 8, 3 follows 12." in page


def test_a_teacher_that_was_fine_tuned_on_the_way_is_used_again(potstill, world, tmp_path):
    recipe = tmp_path / "quick.toml"
    steps, rate = "epochs = 8", "[stages.optimizer]\nlearning_rate = 5e-3"
    recipe.write_text(f'extends = "teacher"\n[[stages]]\nname = "finetune"\n{steps}\n{rate}\n', encoding="utf-8")
    given = ("--teacher-base", world.base, "--data", world.reviews, "--set", f"teacher.recipe={recipe}")
    command = ("distill", "kd", *given)
    first, second = potstill(*command, *SHORT), potstill(*command, *SHORT)
    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    assert "teacher: making runs/" in first.stderr
    assert "teacher: reusing runs/" in second.stderr


def test_tasks_are_listed_with_what_they_need(potstill):
    entries = json.loads(potstill("tasks", "--json").stdout)
    assert {"sst-2", "trec"} <= {entry["name"] for entry in entries}
    table = potstill("tasks").stdout
    for entry in entries:
        assert entry["name"] in table
        assert entry["needs"] in table


@pytest.mark.parametrize("command", [["distill", "kd"], ["finetune", "nowhere"], ["pretrain", "nowhere"]])
def test_a_recipe_is_read_once(potstill, monkeypatch, command):
    from potstill.pipeline import api

    read = []
    whole = api.load_recipe
    monkeypatch.setattr(api, "load_recipe", lambda name, **given: (read.append(name), whole(name, **given))[1])
    assert potstill(*command, "--set", "precision=fp32").code == 2
    assert len(read) == 1
