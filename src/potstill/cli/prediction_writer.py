"""Predictions as JSON lines or as a table, with their texts where these are wanted."""

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from potstill.answers import Prediction
    from potstill.serving import Classifier

TextRow: TypeAlias = tuple[str, str | None]
"""A text, and the second text of a pair."""


class PredictionWriter:
    """Writes rows with their answers as JSON lines or as a table."""

    def __init__(self, classifier: "Classifier", *, is_table: bool, with_text: bool, with_logits: bool) -> None:
        self._answer, self._is_table, self._with_text = classifier.answer, is_table, with_text
        self._with_logits = with_logits and classifier.answer.has_names
        self._says_defers = classifier.promise is not None
        self._has_header = False

    def lines(self, rows: Sequence[TextRow], predictions: Sequence["Prediction"]) -> str:
        """Write some rows; a table begins with its header."""
        answers = list(zip(rows, predictions, strict=True))
        if self._is_table:
            return self._table(answers)
        return "".join(
            json.dumps(self._texts(row) | prediction.to_json() | self._logits(prediction), ensure_ascii=False) + "\n"
            for row, prediction in answers
        )

    def _table(self, answers: Sequence[tuple[TextRow, "Prediction"]]) -> str:
        """Write the label and then the probability of each label, or the score."""
        page = io.StringIO()
        table = csv.writer(page, lineterminator="\n")
        if not self._has_header:
            names = [f"logit_{name}" for name in self._answer.label_names] if self._with_logits else []
            said = ["defers"] if self._says_defers else []
            table.writerow([*self._texts(answers[0][0]), *self._answer.table_columns, *said, *names])
            self._has_header = True
        for row, prediction in answers:
            nothing = [""] * len(self._answer.table_columns)
            cells = self._answer.table_cells(prediction) if prediction.missing is None else nothing
            raw = [prediction.logits.get(name, "") for name in self._answer.label_names] if self._with_logits else []
            said = [str(prediction.defers).lower()] if self._says_defers else []
            table.writerow([*self._texts(row).values(), *cells, *said, *raw])
        return page.getvalue()

    def _logits(self, prediction: "Prediction") -> dict[str, dict[str, float]]:
        return {"logits": dict(prediction.logits)} if self._with_logits and prediction.missing is None else {}

    def _texts(self, row: TextRow) -> dict[str, str]:
        text, pair = row
        if not self._with_text:
            return {}
        return {"text": text} if pair is None else {"text": text, "text_pair": pair}
