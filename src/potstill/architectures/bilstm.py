"""A BiLSTM that classifies, or scores, a text or a pair of texts.

    text x_1 .. x_n:   h = [ LSTM(x_1 .. x_n),  LSTM'(x_n .. x_1) ],   the last states of both directions
    single text:       f = h
    pair:              f = [ h_1,  h_2,  h_1 * h_2,  |h_1 - h_2| ],    both texts read by the same LSTM
    logits             W_2 dropout(relu(W_1 f + b_1)) + b_2

Tang et al. 2019, section 3.1, arXiv:1903.12136. Padding is never read: each direction's state is taken at the text's
own last step, and the backward direction reads the text reversed within its own length. So the two directions are two
plain LSTMs over right-padded rows, which runs on the fast kernels of CPU and GPU and can be exported.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import initialization
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.modeling_utils import PreTrainedModel

from potstill.architectures.bilstm_config import BiLstmConfig

_WIDEST_VECTOR = 0.25
"""Random word vectors are uniform between minus and plus this."""


class BiLstmModel(PreTrainedModel):  # type: ignore[misc] # transformers has no types here
    """A BiLSTM and its head, whatever that says something about."""

    config_class = BiLstmConfig
    base_model_prefix = "bilstm"
    main_input_name = "input_ids"

    def __init__(self, config: BiLstmConfig) -> None:
        """Build the model with random weights."""
        super().__init__(config)
        self.bilstm = TextReader(config)
        width = config.hidden_size * (4 if config.is_pair else 1)
        self.inner = nn.Linear(width, config.head_size)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.head_size, config.num_labels)
        self.post_init()

    def count_words(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Bool[Tensor, "batch tokens"],
        token_type_ids: Int[Tensor, "batch tokens"] | None,
    ) -> tuple[int, ...]:
        """Count what `forward` must know of texts that lie on another device: the words of the longest one.

        Of pairs these are two numbers, of the longest first and of the longest second text. The arguments are those of
        `forward`, on the CPU.
        """
        texts = self.find_texts(input_ids, attention_mask, token_type_ids)
        return tuple(int(find_span(text)[1].max()) for text in texts)

    def find_texts(
        self,
        ids: Int[Tensor, "batch tokens"],
        mask: Bool[Tensor, "batch tokens"] | Int[Tensor, "batch tokens"] | None,
        types: Int[Tensor, "batch tokens"] | None,
    ) -> list[Bool[Tensor, "batch tokens"]]:
        """Say which tokens are words of which text, of one or two; the tokens that frame a text are none.

        Where nothing says it, a real token is whatever is not padding, and the second text begins behind the first
        separator.
        """
        config = self.config
        words = ids != config.pad_token_id if mask is None else mask.bool()
        for frame in (config.cls_token_id, config.sep_token_id):
            if frame is not None:
                words = words & (ids != frame)
        if not config.is_pair:
            return [words]
        is_second = types > 0 if types is not None else (ids == config.sep_token_id).cumsum(1) > 0
        return [words & ~is_second, words & is_second]

    def classify(self, features: Float[Tensor, "*rows features"]) -> Float[Tensor, "*rows labels"]:
        """Give the logits of texts, or of tokens: W_2 dropout(relu(W_1 h + b_1)) + b_2."""
        logits: Tensor = self.classifier(self.dropout(functional.relu(self.inner(features))))
        return logits

    def _init_weights(self, module: nn.Module) -> None:
        """Draw the weights of one module: torch's own ranges, and word vectors within a quarter of zero."""
        if isinstance(module, nn.Embedding):
            if not getattr(module.weight, "_is_hf_initialized", False):
                initialization.uniform_(module.weight, -_WIDEST_VECTOR, _WIDEST_VECTOR)
                initialization.zeros_(module.weight[module.padding_idx])
        elif isinstance(module, nn.Linear | nn.LSTM):
            width = module.hidden_size if isinstance(module, nn.LSTM) else module.in_features
            for parameter in module.parameters():
                initialization.uniform_(parameter, -1 / math.sqrt(width), 1 / math.sqrt(width))


class BiLstmForSequenceClassification(BiLstmModel):
    """The model; `from_pretrained`, `save_pretrained` and the Auto classes work as for any other."""

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Bool[Tensor, "batch tokens"] | Int[Tensor, "batch tokens"] | None = None,
        token_type_ids: Int[Tensor, "batch tokens"] | None = None,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        num_words: tuple[int, ...] | None = None,
    ) -> SequenceClassifierOutput | tuple[Tensor, ...]:
        """Compute logits.

        Args:
            input_ids: Token ids of a text, or of a pair with a separator in between.
            attention_mask: True or 1 = a real token; None = whatever is not padding.
            token_type_ids: 0 = first text, 1 = second; None = the second begins behind the first separator.
            labels: Class indices, or scores; with them the loss is computed.
            return_dict: Whether to give a record, as transformers does by default, and not a tuple.
            num_words: From `count_words`, of the same texts; None = counted here, for which the host waits.

        Returns:
            Logits, [batch, labels], behind the loss where there are labels.
        """
        texts = self.find_texts(input_ids, attention_mask, token_type_ids)
        widths = [None] * len(texts) if num_words is None else num_words
        states = [
            self.bilstm(*pick_words(input_ids, text, self.config.pad_token_id, num_words=width))
            for text, width in zip(texts, widths, strict=True)
        ]
        features = compare(*states) if self.config.is_pair else states[0]
        logits = self.classify(features)
        loss = None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        if return_dict is False:
            return (logits,) if loss is None else (loss, logits)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class TextReader(nn.Module):
    """From words to one vector of a text."""

    def __init__(self, config: BiLstmConfig) -> None:
        """Build the tables and the two directions."""
        super().__init__()
        self.embeddings = WordTables(config)
        width = config.embedding_size * config.num_channels
        self.forward_lstm = nn.LSTM(width, config.lstm_size, batch_first=True)
        self.backward_lstm = nn.LSTM(width, config.lstm_size, batch_first=True)

    def forward(
        self, words: Int[Tensor, "batch words"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch hidden"]:
        """Read texts in both directions, and give the last state of each."""
        ends = (lengths - 1)[:, None, None]
        states = self._run(words, lengths)[:2]
        return torch.cat([each.gather(1, ends.expand(-1, 1, each.shape[2]))[:, 0] for each in states], dim=1)

    def read_words(
        self, words: Int[Tensor, "batch words"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch words hidden"]:
        """Read texts in both directions, and give the states of both at each word; behind a text they mean nothing."""
        forwards, backwards, places = self._run(words, lengths)
        turned = backwards.gather(1, places[:, :, None].expand(backwards.shape))
        return torch.cat([forwards, turned], dim=2)

    def _run(
        self, words: Int[Tensor, "batch words"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch words size"], Float[Tensor, "batch words size"], Int[Tensor, "batch words"]]:
        """Give all states of both directions, those of the second from the end, and which word each of these is at."""
        vectors = self.embeddings(words)
        steps = torch.arange(vectors.shape[1], device=vectors.device)
        places = (lengths[:, None] - 1 - steps).clamp(min=0)
        if vectors.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            with torch.autocast("cpu", enabled=False):  # most processors have no LSTM in bfloat16
                return *self._read(vectors.float(), places), places
        return *self._read(vectors, places), places

    def _read(
        self, vectors: Float[Tensor, "batch words width"], places: Int[Tensor, "batch words"]
    ) -> tuple[Float[Tensor, "batch words size"], Float[Tensor, "batch words size"]]:
        reversed_vectors = vectors.gather(1, places[:, :, None].expand(vectors.shape))
        return self.forward_lstm(vectors)[0], self.backward_lstm(reversed_vectors)[0]


class WordTables(nn.Module):
    """One or two tables of word vectors, read side by side."""

    def __init__(self, config: BiLstmConfig) -> None:
        """Build the tables; a frozen one takes no gradient."""
        super().__init__()
        sizes = (config.vocab_size, config.embedding_size)
        if config.channels != "frozen":
            self.trained = nn.Embedding(*sizes, padding_idx=config.pad_token_id)
        if config.channels != "trained":
            self.frozen = nn.Embedding(*sizes, padding_idx=config.pad_token_id).requires_grad_(False)

    def forward(self, words: Int[Tensor, "batch words"]) -> Float[Tensor, "batch words width"]:
        """Look words up in every table."""
        vectors = []
        if hasattr(self, "trained"):
            vectors.append(self.trained(words))
        if hasattr(self, "frozen"):  # loading a model forgets what takes a gradient, so this says it again
            vectors.append(functional.embedding(words, self.frozen.weight.detach()))
        return torch.cat(vectors, dim=-1)

    @torch.no_grad()
    def fill(self, table: Float[Tensor, "vocab size"]) -> None:
        """Let every table start from the same vectors; that of padding stays zero."""
        for channel in self.children():
            assert isinstance(channel, nn.Embedding)
            channel.weight.copy_(table)
            channel.weight[channel.padding_idx] = 0.0


def pick_words(
    ids: Int[Tensor, "batch tokens"],
    words: Bool[Tensor, "batch tokens"],
    padding_id: int,
    *,
    num_words: int | None = None,
) -> tuple[Int[Tensor, "batch words"], Int[Tensor, " batch"]]:
    """Move the words of one text to the left of their rows."""
    width = ids.shape[1]
    first, lengths = find_span(words)
    places = torch.arange(width, device=ids.device)
    if not torch.compiler.is_compiling():
        places = places[: max(1, int(lengths.max()) if num_words is None else num_words)]
    moved = ids.gather(1, (first[:, None] + places).clamp(max=width - 1))
    return moved.masked_fill(places >= lengths[:, None], padding_id), lengths.clamp(min=1)


def find_span(words: Bool[Tensor, "batch tokens"]) -> tuple[Int[Tensor, " batch"], Int[Tensor, " batch"]]:
    """Give where the words of each text begin, and how many tokens there are from its first to its last."""
    width = words.shape[1]
    places = torch.arange(width, device=words.device)
    first = torch.where(words, places, width).amin(1)
    last = torch.where(words, places, -1).amax(1)
    return first, (last - first + 1).clamp(min=0)


def compare(
    first: Float[Tensor, "batch hidden"], second: Float[Tensor, "batch hidden"]
) -> Float[Tensor, "batch compared"]:
    """Put two texts side by side, with their product and their distance in every coordinate."""
    return torch.cat([first, second, first * second, (first - second).abs()], dim=1)
