"""Every published size to the unit, and every published layer map, from the recipes themselves."""

import pytest
import torch
from transformers import BertConfig

from potstill.errors import PotstillError
from potstill.hub import count_parameters, draft_encoder
from potstill.pipeline import Blueprint, draw_blueprint
from potstill.recipe import load_recipe

BERT_BASE = {"embeddings": 23_837_184, "encoder": 85_054_464, "pooler": 590_592}
SIZES = {
    "teacher": BERT_BASE,
    "bert-pkd-6": {**BERT_BASE, "encoder": 42_527_232},
    "bert-pkd-6-last": {**BERT_BASE, "encoder": 42_527_232},
    "bert-pkd-4": {**BERT_BASE, "encoder": 28_351_488},
    "bert-pkd-3": {**BERT_BASE, "encoder": 21_263_616},
    "tinybert-4x312": {"embeddings": 9_683_856, "encoder": 4_568_736, "pooler": 97_656},
    "tinybert-6x312": {"embeddings": 9_683_856, "encoder": 6_853_104, "pooler": 97_656},
    "tinybert-4x768": {**BERT_BASE, "encoder": 28_351_488},
    "tinybert-6x768": {**BERT_BASE, "encoder": 42_527_232},
    "distilbert-6": {"embeddings": 23_835_648, "encoder": 42_527_232, "pooler": 0, "head": 592_130},
    "distilbert-4": {"embeddings": 23_835_648, "encoder": 28_351_488, "pooler": 0, "head": 592_130},
    "bert-small": {"embeddings": 9_683_856, "encoder": 4_568_736, "pooler": 97_656},
    "minilm": {"embeddings": 11_918_592, "encoder": 10_646_784, "pooler": 147_840},
    "minilm-v2": {"embeddings": 11_918_592, "encoder": 10_646_784, "pooler": 147_840},
}
WITH_POOLER = {
    "teacher": 109_482_240,
    "bert-pkd-6": 66_955_008,
    "bert-pkd-4": 52_779_264,
    "bert-pkd-3": 45_691_392,
    "tinybert-4x312": 14_350_248,
    "tinybert-6x312": 16_634_616,
    "distilbert-6": 66_362_880,
    "distilbert-4": 52_187_136,
}
UNIFORM = {4: (3, 6, 9, 12), 6: (2, 4, 6, 8, 10, 12)}
SHIFTED = {("top", 4): (9, 10, 11, 12), ("top", 6): (7, 8, 9, 10, 11, 12)}
PATIENCE = {
    "bert-pkd-6": (2, 4, 6, 8, 10),
    "bert-pkd-6-last": (7, 8, 9, 10, 11),
    "bert-pkd-4": (3, 6, 9),
    "bert-pkd-3": (4, 8),
}


def draw(name: str, *overrides: str, ablations: tuple[str, ...] = ()) -> Blueprint:
    return draw_blueprint(load_recipe(name, overrides=overrides, ablations=ablations))


@pytest.mark.parametrize("name", SIZES)
def test_weights_are_counted_to_the_unit(name: str) -> None:
    drawn = draw(name)
    ours = drawn.parameters
    assert {part: getattr(ours, part) for part in SIZES[name]} == SIZES[name]
    if "head" not in SIZES[name]:
        assert ours.head == 2 * (drawn.student.hidden_size + 1)
    if name in WITH_POOLER:
        assert ours.embeddings + ours.encoder + ours.pooler == WITH_POOLER[name]
    full = drawn.teacher_parameters
    assert {part: getattr(full, part) for part in BERT_BASE} == BERT_BASE


@pytest.mark.parametrize(("name", "projection"), [("tinybert-4x312", 240_384), ("tinybert-6x768", 590_592)])
def test_projections_are_counted_apart(name: str, projection: int) -> None:
    assert draw(name).training_only == {"general": projection, "intermediate": projection, "prediction": 0}


@pytest.mark.parametrize(
    ("name", "num_labels", "published"),
    [
        ("tinybert-4x312", 1, 14_590_945),
        ("tinybert-4x312", 2, 14_591_258),
        ("tinybert-4x312", 3, 14_591_571),
        ("tinybert-6x768", 2, 67_547_138),
    ],
)
def test_the_published_class_has_all_that_is_trained(name: str, num_labels: int, published: int) -> None:
    """TinyBERT's published class holds the projection of the hidden states too."""
    recipe, source = load_recipe(name, overrides=["student.init.kind=random"]), draft_encoder()
    with torch.device("meta"):
        student = recipe.student.build(source, [str(number) for number in range(num_labels if num_labels > 1 else 0)])
    assert count_parameters(student).total + draw(name).training_only["intermediate"] == published


def test_the_slides_bert_small_is_counted_too() -> None:
    drawn = draw(
        "tinybert-4x312",
        "student.hidden_size=512",
        "student.feed_forward_size=2048",
        "student.num_heads=8",
        ablations=("no-attn",),
    )
    parts = drawn.parameters
    assert (parts.embeddings, parts.encoder, parts.pooler) == (15_891_456, 12_609_536, 262_656)


@pytest.mark.parametrize("name", [name for name in SIZES if name.startswith("tinybert")])
@pytest.mark.parametrize("layer_map", ["uniform", "top", "bottom"])
def test_tinybert_follows_the_published_layers(name: str, layer_map: str) -> None:
    drawn = draw(name, ablations=() if layer_map == "uniform" else (layer_map,))
    depth = drawn.student.num_layers
    expected = UNIFORM[depth] if layer_map == "uniform" else SHIFTED.get((layer_map, depth), tuple(range(1, depth + 1)))
    pairs = tuple(enumerate(expected, start=1))
    for stage in (0, 1):
        assert drawn.layer_pairs[f"stages.{stage}.objectives.0"] == pairs
        assert drawn.layer_pairs[f"stages.{stage}.objectives.1"] == ((0, 0), *pairs)


@pytest.mark.parametrize("name", PATIENCE)
def test_pkd_follows_the_published_layers(name: str) -> None:
    assert draw(name).layer_pairs["stages.0.objectives.3"] == tuple(enumerate(PATIENCE[name], start=1))


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("bert-pkd-6", ["student.num_layers=13"], r"layer_map: 'skip' needs a teacher at least as deep"),
        ("bert-pkd-6", ["student.hidden_size=384"], r"'patience' compares hidden states of one width, .* 384 wide"),
        ("bert-pkd-6", ["stages.0.objectives.3.layer_map=[13]"], r"layer_map: teacher layer 13 does not exist"),
        ("tinybert-4x312", ["student.num_heads=6"], r"head by head, but the student has 6 heads and the teacher 12"),
        ("tinybert-4x312", ["student.num_heads=7"], r"7 heads do not divide hidden_size 312"),
        (
            "minilm",
            ["student.num_heads=6"],
            r"num_relation_heads: the student has 6 attention heads and the teacher 12",
        ),
        ("minilm-v2", ["student.hidden_size=312"], r"48 relation heads do not divide both widths"),
        ("minilm-v2", ["stages.0.objectives.0.teacher_layer=13"], r"teacher_layer: layer 13 does not exist"),
    ],
)
def test_a_student_that_does_not_fit_is_refused(name: str, overrides: list[str], message: str) -> None:
    with pytest.raises(PotstillError, match=message):
        draw(name, *overrides)


@pytest.fixture(scope="module")
def deep_seven(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A teacher of seven layers of 24, with 12 heads."""
    folder = tmp_path_factory.mktemp("other")
    BertConfig(hidden_size=24, num_hidden_layers=7, num_attention_heads=12, intermediate_size=48).save_pretrained(
        folder
    )
    return str(folder)


@pytest.mark.parametrize("name", SIZES)
def test_a_recipe_fits_another_teacher_whose_depth_is_no_multiple(name: str, deep_seven: str) -> None:
    """The sizes stay as published, and maps follow the rule for broken ratios."""
    relations = ["stages.0.objectives.0.num_relation_heads=12"] if name == "minilm-v2" else []
    drawn = draw_blueprint(load_recipe(name, overrides=relations), teacher=deep_seven)
    assert drawn.teacher.num_layers == 7
    if name == "tinybert-4x312":
        assert drawn.layer_pairs["stages.0.objectives.0"] == ((1, 2), (2, 4), (3, 5), (4, 7))
        assert drawn.student.hidden_size == 312
    if name == "bert-pkd-4":
        assert drawn.layer_pairs["stages.0.objectives.3"] == ((1, 2), (2, 4), (3, 5))
