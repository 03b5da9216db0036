"""Parts of one's own come from a module that its user gives, and from no other."""

import json
import shutil
import sys
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_processes import launch, losses
from unsealing import unseal

from potstill.cli.entry import run as run_command
from potstill.errors import RecipeError
from potstill.objectives import objective_kinds
from potstill.plugins import load_plugins
from potstill.recipe import load_recipe

PLUGINS = Path(__file__).parents[1] / "plugins"
DISTANCES, WORDS = PLUGINS / "pair_distances.py", PLUGINS / "shuffled_words.py"
OBJECTIVES = (
    "stages=[{name='distil', steps=6, select='last', batches={examples_per_batch=5}, "
    "objectives=[{kind='pair_distances', weight=20.0}, {kind='soft_labels'}], optimizer={epsilon=1e-3}}]"
)
SETTINGS = (
    OBJECTIVES,
    "student.num_layers=1",
    "student.dropout=0",
    "student.attention_dropout=0",
    "precision=fp32",
    "tracking.every_steps=1",
    "student.init.kind=random",
)


def arguments(teacher: Path, reviews: Path, out: Path, *more: str, settings: tuple[str, ...] = SETTINGS) -> list[str]:
    data = ["--data", str(reviews), "--text", "review", "--label", "stars", "--teacher", str(teacher)]
    return ["distill", "kd", *data, "--out", str(out), *(p for line in settings for p in ("--set", line)), *more]


@pytest.fixture(scope="module")
def own_run(teacher: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("own") / "run"
    assert run_command(arguments(teacher, reviews, out, "--plugin", str(DISTANCES))) == 0
    return out


def refusal(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert run_command(command) == 2
    return " ".join(capsys.readouterr().err.split())


def test_two_processes_compare_the_examples_of_the_whole_batch(
    own_run: Path, teacher: Path, reviews: Path, tmp_path: Path
) -> None:
    done = launch(*arguments(teacher, reviews, tmp_path / "run", "--plugin", str(DISTANCES)))
    assert done.returncode == 0, done.stderr
    ours, theirs = losses(own_run), losses(tmp_path / "run")
    assert [event[2] for event in theirs] == pytest.approx([event[2] for event in ours], rel=2e-4)
    weights, others = (load_file(path / "student" / "model.safetensors") for path in (own_run, tmp_path / "run"))
    assert all(torch.allclose(weights[name], others[name], atol=2e-5) for name in weights)


def test_a_run_says_which_plugin_it_came_from(own_run: Path) -> None:
    assert json.loads((own_run / "recipe.json").read_text())["plugins"] == ["pair_distances.py"]
    assert len(json.loads((own_run / "environment.json").read_text())["plugins"]["pair_distances.py"]) == 16


def copied(own_run: Path, tmp_path: Path, name: str) -> Path:
    """Copy the recipe of the run, for another plug-in that no test has loaded."""
    values = json.loads((own_run / "recipe.json").read_text()) | {"plugins": [name]}
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(values))
    return file


@pytest.mark.parametrize("command", ["distill", "recipes show", "recipes explain"])
def test_a_recipe_alone_imports_nothing(
    own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(DISTANCES, tmp_path / "unseen.py")
    said = refusal(capsys, *command.split(), str(copied(own_run, tmp_path, "unseen.py")))
    assert "needs the plug-in 'unseen.py', which was not given" in said
    assert "--plugin path/to/unseen.py" in said
    assert not any(getattr(module, "__file__", "") == str(tmp_path / "unseen.py") for module in sys.modules.values())


def test_a_kind_that_nobody_defines_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "distill", "kd", "--set", "stages.0.objectives.0={kind='of_my_own'}", "--task", "trec")
    assert "stages.0.objectives.0.kind: unknown kind 'of_my_own'. Known: " in said


@pytest.mark.parametrize(
    ("given", "text", "message"),
    [
        ("none.py", None, "--plugin none.py: there is no such file."),
        ("nobody", None, "--plugin nobody: no plug-in of this name is installed (installed: "),
        ("broken.py", "import nothing_of_this_name", "cannot be imported (ModuleNotFoundError: No module named"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given, text, message
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / given).write_text(text)
    assert message in refusal(capsys, "recipes", "explain", "kd", "--plugin", given)


def test_a_run_is_not_resumed_with_another_text_of_its_plugin(
    own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(own_run, tmp_path / "run")
    begun = json.loads((unseal(run) / "begun.json").read_text())
    (run / "begun.json").write_text(json.dumps(begun | {"plugins": {"pair_distances.py": "0" * 16}}))
    resume = ["distill", str(run / "recipe.json"), "--resume", "--plugin", str(DISTANCES)]
    assert "was begun with another text of the plug-in pair_distances.py: its fingerprint was 0000" in refusal(
        capsys, *resume
    )
    (run / "begun.json").write_text(json.dumps(begun))
    assert run_command(resume) == 0


def test_what_was_trained_serves_without_its_plugin(own_run: Path, tmp_path: Path) -> None:
    values = json.loads((own_run / "recipe.json").read_text())
    run = shutil.copytree(own_run, tmp_path / "run")
    text = json.dumps(values).replace("pair_distances", "of_nobody")
    (unseal(run) / "recipe.json").write_text(text)
    texts = tmp_path / "texts.txt"
    texts.write_text("a good film\n")
    assert run_command(["predict", str(run), "--data", str(texts)]) == 0
    assert run_command(["evaluate", str(run)]) == 0
    assert run_command(["report", str(run)]) == 0


def test_an_objective_that_mixes_examples_is_not_split_over_steps() -> None:
    load_plugins([str(DISTANCES)])
    assert objective_kinds()["pair_distances"].mixes_examples
    with pytest.raises(RecipeError, match=r"'pair_distances' compares .* of 2 batches; set accumulate = 1"):
        load_recipe("kd", overrides=[OBJECTIVES.replace("steps=6", "steps=6, accumulate=2")])


def test_a_loss_of_ones_own_on_logits_is_refused_on_plain_text() -> None:
    load_plugins([str(DISTANCES)])
    stage = "stages.0={name='general', data='corpus', select='last', steps=1, objectives=[{kind='pair_distances'}]}"
    with pytest.raises(RecipeError, match="'pair_distances' needs the labels of a task; it has none"):
        load_recipe("pretrain", overrides=[stage])


def test_an_installed_plugin_is_found_by_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "their_losses"
    package.mkdir()
    (package / "__init__.py").write_text(DISTANCES.read_text().replace("pair_distances", "their_distances"))
    told = tmp_path / "their_losses-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: their-losses\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[potstill.plugins]\ntheirs = their_losses\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("potstill.plugins._given", {})  # later tests start processes, which do not see this folder
    assert "theirs" in entry_points(group="potstill.plugins").names
    file = tmp_path / "recipe.toml"
    file.write_text(
        'name = "theirs"\ndescription = "d"\nplugins = ["theirs"]\n[student]\nkind = "bert"\n'
        '[[stages]]\nname = "distil"\nsteps = 1\nobjectives = [{kind = "their_distances"}]\n'
    )
    recipe = load_recipe(str(file))
    assert list(recipe.plugin_fingerprints()) == ["theirs"]


def test_it_is_refused_without_a_teacher(reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = arguments(Path(), reviews, tmp_path / "run", "--plugin", str(DISTANCES))
    place = command.index("--teacher")
    said = refusal(capsys, *command[:place], *command[place + 2 :])
    assert "recipe 'kd' needs a teacher and none is given" in said


def test_a_method_of_ones_own_makes_the_same_texts_in_several_processes(reviews: Path, tmp_path: Path) -> None:
    made = []
    for workers in ("1", "2"):
        out = tmp_path / f"{workers}.jsonl"
        data = ["--data", str(reviews), "--text", "review", "--label", "stars", "--workers", workers]
        command = ["augment", "--method", "shuffled_words", *data, "--out", str(out), "--plugin", str(WORDS)]
        assert run_command(command) == 0
        made.append(out.read_text())
    assert made[0] == made[1]
    assert '"method": "shuffled_words"' in made[0].replace('":"', '": "')


def test_processes_of_a_suite_load_the_plugins_too(teacher: Path, reviews: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    lines = ['name = "own"', 'description = "d"', "[[systems]]", 'name = "mine"', 'recipe = "kd"']
    lines += [f"set = {json.dumps(list(SETTINGS))}", "[[tasks]]", 'name = "reviews"']
    lines += [f"data = {json.dumps(str(reviews))}", f"teacher = {json.dumps(str(teacher))}"]
    lines += ['set = ["data.text=review", "data.label=stars"]']
    file.write_text("\n".join(lines) + "\n")
    assert run_command(["suite", str(file), "--out", str(tmp_path / "suite"), "--plugin", str(DISTANCES)]) == 0


def test_a_file_that_is_imported_under_two_names_counts_once():
    specification = spec_from_file_location("distances_once_more", DISTANCES)
    module = module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    load_plugins([str(DISTANCES)])
    assert objective_kinds()["pair_distances"].__qualname__ == "PairDistancesConfig"
