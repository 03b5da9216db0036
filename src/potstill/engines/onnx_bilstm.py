"""A BiLSTM as an ONNX graph, written node by node: ONNX has one operator for what its two directions and lengths do."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from potstill.hub import Encoder, Head, input_names

if TYPE_CHECKING:
    import onnx

_GATES = (0, 3, 1, 2)
"""PyTorch keeps input, forget, cell and output; ONNX wants input, output, forget and cell."""


class _Graph:
    """Nodes and weights in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str, **attributes: Any) -> str:  # noqa: ANN401 - of any operator
        """Add a node with one output, which is called like it."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{name}/{kind}", **attributes))
        return name

    def constant(self, value: NDArray[Any] | int, *, name: str) -> str:
        """Add a weight or a whole number."""
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name


class _Reader(NamedTuple):
    """What reads a text: its tables of word vectors, the weights of its LSTM, and the width of a direction."""

    tables: list[str]
    weights: tuple[str, str, str]
    size: int


def build_bilstm_graph(encoder: Encoder, *, opset: int) -> "onnx.ModelProto":
    """Write the graph of a BiLSTM classifier."""
    from onnx import TensorProto, checker, helper

    model, config, names = encoder.model, encoder.model.config, input_names(encoder)
    graph = _Graph()
    graph.constant(0, name="zero")
    graph.constant(1, name="one")
    graph.constant(np.array([1], dtype=np.int64), name="last_axis")
    words = _find_words(graph, config)
    texts = _part_texts(graph, words, has_segments="token_type_ids" in names) if config.is_pair else [words]
    graph.constant(int(config.pad_token_id or 0), name="padding")
    weights = _lstm_weights(graph, model.bilstm)
    tables = [
        graph.constant(_array(table.weight), name=f"bilstm.embeddings.{name}.weight")
        for name, table in model.bilstm.embeddings.named_children()
    ]
    reader = _Reader(tables=tables, weights=weights, size=config.lstm_size)
    states = [_read(graph, text, reader, number, head=encoder.head) for number, text in enumerate(texts, start=1)]
    features = states[0]
    if len(states) == 2:
        product = graph.add("Mul", *states, name="product")
        distance = graph.add("Abs", graph.add("Sub", *states, name="difference"), name="distance")
        features = graph.add("Concat", *states, product, distance, name="compared", axis=1)
    inner = graph.add("Relu", _dense(graph, model.inner, features, name="inner", head=encoder.head), name="relu")
    graph.add("Identity", _dense(graph, model.classifier, inner, name="classifier", head=encoder.head), name="logits")
    axes = ["batch_size", "sequence_length"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in names]
    shape = [*axes[: 1 + (encoder.head == "word")], config.num_labels]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)]
    whole = helper.make_graph(graph.nodes, "bilstm", inputs, outputs, initializer=graph.weights)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    checker.check_model(made)

    return made


def _find_words(graph: _Graph, config: Any) -> str:  # noqa: ANN401 - a config of transformers
    """Tell the words from padding and from the tokens that frame a text."""
    words = graph.add("Greater", "attention_mask", "zero", name="is_real")
    for name in ("cls_token_id", "sep_token_id"):
        if (number := getattr(config, name)) is not None:
            frame = graph.constant(int(number), name=name)
            is_frame = graph.add("Equal", "input_ids", frame, name=f"is_{name}")
            words = graph.add("And", words, graph.add("Not", is_frame, name=f"not_{name}"), name=f"and_not_{name}")
    return words


def _part_texts(graph: _Graph, words: str, *, has_segments: bool) -> list[str]:
    """Tell the words of the first text from those of the second."""
    if has_segments:
        second = graph.add("Greater", "token_type_ids", "zero", name="is_second")
    else:
        second = _behind_separator(graph)
    first = graph.add("Not", second, name="is_first")
    return [
        graph.add("And", words, part, name=f"words_{number}") for number, part in enumerate((first, second), start=1)
    ]


def _behind_separator(graph: _Graph) -> str:
    """Tell the second text where there are no segments: it begins with the first separator."""
    from onnx import TensorProto

    numbers = graph.add("Cast", "is_sep_token_id", name="separators", to=TensorProto.INT64)
    counted = graph.add("CumSum", numbers, "one", name="separators_so_far")
    return graph.add("Greater", counted, "zero", name="is_second")


def _read(graph: _Graph, words: str, reader: _Reader, number: int, *, head: Head) -> str:
    """Read one text in both directions, from its first word to its last; give the last states, or those of each."""
    from onnx import TensorProto

    def add(kind: str, *inputs: str, name: str, **attributes: Any) -> str:  # noqa: ANN401 - of any operator
        return graph.add(kind, *inputs, name=f"{name}_{number}", **attributes)

    width = add("Squeeze", add("Shape", "input_ids", name="width_axis", start=1, end=2), name="width")
    places = add("Range", "zero", width, "one", name="places")
    nowhere = graph.constant(-1, name=f"nowhere_{number}")
    starts = add("Where", words, places, width, name="starts")
    first = add("ReduceMin", starts, "last_axis", name="first", keepdims=1)
    last = add("ReduceMax", add("Where", words, places, nowhere, name="ends"), "last_axis", name="last", keepdims=1)
    counted = add("Add", add("Sub", last, first, name="span"), "one", name="counted")
    length = add("Max", counted, "zero", name="length")
    end = add("Sub", width, "one", name="end")
    wanted = add("Min", add("Add", first, places, name="shifted"), end, name="wanted")
    moved = add("GatherElements", "input_ids", wanted, name="moved", axis=1)
    is_word = add("Less", places, length, name="is_word")
    ids = add("Where", is_word, moved, "padding", name="ids")
    whole = add("Max", length, "one", name="steps_or_one")
    steps = add("Cast", whole, name="steps_32", to=TensorProto.INT32)
    lengths = add("Squeeze", steps, "last_axis", name="lengths")
    looked_up = [add("Gather", table, ids, name=table.removesuffix(".weight")) for table in reader.tables]
    vectors = looked_up[0] if len(looked_up) == 1 else add("Concat", *looked_up, name="vectors", axis=2)
    by_step = add("Transpose", vectors, name="by_step", perm=[1, 0, 2])
    ends = f"bilstm.lstm_{number}"
    if head == "word":
        graph.nodes.append(_lstm(by_step, reader, lengths, (ends, "")))
        return _spread(graph, ends, add("Sub", places, first, name="from_first"), whole, size=2 * reader.size)
    graph.nodes.append(_lstm(by_step, reader, lengths, ("", ends)))
    by_example = add("Transpose", ends, name="by_example", perm=[1, 0, 2])
    shape = graph.constant(np.array([-1, 2 * reader.size], dtype=np.int64), name=f"state_shape_{number}")
    return add("Reshape", by_example, shape, name="state")


def _spread(graph: _Graph, states: str, places: str, lengths: str, *, size: int) -> str:
    """Put the states of words, [words, 2, batch, size], to their tokens: [batch, tokens, 2 * size]."""
    by_example = graph.add("Transpose", states, name="states_by_example", perm=[2, 0, 1, 3])
    shape = graph.constant(np.array([0, 0, size], dtype=np.int64), name="states_shape")
    joined = graph.add("Reshape", by_example, shape, name="states_of_both")
    last = graph.add("Sub", lengths, "one", name="last_word")
    wanted = graph.add("Max", graph.add("Min", places, last, name="not_behind"), "zero", name="word_of_token")
    third = graph.constant(np.array([2], dtype=np.int64), name="third_axis")
    column = graph.add("Unsqueeze", wanted, third, name="word_of_token_3d")
    index = graph.add("Expand", column, graph.add("Shape", joined, name="shape_of_both"), name="index")
    return graph.add("GatherElements", joined, index, name="state_of_token", axis=1)


def _lstm(inputs: str, reader: _Reader, lengths: str, outputs: tuple[str, str]) -> "onnx.NodeProto":
    """Make the node that gives all states, [words, 2, batch, size], and the last ones, [2, batch, size]."""
    from onnx import helper

    return helper.make_node(
        "LSTM",
        [inputs, *reader.weights, lengths],
        list(outputs),
        name=f"{outputs[0] or outputs[1]}/LSTM",
        direction="bidirectional",
        hidden_size=reader.size,
    )


def _lstm_weights(graph: _Graph, reader: nn.Module) -> tuple[str, str, str]:
    """Put the weights of both directions into ONNX's order: inputs, states, biases."""
    both = [reader.get_submodule("forward_lstm"), reader.get_submodule("backward_lstm")]

    def order(lstm: nn.Module, name: str) -> NDArray[np.float32]:
        parts = np.split(_array(lstm.get_parameter(name)), 4)
        return np.concatenate([parts[gate] for gate in _GATES])

    inputs = np.stack([order(lstm, "weight_ih_l0") for lstm in both])
    states = np.stack([order(lstm, "weight_hh_l0") for lstm in both])
    biases = np.stack([np.concatenate([order(lstm, "bias_ih_l0"), order(lstm, "bias_hh_l0")]) for lstm in both])
    return (
        graph.constant(inputs, name="bilstm.lstm.inputs"),
        graph.constant(states, name="bilstm.lstm.states"),
        graph.constant(biases, name="bilstm.lstm.biases"),
    )


def _dense(graph: _Graph, layer: nn.Linear, inputs: str, *, name: str, head: Head) -> str:
    bias = graph.constant(_array(layer.bias), name=f"{name}.bias")
    if head == "word":  # Gemm takes matrices alone
        turned = graph.constant(np.ascontiguousarray(_array(layer.weight).T), name=f"{name}.weight")
        return graph.add("Add", graph.add("MatMul", inputs, turned, name=f"{name}.product"), bias, name=name)
    weight = graph.constant(_array(layer.weight), name=f"{name}.weight")
    return graph.add("Gemm", inputs, weight, bias, name=name, transB=1)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().cpu().numpy().astype(np.float32)
