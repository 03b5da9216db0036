"""What an exported file says, beside the float32 model and on the texts that say when it can be trusted."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from potstill.answers import answer_of_model
from potstill.engines import ONNX, ONNX_FP16, ONNX_INT8, Engine, OnnxBackend, make_batches, make_torch_engine, predict
from potstill.evaluation import Examples, TrustTexts, in_task_order
from potstill.hub import Encoder
from potstill.serving.export_config import ExportConfig
from potstill.serving.export_gate import check_metric, measure_company
from potstill.serving.export_report import FileReport


class MeasuredModel:
    """The examples as the model reads them, with the answers of its float32 form."""

    def __init__(self, encoder: Encoder, examples: Examples, trusted: TrustTexts | None = None) -> None:
        """Let a model answer; `trusted` are texts that say when it can be trusted, if anybody knows."""
        self.engine, self._encoder, self._examples, self._trusted = (
            make_torch_engine(encoder),
            encoder,
            examples,
            trusted,
        )
        self.batches = make_batches(examples.split, encoder, max_length=examples.max_length)
        self.reference = self._answer(self.engine)

    def check(self, file: Path, backend: OnnxBackend) -> FileReport:
        """Measure a file."""
        logits = self._answer(backend.open(file, self.engine.model))
        return check_metric(file, self._examples.task, self._examples.split, self.reference, logits)

    def keep_company(self, report: FileReport, file: Path) -> FileReport:
        """Add to what is known of a file how much its answers depend on their batch."""
        engine = ONNX_INT8.open(file, self.engine.model)
        company = measure_company(engine, self._examples.task, self.batches)
        return report.model_copy(update={"company": company})

    def calibration_set(self, config: ExportConfig) -> NDArray[np.int64]:
        """Choose the examples on which the ranges of a static quantisation are measured."""
        count = min(config.calibration_texts, len(self._examples.split))
        return np.linspace(0, len(self._examples.split) - 1, count).astype(np.int64)

    def find_trust(self, report: FileReport, folder: Path, config: ExportConfig) -> FileReport:
        """Add to what is known of a file when it can be trusted; texts that it was made by are left out."""
        if self._trusted is None:
            return report
        backend = next(each for each in (ONNX, ONNX_FP16, ONNX_INT8) if each.file == report.file)
        is_calibrated = backend is ONNX_INT8 and config.int8 == "static"
        texts = make_batches(self._trusted.kept.open(), self._encoder, max_length=self._trusted.max_length)
        trust = self._trusted.measure(
            answer_of_model(self._encoder.config_words, self._encoder.label_names),
            predict(backend.open(folder / report.file, self.engine.model), texts),
            seen=self._examples.split.take(self.calibration_set(config)) if is_calibrated else None,
        )
        return report.model_copy(update={"trust": trust})

    def _answer(self, engine: Engine) -> NDArray[np.float32]:
        return in_task_order(predict(engine, self.batches), self._examples.task, engine.model.label_names)
