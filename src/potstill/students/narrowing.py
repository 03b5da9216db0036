"""Cut every part of an encoder down to a narrower student, from the embeddings upwards."""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from potstill.hub import EncoderParts, LayerParts
from potstill.students.reduction import fit_linear, fit_norm, split_product
from potstill.students.starts import used_positions
from potstill.tensors import Batch

_Source: TypeAlias = Float[Tensor, "batch tokens source_hidden"]
_Student: TypeAlias = Float[Tensor, "batch tokens student_hidden"]


def embed(parts: EncoderParts, batch: Batch) -> Float[Tensor, "batch tokens hidden"]:
    """Add up the embeddings of a batch that is padded on the right, before their LayerNorm."""
    places = torch.arange(batch.input_ids.shape[1], device=batch.input_ids.device) + parts.first_position
    total: Tensor = parts.words(batch.input_ids) + parts.positions(places)
    if parts.types is not None:
        types = batch.token_type_ids
        total = total + parts.types(torch.zeros_like(batch.input_ids) if types is None else types)
    return total


def attend(
    layer: LayerParts, states: Float[Tensor, "batch tokens hidden"], batch: Batch, *, num_heads: int
) -> Float[Tensor, "batch tokens inner"]:
    """Give what the heads of a layer bring together, before the layer's output projection."""
    grid = (*states.shape[:2], num_heads, -1)
    query, key, value = (part(states).view(grid).transpose(1, 2) for part in (layer.query, layer.key, layer.value))
    mask = batch.token_mask[:, None, None, :]
    context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return context.transpose(1, 2).flatten(-2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """One walk from the embeddings to the head; every part is fitted to what the parts below it really give.

    With the basis P the student's stream follows P^T h of the source's stream h. Three kinds of part:

        reads the stream     W h  =~  W (R h_s + r)       R, r: the source's state told from the student's, prior P
        writes to it         u_s  =~  P^T u               fitted from the student's own inner states, prior P^T W
        normalises it        per coordinate

    Attributes:
        student: Changed in place; no wider than the source in any size.
        source: What is cut.
        basis: P, from `find_basis`.
        batch: Texts on which the fits are made.
        student_heads: Attention heads of a student's layer.
        source_heads: Attention heads of a source's layer.
    """

    student: EncoderParts
    source: EncoderParts
    basis: Float[Tensor, "source_hidden student_hidden"]
    batch: Batch
    student_heads: int
    source_heads: int

    def cut_embeddings(self, source: _Source) -> _Student:
        """Project the three tables."""
        ours, theirs = self.student, self.source
        ours.words.weight.copy_(theirs.words.weight @ self.basis)
        positions = used_positions(theirs, without_types=ours.types is None)
        ours.positions.weight[ours.first_position :] = positions @ self.basis
        if ours.types is not None:
            ours.types.weight.zero_()
            if theirs.types is not None:
                ours.types.weight[: len(theirs.types.weight)] = theirs.types.weight @ self.basis
        return self._normalise(ours.embedding_norm, embed(ours, self.batch), source @ self.basis)

    def cut_layer(self, ours: LayerParts, theirs: LayerParts, student: _Student, source: _Source) -> _Student:
        """Cut one layer down."""
        context = attend(theirs, source, self.batch, num_heads=self.source_heads)
        total = source + theirs.attention_output(context)
        self._cut_heads(ours, theirs, *self._read(student, source))
        context = attend(ours, student, self.batch, num_heads=self.student_heads)
        student = student + self._write(ours.attention_output, context, total @ self.basis - student)
        source = theirs.attention_norm(total)
        student = self._normalise(ours.attention_norm, student, source @ self.basis)

        neurons = self.source.activation(theirs.feed_forward_in(source))
        total = source + theirs.feed_forward_out(neurons)
        self._cut_neurons(ours, theirs, neurons, *self._read(student, source))
        neurons = self.student.activation(ours.feed_forward_in(student))
        student = student + self._write(ours.feed_forward_out, neurons, total @ self.basis - student)
        return self._normalise(ours.feed_forward_norm, student, theirs.feed_forward_norm(total) @ self.basis)

    def cut_head(self, student: _Student, source: _Source) -> None:
        """Keep the pooled units that matter most, and fit the classifier where both have the same labels.

        The activation acts on each unit alone, so units are chosen and not mixed. A head of another make stays random.
        """
        ours, theirs = self.student, self.source
        if not ours.has_head_like(theirs):
            return
        if ours.pooler is None or theirs.pooler is None:
            self._cut_word_head(student, source)
            return
        first, their_first = student[:, 0], source[:, 0]
        reading, offset = fit_linear(first, their_first, prior=self.basis)
        pooled = theirs.pooler_activation(theirs.pooler(their_first))
        has_same_labels = ours.classifier.out_features == theirs.classifier.out_features
        weights = theirs.classifier.weight.norm(dim=0) if has_same_labels else torch.ones_like(pooled[0])
        kept = _largest(pooled.std(0, correction=0) * weights, len(ours.pooler.weight))
        ours.pooler.weight.copy_(theirs.pooler.weight[kept] @ reading)
        ours.pooler.bias.copy_(theirs.pooler.bias[kept] + theirs.pooler.weight[kept] @ offset)
        if has_same_labels:
            logits = theirs.classifier(pooled)
            ours.classifier.weight.copy_(theirs.classifier.weight[:, kept])
            self._fit(ours.classifier, ours.pooler_activation(ours.pooler(first)), logits)

    def _cut_word_head(self, student: _Student, source: _Source) -> None:
        """Fit a classifier that reads every token, where both have the same labels."""
        ours, theirs, mask = self.student.classifier, self.source.classifier, self.batch.token_mask
        if ours.out_features == theirs.out_features:
            ours.weight.copy_(theirs.weight @ self.basis)
            self._fit(ours, student[mask], theirs(source[mask]))

    def _read(self, student: _Student, source: _Source) -> tuple[Tensor, Tensor]:
        mask = self.batch.token_mask
        return fit_linear(student[mask], source[mask], prior=self.basis)

    def _write(self, part: nn.Linear, inner: Tensor, missing: _Student) -> _Student:
        mask = self.batch.token_mask
        self._fit(part, inner[mask], missing[mask])
        written: Tensor = part(inner)
        return written

    def _fit(self, part: nn.Linear, inputs: Tensor, targets: Tensor) -> None:
        weight, bias = fit_linear(inputs, targets, prior=part.weight)
        part.weight.copy_(weight)
        part.bias.copy_(bias)

    def _normalise(self, norm: nn.LayerNorm, sums: _Student, targets: _Student) -> _Student:
        mask = self.batch.token_mask
        fit_norm(norm, sums[mask], targets[mask])
        normal: Tensor = norm(sums)
        return normal

    def _cut_heads(self, ours: LayerParts, theirs: LayerParts, reading: Tensor, offset: Tensor) -> None:
        """Choose the heads that write most, and truncate their two products to the student's head size.

            scores   (W_q R)^T (W_k R), with the queries' bias as one more row; the keys' bias shifts all scores of a
                     query alike, which softmax does not see; sqrt(d_s / d_t) keeps the scale of scores
            output   P^T W_o W_v R; the values' bias is a constant that the output's fit takes up

        Where the student's heads are larger, what they have more is left as built, but for keys of zero: scores stay
        as they are, and the output's fit may use the further values.
        """
        width, num_heads = len(reading.T), self.source_heads
        query, key, value = (
            (part.weight @ reading).view(num_heads, -1, width) for part in (theirs.query, theirs.key, theirs.value)
        )
        shift = (theirs.query.bias + theirs.query.weight @ offset).view(num_heads, -1, 1)
        output = (self.basis.T @ theirs.attention_output.weight).view(width, num_heads, -1).transpose(0, 1)
        norms = ((output.mT @ output) * (value @ value.mT)).sum((1, 2))
        kept = _largest(norms, self.student_heads)

        size, their_size = width // self.student_heads, query.shape[1]
        rank = min(size, their_size)
        queries, keys = split_product(torch.cat([query, shift], dim=-1)[kept].mT, key[kept].mT, rank=rank)
        outputs, values = split_product(output[kept], value[kept].mT, rank=rank)
        scale = (size / their_size) ** 0.25

        rows = (self.student_heads, size, width)
        ours.query.weight.view(rows)[:, :rank] = queries[:, :-1].mT * scale
        ours.query.bias.view(rows[:2])[:, :rank] = queries[:, -1] * scale
        for part in (ours.key.weight, ours.key.bias, ours.value.bias, ours.attention_output.weight):
            part.zero_()
        ours.key.weight.view(rows)[:, :rank] = keys.mT * scale
        ours.value.weight.view(rows)[:, :rank] = values.mT
        ours.attention_output.weight.view(width, *rows[:2])[..., :rank] = outputs.transpose(0, 1)

    def _cut_neurons(
        self, ours: LayerParts, theirs: LayerParts, neurons: Tensor, reading: Tensor, offset: Tensor
    ) -> None:
        """Keep the neurons that move the stream most; the activation acts on each alone, so they are not mixed."""
        output = self.basis.T @ theirs.feed_forward_out.weight
        strength = neurons[self.batch.token_mask].std(0, correction=0) * output.norm(dim=0)
        kept = _largest(strength, len(ours.feed_forward_in.weight))
        ours.feed_forward_in.weight.copy_(theirs.feed_forward_in.weight[kept] @ reading)
        ours.feed_forward_in.bias.copy_(
            theirs.feed_forward_in.bias[kept] + theirs.feed_forward_in.weight[kept] @ offset
        )
        ours.feed_forward_out.weight.copy_(output[:, kept])


def _largest(scores: Tensor, count: int) -> Tensor:
    """Give the places of the largest scores, in ascending order."""
    return scores.topk(count).indices.sort().values
