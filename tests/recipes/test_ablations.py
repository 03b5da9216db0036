"""Each ablation changes what its row of the published tables leaves out, and nothing else."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from potstill.answers import OneClass
from potstill.answers.score import Score
from potstill.errors import RecipeError
from potstill.objectives import ObjectiveConfig
from potstill.recipe import Recipe, load_recipe
from potstill.recipes import read_recipe_file, shipped_recipes

TINYBERT = [name for name in shipped_recipes() if name.startswith("tinybert")]
ABLATIONS = [(name, ablation) for name in shipped_recipes() for ablation in read_recipe_file(name).ablations]

CLASSES = OneClass(label_names=("a", "b"))


def objectives(recipe: Recipe, *stages: str) -> list[dict[str, object]]:
    """The objectives of some stages, which must be the same in all of them."""
    found = [[item.model_dump() for item in stage.objectives] for stage in recipe.stages if stage.name in stages]
    assert len(found) == len(stages)
    assert all(item == found[0] for item in found)
    return found[0]


def kinds(recipe: Recipe, stage: str) -> list[str]:
    return [item.kind for found in recipe.stages if found.name == stage for item in found.objectives]


def reads(recipe: Recipe) -> dict[str, str]:
    return {stage.name: stage.data for stage in recipe.stages}


@pytest.mark.parametrize(("name", "ablation"), ABLATIONS, ids=lambda part: part)
def test_every_ablation_changes_the_recipe_and_is_recorded(name: str, ablation: str) -> None:
    whole, part = load_recipe(name), load_recipe(name, ablations=[ablation])
    assert part.ablated == (ablation,)
    assert part.model_copy(update={"ablated": ()}) != whole
    assert type(part).parse(json.loads(json.dumps(part.to_json()))) == part
    doc = read_recipe_file(name).ablations[ablation].doc
    assert "\n" not in doc
    assert len(doc) < 110


@pytest.mark.parametrize("name", TINYBERT)
def test_every_two_ablations_go_together_or_say_why_not(name: str) -> None:
    for pair in combinations(read_recipe_file(name).ablations, 2):
        for order in (pair, pair[::-1]):
            try:
                assert load_recipe(name, ablations=order).ablated == order
            except RecipeError as error:
                why = (f"--ablation {order[0]}: ", f"--ablation {order[1]}: ", "augmentation: no stage reads")
                assert str(error).startswith(why)  # noqa: PT017 - most pairs raise nothing


@pytest.mark.parametrize(
    ("recipe", "names", "why"),
    [
        ("tinybert-4x312", ("top", "bottom"), "bottom: its .*layer_map=bottom contradicts .*layer_map=top of 'top'"),
        ("tinybert-4x312", ("no-embd", "no-hidn"), "no-hidn: its .* contradicts .*include_embeddings=false of 'no-em"),
        ("tinybert-4x312", ("no-trm", "no-attn"), "no-attn: this is without effect beside no-trm"),
        ("bert-pkd-6", ("raw", "kd"), "raw: this is without effect beside kd"),
        ("bert-pkd-6", ("kd", "fine-tune"), "fine-tune: its .* contradicts .*patience=none of 'kd'"),
    ],
)
def test_ablations_that_do_not_go_together_are_refused(recipe: str, names: tuple[str, str], why: str) -> None:
    with pytest.raises(RecipeError, match=f"--ablation {why}"):
        load_recipe(recipe, ablations=names)


@pytest.mark.parametrize("order", [("no-gd", "top"), ("top", "no-gd")])
def test_what_one_ablation_drops_the_other_need_not_change(order: tuple[str, str]) -> None:
    recipe = load_recipe("tinybert-4x312", ablations=order)
    assert [stage.name for stage in recipe.stages] == ["intermediate", "prediction"]
    assert {item["layer_map"] for item in objectives(recipe, "intermediate") if "layer_map" in item} == {"top"}


@pytest.mark.parametrize("name", TINYBERT)
class TestTinyBert:
    """Section 10 of the tables: where layers are concerned, both stages that follow layers change."""

    def test_cut_start_takes_the_teachers_own_start_and_fits_the_projection_to_it(self, name: str) -> None:
        recipe = load_recipe(name, ablations=["cut-start"])
        assert kinds(recipe, "general") == []
        assert recipe.start_from == "teacher"
        assert recipe.student.init.kind == "svd"
        (hidden,) = [item for item in objectives(recipe, "intermediate") if item["kind"] == "hidden_states"]
        assert hidden["projection_init"] == "fitted"

    def test_no_gd_drops_general_distillation(self, name: str) -> None:
        recipe = load_recipe(name, ablations=["no-gd"])
        assert [stage.name for stage in recipe.stages] == ["intermediate", "prediction"]
        assert recipe.student.init.kind == "random"

    def test_no_td_fine_tunes_the_general_student(self, name: str) -> None:
        recipe = load_recipe(name, ablations=["no-td"])
        assert [stage.name for stage in recipe.stages] == ["general", "prediction"]
        assert kinds(recipe, "prediction") == ["hard_labels"]
        assert (reads(recipe)["prediction"], recipe.augmentation.labels) == ("augmented", "inherited")

    def test_no_da_reads_the_tasks_own_texts_alone(self, name: str) -> None:
        whole, recipe = load_recipe(name), load_recipe(name, ablations=["no-da"])
        assert reads(whole) == {"general": "corpus", "intermediate": "augmented", "prediction": "augmented"}
        assert whole.augmentation.method.kind == "tinybert"
        assert reads(recipe) == {"general": "corpus", "intermediate": "task", "prediction": "task"}
        assert recipe.augmentation is None

    def test_no_embd_drops_hidden_state_0(self, name: str) -> None:
        attention, hidden = objectives(load_recipe(name, ablations=["no-embd"]), "general", "intermediate")
        assert attention["kind"] == "attention_scores"
        assert hidden["include_embeddings"] is False

    def test_no_pred_learns_from_gold_labels_at_the_end(self, name: str) -> None:
        recipe = load_recipe(name, ablations=["no-pred"])
        assert kinds(recipe, "prediction") == ["hard_labels"]
        assert objectives(recipe, "general", "intermediate") == objectives(load_recipe(name), "general", "intermediate")
        assert reads(recipe) == {"general": "corpus", "intermediate": "augmented", "prediction": "task"}

    def test_no_trm_follows_the_embeddings_alone(self, name: str) -> None:
        (only,) = objectives(load_recipe(name, ablations=["no-trm"]), "general", "intermediate")
        assert only["kind"] == "embeddings"

    def test_no_attn_leaves_the_hidden_states(self, name: str) -> None:
        (only,) = objectives(load_recipe(name, ablations=["no-attn"]), "general", "intermediate")
        assert (only["kind"], only["include_embeddings"]) == ("hidden_states", True)

    def test_no_hidn_leaves_attention_and_embeddings(self, name: str) -> None:
        attention, embeddings = objectives(load_recipe(name, ablations=["no-hidn"]), "general", "intermediate")
        assert (attention["kind"], embeddings["kind"]) == ("attention_scores", "embeddings")

    @pytest.mark.parametrize("layer_map", ["top", "bottom"])
    def test_the_mapping_changes_for_attention_and_hidden_states(self, name: str, layer_map: str) -> None:
        found = objectives(load_recipe(name, ablations=[layer_map]), "general", "intermediate")
        assert [item["layer_map"] for item in found] == [layer_map, layer_map]

    def test_gold_scores_concern_regressions_only(self, name: str) -> None:
        recipe = load_recipe(name, ablations=["gold-scores"])
        assert [item.kind for item in recipe.for_answer(Score()).stages[-1].objectives] == ["hard_labels"]
        assert recipe.for_answer(CLASSES).stages == load_recipe(name).for_answer(CLASSES).stages


def find(recipe: Recipe, kind: str) -> ObjectiveConfig | None:
    return next((item for stage in recipe.stages for item in stage.objectives if item.kind == kind), None)


def test_pkd_without_patience_is_plain_distillation_and_without_a_teacher_fine_tuning() -> None:
    assert kinds(load_recipe("bert-pkd-6", ablations=["kd"]), "distil") == ["hard_labels", "soft_labels", "logits_mse"]
    assert kinds(load_recipe("bert-pkd-6", ablations=["fine-tune"]), "distil") == ["hard_labels"]
    last = load_recipe("bert-pkd-6", ablations=["last"])
    assert last.stages == load_recipe("bert-pkd-6-last").stages


PKD_SETTINGS = {
    "bert-pkd-6": {
        "mrpc": (True, 2e-5, 20, 0.7, 1),
        "sst-2": (True, 5e-5, 10, 0.5, 100),
        "rte": (True, 1e-5, 10, 0.7, 500),
        "mnli": (False, 5e-5, 10, 0.5, 100),
        "qnli": (False, 5e-5, 20, 0.5, 100),
        "qqp": (False, 5e-5, 20, 0.7, 100),
    },
    "bert-pkd-6-last": {
        "mrpc": (True, 2e-5, 20, 0.5, 10),
        "sst-2": (True, 2e-5, 20, 0.2, 500),
        "rte": (True, 1e-5, 20, 0.7, 1000),
        "mnli": (False, 5e-5, 20, 0.5, 100),
        "qnli": (True, 5e-5, 20, 0.7, 10),
        "qqp": (False, 5e-5, 20, 0.7, 100),
    },
    "bert-pkd-3": {
        "mrpc": (True, 5e-5, 5, 0.7, 0.1),
        "sst-2": (True, 5e-5, 20, 0.2, 1),
        "rte": (False, 2e-5, 20, 0.2, 10),
        "mnli": (False, 5e-5, 5, 0.7, 1000),
        "qnli": (False, 5e-5, 20, 0.7, 100),
        "qqp": (False, 5e-5, 20, 0.7, 100),
    },
}
"""Are states normalised, learning rate, T, alpha, beta: the authors' best means over runs, by depth and task."""


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, own in PKD_SETTINGS.items() for task in own])
def test_pkd_has_its_authors_settings_for_a_task_and_a_depth(name: str, task: str) -> None:
    known = read_recipe_file(name).ablations
    is_as_shipped = (name, task) == ("bert-pkd-6", "rte")
    recipe = load_recipe(name, ablations=[] if is_as_shipped else [f"on-{task}"])
    assert is_as_shipped == (f"on-{task}" not in known)
    stage = recipe.for_answer(CLASSES).stages[0]
    hard, soft, patience = (item.model_dump() for item in stage.objectives)
    normalised, rate, temperature, alpha, beta = PKD_SETTINGS[name][task]
    assert (patience["normalise"], stage.optimizer.learning_rate) == (normalised, rate)
    assert (soft["temperature"], soft["weight"], patience["weight"]) == (temperature, alpha, beta)
    assert hard["weight"] + soft["weight"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["minilm", "minilm-v2"])
def test_minilm_without_value_relations_leaves_the_rest(name: str) -> None:
    whole, part = (find(load_recipe(name, ablations=made), "relations") for made in ([], ["no-vr"]))
    assert whole is not None
    assert part is not None
    assert [pair for pair in whole.model_dump()["pairs"] if pair != "value-value"] == list(part.model_dump()["pairs"])


def test_set_has_the_last_word() -> None:
    recipe = load_recipe(
        "bert-pkd-6", ablations=["last"], overrides=["stages.distil.objectives.patience.layer_map=top"]
    )
    patience = find(recipe, "patience")
    assert patience is not None
    assert patience.model_dump()["layer_map"] == "top"


@pytest.mark.parametrize(
    ("name", "ablations", "message"),
    [
        (
            "tinybert-4x312",
            ["no-atn"],
            r"^--ablation no-atn: recipe 'tinybert-4x312' has no such .* Did you mean 'no-attn'",
        ),
        ("tinybert-4x312", ["top", "top"], r"^--ablation top: this is given twice"),
        ("tinybert-4x312", ["no-trm", "no-attn"], r"^--ablation no-attn: this is without effect beside no-trm"),
        ("kd", ["no-attn"], r"^--ablation no-attn: 'kd' has no ablations; name a shipped recipe that has"),
    ],
)
def test_an_ablation_that_is_not_there_is_refused(name: str, ablations: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(name, ablations=ablations)


def test_a_recipe_of_ones_own_may_have_ablations(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    text = 'name = "mine"\ndescription = "d"\n[student]\nkind = "bert"\n[[stages]]\nname = "s"\nsteps = 1\n'
    text += 'objectives = [{kind = "hard_labels"}, {kind = "soft_labels"}]\n'
    ablation = '[ablations.soft]\ndoc = "one"\nset = ["stages.s.objectives.soft_labels=none"]\n'
    mine.write_text(text + ablation)
    assert kinds(load_recipe(str(mine), ablations=["soft"]), "s") == ["hard_labels"]
    mine.write_text(text + ablation.replace("soft_labels=none", "hard=none"))
    with pytest.raises(RecipeError, match=r"^--ablation soft: stages\.s\.objectives\.hard: the list has no item"):
        load_recipe(str(mine), ablations=["soft"])
    mine.write_text(text + "[ablations.soft]\nset = []\n")
    with pytest.raises(RecipeError, match=r"^ablations\.soft\.doc: this field is required and missing"):
        load_recipe(str(mine))
