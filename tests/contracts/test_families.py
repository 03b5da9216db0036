"""What a family's row says is so, and what it denies is refused; a family without a row loads and answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_families import FAMILIES, NUM_LAYERS, OTHERS, POSITIONS, make_batch, make_config, make_encoder
from torch import nn

from potstill.data import Split
from potstill.engines import ONNX, export_graph, make_torch_engine, save_graph
from potstill.errors import ModelError
from potstill.hub import Encoder, find_parts, reorder_labels
from potstill.hub.families import FAMILIES as ROWS
from potstill.hub.families import count_positions, find_family
from potstill.serving import ExportConfig
from potstill.serving.export_gate import check_parity, texts_of_all_lengths
from potstill.serving.export_report import ParityReport
from potstill.tensors import Needs

LOGITS = Needs(logits=True)
EVERY_LAYER = frozenset(range(1, NUM_LAYERS + 1))
each_family = pytest.mark.parametrize("model_type", FAMILIES)
UNBOUNDED = ("llama",)
"""Types without a row and without a table of positions, of which the config alone says how long texts may be."""
each_type = pytest.mark.parametrize("model_type", FAMILIES + OTHERS)


@pytest.fixture(scope="module")
def encoders() -> Iterator[dict[str, Encoder]]:
    made = {model_type: make_encoder(model_type) for model_type in FAMILIES}
    yield made
    made.clear()


def test_there_is_a_tiny_model_for_every_row() -> None:
    assert {row.model_type for row in ROWS} <= {*FAMILIES, *OTHERS}
    assert len({row.model_type for row in ROWS}) == len(ROWS)


@each_family
def test_attention_is_captured_or_refused(model_type: str, encoders: dict[str, Encoder]) -> None:
    encoder, batch = encoders[model_type], make_batch(6, 4)
    assert encoder.can_capture == encoder.family.can_capture
    needs = LOGITS | Needs(queries=EVERY_LAYER)
    if not encoder.can_capture:
        with pytest.raises(ModelError, match="cannot be captured"):
            encoder(batch, needs)
        return
    outputs = encoder(batch, needs)
    assert set(outputs.queries) == EVERY_LAYER
    assert torch.equal(outputs.logits, encoder(batch, LOGITS).logits)


@each_family
def test_only_the_layers_that_are_needed_are_run_where_they_are_stacked(
    model_type: str, encoders: dict[str, Encoder]
) -> None:
    encoder, batch = encoders[model_type], make_batch(6, 4)
    if not encoder.has_layers:
        assert model_type == "potstill-bilstm"
        return
    runs: list[int] = []
    hooks = [
        layer.register_forward_hook(lambda *_: runs.append(1))
        for layers in encoder.model.base_model.modules()
        if isinstance(layers, nn.ModuleList) and len(layers) == NUM_LAYERS
        for layer in layers
    ]
    short = encoder(batch, Needs(hidden_states=frozenset({0, 2})))
    assert len(hooks) == (0 if model_type == "albert" else NUM_LAYERS)
    assert len(runs) == (2 if encoder.family.stack else len(hooks))
    full = encoder(batch, LOGITS | Needs(hidden_states=frozenset({0, 2, NUM_LAYERS})))
    for hook in hooks:
        hook.remove()
    for index, state in short.hidden_states.items():
        torch.testing.assert_close(state, full.hidden_states[index], rtol=0.0, atol=0.0)


@each_family
def test_a_student_is_cut_from_it_or_refused(model_type: str, encoders: dict[str, Encoder]) -> None:
    encoder = encoders[model_type]
    if not encoder.family.can_cut:
        with pytest.raises(ModelError, match=f"cannot be cut from a model of type '{model_type}'"):
            find_parts(encoder)
        return
    parts = find_parts(encoder)
    assert len(parts.layers) == NUM_LAYERS
    inside = {id(weight) for weight in encoder.model.base_model.parameters()}
    assert id(parts.classifier.weight) not in inside
    assert parts.num_positions == encoder.max_tokens


@each_family
def test_padding_changes_no_answer(model_type: str, encoders: dict[str, Encoder]) -> None:
    encoder, both = encoders[model_type], make_batch(9, 5)
    whole, alone = encoder(both, LOGITS).logits, encoder(make_batch(9), LOGITS).logits
    torch.testing.assert_close(whole[:1], alone, rtol=1e-5, atol=1e-5)
    changed = make_batch(9, 5)
    changed.input_ids[1, 5:] = 7 if encoder.first_position == 0 else 0
    torch.testing.assert_close(encoder(changed, LOGITS).logits, whole, rtol=1e-5, atol=1e-5)


@each_type
def test_logits_follow_an_order_of_labels(model_type: str) -> None:
    """Also where the head is registered before the body, and where its layer is no wider than others."""
    encoder, batch = make_encoder(model_type), make_batch(8, 6)
    before = encoder(batch, LOGITS).logits
    places = (2, 0, 1)
    after = reorder_labels(encoder, places, ("yes", "maybe", "no"))(batch, LOGITS).logits
    assert not torch.allclose(before, after, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(after[:, list(places)], before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("model_type", ["ernie", "camembert", "jina_embeddings_v3"])
def test_a_layer_as_wide_as_the_labels_is_not_taken_for_the_last(model_type: str) -> None:
    names = [f"label {number}" for number in range(24)]
    encoder, batch = make_encoder(model_type, labels=names), make_batch(8, 6)
    before = encoder(batch, LOGITS).logits
    places = [(number + 5) % 24 for number in range(24)]
    after = reorder_labels(encoder, places, names)(batch, LOGITS).logits
    torch.testing.assert_close(after[:, places], before, rtol=1e-5, atol=1e-5)


def test_labels_whose_layer_cannot_be_told_are_refused() -> None:
    encoder = make_encoder("ernie")
    with torch.no_grad():
        encoder.model.classifier.weight.zero_()
        encoder.model.classifier.bias.zero_()
    with pytest.raises(ModelError, match="labels in another order"):
        reorder_labels(encoder, (1, 0, 2), ("yes", "no", "maybe"))


@each_type
def test_a_text_as_long_as_the_positions_is_read_and_a_longer_one_is_not(model_type: str) -> None:
    encoder = make_encoder(model_type)
    limit = encoder.max_tokens
    assert limit == count_positions(make_config(model_type))
    with torch.no_grad():
        encoder(make_batch(limit or 2 * POSITIONS), LOGITS)
        if limit is not None and model_type not in UNBOUNDED:
            with pytest.raises((IndexError, RuntimeError)):
                encoder(make_batch(limit + 1), LOGITS)


@pytest.mark.parametrize(("changes", "limit"), [({}, None), ({"position_biased_input": True}, POSITIONS)])
def test_a_switch_of_the_config_decides_whether_there_is_a_table(changes: dict[str, Any], limit: int | None) -> None:
    assert make_encoder("deberta-v2", **changes).max_tokens == limit
    assert find_family(make_config("deberta-v2")).position_switch == "position_biased_input"


QUICKLY_EXPORTED = ("modernbert", "mpnet", "roformer")
"""One whose window must be kept, one with a mask of its own, and one without a row."""


@pytest.mark.parametrize(
    "model_type",
    [
        pytest.param(model_type, marks=[pytest.mark.slow] * (model_type not in QUICKLY_EXPORTED))
        for model_type in (*FAMILIES, "roformer", "nystromformer", "ernie", "gte")
    ],
)
def test_an_exported_file_repeats_the_model_at_every_length(model_type: str, tmp_path: Path) -> None:
    encoder = make_encoder(model_type, **SMALLER.get(model_type, {}))
    save_graph(export_graph(encoder), tmp_path / "model.onnx")
    report = compare(encoder, tmp_path / "model.onnx")
    assert report.longest == (encoder.max_tokens or 1024)


SMALLER = {"deberta-v2": {"position_biased_input": True}}
SHORT_TEXTS = Split(texts=["malt", "malt malt", "hops"])


def compare(encoder: Encoder, file: Path) -> ParityReport:
    engine = make_torch_engine(encoder)
    texts = texts_of_all_lengths(SHORT_TEXTS, encoder)
    return check_parity(engine, ONNX.open(file, engine.model), texts, ExportConfig())


def test_a_file_that_errs_on_long_texts_alone_is_not_taken_for_right_on_short_ones(tmp_path: Path) -> None:
    far, near = (make_encoder("modernbert", local_attention=window) for window in (4096, 200))
    near.load_state_dict(far.state_dict())
    save_graph(export_graph(far), tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="does not repeat PyTorch"):
        compare(near, tmp_path / "model.onnx")
