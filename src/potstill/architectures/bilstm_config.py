"""The sizes of a BiLSTM classifier, as transformers keeps them in config.json."""

from typing import Any, ClassVar, Literal

from transformers.configuration_utils import PreTrainedConfig

Channels = Literal["trained", "frozen", "both"]


class BiLstmConfig(PreTrainedConfig):  # type: ignore[misc] # transformers has no types here
    """Sizes of a BiLSTM that classifies, or scores, a text or a pair of texts.

    Attributes:
        vocab_size: Rows of an embedding table.
        embedding_size: Width of an embedding table.
        channels: Tables of word vectors that the LSTM reads side by side: one that is trained, one that is not, both.
        lstm_size: Hidden state of each direction.
        head_size: Inner width of the head.
        dropout: Dropout of the head.
        is_pair: Whether an example is two texts, which are read one by one and compared.
        pad_token_id: Fills padding.
        cls_token_id: Begins a text, and is not read; None where the tokenizer has no such token.
        sep_token_id: Ends a text, and is not read.
    """

    model_type: ClassVar[str] = "potstill-bilstm"

    def __init__(
        self,
        *,
        vocab_size: int = 30522,
        embedding_size: int = 300,
        channels: Channels = "both",
        lstm_size: int = 150,
        head_size: int = 200,
        dropout: float = 0.1,
        is_pair: bool = False,
        pad_token_id: int = 0,
        cls_token_id: int | None = None,
        sep_token_id: int | None = None,
        **common: Any,  # noqa: ANN401 - what every config of transformers has
    ) -> None:
        """Keep the sizes; `common` goes to transformers as it is."""
        self.vocab_size = vocab_size
        self.embedding_size = embedding_size
        self.channels = channels
        self.lstm_size = lstm_size
        self.head_size = head_size
        self.dropout = dropout
        self.is_pair = is_pair
        self.pad_token_id = pad_token_id
        self.cls_token_id = cls_token_id
        self.sep_token_id = sep_token_id
        super().__init__(**common)

    @property
    def num_channels(self) -> int:
        """Tables that are read side by side."""
        return 2 if self.channels == "both" else 1

    @property
    def hidden_size(self) -> int:
        """Width of a text's vector: the last states of both directions."""
        return 2 * self.lstm_size

    @property
    def num_hidden_layers(self) -> int:
        """Layers of the LSTM."""
        return 1

    @property
    def num_attention_heads(self) -> int:
        """It has no attention."""
        return 0

    @property
    def intermediate_size(self) -> int:
        """Inner width of the head."""
        return self.head_size
