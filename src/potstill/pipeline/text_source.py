"""What stages on plain text read and are scored on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from potstill.data import BatchConfig, Batches, Corpus, Split, count_tokens
from potstill.errors import DataError, RecipeError
from potstill.hub import Encoder, Head
from potstill.pipeline.sources import draw_sample
from potstill.recipe import Recipe
from potstill.teachers import Teacher
from potstill.tensors import Batch, Needs
from potstill.training import Distiller, HeldoutScorer, Masker, StageConfig, TeacherNumber


@dataclass(frozen=True, kw_only=True)
class TextSource:
    """Plain text.

    Attributes:
        recipe: The stages that read it.
        corpus: The text.
    """

    recipe: Recipe
    corpus: Corpus
    has_labels: ClassVar[bool] = False
    config_words: ClassVar[Mapping[str, str]] = {}
    label_names: ClassVar[tuple[str, ...]] = ()
    head: ClassVar[Head] = "text"
    texts: ClassVar[None] = None

    def check_length(self, encoder: Encoder) -> None:
        """Refuse an encoder that reads only shorter texts."""
        longest = self.recipe.data.corpus.max_length
        if encoder.max_tokens is not None and longest > encoder.max_tokens:
            raise DataError(
                f"data.corpus.max_length: {longest} is more than the {encoder.max_tokens} tokens that the model reads; "
                f"set it to {encoder.max_tokens} or less."
            )

    def examples(self, stage: StageConfig) -> Split:
        """Refuse: only the tokens of plain text are kept."""
        raise AssertionError(f"stage {stage.name} reads plain text")

    def batches(self, stage: StageConfig | None, encoder: Encoder) -> Batches:  # noqa: ARG002
        """Give the examples of the corpus; all encoders of a run on text have one tokenizer."""
        return Batches(self.corpus.train, BatchConfig() if stage is None else stage.batches, seed=self.recipe.seed)

    def own_tokens(self, stage: StageConfig | None, student: Encoder, teacher: Encoder, needs: Needs) -> None:
        """Give nothing: all encoders of a run on text have one tokenizer."""

    def heldout(self, encoder: Encoder) -> Batches:  # noqa: ARG002
        """Give the examples that are not learnt from."""
        return Batches(self.corpus.heldout, BatchConfig(), seed=0)

    def calibration_set(self, encoder: Encoder) -> Batch:
        """Draw texts of the corpus; see `Source.calibration_set`."""
        return draw_sample(self.batches(None, encoder), seed=self.recipe.seed)

    def masker(self, stage: StageConfig, encoder: Encoder) -> Masker | None:
        """Give what hides the tokens of a stage."""
        if stage.masking is None:
            return None
        tokenizer, vocab_size = encoder.tokenizer, encoder.shape.vocab_size
        if tokenizer.mask_id is None:
            raise RecipeError(f"stages.{stage.name}.masking: the tokenizer has no [MASK] token; leave it out.")
        counts = np.ones(vocab_size, dtype=np.int64)
        if stage.masking.smoothing > 0:
            counts = count_tokens(self.corpus.train.tokens, vocab_size=vocab_size)
        return Masker(stage.masking, mask_id=tokenizer.mask_id, special_ids=tokenizer.special_ids, token_counts=counts)

    def scorer(
        self,
        distiller: Distiller,
        teachers: Mapping[TeacherNumber, Teacher],
        masker: Masker | None,
        taught: NDArray[np.float32] | None,  # noqa: ARG002
    ) -> HeldoutScorer:
        """Measure the losses of a stage on the held-out examples."""
        device = distiller.student.device.type
        return HeldoutScorer(
            distiller=distiller,
            teachers=teachers,
            masker=masker,
            batches=self.heldout(distiller.student),
            autocast=torch.autocast(device, dtype=torch.bfloat16, enabled=self.recipe.precision == "bf16"),
        )
