"""A BiLSTM that says something of each token of a text.

    text x_1 .. x_n:   h_i = [ LSTM(x_1 .. x_i),  LSTM'(x_n .. x_i) ],   the states of both directions at token i
    logits             W_2 dropout(relu(W_1 h_i + b_1)) + b_2

Tokens that frame a text and padding are not read; they get the logits of the token at that end.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from transformers.modeling_outputs import TokenClassifierOutput

from potstill.architectures.bilstm import BiLstmModel, find_span, pick_words


class BiLstmForTokenClassification(BiLstmModel):
    """The model; `from_pretrained`, `save_pretrained` and the Auto classes work as for any other."""

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Bool[Tensor, "batch tokens"] | Int[Tensor, "batch tokens"] | None = None,
        token_type_ids: Int[Tensor, "batch tokens"] | None = None,
        labels: Int[Tensor, "batch tokens"] | None = None,
        return_dict: bool | None = None,
        num_words: tuple[int, ...] | None = None,
    ) -> TokenClassifierOutput | tuple[Tensor, ...]:
        """Compute logits.

        Args:
            input_ids: Token ids of a text.
            attention_mask: True or 1 = a real token; None = whatever is not padding.
            token_type_ids: Taken, and not read.
            labels: Class indices, -100 where a token has none; with them the loss is computed.
            return_dict: Whether to give a record, as transformers does by default, and not a tuple.
            num_words: From `count_words`, of the same texts; None = counted here, for which the host waits.

        Returns:
            Logits, [batch, tokens, labels], behind the loss where there are labels.
        """
        (text,) = self.find_texts(input_ids, attention_mask, token_type_ids)
        number = None if num_words is None else num_words[0]
        words, lengths = pick_words(input_ids, text, self.config.pad_token_id, num_words=number)
        states = self.bilstm.read_words(words, lengths)
        first, _ = find_span(text)
        places = torch.arange(input_ids.shape[1], device=input_ids.device) - first[:, None]
        places = places.clamp(min=0).minimum(lengths[:, None] - 1)
        features = states.gather(1, places[:, :, None].expand(-1, -1, states.shape[2]))
        logits = self.classify(features)
        loss = None if labels is None else self.loss_function(logits=logits, labels=labels, config=self.config)
        if return_dict is False:
            return (logits,) if loss is None else (loss, logits)
        return TokenClassifierOutput(loss=loss, logits=logits)
