"""Answer the test sets of a known task, as its benchmark's server wants them."""

from pathlib import Path

from potstill.data import DataConfig, load_task_data, match_labels, shipped_tasks
from potstill.engines import make_batches, predict_logits
from potstill.errors import DataError
from potstill.hub import load_classifier, reorder_labels
from potstill.processes import process_state
from potstill.progress import Observer, SilentObserver
from potstill.serving import trained_length


def answer_test_sets(
    model: str | Path, task: str, data: str, *, max_length: int | None = None, observer: Observer | None = None
) -> dict[str, list[str]]:
    """Let a model answer every test set of a task.

    Args:
        model: Folder of a saved classifier or regressor, run folder, or hub name.
        task: A known task.
        data: Folder of the benchmark.
        max_length: Longest text in tokens; longer ones are cut. Absent: the length that the model was trained with.
        observer: Draws progress; absent: silence.

    Returns:
        For each test set, by the name of its file of answers: one answer for each example in the order of the file,
        a label as the task's data files write it, or a score with 3 decimals.

    Raises:
        DataError: A test file is missing, or the model's labels are not the task's.
        ModelError: The model cannot be loaded.
    """
    entry = shipped_tasks()[task]
    examples = load_task_data(DataConfig(task=task, path=data))
    splits = {"": examples.test, **examples.other_test}
    encoder = load_classifier(str(model))
    reorder_labels(encoder, match_labels(examples.task, encoder.label_names), examples.task.label_names)
    encoder.to(process_state().device)
    answers = {}
    for file in entry.test:
        split = splits.get(file.name or "")
        if split is None:
            raise DataError(
                f"data.path: '{data}' has no {entry.folder}/{file.file}; a submission needs every test set."
            )
        if file.submission is not None:
            batches = make_batches(split, encoder, max_length=max_length or trained_length(str(model)))
            with (observer or SilentObserver()).task(f"answer {file.submission}", len(split)) as progress:
                logits = predict_logits(encoder, batches, progress=progress)
            answer = examples.task.answer
            answers[file.submission] = [
                answer.write_value(each, entry.values, entry.score_range) for each in answer.decide(logits).tolist()
            ]
    return answers
