"""What a student does on text that was held out: its losses, and the tokens that it predicts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from potstill.data import Batches
from potstill.hub import Encoder
from potstill.results import Fill
from potstill.teachers import Teacher
from potstill.tensors import Batch, Needs
from potstill.training.choosing import Scores
from potstill.training.distiller import Distiller, TeacherNumber
from potstill.training.masking import Masker

_SEED = 20_190_610
"""The same tokens are hidden whenever the held-out text is read."""
_ROWS = 256
_VOCABULARY = Needs(vocabulary=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldoutScorer:
    """Measures the losses of a stage on the held-out examples; lower is better.

    Attributes:
        distiller: Student and objectives.
        teachers: The teachers that the objectives follow.
        masker: Hides tokens, or None.
        batches: The held-out examples.
        autocast: The arithmetic of the run.
    """

    distiller: Distiller
    teachers: Mapping[TeacherNumber, Teacher]
    masker: Masker | None
    batches: Batches
    autocast: torch.autocast

    def __call__(self, encoder: Encoder) -> Scores:
        """Measure the student; torch's random state is as before afterwards."""
        assert encoder is self.distiller.student
        predicts = self.masker is not None and encoder.has_vocabulary_head
        sums = torch.zeros(len(self.distiller.names) + 4, dtype=torch.float64)
        was_training = self.distiller.training
        self.distiller.eval()
        with torch.random.fork_rng(), torch.no_grad(), self.autocast:
            torch.manual_seed(_SEED)
            for plain in self.batches.ordered():
                batch = (plain if self.masker is None else self.masker.mask(plain)).to(encoder.device)
                sums += self._measure(batch, encoder, predicts=predicts).cpu()
        self.distiller.train(was_training)
        tokens, right, hidden, *totals = sums.tolist()
        names = ("loss", *self.distiller.names)
        scores = {name: total / tokens for name, total in zip(names, totals, strict=True)}
        return Scores(figures=scores | ({"masked_lm_accuracy": right / max(1.0, hidden)} if predicts else {}))

    def _measure(self, batch: Batch, encoder: Encoder, *, predicts: bool) -> Tensor:
        """Give tokens, tokens that were predicted, hidden tokens, and the losses times tokens."""
        needed = self.distiller.teacher_needs.items()
        loss, losses = self.distiller(batch, {who: self.teachers[who].outputs(batch, needs) for who, needs in needed})
        tokens = batch.token_mask.sum()
        right = hidden = torch.zeros_like(tokens)
        if predicts:
            assert batch.target_ids is not None
            chosen = batch.target_ids >= 0
            right = (predict_tokens(encoder, batch, chosen, num=1)[:, 0] == batch.target_ids[chosen]).sum()
            hidden = chosen.sum()
        counts = torch.stack([tokens, right, hidden]).double()
        return torch.cat([counts, tokens * torch.cat([loss.detach()[None], losses]).double()])


def predict_tokens(encoder: Encoder, batch: Batch, chosen: Tensor, *, num: int) -> Tensor:
    """Predict the tokens at some positions."""
    found = encoder(batch, _VOCABULARY).vocabulary
    assert found is not None
    best = []
    for rows in found.features[chosen].split(_ROWS):
        logits = (rows @ found.weight.to(rows.dtype).T).float() + found.bias
        best.append(logits.topk(num, dim=1).indices)
    return torch.cat(best) if best else torch.zeros(0, num, dtype=torch.int64, device=chosen.device)


def fill_some(encoder: Encoder, batches: Batches, *, num_texts: int = 10, num_guesses: int = 3) -> tuple[Fill, ...]:
    """Hide one token in each of some texts, and let a masked language model say what it was.

    Args:
        encoder: The masked language model.
        batches: The texts.
        num_texts: How many of them.
        num_guesses: How many tokens it may name, the likeliest first.

    Returns:
        The texts with their gaps, what stood there, and what it says.
    """
    tokens = batches.tokenised.tokens
    generator = torch.Generator().manual_seed(_SEED)
    fills = []
    for index in range(min(num_texts, len(tokens))):
        ids = torch.from_numpy(tokens.ids[tokens.offsets[index] : tokens.offsets[index + 1]].astype(np.int64))
        fills.append(_fill(encoder, ids, generator, num_guesses))
    return tuple(fills)


def _fill(encoder: Encoder, ids: Tensor, generator: torch.Generator, num_guesses: int) -> Fill:
    tokenizer, special = encoder.tokenizer, encoder.tokenizer.special_ids
    places = [place for place, token in enumerate(ids.tolist()) if token not in special]
    place = places[int(torch.randint(len(places), (), generator=generator))]
    hidden, chosen = ids[None].clone(), torch.zeros(1, len(ids), dtype=torch.bool)
    assert tokenizer.mask_id is not None
    hidden[0, place], chosen[0, place] = tokenizer.mask_id, True
    batch = Batch(
        input_ids=hidden,
        token_mask=torch.ones_like(chosen),
        token_type_ids=None,
        labels=None,
        example_ids=torch.zeros(1, dtype=torch.int64),
    ).to(encoder.device)
    with torch.no_grad():
        guesses = predict_tokens(encoder, batch, chosen.to(encoder.device), num=num_guesses)[0].tolist()
    shown = [token for token in hidden[0].tolist() if token == tokenizer.mask_id or token not in special]
    return Fill(
        text=tokenizer.decode(shown),
        answer=tokenizer.decode([int(ids[place])]),
        guesses=tuple(tokenizer.decode([guess]) for guess in guesses),
    )
